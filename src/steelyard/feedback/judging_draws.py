"""With what probability each labelled trace came to be labelled: by the draw of its queue, and by who has answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import sqrt

from steelyard.feedback.judging_data import DrawnStratum, JudgedTrace
from steelyard.records import ReviewItem, Store

Group = tuple[str, str]
"""A queue, and a stratum of its draw."""

_CLOSE = 1e-6


def with_chances(store: Store, traces: Sequence[JudgedTrace]) -> tuple[list[JudgedTrace], tuple[DrawnStratum, ...]]:
    """Put to each labelled trace that was drawn at random the probability of its being labelled; and return the strata.

    Within a stratum, those who answered are taken for a random part of those who were drawn: the items of a draw are
    asked in random order. The probability is therefore that of the draw, times the labelled by the drawn; both are
    counted among these traces, which may be a part of what was drawn from. Where all of a stratum were equally likely,
    that of the draw is the drawn by the population; else it is what was kept with the item. A trace on which people are
    tied is labelled.
    """
    drawn = [trace for trace in traces if _is_drawn(trace.item)]
    if not drawn:
        return list(traces), ()
    groups = _groups(items_of(store, {trace.item.queue_id for trace in drawn if trace.item is not None}))
    asked = {trace.trace_id for trace in traces}
    said = {trace.trace_id for trace in traces if trace.is_labelled}
    labelled = Counter(group_of(trace.item) for trace in drawn if trace.item and trace.is_labelled)
    here = {group: sum(item.trace_id in asked for item in items) for group, items in groups.items()}

    def chance(item: ReviewItem) -> float:
        group = group_of(item)
        return _chance(item, groups[group], labelled[group], here[group])

    strata = tuple(
        DrawnStratum(
            name=group[1],
            population=max(item.population for item in items),
            drawn=len(items),
            here=here[group],
            labelled=sum(item.trace_id in said for item in items),
        )
        for group, items in groups.items()
    )
    return [
        replace(trace, chance=chance(trace.item))
        if trace.item is not None and _is_drawn(trace.item) and trace.is_labelled
        else trace
        for trace in traces
    ], strata


def drawn_from(draws: Iterable[DrawnStratum]) -> float:
    """Return how many of these traces the draws can have been out of at most; 0 if that is not known.

    All that they were out of, labelled or not, if all that was drawn is here. Else the share of the drawn that is here
    tells how much of it is, with four standard errors to spare.
    """
    known = [draw for draw in draws if draw.population and draw.drawn]
    total = sum(draw.population for draw in known)
    here = sum(draw.population * draw.here / draw.drawn for draw in known)
    shares = [(draw.population, (draw.here + 1) / (draw.drawn + 2), draw.drawn) for draw in known]
    error = sqrt(sum(size**2 * share * (1.0 - share) / drawn for size, share, drawn in shares))
    return min(float(total), here + 4.0 * error)


def without_labels(draws: Iterable[DrawnStratum]) -> str:
    """Return the name of a stratum of which something was drawn here and nothing is labelled; empty if none is."""
    return next((draw.name or "unnamed" for draw in draws if draw.here and not draw.labelled), "")


def items_of(store: Store, queue_ids: Iterable[str]) -> list[ReviewItem]:
    """Return all items of queues, in order."""
    found: list[ReviewItem] = []
    for queue_id in sorted(queue_ids):
        token: str | None = None
        while True:
            page = store.reviews.items(queue_id, max_results=1000, page_token=token)
            found += page.items
            token = page.token
            if not token:
                break
    return found


def group_of(item: ReviewItem) -> Group:
    return item.queue_id, item.stratum


def is_even(items: Sequence[ReviewItem]) -> bool:
    """Whether the items of a stratum were all equally likely: a simple random sample, perhaps drawn in several goes.

    Then the newest propensity is the number of the drawn by the population.
    """
    population = items[0].population
    if population <= 0 or any(item.population != population for item in items):
        return False
    counts = {(item.propensity or 0.0) * population for item in items}
    whole = all(abs(count - round(count)) < _CLOSE * population for count in counts)
    return whole and abs(max(counts) - len(items)) < _CLOSE * population


def _groups(items: Iterable[ReviewItem]) -> Mapping[Group, list[ReviewItem]]:
    groups: dict[Group, list[ReviewItem]] = {}
    for item in items:
        if _is_drawn(item):
            groups.setdefault(group_of(item), []).append(item)
    return groups


def _is_drawn(item: ReviewItem | None) -> bool:
    return item is not None and item.propensity is not None


def _chance(item: ReviewItem, drawn: Sequence[ReviewItem], labelled: int, here: int) -> float:
    if is_even(drawn):
        return len(drawn) * labelled / (item.population * here)
    return (item.propensity or 0.0) * labelled / here
