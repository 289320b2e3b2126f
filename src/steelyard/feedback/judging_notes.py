"""What a reader must know of a report on a judge."""

from __future__ import annotations

from collections.abc import Iterable

from steelyard.feedback.judging_data import Gathered
from steelyard.feedback.judging_values import Said, shown

FEW_PAIRS = 20
"""With fewer items one says that they are few."""

_MOST_SHOWN = 5


def notes_of(found: Gathered) -> list[str]:
    """Return what must be said with a report on what was gathered, a sentence each."""
    pairs, matching, notes = found.pairs, found.matching, []
    if len(pairs) < FEW_PAIRS:
        notes.append(f"{len(pairs)} items are labelled by both: too few to say much.")
    if len(found.sources) > 1:
        notes.append(
            f"Verdicts of {len(found.sources)} judges are mixed ({', '.join(found.sources[:5])}): "
            "name one with judge_source."
        )
    if matching.corrections:
        notes.append(
            f"{matching.corrections} of {len(pairs)} items were labelled by correcting the judge: what people correct "
            "is what it got wrong, so agreement looks worse than it is."
        )
    drawn = sum(pair.chance is not None for pair in pairs)
    if pairs and drawn < len(pairs):
        notes.append(
            f"{len(pairs) - drawn} of {len(pairs)} items were not drawn at random: "
            "the numbers are of these items, and of no others."
        )
    elif len({pair.chance for pair in pairs}) > 1:
        notes.append(
            "Items were drawn with unequal probabilities. Rates are weighted by them; agreement and slices are those "
            "of the items as they are."
        )
    judge, people = {pair.judge for pair in pairs}, {pair.gold for pair in pairs}
    if found.reading.kind == "category" and pairs and not judge & people:
        notes.append(
            f"The judge and people share no value (the judge: {_some(judge)}; people: {_some(people)}): they do not "
            "answer in one form, so no agreement can be told."
        )
    for counted, whose in ((matching.unread_judge, "the judge's"), (matching.unread_people, "people's")):
        if counted:
            total = sum(count for _, count in counted)
            notes.append(
                f"{total} of {whose} values cannot be read as {found.reading.kind}, such as {counted[0][0]!r}."
            )
    if matching.disputed:
        notes.append(
            f"On {matching.disputed} traces people are tied, and nobody has decided: no rate or agreement has them; a "
            "corrected mean counts a tie of yes and no as ½."
        )
    if matching.outdated:
        notes.append(f"{matching.outdated} labels are answers to the question as it was before, and do not count.")
    return notes


def _some(values: Iterable[Said | None]) -> str:
    return ", ".join(sorted(shown(value) for value in values)[:_MOST_SHOWN])
