"""What a record of a dataset must be like, whoever keeps it."""

from __future__ import annotations

from steelyard.errors import InvalidArgument
from steelyard.records.dataset import SESSION_FIELDS, SOURCE_TYPES, RecordDraft
from steelyard.store.limits import MAX_TAG_VALUE, check_words


def check_record(draft: RecordDraft) -> None:
    """Refuse a record that no store takes, for another reason than the size or the type of a value.

    Raises:
        InvalidArgument: it has no inputs, mixes a conversation to be simulated with others, or has a tag or a source
            that cannot be kept.
    """
    if not draft.inputs:
        raise InvalidArgument("inputs is empty. What goes in is what identifies a record.")
    if "goal" in draft.inputs and not SESSION_FIELDS.issuperset(draft.inputs):
        others = ", ".join(sorted(map(str, set(draft.inputs) - SESSION_FIELDS)))
        raise InvalidArgument(
            f"inputs has 'goal', which describes a conversation to be simulated ({', '.join(sorted(SESSION_FIELDS))}), "
            f"and cannot be mixed with: {others}."
        )
    check_words(draft.tags, "record tag", limit=MAX_TAG_VALUE)
    if draft.source is not None and draft.source.source_type not in SOURCE_TYPES:
        raise InvalidArgument(f"The source type {draft.source.source_type!r} is none of {', '.join(SOURCE_TYPES)}.")
