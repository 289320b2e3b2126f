"""The demo from beginning to end."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from steelyard.demo import sources
from steelyard.demo.report import DemoReport, tell
from steelyard.demo.study import Outcome, Study, run_study
from steelyard.errors import InvalidArgument, MissingDependency

Progress = Callable[[str, int, int], None]

_STEPS = 4


def run_demo(
    *, folder: str | Path = ".demo", store: str | Path | None = None, seed: int = 0, progress: Progress | None = None
) -> DemoReport:
    """Train models on real data, evaluate them by slice, compare them, and keep all of it in a store.

    Data is downloaded the first time and kept in the folder; where it cannot be had, scikit-learn's own is used.

    Args:
        folder: where downloads are kept, and the runs unless ``store`` is given; created if need be.
        store: the store's address; ``runs`` in the folder unless given.
        seed: of splits, models and replicates.
        progress: called with the name of each step as it begins, its number and how many there are.

    Returns:
        What was found, with the sentences to print and the page to open.

    Raises:
        InvalidArgument: the folder cannot be used.
        MissingDependency: scikit-learn, skops or pandas is not installed.
    """
    _require_packages()
    data = _make_folder(Path(folder) / "data")
    step = progress or (lambda _name, _done, _total: None)
    with _runs_go_to(Path(folder) / "runs" if store is None else store) as store_url:
        step("data", 1, _STEPS)
        studies, offline = _studies(data, seed)
        outcomes = []
        for number, study in enumerate(studies, start=2):
            step(study.name.removeprefix("Demo: "), number, _STEPS)
            outcomes.append(run_study(study, seed=seed))
    return _report(outcomes, store_url, offline)


def _studies(data: Path, seed: int) -> tuple[list[Study], str]:
    """Return the studies, and why they are not of the data that was wished for (empty if they are)."""
    from steelyard.demo.diabetes import diabetes

    try:
        from steelyard.demo.credit import german_credit
        from steelyard.demo.newsgroups import newsgroups

        return [newsgroups(data, seed=seed), german_credit(data, seed=seed), diabetes(seed=seed)], ""
    except sources.SourceUnavailable as problem:
        from steelyard.demo.offline import digits, tumours

        return [digits(seed=seed), tumours(seed=seed), diabetes(seed=seed)], str(problem)


def _report(outcomes: list[Outcome], store_url: str, offline: str) -> DemoReport:
    from steelyard.web import links

    main = outcomes[0]
    baseline, *others = (result.run_id for result in main.results)
    lines = (
        [f"The data could not be fetched, so scikit-learn's own is shown instead ({offline}).", ""] if offline else []
    )
    for outcome in outcomes:
        lines += tell(outcome)
    return DemoReport(
        store_url=store_url,
        run_ids={name: run_id for outcome in outcomes for name, run_id in outcome.run_ids.items()},
        comparison=main.comparison,
        comparisons={outcome.study.name: outcome.comparison for outcome in outcomes},
        sentences=tuple(lines[:-1]),
        page=links.compare([*others, baseline], baseline_id=baseline),
        offline=offline,
    )


@contextmanager
def _runs_go_to(address: str | Path) -> Generator[str]:
    """Send runs to this store for a while; yield its absolute address."""
    from steelyard.tracking import get_store, get_tracking_uri, is_tracking_uri_set, set_tracking_uri

    before = get_tracking_uri() if is_tracking_uri_set() else ""
    set_tracking_uri(address)
    try:
        yield get_store().url
    finally:
        set_tracking_uri(before)


def _make_folder(folder: Path) -> Path:
    import tempfile

    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as problem:
        raise InvalidArgument(
            f"The demo's folder {str(folder.parent)!r} cannot be used ({problem.strerror}). Choose another: --folder."
        ) from problem
    return folder


def _require_packages() -> None:
    from importlib.util import find_spec

    for module, package in {"sklearn": "scikit-learn", "skops": "skops", "pandas": "pandas"}.items():
        if find_spec(module) is None:
            raise MissingDependency(package, extra="ml", purpose="run the demo")
