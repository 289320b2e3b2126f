"""Somebody who answers a review queue in a process of their own, until nothing is left for them.

Called with the store's address, the queue's id and the reviewer's name; waits for a line on stdin, so that several
begin at once; prints the ids of the items that they answered.
"""

from __future__ import annotations

import json
import sys

from steelyard.records import AnswerDraft, LabelAnswer
from steelyard.store import open_store


def main(address: str, queue_id: str, reviewer: str) -> None:
    done = []
    with open_store(address) as store:
        schema_id = store.reviews.get(queue_id).schema_ids[0]
        print("ready", flush=True)
        sys.stdin.readline()
        while (item := store.reviews.next(queue_id, reviewer)) is not None:
            label = LabelAnswer(schema_id=schema_id, value=len(done) % 2 == 0)
            store.reviews.answer(AnswerDraft(item_id=item.item_id, reviewer=reviewer, labels=(label,)))
            done.append(item.item_id)
    print(json.dumps(done), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
