"""Keep the documentation true: what is public is documented, what is documented exists, and links lead somewhere.

``python tools/docs.py`` prints each problem as ``file: what is wrong`` and exits 1 if there is one.
``python tools/docs.py --write`` writes the generated parts of ``docs/`` again: they stand between
``<!-- generated: … -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
SOURCE = ROOT / "src"

ROOMS = (
    "steelyard", "steelyard.genai", "steelyard.genai.scorers", "steelyard.genai.judges", "steelyard.genai.datasets",
    "steelyard.genai.label_schemas", "steelyard.genai.review_queues", "steelyard.genai.labelling",
    "steelyard.genai.simulators", "steelyard.models", "steelyard.sklearn", "steelyard.entities",
    "steelyard.artifacts", "steelyard.evaluation", "steelyard.feedback", "steelyard.compare", "steelyard.data",
    "steelyard.metrics", "steelyard.metrics.text", "steelyard.metrics.ranking", "steelyard.metrics.intervals",
    "steelyard.metrics.agreement", "steelyard.metrics.preferences", "steelyard.metrics.corrected",
    "steelyard.metrics.sampling", "steelyard.metrics.sequential", "steelyard.metrics.drift", "steelyard.charts",
    "steelyard.tracing", "steelyard.tracing.otlp", "steelyard.llm", "steelyard.engine", "steelyard.tracking",
    "steelyard.flavors", "steelyard.store", "steelyard.monitor", "steelyard.egress",
    "steelyard.server", "steelyard.web", "steelyard.rest",
    "steelyard.wires.otlp", "steelyard.records", "steelyard.errors", "steelyard.mlflow",
)  # fmt: skip

VALUES = {
    "ALL_ROWS": "The key of the slice that holds all rows: the empty tuple.",
    "APPLICATION_PATH": "The artifact that holds what became of an application's rows: `genai.json`.",
    "Aggregation": "`min`, `max`, `mean`, `median`, `variance`, `p90`, or a function of a list of numbers.",
    "AlarmState": "`open`, `acknowledged`, `recovered` or `closed`.",
    "AnchorState": "Whether an anchor set is read by itself: `active` or `stopped`.",
    "Assessment": "A `Feedback` or an `Expectation`.",
    "CORPUS_METRICS": "Text metrics of all rows together (BLEU, chrF), by name.",
    "ChannelKind": "`webhook`, `slack` or `email`.",
    "DEFAULT_RIDGE": "How far strengths are held back where somebody never lost or never won.",
    "DriftMethod": "`psi`, `js`, `ks`, `chi2` or `embedding`.",
    "EXPECTED_FACTS": "The name of the expectation that holds expected facts: `expected_facts`.",
    "EXPECTED_RESPONSE": "The name of the expectation that holds the expected answer: `expected_response`.",
    "FileInfo": "MLflow's older name of `ArtifactInfo`.",
    "FindingKind": "What a look found: `bad`, `fine`, `unsure` or `no_data`.",
    "FloorFrom": "What a noise floor is drawn from: `rows` or `days`; None takes the higher one.",
    "GUIDELINES": "The name of the expectation that holds guidelines: `guidelines`.",
    "LEVEL": "The level at which a feature has drifted: 0.01.",
    "LEVELS": "Every `Level`, by name.",
    "Label": "A class, or a number that is predicted. 1, 1.0 and True are one class.",
    "LabelInput": "The form of answers: `InputPassFail`, `InputCategorical`, `InputNumeric` or `InputText`.",
    "Level": "How far apart two ratings are: `nominal`, `ordinal`, `interval` or `ratio`.",
    "LifecycleStage": "Whether a run or an experiment is active or deleted.",
    "METHODS": "Every `DriftMethod`.",
    "MIN_CLASS": "True passes, and true fails, below which there is no Rogan–Gladen correction.",
    "MIN_LABELS": "Human labels below which there is no prediction-powered correction.",
    "MIN_YOUDEN": "Youden's J below which a judge is too weak for a Rogan–Gladen correction.",
    "MODEL_SLICE": "The dimension of the logged model that predicted: `model_id`.",
    "MONITOR_KEY": "The metadata of feedback that names the monitor that gave it.",
    "MlflowException": "MLflow's name of `SteelyardError`, the root of every error raised on purpose.",
    "ModelStatus": "How a logged model stands: `PENDING`, `READY` or `FAILED`.",
    "MonitorLevel": "What a monitor judges one by one: `trace` or `session`.",
    "MonitorState": "`active`, `stopped` by somebody, or `paused` by itself.",
    "NoData": "What a window without rows means: `ignore`, `alarm` or `recover`.",
    "Outcome": "What became of a row: `scored`, `missing_target`, `missing_prediction` or `predict_failed`.",
    "OutlinedSpan": "What an outline is read from: a `SpanLine`, or a whole `Span`.",
    "PATHS": "The paths at which traces are taken over OTLP/HTTP.",
    "PREFERENCE": "The `schema_id` of the answer to a pair, whose value is `first`, `second` or `tie`.",
    "PREVIEW_LENGTH": "How many characters of a request and a response a list of traces shows.",
    "PredictedType": "What a model in production predicts: `classifier` or `regressor`.",
    "PredictionOutcome": "What became of a call of the function: `predicted`, `predict_failed` or `over_budget`.",
    "PredictionsOnly": "Which rows: `wrong`, `unlabelled`, `labelled`, or all (empty).",
    "REPLICATES_PATH": "The artifact that holds an evaluation's replicates: `replicates.npz`.",
    "REQUEST_ID_TAG": "The tag that holds a trace's `client_request_id`.",
    "ROWS_PATH": "The artifact that holds the row-level results: `rows.parquet`.",
    "RUN_KEY": "The metadata of a trace that names its run.",
    "Real": "A float, or an array of floats.",
    "RestException": "MLflow's name of an error of the server; here `SteelyardError`.",
    "RowKind": "`fixed`, `broken`, `still_wrong`, `still_right`, `only_candidate` or `only_baseline`.",
    "RunStatus": "`RUNNING`, `SCHEDULED`, `FINISHED`, `FAILED` or `KILLED`.",
    "SCHEMA": "The address that names the version of Vega-Lite that charts are written in.",
    "SERIALIZATION_FORMAT_CLOUDPICKLE": "`cloudpickle`: loads only where the caller names the digest.",
    "SERIALIZATION_FORMAT_PICKLE": "`pickle`: loads only where the caller names the digest.",
    "SERIALIZATION_FORMAT_SKOPS": "`skops`: loads without running code of the file's. The default.",
    "SESSION_KEY": "The metadata of a trace that names its session.",
    "SUMMARY_PATH": "The artifact that holds an evaluation's summary: `evaluation.json`.",
    "SUPPORTED_SERIALIZATION_FORMATS": "The three formats above.",
    "SeriesKind": "`traces`, `score`, `drift`, `model`, `judge` or `monitor`.",
    "SliceKey": "A slice as a tuple of (dimension, value) pairs.",
    "Spec": "A Vega-Lite specification, as a dict.",
    "TEXT_METRICS": "Text metrics that score one row at a time, by name.",
    "TRACE_NAME_TAG": "The tag that holds a trace's name.",
    "Task": "What was scored: `binary`, `multiclass`, `multilabel`, `regression`, `ranking`, `text` or `custom`.",
    "Theme": "`light` or `dark`.",
    "USER_KEY": "The metadata of a trace that names its user.",
    "VERDICT_OUTCOMES": "`scored`, `scorer_error`, `parse_error`, `refused`, `predict_failed`, `over_budget`.",
    "Value": "What a rater says: a bool, a word, a number or a set of words.",
    "ValueKind": "What a scorer's values are: `boolean`, `number`, `category`, `text`, `other` or `none`.",
    "Verdict": "`better`, `worse`, `equivalent` or `undecided`.",
    "VerdictOutcome": "What became of a row and scorer: one of `VERDICT_OUTCOMES`.",
    "ViewType": "`ACTIVE_ONLY`, `DELETED_ONLY` or `ALL`.",
    "WorkOutcome": "`scored`, `scorer_error`, `parse_error`, `refused`, `filtered`, `gone` or `over_limit`.",
}
"""What stands in api.md for names that carry no docstring: constants, unions, aliases."""


def public_names(room: str) -> list[str]:
    """Return what a room offers: its ``__all__``, and what a ``__dir__`` of its own adds to that."""
    module = import_module(room)
    added = set(dir(module)) - {*module.__all__} if "__dir__" in vars(module) else set()
    return sorted({*module.__all__, *(name for name in added if not name.startswith("_"))})


def one_line(room: str, name: str) -> str:
    """Return what a name is, in its docstring's first sentence."""
    value = getattr(import_module(room), name)
    if name in VALUES and getattr(value, "__name__", "") != name:  # a class of this name speaks for itself
        return VALUES[name]
    own = inspect.isfunction(value) or inspect.isclass(value) or inspect.ismodule(value)
    text = inspect.getdoc(value) if own else None
    if not text or (inspect.isclass(value) and text.startswith(f"{name}(")):
        return ""  # a dataclass without a docstring shows its signature
    line = " ".join(text.split("\n\n")[0].split()).replace("``", "`")
    line = re.sub(r":(?:func|class|meth):`~?([^`]+)`", r"`\1`", line)
    return re.sub(r"(?<!\\)\|", r"\\|", line)


def api() -> str:
    """Return one table a room."""
    parts = []
    for room in ROOMS:
        about = (inspect.getdoc(import_module(room)) or "").split("\n\n")[0].replace("``", "`")
        rows = [f"| `{name}` | {one_line(room, name)} |" for name in public_names(room)]
        parts += [f"## {room}", "", " ".join(about.split()), "", "| name | what it is |", "|---|---|", *rows, ""]
    return "\n".join(parts).rstrip()


def commands() -> dict[str, object]:
    """Return the command line's commands by name; empty while there is no command line."""
    if find_spec("steelyard.cli") is None:
        return {}
    import typer.main

    return dict(_leaves(typer.main.get_command(import_module("steelyard.cli").app)))


def _leaves(group: object, before: str = "") -> Iterator[tuple[str, object]]:
    """Yield commands with their full names; a group, such as ``traces``, is the commands in it."""
    for name, command in sorted(getattr(group, "commands", {}).items()):
        if getattr(command, "commands", None):
            yield from _leaves(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def cli() -> str:
    """Return each command with its arguments and options."""
    parts = []
    for name, command in commands().items():
        parts += [f"### steelyard {name}", "", f"{getattr(command, 'help', '')}", ""]
        parts += ["| argument or option | what it does | default |", "|---|---|---|"]
        parts += [_parameter(p) for p in getattr(command, "params", ())]
        parts.append("")
    return "\n".join(parts).rstrip()


def _parameter(parameter: object) -> str:
    kind = getattr(parameter, "param_type_name", "")
    name = str(getattr(parameter, "name", "")).upper()
    shown = name if kind == "argument" else ", ".join(getattr(parameter, "opts", ()))
    default = getattr(parameter, "default", None)
    computed = callable(default) or "Sentinel" in type(default).__name__
    if computed or default is None or default is False or default == "":
        default = "needed" if getattr(parameter, "required", False) else ""
    told = str(getattr(parameter, "help", "") or "").replace("|", "\\|")
    return f"| `{shown}` | {told} | {f'`{default}`' if default not in ('', 'needed') else default} |"


GENERATED: dict[str, Callable[[], str]] = {"api": api, "cli": cli}
_PART = re.compile(r"(<!-- generated: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def regenerated(text: str) -> str:
    """Return a page with its generated parts as they should be."""
    return _PART.sub(lambda m: f"{m[1]}\n{GENERATED[m[2]]()}\n\n{m[4]}", text)


def pages() -> list[Path]:
    """Return every page of the documentation."""
    return [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(DOCS.glob("*.md"))


def generated_problems() -> Iterator[str]:
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        if regenerated(text) != text:
            yield f"docs/{page.name}: a generated part is out of date; run: python tools/docs.py --write"


def api_problems() -> Iterator[str]:
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    for room in ROOMS:
        section = text.partition(f"\n## {room}\n")[2].partition("\n## ")[0]
        for name in public_names(room):
            line = re.search(rf"^\| `{re.escape(name)}` \|(.*)\|$", section, re.MULTILINE)
            if line is None:
                yield f"docs/api.md: {room}.{name} is missing"
            elif not line[1].strip():
                yield f"docs/api.md: {room}.{name} says nothing; give it a docstring, or words in tools/docs.py"


def metric_names() -> dict[str, tuple[str, bool | None, float | None, float | None]]:
    """Return every built-in metric: its name in the tables of metrics.md to title, good direction and range."""
    from steelyard.metrics.catalogue import CATALOGUE
    from steelyard.metrics.ranking import metric_infos, query_scores, rank
    from steelyard.metrics.text import CORPUS_METRICS, TEXT_METRICS

    found = {i.name: i for i in (*CATALOGUE.values(), *(m.info for m in CORPUS_METRICS.values()))}
    for metric in TEXT_METRICS.values():
        found[f"{metric.info.name}/{metric.version}" if metric.version else metric.info.name] = metric.info
    retrieval = {i.name.replace("_at_3", "_at_k"): i for i in metric_infos(3)}
    ranked = {n.replace("_at_3", "_at_k") for n in query_scores(rank(["q"], [1.0], [1]), 3)}
    known = {n: (i.title, i.greater_is_better, i.lower, i.upper) for n, i in found.items()}
    known |= {n: (i.title.replace(" 3", " k"), True, i.lower, i.upper) for n, i in retrieval.items()}
    # Of a ranking's own measures those are logged that retrieval has a description of.
    assert {n for n in ranked if n in known} <= known.keys()
    return known


def metric_problems() -> Iterator[str]:
    text = (DOCS / "metrics.md").read_text(encoding="utf-8")
    rows = {m[1]: m[2] for m in re.finditer(r"^\| `([^`]+)` \|(.*)\|$", text, re.MULTILINE)}
    known = metric_names()
    yield from (f"docs/metrics.md: {name} is missing" for name in known if name not in rows)
    yield from (f"docs/metrics.md: {name} is no metric of ours" for name in rows if name not in known)
    for name in known.keys() & rows.keys():
        title, better, low, high = known[name]
        cells = [c.strip() for c in rows[name].split("|")]
        if cells[0] != title:
            yield f"docs/metrics.md: {name} is titled {cells[0]!r}; its title is {title!r}"
        if cells[-1] != range_of(better, low, high):
            yield f"docs/metrics.md: {name} has the range {cells[-1]!r}; it is {range_of(better, low, high)!r}"


def range_of(better: bool | None, low: float | None, high: float | None) -> str:
    """Return a metric's range and good direction as metrics.md writes them, such as ``0 to 1 ↑``."""
    arrow = {True: " ↑", False: " ↓", None: ""}[better]
    if low is None and high is None:
        return f"any{arrow}"
    if low is None or high is None:
        return (f"{low:g} and up" if high is None else f"up to {high:g}") + arrow
    return f"{low:g} to {high:g}{arrow}".replace("-", "−")


def cli_problems() -> Iterator[str]:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    yield from (f"docs/cli.md: the command {n!r} is missing" for n in commands() if f"### steelyard {n}\n" not in text)


_VARIABLE = re.compile(r"\b((?:STEELYARD|MLFLOW)_[A-Z][A-Z_]+)\b")
_READ = re.compile(r'"((?:STEELYARD|MLFLOW)_[A-Z][A-Z_]+)"')
_FAMILY = re.compile(r"\b(STEELYARD_[A-Z_]+_)\[")
_SETTING = re.compile(r'setting\("([A-Z_]+)"\)')


def settings() -> set[str]:
    """Return the environment variables that the package reads; a ``setting`` has two names."""
    found: set[str] = set()
    for file in sorted(SOURCE.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        found |= set(_READ.findall(text))
        found |= set(_FAMILY.findall(text))  # whose names end as people like
        found |= {f"{prefix}_{name}" for name in _SETTING.findall(text) for prefix in ("STEELYARD", "MLFLOW")}
    return found


def settings_problems() -> Iterator[str]:
    named = set(_VARIABLE.findall((DOCS / "settings.md").read_text(encoding="utf-8")))
    read = settings()
    yield from (f"docs/settings.md: {name} is missing" for name in sorted(read - named))
    yield from (f"docs/settings.md: {name} is read by nothing" for name in sorted(named - read))


def changelog_problems() -> Iterator[str]:
    import steelyard

    top = re.search(r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    found = top[1] if top else "missing"
    if found != steelyard.__version__:
        yield f"CHANGELOG.md: its top version is {found}; the package's is {steelyard.__version__}"


_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
PICTURES_TO_COME = {"docs/images/run.png"}
"""Pictures that are made from a running server, and may be absent from a checkout."""


def anchors(text: str) -> set[str]:
    """Return the addresses of a page's headings, as GitHub and MkDocs make them."""
    heads = re.findall(r"^#+ +(.+)$", _FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in heads}


def link_problems() -> Iterator[str]:
    for page in pages():
        name = page.relative_to(ROOT)
        for target in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
            if "://" in target or target.startswith("mailto:"):
                continue
            path, _, anchor = target.partition("#")
            file = page if not path else (page.parent / path).resolve()
            if not file.exists():
                if str(file.relative_to(ROOT)) not in PICTURES_TO_COME:
                    yield f"{name}: {target} leads nowhere"
            elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text(encoding="utf-8")):
                yield f"{name}: {target} names a heading that is not there"


def missing_pages() -> list[str]:
    wanted = [*pages(), *(DOCS / f"{n}.md" for n in ("index", "api", "metrics", "cli", "settings"))]
    return [f"{p.relative_to(ROOT)}: is missing" for p in dict.fromkeys(wanted) if not p.is_file()]


def problems() -> list[str]:
    """Return everything that is wrong, as ``file: what is wrong``."""
    gone = missing_pages()
    if gone:
        return gone
    checks = (
        generated_problems,
        api_problems,
        metric_problems,
        cli_problems,
        settings_problems,
        changelog_problems,
        link_problems,
    )
    return [problem for check in checks for problem in check()]


def write() -> None:
    """Write the generated parts again."""
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        new = regenerated(text)
        if new != text:
            page.write_text(new, encoding="utf-8")


def main() -> int:
    """Check, or write with ``--write``."""
    if sys.argv[1:] == ["--write"]:
        write()
        return 0
    found = problems()
    for problem in found:
        print(problem)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
