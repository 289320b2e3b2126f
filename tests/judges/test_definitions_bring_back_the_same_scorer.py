"""A scorer as text, and back: what is read back would say the same, or is refused."""

from __future__ import annotations

import functools
import json
from typing import Any, Literal, Optional

import pytest
from pydantic import Field

from steelyard import judges, scorers
from steelyard.errors import DataError, InvalidArgument, StoreTooNew, UntrustedModel
from steelyard.judges import Jury, make_judge, make_pairwise_judge
from steelyard.judges.registering import builtin_classes, define, digest_of, scorer_from
from steelyard.records import Feedback
from steelyard.scorers import Scorer, as_scorer, make_scorer_ensemble, scorer

LIMIT = 3
ARGUMENTS: dict[str, dict[str, Any]] = {
    "Guidelines": {"guidelines": ["Be kind.", "Be brief."]},
    "ConversationalGuidelines": {"guidelines": "Be kind."},
    "RegexMatch": {"pattern": r"\d+"},
    "ResponseLength": {"max_length": 7, "unit": "words"},
}
TYPES = [
    bool,
    int,
    float,
    str,
    Literal["a", "b"],
    Literal[1, True],
    Optional[int],  # noqa: UP045 - not the same to a digest
    int | None,
    dict[str, int],
    list[str],
]


@pytest.fixture(autouse=True)
def _nobody_allows_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STEELYARD_ALLOW_CODE_SCORERS", raising=False)


@scorer
def brief(outputs):
    return len(outputs) < LIMIT


@scorer(name="sane", aggregations=["mean", "p90"], pass_if={"yes", "fine"}, timeout=3, description="whether it is sane")
async def sane(outputs, limit=4):
    """Whether it is sane."""
    return Feedback(value=json.dumps(outputs)[:limit])


class Short(Scorer):
    name: str = "short"
    limit: int = 4
    words: set[str] = Field(default_factory=lambda: {"a", "b"})

    def __call__(self, *, outputs: Any) -> bool:
        return len(outputs) < self.limit


class Elsewhere:
    def __init__(self, limit: int) -> None:
        self.limit = limit

    def score(self, output: str) -> bool:
        return len(output) < self.limit


def same(made: Any, given: Any) -> None:
    assert type(made) is type(given)
    assert digest_of(made) == digest_of(given)
    assert define(made) == define(given)


def back(given: Any, **options: Any) -> Any:
    definition = define(given)
    assert json.loads(definition.text)["serialization_version"] == 1
    return scorer_from(definition.text, **options)


@pytest.mark.parametrize("name", sorted(builtin_classes()))
def test_every_built_in_comes_back_the_same(name: str) -> None:
    given = builtin_classes()[name](**ARGUMENTS.get(name, {}), description="mine", aggregations=["max"])
    made = back(given)
    same(made, given)
    assert (made.name, made.description, made.aggregations) == (given.name, "mine", ["max"])
    assert define(given).kind == "builtin"


def test_all_public_scorers_have_a_form() -> None:
    classes = {getattr(room, name) for room in (judges, scorers) for name in room.__all__}
    public = {each for each in classes if isinstance(each, type) and issubclass(each, Scorer)}
    otherwise = {"AdaptedScorer", "CodeScorer", "EnsembleScorer", "InstructionsJudge", "Judge", "Jury", "Scorer"}
    assert {each.__name__ for each in public} - otherwise == set(builtin_classes()) - {"LastTurnKnowledgeRetention"}


@pytest.mark.parametrize("annotation", TYPES, ids=str)
def test_a_judge_of_instructions_comes_back_the_same_whatever_its_values_are(annotation: Any) -> None:
    given = make_judge(
        "tone",
        "Which tone has {{ outputs }}?",
        model="openai:/gpt-4o",
        feedback_value_type=annotation,
        inference_params={"temperature": 0.5},
        generate_rationale_first=False,
        description="tone",
    )
    made = back(given)
    same(made, given)
    assert made.feedback_value_type == annotation
    assert (made.model, made.inference_params, made.words()) == (given.model, given.inference_params, given.words())


def test_the_model_that_judged_by_default_is_kept_as_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    given = make_judge("tone", "Is {{ outputs }} kind?")
    monkeypatch.setenv("STEELYARD_JUDGE_MODEL", "openai:/model-of-then")
    definition = define(given)
    monkeypatch.setenv("STEELYARD_JUDGE_MODEL", "openai:/model-of-now")
    assert scorer_from(definition.text).models == ("openai:/model-of-then",)
    assert digest_of(scorer_from(definition.text)) == definition.digest != given.digest


def test_headers_are_not_kept_and_an_address_with_a_password_is_refused() -> None:
    secret = make_judge("kind", "Is {{ outputs }} kind?", extra_headers={"Authorization": "Bearer hush"})
    assert "hush" not in define(secret).text
    assert back(secret).extra_headers is None
    with pytest.raises(InvalidArgument, match="password"):
        define(make_judge("kind", "Is {{ outputs }} kind?", base_url="https://me:hush@models.example/v1"))


def test_juries_and_ensembles_come_back_with_their_members() -> None:
    kind = make_judge("kind", "Is {{ outputs }} kind?", feedback_value_type=bool)
    given = Jury(name="fine", judges=[kind, judges.Safety()], rule="unanimous", quorum=1)
    same(back(given), given)
    ensemble = make_scorer_ensemble(name="both", scorers=[brief, kind], ensemble_fn="agg_all")
    same(back(ensemble), ensemble)
    own = make_scorer_ensemble(name="own", scorers=[brief, Short()], ensemble_fn=lambda values: values[0])
    same(back(own), own)
    turns = judges.KnowledgeRetention(last_turn_scorer=judges.ConversationalSafety(model="openai:/gpt-4o"))
    same(back(turns), turns)
    assert [define(each).kind for each in (given, ensemble, own, turns)] == ["jury", "ensemble", "ensemble", "builtin"]


def test_a_pairwise_judge_comes_back_the_same() -> None:
    given = make_pairwise_judge("better", "The shorter one.", model="openai:/gpt-4o", inference_params={"top_p": 0.5})
    made = back(given)
    same(made, given)
    assert made.criteria == "The shorter one."


CODE = {
    "function": brief,
    "async function": sane,
    "lambda": as_scorer(lambda outputs: outputs == "a"),
    "partial": scorer(name="partial")(functools.partial(lambda wanted, outputs: outputs == wanted, "a")),
    "object": as_scorer(Elsewhere(3)),
    "class": Short(limit=2, words={"x"}),
    "function of C": scorer(name="length")(len),
    "rule": scorer(name="rule", pass_if=lambda value: value > 2, aggregations=[max])(lambda outputs: len(outputs)),
}


@pytest.mark.parametrize("kind", list(CODE))
def test_code_of_this_process_comes_back_the_same_without_leave(kind: str) -> None:
    given = CODE[kind]
    made = back(given)
    same(made, given)
    assert define(given).kind == "code"
    assert (
        made.run(outputs="ab") == given.run(outputs="ab") if kind not in ("async function", "function of C") else True
    )
    assert made.passes("yes") == given.passes("yes") if kind != "rule" else made.passes(3)


def test_another_name_is_given_on_the_way() -> None:
    made = scorer_from(define(brief, name="terse").text)
    assert (made.name, made(outputs="ab")) == ("terse", True)
    assert scorer_from(define(as_scorer(Elsewhere(3)), name="less").text).name == "less"


def of_another_process(source: str, name: str = "made") -> str:
    """The definition of a function that no scorer here has."""
    from steelyard.scorers.kept_code import kept_function

    scope: dict[str, Any] = {"__name__": "elsewhere"}
    exec(compile(source, "elsewhere.py", "exec"), scope)
    kept = {**kept_function(scope[name]), "call_source": "return " + source.partition("return ")[2].strip()}
    return json.dumps({"name": name, "serialization_version": 1, **kept})


def test_code_of_elsewhere_is_run_with_leave_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    text = of_another_process("def made(outputs):\n    return outputs == 'from elsewhere'\n")
    with pytest.raises(UntrustedModel, match="allow_code=True or STEELYARD_ALLOW_CODE_SCORERS=1"):
        scorer_from(text)
    assert scorer_from(text, allow_code=True)(outputs="from elsewhere") is True
    monkeypatch.setenv("STEELYARD_ALLOW_CODE_SCORERS", "1")
    assert scorer_from(text)(outputs="b") is False
    other = of_another_process("def made(outputs):\n    return outputs == 'of nobody'\n")
    with pytest.raises(UntrustedModel):
        scorer_from(other, allow_code=False)


def test_code_that_leans_on_what_is_not_kept_is_not_run() -> None:
    text = of_another_process("class Own: x = 1\nhelp = Own()\ndef made(outputs):\n    return outputs == help.x\n")
    with pytest.raises(UntrustedModel, match="leans on something outside"):
        scorer_from(text, allow_code=True)


def test_text_that_was_changed_in_the_store_is_not_run() -> None:
    text = of_another_process("def made(outputs):\n    return outputs == 'first'\n").replace("'first'", "'second'")
    with pytest.raises(UntrustedModel):
        scorer_from(text, allow_code=True)


def test_a_real_function_with_imports_and_constants_comes_back_from_its_text_alone() -> None:
    text = define(sane).text
    kept = json.loads(text)
    assert kept["call_source"].startswith('"""Whether it is sane."""')
    assert kept["call_needs"]["json"] == {"module": "json"}
    from steelyard.scorers.kept_code import _made

    for each in (brief, sane):
        function = each.scoring_functions[0]
        from steelyard.scorers import fingerprint

        assert fingerprint(_made(json.loads(define(each).text), what=each.name)) == fingerprint(function)


def test_what_cannot_be_kept_is_refused_when_it_is_registered() -> None:
    class Holding(Scorer):
        name: str = "holding"
        client: Any = None

        def __call__(self, *, outputs: Any) -> bool:
            return bool(outputs)

    with pytest.raises(InvalidArgument, match="client of scorer 'holding'"):
        define(Holding(client=object()))
    with pytest.raises(InvalidArgument, match="cannot be registered"):
        define(Short(name="x", pass_if={"a": object()}))
    with pytest.raises(InvalidArgument, match="is no scorer"):
        define("text")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{", DataError),
        ("[]", DataError),
        ('{"name": "a", "serialization_version": 1}', DataError),
        ('{"name": "a", "serialization_version": 2}', StoreTooNew),
        ('{"name": "a", "serialization_version": 1, "builtin_scorer_class": "os.system"}', DataError),
        ('{"name": "a", "serialization_version": 1, "builtin_scorer_class": "Safety"}', DataError),
        ('{"name": "a", "serialization_version": 1, "jury_data": {"judges": []}}', DataError),
    ],
)
def test_a_text_that_is_no_definition_is_refused(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        scorer_from(text)
