"""From a filter string to its tree: MLflow's grammar, with OR, NOT and parentheses besides AND.

condition  = conjunction { OR conjunction }
conjunction = negation { AND negation }
negation   = NOT negation | "(" condition ")" | comparison
comparison = key operator value | key [NOT] LIKE text | key [NOT] IN (text, …) | key IS [NOT] NULL
             (traces also take RLIKE and a regular expression)
key        = kind "." name | attribute          a name with spaces stands in " or `
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from steelyard._lib.names import nearest
from steelyard.errors import FilterError
from steelyard.store.sql.filter.terms import (
    Both,
    Comparison,
    Condition,
    Either,
    Key,
    Not,
    Operator,
    Ordering,
    Vocabulary,
)
from steelyard.store.sql.filter.tokens import Token, filter_error, tokens_of
from steelyard.store.sql.patterns import pattern_problem

_MAX_DEPTH = 50
_MAX_COMPARISONS = 200
_MAX_LISTED = 5_000
_SIGNS: tuple[Operator, ...] = ("=", "!=", ">", ">=", "<", "<=")
_TRUTH = {"TRUE": 1, "FALSE": 0}
_INFINITE = {"INF": "inf", "INFINITY": "inf", "NAN": "nan"}


def parse_filter(text: str, vocabulary: Vocabulary) -> Condition | None:
    """Return the tree of a filter, or None for an empty one.

    Raises:
        FilterError: it does not parse; the message shows where and what was expected.
    """
    parser = _Parser(text, vocabulary)
    if parser.now.kind == "end":
        return None
    condition = parser.condition()
    if parser.now.kind != "end":
        raise parser.wrong("Expected AND, OR or the end of the filter", hint="join comparisons with AND or OR")
    return condition


def parse_order(texts: Sequence[str], vocabulary: Vocabulary) -> tuple[Ordering, ...]:
    """Return the parts of an ``order_by``, such as ``["metrics.f1 DESC", "start_time"]``."""
    if isinstance(texts, str):
        msg = f"order_by is a list of texts, not one text: write [{texts!r}]."
        raise FilterError(msg)
    return tuple(_order(text, vocabulary) for text in texts)


def _order(text: str, vocabulary: Vocabulary) -> Ordering:
    parser = _Parser(text, vocabulary)
    key = parser.key()
    descending = parser.now.is_word("DESC")
    if parser.now.is_word("ASC", "DESC"):
        parser.next()
    if parser.now.kind != "end":
        raise parser.wrong("Expected ASC, DESC or the end of the order_by", hint="give several keys as several texts")
    return Ordering(key, descending)


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self._text = text
        self._vocabulary = vocabulary
        self._tokens = tokens_of(text)
        self._at = 0
        self._depth = 0
        self._comparisons = 0

    @property
    def now(self) -> Token:
        return self._tokens[self._at]

    def next(self) -> Token:
        token = self.now
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def condition(self) -> Condition:
        parts = self._parts(self._conjunction, "OR")
        return parts[0] if len(parts) == 1 else Either(parts)

    def _conjunction(self) -> Condition:
        parts = self._parts(self._negation, "AND")
        return parts[0] if len(parts) == 1 else Both(parts)

    def _parts(self, part: Callable[[], Condition], word: str) -> tuple[Condition, ...]:
        parts = [part()]
        while self.now.is_word(word):
            self.next()
            parts.append(part())
        return tuple(parts)

    def _negation(self) -> Condition:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self.wrong(f"The filter is nested more than {_MAX_DEPTH} deep")
        try:
            if self.now.is_word("NOT"):
                self.next()
                return Not(self._negation())
            if self._is("("):
                self.next()
                inner = self.condition()
                self._expect(")")
                return inner
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Condition:
        self._comparisons += 1
        if self._comparisons > _MAX_COMPARISONS:
            raise self.wrong(f"The filter has more than {_MAX_COMPARISONS} comparisons")
        start = self.now
        key = self.key()
        if self.now.kind == "operator":
            return self._with_sign(start, key)
        if self.now.is_word("IS"):
            return self._is_null(key)
        return self._with_word(start, key)

    def _with_sign(self, start: Token, key: Key) -> Comparison:
        sign = self.next()
        operator = next(s for s in _SIGNS if s == sign.text)
        if key.type == "number" or (key.type == "any" and self._is_number()):
            return Comparison(key, operator, self._number(key))
        if operator not in {"=", "!="}:
            problem = f"{self._said(start)} is text: it cannot be compared with {operator}."
            if key.type == "any":
                problem = f"{operator} compares numbers, and what stands behind it is none."
            raise filter_error(self._text, sign.at, problem, hint="text takes =, !=, LIKE, ILIKE, IN and IS NULL")
        return Comparison(key, operator, self._string(key))

    def _is_null(self, key: Key) -> Comparison:
        self.next()
        operator: Operator = "IS NULL"
        if self.now.is_word("NOT"):
            self.next()
            operator = "IS NOT NULL"
        if not self.now.is_word("NULL"):
            raise self.wrong("Expected NULL or NOT NULL")
        self.next()
        return Comparison(key, operator)

    def _with_word(self, start: Token, key: Key) -> Comparison:
        negated = self.now.is_word("NOT")
        if negated:
            self.next()
        word = self.now
        if word.is_word("RLIKE") and self._vocabulary.patterns and key.type != "number":
            return self._with_pattern(key, negated=negated)
        if not word.is_word("LIKE", "ILIKE", "IN"):
            raise self.wrong("Expected an operator", hint="operators are =, !=, >, >=, <, <=, LIKE, ILIKE, IN, IS NULL")
        if key.type == "number":
            problem = f"{self._said(start)} is a number: it cannot be compared with {word.text.upper()}."
            raise filter_error(self._text, word.at, problem, hint="numbers take =, !=, >, >=, <, <= and IS NULL")
        self.next()
        if word.is_word("IN"):
            return Comparison(key, "NOT IN" if negated else "IN", self._list(key))
        pattern_at = self.now.at
        pattern = self._string(key)
        if (len(pattern) - len(pattern.rstrip("\\"))) % 2:
            problem = "A pattern cannot end in a single backslash."
            raise filter_error(self._text, pattern_at, problem, hint="a backslash takes the next character as it is")
        if word.is_word("LIKE"):
            return Comparison(key, "NOT LIKE" if negated else "LIKE", pattern)
        return Comparison(key, "NOT ILIKE" if negated else "ILIKE", pattern)

    def _with_pattern(self, key: Key, *, negated: bool) -> Comparison:
        self.next()
        at = self.now.at
        pattern = self._string(key)
        problem = pattern_problem(pattern)
        if problem is not None:
            raise filter_error(self._text, at, problem, hint="LIKE '%text%' finds plain text")
        return Comparison(key, "NOT RLIKE" if negated else "RLIKE", pattern)

    def key(self) -> Key:
        """Read a key: ``metrics.x``, ``tags."a b"``, ``start_time``."""
        token = self.now
        if token.kind == "end":
            raise self.wrong("Expected a key", hint=self._examples())
        if token.kind not in {"word", "name", "string"}:
            raise self.wrong("Expected a key", hint=self._examples())
        self.next()
        prefix, dot, name = token.text.partition(".")
        if token.kind != "word" or not dot:
            return self._attribute(token, token.text)
        if not name or name.endswith("."):
            name += self._quoted_name(token)
        kind = self._vocabulary.kinds.get(prefix.lower())
        if kind == "attributes":
            return self._attribute(token, name)
        if kind is None:
            raise self._unknown_kind(token, prefix)
        fixed = self._vocabulary.fixed.get(kind)
        if fixed is not None and not _is_fixed(name, fixed):
            close = nearest(name, fixed) or fixed[0]
            raise filter_error(self._text, token.at, f"There is no {kind}.{name}.", hint=f"did you mean {kind}.{close}")
        return Key(kind, name, self._vocabulary.types[kind])

    def _quoted_name(self, prefix: Token) -> str:
        token = self.now
        if token.kind in {"string", "name"} and token.joined and token.text:
            self.next()
            return token.text
        raise filter_error(self._text, prefix.at, f"Expected a name behind {prefix.text!r}.", hint=self._examples())

    def _attribute(self, token: Token, name: str) -> Key:
        known = self._vocabulary.attributes
        name = self._vocabulary.aliases.get(name, name)
        if name in known:
            return Key("attributes", name, known[name])
        begun = [attribute for attribute in known if name and attribute.startswith(name)]
        close = begun[0] if begun else nearest(name, [*known, *self._vocabulary.aliases])
        hint = f"did you mean {close}" if close else self._examples()
        raise filter_error(self._text, token.at, f"{self._vocabulary.noun} have no attribute {name!r}.", hint=hint)

    def _unknown_kind(self, token: Token, prefix: str) -> FilterError:
        close = nearest(prefix, self._vocabulary.kinds)
        kinds = ", ".join(sorted(set(self._vocabulary.kinds.values())))
        hint = f"did you mean {self._vocabulary.kinds[close]}.{token.text.partition('.')[2]}" if close else ""
        problem = f"There is no kind of key {prefix!r}: the kinds are {kinds}."
        return filter_error(self._text, token.at, problem, hint=hint)

    def _is_number(self) -> bool:
        return self.now.kind == "number" or self.now.is_word(*_INFINITE, *_TRUTH)

    def _number(self, key: Key) -> float | int:
        token = self.next()
        if key.type == "any" and token.is_word(*_TRUTH):
            return _TRUTH[token.text.upper()]
        if token.kind == "number":
            return _number(token.text, whole=key.kind == "attributes")
        if token.is_word(*_INFINITE):
            return float(_INFINITE[token.text.upper()])
        self._at -= token.kind != "end"
        hint = "numbers stand without quotes" if token.kind == "string" else ""
        raise self.wrong("Expected a number", hint=hint)

    def _string(self, key: Key) -> str:
        token = self.next()
        if token.kind == "string":
            if "\x00" in token.text or any("\ud800" <= c <= "\udfff" for c in token.text):
                raise filter_error(self._text, token.at, "This text holds a character that no database keeps.")
            return token.text
        self._at -= token.kind != "end"
        hint = f"put it in quotes: '{token.text}'" if token.kind in {"word", "number"} else ""
        raise self.wrong("Expected a text in quotes", hint=hint)

    def _list(self, key: Key) -> tuple[str, ...]:
        self._expect("(")
        values = [self._string(key)]
        while self._is(","):
            self.next()
            values.append(self._string(key))
        self._expect(")")
        if len(values) > _MAX_LISTED:
            raise self.wrong(f"The list has more than {_MAX_LISTED} values")
        return tuple(values)

    def _is(self, sign: str) -> bool:
        return self.now.kind == "punctuation" and self.now.text == sign

    def _expect(self, sign: str) -> None:
        if not self._is(sign):
            raise self.wrong(f"Expected {sign!r}")
        self.next()

    def _said(self, token: Token) -> str:
        return self._text[token.at : self._tokens[self._at - 1].at].strip() or token.text

    def _examples(self) -> str:
        kinds = sorted(set(self._vocabulary.kinds.values()) - {"attributes"})
        return f"keys are {', '.join(f'{k}.name' for k in kinds)} or one of {', '.join(self._vocabulary.attributes)}"

    def wrong(self, problem: str, *, hint: str = "") -> FilterError:
        """Return an error about the token that is next."""
        found = "the end" if self.now.kind == "end" else repr(self.now.text)
        return filter_error(self._text, self.now.at, f"{problem}, found {found}.", hint=hint)


def _is_fixed(name: str, fixed: Sequence[str]) -> bool:
    return any(name.startswith(one) and name != one if one.endswith(".") else name == one for one in fixed)


def _number(text: str, *, whole: bool) -> float | int:
    value = float(text)
    if whole and value.is_integer() and abs(value) < 2**62:
        return int(text) if text.lstrip("+-").isdecimal() else int(value)
    return value
