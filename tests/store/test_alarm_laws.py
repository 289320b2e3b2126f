"""Whatever looks find, alarms are what a few plain lines say they are."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from alarms_made import BAD, EVERY, FINE, NOTHING, NOW, UNSURE, draft
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.records import Store
from steelyard.store import open_store

FINDINGS = {"bad": BAD, "fine": FINE, "unsure": UNSURE, "no_data": NOTHING}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path_factory.mktemp('laws')}/store.db") as store:
        yield store


@dataclass
class Plain:
    """A rule about one group: the states of its alarms, the last of which may last."""

    mode: str
    recover_after: int
    states: list[str] = field(default_factory=list)
    fine: int = 0

    def look(self, kind: str) -> None:
        lasts = bool(self.states) and self.states[-1] in ("open", "acknowledged")
        if kind == "no_data" and self.mode == "ignore":
            return
        if kind == "no_data":
            kind = "bad" if self.mode == "alarm" else "fine"
        if kind == "bad" and not lasts:
            self.states.append("open")
            self.fine = 0
        elif lasts:
            self.fine = self.fine + 1 if kind == "fine" else 0
            if self.fine == self.recover_after:
                self.states[-1] = "recovered"

    def person(self, act: str) -> bool:
        if not self.states or self.states[-1] not in ("open", "acknowledged"):
            return False
        self.states[-1] = act
        return True


@settings(max_examples=25)
@given(
    st.sampled_from(["ignore", "alarm", "recover"]),
    st.integers(1, 3),
    st.lists(st.sampled_from([*FINDINGS, "bad", "fine", "acknowledged", "closed"]), max_size=10),
)
def test_alarms_open_go_on_and_end_as_said(shared: Store, mode: str, recover_after: int, steps: list[str]) -> None:
    plain = Plain(mode, recover_after)
    rule = shared.alarms.create_rule("0", draft(uuid.uuid4().hex, no_data=mode, recover_after=recover_after))
    for n, step in enumerate(steps):
        if step in FINDINGS:
            plain.look(step)
            (claimed,) = shared.alarms.claim_rules("w", now_ms=NOW + n * EVERY)
            shared.alarms.found(
                claimed, [FINDINGS[step]], memory=b"", looked_until_ms=NOW + n * EVERY, now_ms=NOW + n * EVERY
            )
        elif plain.person(step):
            newest = shared.alarms.alarms(rule_id=rule.rule_id, max_results=1).items[0]
            act = shared.alarms.acknowledge if step == "acknowledged" else shared.alarms.close
            act(newest.alarm_id, by="ann")
        found = shared.alarms.alarms(rule_id=rule.rule_id).items
        assert [alarm.state for alarm in reversed(found)] == plain.states
        assert all(bool(alarm.ended_ms) == (alarm.state in ("recovered", "closed")) for alarm in found)
    shared.alarms.update_rule(rule.rule_id, enabled=False)
