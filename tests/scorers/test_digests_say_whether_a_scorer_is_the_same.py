"""A digest changes with what a scorer would say, and with nothing else: not the process, the address or a comment."""

from __future__ import annotations

import functools
import subprocess
import sys
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pydantic import Field

from steelyard.scorers import ExactMatch, RegexMatch, Scorer, as_scorer, fingerprint, make_scorer_ensemble, scorer

LIMIT = 3


class Mine(Scorer):
    name: str = "mine"
    threshold: float = 0.5
    words: set[str] = Field(default_factory=lambda: {"a", "b", "c"})

    def __call__(self, *, outputs: Any) -> bool:
        return len(outputs) > self.threshold


def made_of(source: str, **scope: Any) -> str:
    """Return the digest of the function ``f`` of a source."""
    exec(compile(source, "anywhere.py", "exec"), scope)
    return as_scorer(scope["f"]).digest


def within(limit: Any) -> Callable[[str], bool]:
    return lambda outputs: len(outputs) < limit


def test_fields_that_change_verdicts_change_it() -> None:
    assert Mine().digest == Mine().digest
    assert Mine(threshold=1).digest != Mine().digest
    assert Mine(name="other").digest != Mine().digest
    assert RegexMatch(pattern="a").digest != RegexMatch(pattern="b").digest
    assert ExactMatch().digest != ExactMatch(normalize=True).digest


def test_fields_that_only_report_do_not() -> None:
    assert Mine(aggregations=["max"], timeout=3, pass_if=1).digest == Mine().digest


def test_comments_lines_and_docstring_places_do_not_count_but_code_does() -> None:
    plain = made_of("def f(outputs):\n    return outputs == 'a'\n")
    assert made_of("# note\n\n\ndef f(outputs):\n    # why\n    return outputs == 'a'\n") == plain
    assert made_of("def f(outputs):\n    return outputs == 'b'\n") != plain
    assert made_of("def f(outputs):\n    return outputs != 'a'\n") != plain


def test_closures_defaults_partials_and_globals_count() -> None:
    assert as_scorer(within(3)).digest == as_scorer(within(3)).digest != as_scorer(within(4)).digest
    assert (
        as_scorer(within(np.arange(2000))).digest
        != as_scorer(within(np.arange(2000) * (np.arange(2000) != 1000))).digest
    )
    partly = [functools.partial(lambda outputs, limit: outputs, limit=limit) for limit in (1, 2)]
    assert as_scorer(partly[0]).digest != as_scorer(partly[1]).digest
    source = "def f(outputs, low=LOW):\n    return low < len(outputs) < HIGH\n"
    digests = {made_of(source, LOW=low, HIGH=high) for low, high in ((1, 5), (2, 5), (1, 6))}
    assert len(digests) == 3


def test_a_function_that_it_calls_in_its_own_module_counts() -> None:
    source = "def clean(text):\n    return text.{}()\ndef f(outputs):\n    return clean(outputs)\n"
    assert made_of(source.format("lower"), __name__="m") != made_of(source.format("upper"), __name__="m")


def test_two_functions_that_call_each_other_have_a_digest() -> None:
    source = "def f(outputs):\n    return g(outputs)\ndef g(outputs):\n    return outputs and f(outputs[1:])\n"
    assert made_of(source, __name__="m") == made_of(source, __name__="m")


def test_objects_without_a_text_of_their_own_do_not_count() -> None:
    digests = {as_scorer(within(SimpleNamespace(lock=threading.Lock()))).digest for _ in range(3)}
    assert len(digests) == 1


def test_a_foreign_objects_settings_and_methods_count() -> None:
    class Metric:
        def __init__(self, limit: int) -> None:
            self.limit = limit

        def score(self, output: str) -> bool:
            return len(output) < self.limit

    class Other(Metric):
        def score(self, output: str) -> bool:
            return len(output) > self.limit

    assert as_scorer(Metric(1)).digest == as_scorer(Metric(1)).digest
    assert len({as_scorer(each).digest for each in (Metric(1), Metric(2), Other(1))}) == 3


def test_an_ensemble_changes_with_its_members_and_its_function() -> None:
    def ensemble(threshold: float, how: str) -> str:
        return make_scorer_ensemble(name="e", scorers=[Mine(threshold=threshold)], ensemble_fn=how).digest

    assert ensemble(1, "mean") == ensemble(1, "mean")
    assert len({ensemble(1, "mean"), ensemble(2, "mean"), ensemble(1, "maximum")}) == 3


@pytest.mark.parametrize(
    "values", [({1, 2, "a"},), ({"x": 1, "y": 2},), (1.0, "1.0", 1, True, None)], ids=["set", "mapping", "scalars"]
)
def test_equal_values_have_equal_fingerprints(values: tuple[Any, ...]) -> None:
    assert fingerprint(*values) == fingerprint(*values)


def test_values_that_look_alike_are_told_apart() -> None:
    assert (
        len({fingerprint(value) for value in (1, 1.0, "1", True, "True", b"1", [1], (1,), {1: None}, {1}, None)}) == 11
    )


SCRIPT = """
import functools
from steelyard.scorers import ExactMatch, Scorer, as_scorer, make_scorer_ensemble, scorer
WORDS = {"red", "green", "blue"}
class Mine(Scorer):
    name: str = "mine"
    words: set = {"a", "b", "c"}
    def __call__(self, *, outputs):
        return outputs in {"x", "y", "z"} and outputs in WORDS
@scorer
async def judged(outputs, limit=3.5):
    return [word for word in WORDS if word in outputs]
both = make_scorer_ensemble(name="e", scorers=[Mine(), ExactMatch()], ensemble_fn=lambda values: max(values))
print(Mine().digest, judged.digest, both.digest, as_scorer(functools.partial(Mine.__call__, Mine())).digest)
"""


def test_they_are_the_same_in_every_process() -> None:
    runs = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(runs) == 1
    assert len(set(runs.pop().split())) == 4


def test_a_decorated_function_and_the_same_one_adapted_differ_only_by_name() -> None:
    def same(outputs: str) -> bool:
        return bool(outputs)

    assert scorer(same).digest == as_scorer(same).digest
    assert scorer(name="other")(same).digest != scorer(same).digest


def test_the_defaults_of_every_method_count() -> None:
    def made(second: int) -> type:
        def one(self: Any, a: int = 1) -> int:
            return a

        def two(self: Any, a: int = second) -> int:
            return a

        return type("Own", (), {"one": one, "two": two})

    digests = [fingerprint(*[vars(made(second))[name] for name in ("one", "two")]) for second in (2, 3, 2)]
    assert digests[0] == digests[2] != digests[1]
