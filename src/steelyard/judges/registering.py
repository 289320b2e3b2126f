"""Scorers and judges as text, and back again: the form is MLflow's where MLflow has one.

A definition holds what decides the verdicts: words, types, settings, and the model that is asked (that of now, where a
judge leaves it to the default). It never holds headers, which may be keys. Whoever makes a definition makes the scorer
of it again at once and compares the digests, so that what cannot come back the same is refused when it is registered,
not found out later.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from steelyard.errors import DataError, InvalidArgument, StoreTooNew, UntrustedModel
from steelyard.judges.scorer_heads import HEAD, given_by, head_of
from steelyard.judges.value_schemas import annotation_of, schema_of
from steelyard.scorers import Scorer
from steelyard.scorers.kept_code import ALLOW_VARIABLE, checked_json, function_of, is_code_allowed, kept_function
from steelyard.scorers.living import born, classes_below, living

if TYPE_CHECKING:
    from steelyard.records.registered_scorer import RegisteredScorer

SERIALIZATION_VERSION = 1
_NOT_KEPT = (*HEAD, "extra_headers")
_NESTED = "$scorer"

Allow = bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A scorer as text.

    Args:
        name: of its feedback.
        kind: ``judge``, ``builtin``, ``code``, ``jury``, ``ensemble`` or ``pairwise``.
        text: JSON, from which :func:`scorer_from` makes it again.
        digest: of what decides its verdicts.
    """

    name: str
    kind: str
    text: str
    digest: str


def define(scorer: Any, *, name: str | None = None) -> Definition:
    """Return a scorer as text.

    Args:
        scorer: a scorer, a judge, a jury, an ensemble or a pairwise judge.
        name: another name for it.

    Raises:
        InvalidArgument: it holds something that cannot be kept.

    Examples:
        >>> from steelyard.judges import make_judge
        >>> define(make_judge("polite", "Is {{ outputs }} polite?", feedback_value_type=bool)).kind
        'judge'
    """
    kind, written = _written(scorer)
    if isinstance(scorer, Scorer):
        born(scorer)
    written["name"] = name or scorer.name
    text = json.dumps(written, ensure_ascii=False, sort_keys=True)
    made = _read(json.loads(text), None)
    if written["name"] == scorer.name and digest_of(made) != digest_of(scorer):
        raise InvalidArgument(
            f"Scorer {scorer.name!r} cannot be registered: made again from what can be kept of it, it would not be the "
            "same scorer. Its settings must be plain values (texts, numbers, lists, mappings, scorers)."
        )
    return Definition(name=written["name"], kind=kind, text=text, digest=digest_of(made))


def scorer_from(text: str, *, allow_code: Allow = None) -> Any:
    """Return the scorer of a definition.

    Args:
        text: the definition.
        allow_code: whether code in it may be run if no scorer of this process has the same code; None asks
            ``STEELYARD_ALLOW_CODE_SCORERS``.

    Raises:
        UntrustedModel: it is code that is not here and may not be run.
        StoreTooNew: a newer Steelyard wrote it.
        DataError: it is no definition of a scorer.
    """
    try:
        kept = json.loads(text)
    except ValueError as error:
        raise DataError(f"The definition of a scorer is no JSON: {error}") from error
    return _read(kept, allow_code)


def scorer_of(registered: RegisteredScorer, *, allow_code: Allow = None) -> Any:
    """Return the scorer of a registered version; warn if it judges otherwise than it did when it was registered.

    A built-in judge may: its words come with Steelyard. Raises as :func:`scorer_from`.
    """
    made = scorer_from(registered.definition, allow_code=allow_code)
    if digest_of(made) != registered.digest:
        warnings.warn(
            f"Version {registered.version} of scorer {registered.name!r} judges otherwise than when it was registered: "
            "this is another version of Steelyard or of Python. Register it again to give it a version of its own.",
            stacklevel=2,
        )
    if isinstance(made, Scorer):
        made.known_as(registered.version)
    return made


def digest_of(scorer: Any) -> str:
    """Return the digest of a scorer, or of a pairwise judge."""
    from steelyard.judges.pairwise import PairwiseJudge
    from steelyard.scorers import fingerprint

    if isinstance(scorer, PairwiseJudge):
        bench = scorer.bench
        rubric = scorer.rubric
        return fingerprint(scorer.name, rubric.label, rubric.text, bench.judge, dict(bench.params), bench.base_url)
    return scorer.digest


class UnavailableScorer(Scorer):
    """A registered scorer whose code is not here: it has a name, and says why it cannot score.

    Args:
        reason: why.
    """

    reason: str

    def __call__(self, **given: Any) -> Any:
        raise UntrustedModel(self.reason)


def _written(scorer: Any) -> tuple[str, dict[str, Any]]:
    from steelyard.judges.pairwise import PairwiseJudge

    if isinstance(scorer, PairwiseJudge):
        return "pairwise", {"serialization_version": SERIALIZATION_VERSION, "pairwise_judge_data": _pairwise(scorer)}
    if not isinstance(scorer, Scorer):
        raise InvalidArgument(f"A {type(scorer).__name__} is no scorer; make it one with @scorer or as_scorer.")
    kind, data = _own(scorer)
    return kind, {"serialization_version": SERIALIZATION_VERSION, **head_of(scorer), **data}


def _read(kept: Any, allow_code: Allow) -> Any:
    if not isinstance(kept, Mapping) or not isinstance(kept.get("name"), str):
        raise DataError("The definition of a scorer is an object with a name; this is none.")
    if kept.get("serialization_version") != SERIALIZATION_VERSION:
        raise StoreTooNew(
            f"Scorer {kept['name']!r} was registered in form {kept.get('serialization_version')!r}, and this Steelyard "
            f"knows {SERIALIZATION_VERSION}. Update Steelyard."
        )
    try:
        if "pairwise_judge_data" in kept:
            return _pairwise_of(kept["name"], kept["pairwise_judge_data"])
        for key, read in _READERS.items():
            if key in kept:
                return read(kept, given_by(kept, allow_code), allow_code)
    except (KeyError, TypeError, ValidationError, AttributeError) as error:
        raise DataError(f"The definition of scorer {kept['name']!r} cannot be used: {error!r:.300}") from error
    raise DataError(f"The definition of scorer {kept['name']!r} is of no form that this Steelyard knows.")


def _kept_fields(scorer: Scorer, *, but: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return a scorer's own fields as JSON values; a scorer among them as its definition."""
    from steelyard.judges.judge import Judge

    kept: dict[str, Any] = {}
    for name in type(scorer).model_fields:
        if name not in (*_NOT_KEPT, *but):
            kept[name] = _kept_value(scorer, name)
    if isinstance(scorer, Judge):
        kept["model"] = scorer.bench.judge
        _check_address(scorer.base_url)
    return kept


def _fields_of(kept: Mapping[str, Any], allow_code: Allow) -> dict[str, Any]:
    """Return the fields that :func:`_kept_fields` gave."""
    return {name: _restored(value, allow_code) for name, value in kept.items()}


def _check_address(base_url: str | None) -> None:
    """Refuse an address with a password in it.

    Raises:
        InvalidArgument: it has one.
    """
    if base_url and "@" in urlsplit(base_url).netloc:
        raise InvalidArgument(
            "base_url holds a user's name or a password, which are not kept in the store. Give the address without "
            "them, and the key in the environment."
        )


def _kept_value(scorer: Scorer, name: str) -> Any:
    value = getattr(scorer, name)
    if _holds_scorers(value):
        return _with_scorers(value)
    try:
        return scorer.model_dump(mode="json", include={name}, warnings="error")[name]
    except Exception as error:  # pydantic's errors of serialization have no class of their own in common
        raise InvalidArgument(
            f"{name} of scorer {scorer.name!r} cannot be registered: a {type(value).__name__} is no JSON value."
        ) from error


def _holds_scorers(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_scorers(each) for each in value.values())
    return isinstance(value, Scorer) or (isinstance(value, (list, tuple)) and any(map(_holds_scorers, value)))


def _with_scorers(value: Any) -> Any:
    if isinstance(value, Scorer):
        return {_NESTED: _nested(value)}
    if isinstance(value, Mapping):
        return {str(key): _with_scorers(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_scorers(each) for each in value]
    return checked_json(value, "a value beside scorers")


def _nested(scorer: Scorer) -> dict[str, Any]:
    """Return the definition of a scorer within another's."""
    born(scorer)
    return {**_written(scorer)[1], "name": scorer.name}


def _restored(value: Any, allow_code: Allow) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {_NESTED}:
            return _read(value[_NESTED], allow_code)
        return {key: _restored(each, allow_code) for key, each in value.items()}
    return [_restored(each, allow_code) for each in value] if isinstance(value, list) else value


def _pairwise(judge: Any) -> dict[str, Any]:
    _check_address(judge.bench.base_url)
    return {
        "instructions": judge.criteria,
        "model": judge.bench.judge,
        "inference_params": checked_json(dict(judge.bench.params), "inference_params"),
        "base_url": judge.bench.base_url,
    }


def _pairwise_of(name: str, data: Mapping[str, Any]) -> Any:
    from steelyard.judges.pairwise import make_pairwise_judge

    return make_pairwise_judge(name, **data)


def _own(scorer: Scorer) -> tuple[str, dict[str, Any]]:
    """Return a scorer's kind, and what is its own beside what every scorer has."""
    from steelyard.judges.jury import Jury
    from steelyard.judges.making import InstructionsJudge
    from steelyard.scorers import CodeScorer, EnsembleScorer

    if isinstance(scorer, EnsembleScorer):
        return "ensemble", {"ensemble_scorer_data": _ensemble(scorer)}
    if type(scorer) is Jury:
        judges = [_nested(judge) for judge in scorer.judges]
        return "jury", {"jury_data": {"judges": judges, "rule": scorer.rule, "quorum": scorer.quorum}}
    if type(scorer) is InstructionsJudge:
        typed = {"feedback_value_type": schema_of(scorer.feedback_value_type)}
        return "judge", {"instructions_judge_pydantic_data": {**_kept_fields(scorer, but=tuple(typed)), **typed}}
    if builtin_classes().get(type(scorer).__name__) is type(scorer):
        data = _kept_fields(scorer)
        return "builtin", {"builtin_scorer_class": type(scorer).__name__, "builtin_scorer_pydantic_data": data}
    if type(scorer) is CodeScorer:
        return "code", kept_function(scorer.scoring_functions[0])
    if isinstance(scorer, CodeScorer):
        return "code", {"object_scorer_data": {"class": _path(type(scorer)), "digest": scorer.code_digest}}
    written = {"class": _path(type(scorer)), "digest": scorer.code_digest, "fields": _kept_fields(scorer)}
    return "code", {"class_scorer_data": written}


def builtin_classes() -> dict[str, type[Scorer]]:
    """Return the classes of scorers and judges that come with Steelyard and are made of fields alone, by name."""
    from steelyard import judges, scorers
    from steelyard.judges.builtin.sessions import LastTurnKnowledgeRetention

    made_otherwise = ("Scorer", "Judge", "CodeScorer", "AdaptedScorer", "EnsembleScorer", "Jury", "InstructionsJudge")
    found = [getattr(room, name) for room in (scorers, judges) for name in room.__all__ if name not in made_otherwise]
    classes = [each for each in found if isinstance(each, type) and issubclass(each, Scorer)]
    return {each.__name__: each for each in (*classes, LastTurnKnowledgeRetention)}


def _path(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


def _ensemble(scorer: Any) -> dict[str, Any]:
    from steelyard.scorers.ensembles import BUILTIN_ENSEMBLES

    combine = scorer.scoring_functions[0]
    name = next((name for name, each in BUILTIN_ENSEMBLES.items() if each is combine), None)
    return {"scorers": [_nested(each) for each in scorer.members], "ensemble_fn": name or kept_function(combine)}


def _ensemble_of(kept: Mapping[str, Any], head: dict[str, Any], allow_code: Allow) -> Scorer:
    from steelyard.scorers import EnsembleScorer
    from steelyard.scorers.ensembles import BUILTIN_ENSEMBLES

    data = kept["ensemble_scorer_data"]
    combine = data["ensemble_fn"]
    if isinstance(combine, str):
        combine = BUILTIN_ENSEMBLES[combine]
    else:
        combine = function_of(combine, what=f"The function of ensemble {kept['name']!r}", allow_code=allow_code)
    return EnsembleScorer([_read(each, allow_code) for each in data["scorers"]], combine, **head)


def _jury_of(kept: Mapping[str, Any], head: dict[str, Any], allow_code: Allow) -> Scorer:
    from steelyard.judges.jury import Jury

    data: dict[str, Any] = kept["jury_data"]
    judges = [_read(each, allow_code) for each in data["judges"]]
    return Jury(**head, judges=judges, rule=data["rule"], quorum=data["quorum"])


def _judge_of(kept: Mapping[str, Any], head: dict[str, Any], allow_code: Allow) -> Scorer:
    from steelyard.judges.making import InstructionsJudge

    data = _fields_of(kept["instructions_judge_pydantic_data"], allow_code)
    return InstructionsJudge(**head, **{**data, "feedback_value_type": annotation_of(data["feedback_value_type"])})


def _builtin_of(kept: Mapping[str, Any], head: dict[str, Any], allow_code: Allow) -> Scorer:
    made = builtin_classes().get(kept["builtin_scorer_class"])
    if made is None:
        raise DataError(f"This Steelyard has no built-in scorer {kept['builtin_scorer_class']!r}; another version may.")
    return made(**head, **_fields_of(kept["builtin_scorer_pydantic_data"], allow_code))


def _code_of(kept: Mapping[str, Any], head: dict[str, Any], allow_code: Allow) -> Scorer:
    from steelyard.scorers import CodeScorer

    return CodeScorer(function_of(kept, what=f"Scorer {kept['name']!r}", allow_code=allow_code), **head)


def _object_of(kept: Mapping[str, Any], head: dict[str, Any], allow_code: Allow) -> Scorer:
    """Return an object's scorer: one of this process, whatever is allowed, for objects are never kept."""
    del allow_code
    data = kept["object_scorer_data"]
    for each in living():
        if _path(type(each)) == data["class"] and each.code_digest == data["digest"]:
            return each.model_copy(update=head)
    raise UntrustedModel(
        f"Scorer {kept['name']!r} was made of an object of another framework, which is not kept in the store. Make the "
        "same object a scorer in this process (as_scorer), and ask again."
    )


def _class_of(kept: Mapping[str, Any], head: dict[str, Any], allow_code: Allow) -> Scorer:
    data = kept["class_scorer_data"]
    module, _, _ = data["class"].partition(":")
    if is_code_allowed(allow_code):
        with suppress(ImportError):  # then it is told below that the class is not there
            import_module(module)
    fields = _fields_of(data["fields"], allow_code)
    for cls in classes_below(Scorer):
        if _path(cls) == data["class"]:
            made = cls(**head, **fields)
            if made.code_digest == data["digest"]:
                return made
    raise UntrustedModel(
        f"Scorer {kept['name']!r} is of the class {data['class']}, which is not in this process with the same code. "
        f"Import it and ask again; with allow_code=True or {ALLOW_VARIABLE}=1, its module is imported if there is one."
    )


_Reader = Callable[[Mapping[str, Any], dict[str, Any], Allow], Scorer]
_READERS: dict[str, _Reader] = {
    "ensemble_scorer_data": _ensemble_of,
    "jury_data": _jury_of,
    "instructions_judge_pydantic_data": _judge_of,
    "builtin_scorer_class": _builtin_of,
    "object_scorer_data": _object_of,
    "class_scorer_data": _class_of,
    "call_source": _code_of,
}
