"""What any store must do when runs are searched: filters, orders, pages."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.errors import FilterError, InvalidArgument, NotFound
from steelyard.records import DatasetInput, Metric, Run, Store
from steelyard.store.sql.paging import fingerprint, make_token


def names(page) -> list[str]:
    return [run.info.run_name for run in page.items]


@pytest.fixture
def zoo(store: Store) -> Store:
    """Five runs that differ in all that can be searched."""
    log = store.runs.log_batch

    def run(name: str, **fields) -> str:
        return store.runs.create("0", run_name=name, **fields).info.run_id

    ant = run("ant", start_time=100, user_id="ada", tags={"team": "nlp", "a b": "x"})
    log(ant, metrics=[Metric("f1", 0.9), Metric("a b", 1.0)], params={"C": "10", "lr": "0.1"})
    store.runs.update(ant, status="FINISHED", end_time=150)
    bee = run("bee", start_time=200, user_id="bob", tags={"team": "NLP"})
    log(bee, metrics=[Metric("f1", 0.5)], params={"C": "9"})
    store.runs.log_inputs(bee, [DatasetInput(name="tweets", digest="d1", context="test")])
    cat = run("cat", start_time=300, user_id="ada", tags={"team": "vision_1"})
    log(cat, metrics=[Metric("f1", math.nan), Metric("loss", math.inf)])
    dog = run("Dog%", start_time=400)
    log(dog, metrics=[Metric("f1", -math.inf), Metric("loss", 0.25)], params={"C": "it's"})
    run("eel", start_time=500)
    return store


CASES = {
    "": "eel Dog% cat bee ant",
    "metrics.f1 > 0.5": "ant",
    "metric.f1 >= 0.5": "bee ant",
    "metrics.f1 < 1": "Dog% bee ant",
    "metrics.f1 != 0.5": "Dog% cat ant",
    "metrics.f1 = nan": "cat",
    "metrics.f1 != NaN": "Dog% bee ant",
    "metrics.f1 = -inf": "Dog%",
    "metrics.loss = inf": "cat",
    "metrics.loss = 1e999": "cat",
    "metrics.loss > 1e308": "cat",
    "metrics.f1 IS NULL": "eel",
    "metrics.f1 IS NOT NULL": "Dog% cat bee ant",
    "metrics.`a b` = 1": "ant",
    'metrics."a b" = 1': "ant",
    "tags.`a b` = 'x'": "ant",
    "NOT metrics.f1 > 0.5": "eel Dog% cat bee",
    "params.C = '10'": "ant",
    "params.C != '10'": "Dog% bee",
    "parameters.C LIKE '1%'": "ant",
    "params.C IN ('9', '10')": "bee ant",
    "params.C NOT IN ('9')": "Dog% ant",
    "params.C = 'it''s'": "Dog%",
    'params.C = "it\'s"': "Dog%",
    "params.C IS NULL": "eel cat",
    "tags.team LIKE 'nlp'": "ant",
    "tags.team ILIKE 'nLp'": "bee ant",
    "tags.team NOT LIKE 'n%'": "cat bee",
    "tags.team LIKE 'vision_1'": "cat",
    "tags.team LIKE 'vision\\_1'": "cat",
    "tags.team LIKE 'visio\\_'": "",
    "run_name LIKE 'D%'": "Dog%",
    "run_name LIKE 'd%'": "",
    "run_name ILIKE 'd%'": "Dog%",
    "run_name LIKE '%\\%'": "Dog%",
    "attributes.run_name = 'bee'": "bee",
    "attribute.`Run name` = 'bee'": "bee",
    "`run name` = 'bee'": "bee",
    "run.status = 'FINISHED'": "ant",
    "status IN ('FINISHED', 'FAILED')": "ant",
    "user_id = 'ada' and start_time < 300": "ant",
    "end_time > 0": "ant",
    "NOT end_time > 0": "eel Dog% cat bee",
    "end_time IS NULL": "eel Dog% cat bee",
    "created >= 400": "eel Dog%",
    "start_time <= 200.5": "bee ant",
    "start_time > 1e30": "",
    "start_time < 99999999999999999999999": "eel Dog% cat bee ant",
    "artifact_uri LIKE 'runs:/%' AND user_id != ''": "cat bee ant",
    "datasets.name = 'tweets' AND dataset.digest LIKE 'd%'": "bee",
    "datasets.context = 'train'": "",
    "datasets.name IS NULL": "eel Dog% cat ant",
    "user_id = 'bob' OR user_id = 'ada' AND metrics.f1 > 0": "bee ant",
    "(user_id = 'bob' OR user_id = 'ada') AND metrics.f1 > 0.6": "ant",
    "NOT (user_id = 'bob' OR NOT start_time < 300)": "ant",
    "metrics.f1>0.4 AND metrics.f1<=.5": "bee",
    "user_id = ''' OR 1=1 --'": "",
    "metrics.f1 > -1 AND params.lr = '0.1'": "ant",
}


def test_every_filter_finds_what_it_says(zoo: Store) -> None:
    found = {text: " ".join(names(zoo.search.search(["0"], text))) for text in CASES}
    assert found == CASES
    assert {text: zoo.search.count(["0"], text) for text in CASES} == {t: len(f.split()) for t, f in CASES.items()}


@pytest.mark.parametrize(
    ("order", "found"),
    [
        (["metrics.f1 DESC"], "ant bee Dog% eel cat"),
        (["metrics.f1"], "Dog% bee ant eel cat"),
        (["metrics.loss ASC"], "Dog% cat eel bee ant"),
        (["params.C"], "ant bee Dog% eel cat"),
        (["tags.team desc"], "cat ant bee eel Dog%"),
        (["user_id", "start_time ASC"], "Dog% eel ant cat bee"),
        (["attributes.run_name"], "Dog% ant bee cat eel"),
        (["end_time", "created"], "ant bee cat Dog% eel"),
        (["metrics.`a b`"], "ant eel Dog% cat bee"),
        (["metrics.nowhere"], "eel Dog% cat bee ant"),
    ],
)
def test_an_order_by_puts_missing_and_nan_last_and_breaks_ties_by_start(zoo: Store, order, found: str) -> None:
    assert names(zoo.search.search(["0"], order_by=order)) == found.split()


@pytest.mark.parametrize("order", [[], ["metrics.f1 DESC"], ["metrics.f1"], ["params.C DESC", "user_id"], ["end_time"]])
@pytest.mark.parametrize("size", [1, 2, 4])
def test_pages_put_together_are_the_whole(zoo: Store, order, size: int) -> None:
    whole = names(zoo.search.search(["0"], order_by=order))
    seen, token = [], None
    while True:
        page = zoo.search.search(["0"], order_by=order, max_results=size, page_token=token)
        seen += names(page)
        token = page.token
        if token is None:
            break
    assert seen == whole


def test_a_page_does_not_move_when_runs_are_added(zoo: Store) -> None:
    first = zoo.search.search(["0"], max_results=2)
    zoo.runs.create("0", run_name="new", start_time=10_000)
    zoo.runs.delete(first.items[0].info.run_id)
    assert names(zoo.search.search(["0"], max_results=9, page_token=first.token)) == ["cat", "bee", "ant"]


def test_the_last_page_has_no_token_even_when_it_is_full(zoo: Store) -> None:
    assert zoo.search.search(["0"], max_results=5).token is None


@pytest.mark.parametrize(
    "other", [{"filter_string": "start_time > 0"}, {"order_by": ["run_name"]}, {"view": "ALL"}, {"page_token": "x!"}]
)
def test_a_token_of_another_query_is_refused(zoo: Store, other) -> None:
    token = zoo.search.search(["0"], max_results=2).token
    with pytest.raises(InvalidArgument, match="page_token"):
        zoo.search.search(["0"], **{"page_token": token, **other})


@pytest.mark.parametrize("token", ["", "AAAA", "%%%", "e30", "🜁"])
def test_a_token_that_nobody_gave_is_refused_and_an_empty_one_is_the_first_page(zoo: Store, token: str) -> None:
    if not token:
        assert len(zoo.search.search(["0"], page_token="").items) == 5
        return
    with pytest.raises(InvalidArgument, match="page_token"):
        zoo.search.search(["0"], page_token=token)


@pytest.mark.parametrize("values", [["x", "y"], [1, 2], [2**63, "y"], [1, "a\x00"], [[1], "y"], [True, "y"]])
def test_a_forged_token_never_reaches_the_database(zoo: Store, values) -> None:
    query = fingerprint(["0"], "", [], "ACTIVE_ONLY")
    with pytest.raises(InvalidArgument, match="page_token"):
        zoo.search.search(["0"], page_token=make_token(query, values))


def test_views_choose_between_active_and_deleted(zoo: Store) -> None:
    zoo.runs.delete(zoo.search.search(["0"], "run_name = 'bee'").items[0].info.run_id)
    assert names(zoo.search.search(["0"], view="DELETED_ONLY")) == ["bee"]
    assert zoo.search.count(["0"]) == 4
    assert zoo.search.count(["0"], view="ALL") == 5


def test_only_the_named_experiments_are_searched(zoo: Store) -> None:
    other = zoo.experiments.create("other").experiment_id
    zoo.runs.create(other, run_name="far", start_time=1)
    assert names(zoo.search.search([other])) == ["far"]
    assert len(zoo.search.search(["0", other]).items) == 6
    assert zoo.search.search([]).items == ()
    with pytest.raises(NotFound, match="'99'"):
        zoo.search.search(["99"])


def test_keys_in_use_are_listed_sorted(zoo: Store) -> None:
    assert zoo.search.keys(["0"]) == {
        "metrics": ["a b", "f1", "loss"],
        "params": ["C", "lr"],
        "tags": ["a b", "team"],
    }


def test_a_found_run_is_the_run(zoo: Store) -> None:
    for run in zoo.search.search(["0"]).items:
        assert repr(zoo.runs.get(run.info.run_id)) == repr(run)  # repr: a NaN is not equal to itself


def test_the_number_of_statements_does_not_grow_with_the_runs(store: Store) -> None:
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    counted: list[str] = []
    event.listen(Engine, "before_cursor_execute", lambda *a: counted.append(a[2]))
    sizes = []
    for more in (2, 30):
        for _ in range(more):
            store.runs.log_batch(store.runs.create("0").info.run_id, metrics=[Metric("m", 1.0)])
        counted.clear()
        store.search.search(["0"], "metrics.m > 0", order_by=["metrics.m"])
        sizes.append(len(counted))
    assert sizes[0] == sizes[1] <= 8


@pytest.mark.parametrize("size", [0, -1, 50_001, "9"])
def test_a_page_size_out_of_range_is_refused(store: Store, size) -> None:
    with pytest.raises(InvalidArgument, match="max_results"):
        store.search.search(["0"], max_results=size)


def test_order_and_ids_given_as_one_text_are_refused(store: Store) -> None:
    with pytest.raises(FilterError, match="list of texts"):
        store.search.search(["0"], order_by="start_time")
    with pytest.raises(InvalidArgument, match="list of ids"):
        store.search.search("0")
    with pytest.raises(InvalidArgument, match="datasets"):
        store.search.search(["0"], order_by=["datasets.name"])


@dataclass
class Animal:
    """What a run is to the reference below."""

    name: str
    start: int
    metrics: dict[str, float] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)


WORDS = st.sampled_from(["a", "B", "ab", "aB", "10", "9", "", "%", "_", "é", "É"])
FLOATS = st.sampled_from([-math.inf, -1.0, 0.0, 0.5, 2.0, math.inf, math.nan])
ANIMALS = st.lists(
    st.builds(
        Animal,
        WORDS,
        st.integers(0, 3),
        st.dictionaries(st.sampled_from("xy"), FLOATS, max_size=2),
        st.dictionaries(st.sampled_from("pq"), WORDS, max_size=2),
    ),
    min_size=1,
    max_size=6,
)
SIGNS = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
NUMBERS = st.builds(
    lambda key, sign, value: (
        f"metrics.{key} {sign} {value!r}",
        lambda a: key in a.metrics and SIGNS[sign](a.metrics[key], value),
    ),
    st.sampled_from("xy"),
    st.sampled_from(sorted(SIGNS)),
    FLOATS.filter(lambda v: v == v),
)
TEXTS = st.builds(
    lambda key, sign, value: (
        f"params.{key} {sign} '{value}'",
        lambda a: key in a.params and SIGNS[sign](a.params[key], value),
    ),
    st.sampled_from("pq"),
    st.sampled_from(["=", "!="]),
    WORDS,
)
STARTS = st.builds(
    lambda sign, value: (f"start_time {sign} {value}", lambda a: SIGNS[sign](a.start, value)),
    st.sampled_from(sorted(SIGNS)),
    st.integers(-1, 4),
)
PREFIXES = st.builds(
    lambda key, value: (f"params.{key} LIKE '{value}%'", lambda a: key in a.params and a.params[key].startswith(value)),
    st.sampled_from("pq"),
    st.sampled_from(["a", "A", "B", "1", "é"]),
)
ABSENT = st.builds(lambda key: (f"metrics.{key} IS NULL", lambda a: key not in a.metrics), st.sampled_from("xy"))


def _join(word, left, right):
    one = word == "AND"
    both = (lambda a: left[1](a) and right[1](a)) if one else (lambda a: left[1](a) or right[1](a))
    return f"({left[0]}) {word} ({right[0]})", both


FILTERS = st.recursive(
    st.one_of(NUMBERS, TEXTS, STARTS, PREFIXES, ABSENT),
    lambda inner: st.one_of(
        st.builds(_join, st.sampled_from(["AND", "OR"]), inner, inner),
        inner.map(lambda one: (f"NOT ({one[0]})", lambda a: not one[1](a))),
    ),
    max_leaves=5,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(animals=ANIMALS, filters=st.lists(FILTERS, min_size=1, max_size=5))
def test_any_filter_means_what_plain_python_says(store: Store, animals: list[Animal], filters) -> None:
    experiment = store.experiments.create(f"e{len(store.experiments.search(max_results=5000).items)}").experiment_id
    found: dict[str, Animal] = {}
    for animal in animals:
        run: Run = store.runs.create(experiment, run_name=animal.name, start_time=animal.start)
        metrics = [Metric(key, value) for key, value in animal.metrics.items()]
        store.runs.log_batch(run.info.run_id, metrics=metrics, params=animal.params, durable=False)
        found[run.info.run_id] = animal
    for text, test in filters:
        expected = {run_id for run_id, animal in found.items() if test(animal)}
        assert {run.info.run_id for run in store.search.search([experiment], text).items} == expected, text
