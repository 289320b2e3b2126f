"""Rows go wrong in every way we could think of: the others are scored, the run completes, each wrong one is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import pyarrow.parquet as pq
import pytest
from tests.faults.poisons import FAILS, ODD_INPUTS, ODD_OUTPUTS, ODD_VERDICTS, ODD_WORDS
from tests.llm.server import GARBLED, REFUSING, WRONG, LlmServer, Reply, prompt_of

from steelyard.genai import evaluate, make_judge, scorer
from steelyard.tracking import get_store

HANGS = 2.0  # seconds after which what hangs is given up


class Mixed:
    """Every kind of a menu once, spread over rows that are otherwise good."""

    def __init__(self, kinds: Iterable[str], *, rows: int) -> None:
        self.kinds = list(kinds)
        step = rows // (len(self.kinds) + 1)
        self.at = {step * (place + 1): kind for place, kind in enumerate(self.kinds)}
        self.count = rows
        self.rows = [{"inputs": {"n": n}} for n in range(rows)]


@scorer
def doubled(outputs: Any, inputs: dict[str, Any]) -> bool:
    return type(outputs) is int and outputs == 2 * inputs["n"]


def double(n: int) -> int:
    return 2 * n


def quietly(data: Any, scorers: list[Any], predict: Any = None, **more: Any) -> Any:
    return evaluate(data, scorers, predict, progress=False, **more)


def check(result: Any, mixed: Mixed, *, failed: int, wrong: int = 0, name: str = "doubled", among: int = 0) -> None:
    """The counters add up, in the database and in the headline, and the bounds are those of what is missing."""
    of = mixed.count
    state = get_store().ledgers.state(result.run_id)
    assert state is not None
    assert state.finished
    assert sum(state.predictions.values()) == of
    for tally in state.scorers:
        assert sum(tally.outcomes.values()) == tally.planned == of
    scored, right = of - failed, of - failed - wrong
    assert next(t for t in state.scorers if t.name == name).outcomes["scored"] == scored + among
    estimate = result.estimates[f"{name}/mean"]
    assert (estimate.n, estimate.missing) == (scored, failed)
    assert estimate.value == pytest.approx(right / scored)
    if not failed:
        return
    assert estimate.worst == pytest.approx(right / of)
    assert estimate.best == pytest.approx((right + failed) / of)


def told(result: Any, rows: Iterable[int], name: str = "doubled") -> dict[int, tuple[str, str, str]]:
    """Return what is said of lines in the ledger, in ``result_df`` and in ``rows.parquet``."""
    store = get_store()
    place = [s.name for s in result.application.scorers].index(name)
    lines = {v.row: v.error for v in store.ledgers.verdicts(result.run_id) if v.scorer == place}
    frame = result.result_df
    path = store.artifacts.local_path(result.run_id, "rows.parquet")
    kept = {each["row_index"]: each[f"{name}/error"] for each in pq.read_table(path).to_pylist()}
    return {row: (lines[row], frame[f"{name}/error_message"][row], kept[row]) for row in rows}


def check_told(result: Any, mixed: Mixed, words: Mapping[str, str], name: str = "doubled") -> None:
    for row, said in told(result, mixed.at, name).items():
        kind = mixed.at[row]
        assert all(words[kind] in (each or "") for each in said), (kind, said)


FAILING = {kind: words for kind, (_, words) in FAILS.items()}


def poisoned(mixed: Mixed) -> Callable[..., Any]:
    at = mixed.at

    def predict(n: int) -> Any:
        return FAILS[at[n]][0]() if n in at else 2 * n

    return predict


def test_predictions_that_fail_are_failed_rows() -> None:
    mixed = Mixed(FAILS, rows=200)
    result = quietly(mixed.rows, [doubled], poisoned(mixed), predict_timeout=HANGS)
    check(result, mixed, failed=len(FAILS))
    assert result.application.predictions == {"predicted": 200 - len(FAILS), "predict_failed": len(FAILS)}
    check_told(result, mixed, FAILING)


@pytest.mark.slow
@pytest.mark.parametrize("kind", FAILS)
def test_one_failed_prediction_among_a_thousand_leaves_999_scored(kind: str) -> None:
    mixed = Mixed([kind], rows=1000)
    result = quietly(mixed.rows, [doubled], poisoned(mixed), predict_timeout=HANGS)
    check(result, mixed, failed=1)
    assert str(result.estimates["doubled/mean"]).startswith("1 ")
    assert "999" in str(result.estimates["doubled/mean"])
    check_told(result, mixed, FAILING)


@pytest.mark.postgres
@pytest.mark.usefixtures("postgres_uri")
def test_postgresql_keeps_failures_and_oddities_too() -> None:
    mixed = Mixed([*FAILS, *ODD_OUTPUTS], rows=200)
    menu = {**{kind: act for kind, (act, _) in FAILS.items()}, **ODD_OUTPUTS}

    def predict(n: int) -> Any:
        return menu[mixed.at[n]]() if n in mixed.at else 2 * n

    result = quietly(mixed.rows, [doubled], predict, predict_timeout=HANGS)
    check(result, mixed, failed=len(FAILS) + 1, wrong=len(ODD_OUTPUTS) - 1)
    check_told(result, mixed, FAILING | dict.fromkeys(ODD_OUTPUTS, ""))


def test_awaited_predictions_that_fail_are_failed_rows() -> None:
    mixed = Mixed(FAILS, rows=200)
    poison = poisoned(mixed)

    async def predict(n: int) -> Any:
        await asyncio.sleep(0)
        if mixed.at.get(n) == "hangs":
            await asyncio.Event().wait()
        return poison(n)

    result = quietly(mixed.rows, [doubled], predict, predict_timeout=HANGS)
    check(result, mixed, failed=len(FAILS))
    words = {**FAILING, "raises stop iteration": "RuntimeError", "hangs": "TimeoutError"}  # as coroutines have it
    check_told(result, mixed, words)


def test_scorers_that_fail_leave_their_own_line_unscored() -> None:
    mixed = Mixed(FAILS, rows=200)

    @scorer(timeout=HANGS)
    def failing(outputs: int, inputs: dict[str, int]) -> bool:
        kind = mixed.at.get(inputs["n"])
        return True if kind is None else FAILS[kind][0]()

    result = quietly(mixed.rows, [doubled, failing], double)
    check(result, mixed, failed=0)
    check(result, mixed, failed=len(FAILS), name="failing")
    check_told(result, mixed, FAILING, "failing")


def test_awaited_scorers_that_fail_leave_their_own_line_unscored() -> None:
    mixed = Mixed(FAILS, rows=200)

    @scorer(timeout=HANGS)
    async def failing(outputs: int, inputs: dict[str, int]) -> bool:
        await asyncio.sleep(0)
        kind = mixed.at.get(inputs["n"])
        if kind == "hangs":
            await asyncio.Event().wait()
        return True if kind is None else FAILS[kind][0]()

    result = quietly(mixed.rows, [doubled, failing], double)
    check(result, mixed, failed=0)
    check(result, mixed, failed=len(FAILS), name="failing")
    words = {**FAILING, "raises stop iteration": "RuntimeError", "hangs": "TimeoutError"}
    check_told(result, mixed, words, "failing")


def test_odd_outputs_are_kept_and_scored_as_what_they_are() -> None:
    mixed = Mixed(ODD_OUTPUTS, rows=200)

    def predict(n: int) -> Any:
        return ODD_OUTPUTS[mixed.at[n]]() if n in mixed.at else 2 * n

    result = quietly(mixed.rows, [doubled], predict)
    check(result, mixed, failed=1, wrong=len(ODD_OUTPUTS) - 1)
    (unkept,) = (row for row in mixed.at if mixed.at[row] == "huge integer")
    assert all("digits" in each for each in told(result, [unkept])[unkept])
    frame = result.result_df
    assert frame["response"][next(row for row in mixed.at if mixed.at[row] == "NUL")] == "a\x00b"
    assert [len(frame["response"][row]) for row in mixed.at if mixed.at[row] == "5 MB"] == [5_000_000]


def test_odd_verdicts_are_errors_or_kept_whole() -> None:
    mixed = Mixed(ODD_VERDICTS, rows=200)

    @scorer
    def odd(outputs: int, inputs: dict[str, int]) -> Any:
        kind = mixed.at.get(inputs["n"])
        return True if kind is None else ODD_VERDICTS[kind][0]()

    result = quietly(mixed.rows, [doubled, odd], double)
    check(result, mixed, failed=0)
    state = get_store().ledgers.state(result.run_id)
    assert state is not None
    fine = sum(is_verdict for _, is_verdict in ODD_VERDICTS.values())
    assert state.scorers[1].outcomes["scored"] == 200 - len(ODD_VERDICTS) + fine
    for row, said in told(result, mixed.at, "odd").items():
        assert all(said) != ODD_VERDICTS[mixed.at[row]][1], (mixed.at[row], said)


@pytest.mark.parametrize("words", [ODD_WORDS[:8], ODD_WORDS[8:]], ids=["first", "second"])
def test_odd_words_are_counted(words: tuple[str, ...]) -> None:
    mixed = Mixed(map(str, range(len(words))), rows=100)

    @scorer
    def word(outputs: int, inputs: dict[str, int]) -> str:
        place = mixed.at.get(inputs["n"])
        return "usual" if place is None else words[int(place)]

    result = quietly(mixed.rows, [doubled, word], double)
    check(result, mixed, failed=0)
    (named,) = (one for one in result.application.feedback if one.name == "word")
    assert (named.kind in ("category", "text"), named.n) == (True, 100)  # long ones are no categories
    assert len(result.result_df) == 100


def test_odd_inputs_reach_the_function_and_the_run() -> None:
    kinds = list(ODD_INPUTS)
    data = [{"inputs": {"n": n, "x": ODD_INPUTS[kinds[n]] if n < len(kinds) else 0}} for n in range(100)]

    def predict(n: int, x: Any) -> int:
        return 2 * n

    result = quietly(data, [doubled], predict)
    assert (result.metrics["doubled/mean"], result.estimates["doubled/mean"].n) == (1.0, 100)
    assert len(result.result_df) == 100


def test_what_a_function_does_to_its_inputs_stays_there() -> None:
    def predict(n: int, notes: list[Any]) -> int:
        notes.append(notes)
        return 2 * n

    @scorer
    def untouched(inputs: dict[str, Any]) -> bool:
        return inputs["notes"] == []

    data = [{"inputs": {"n": n, "notes": []}} for n in range(50)]
    result = quietly(data, [doubled, untouched], predict, repeats=2)
    assert (result.metrics["doubled/mean"], result.metrics["untouched/mean"]) == (1.0, 1.0)


BAD_ANSWERS = {**WRONG, **GARBLED, **REFUSING}


def test_answers_of_judges_that_are_none_are_no_scores(serve: Callable[..., LlmServer]) -> None:
    mixed = Mixed(BAD_ANSWERS, rows=200)

    def script(index: int, request: dict[str, Any]) -> Reply:
        row = int(prompt_of(request).partition("row-")[2].partition("-")[0])
        return BAD_ANSWERS[mixed.at[row]] if row in mixed.at else Reply(value={"result": "yes"})

    serve(script)
    data = [{"inputs": {"n": f"row-{n}-"}, "outputs": "fine"} for n in range(200)]
    judge = make_judge(
        "right", "Is {{ outputs }} right for {{ inputs }}?", model="openai:/gpt-4o-mini",
        feedback_value_type=Literal["yes", "no"],
    )  # fmt: skip
    result = quietly(data, [judge])
    check(result, mixed, failed=len(BAD_ANSWERS), name="right")
    lines = {v.row: v for v in get_store().ledgers.verdicts(result.run_id)}
    for row, kind in mixed.at.items():
        assert lines[row].outcome == ("refused" if kind in REFUSING else "parse_error"), kind
        assert lines[row].error
        assert [found.value for found in lines[row].feedbacks] == [None]
