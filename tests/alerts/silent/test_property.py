"""Who is called for which step when, against a slow oracle, in any order of receipts, answers, stops and looks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from alerts.silent.models import SilentPlan
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from tests.alerts.silent.conftest import CALLS_ONLY, PracticeVoice, Stage
from tests.factories import NOW

STEPS = CALLS_ONLY
PEOPLE = ("a", "b", "c")
EVENT = st.tuples(
    st.integers(1, 6),
    st.one_of(
        st.tuples(st.sampled_from(["deliver", "fail", "answer", "opt out"]), st.sampled_from(PEOPLE)),
        st.tuples(st.sampled_from(["sweep", "sweep", "call", "supersede", "forget cursor"]), st.just("")),
    ),
)


class Oracle:
    """Remembers every change and says, minute by minute, whom a look at this moment must have found."""

    def __init__(self, sent: dict[str, int]) -> None:
        self.sent = sent
        self.state = dict.fromkeys(sent, "sent")
        self.answered: set[str] = set()
        self.opted_out: set[str] = set()
        self.looked: dict[int, set[str]] = {1: set(), 2: set()}
        self.due: set[tuple[int, str]] = set()
        self.over = False

    def look(self, now: datetime, *, again: bool) -> None:
        if self.over:
            return
        for number in (1, 2):
            for name, minute in self.sent.items():
                if now < NOW + timedelta(minutes=minute + STEPS[number].after_minutes):
                    continue
                if name in self.looked[number] and not again:
                    continue
                self.looked[number].add(name)
                wanted = ("sent", "failed") if number == 1 else ("sent", "delivered")
                if self.state[name] in wanted and name not in self.answered | self.opted_out:
                    self.due.add((number, name))


def apply(stage: Stage, oracle: Oracle, what: str, name: str) -> None:
    """Do one event to the database and to the oracle."""
    phone = stage.people[name][1] if name else ""
    if what == "deliver" and oracle.state[name] == "sent":
        oracle.state[name] = "delivered"
        stage.execute("UPDATE messages SET state = 'delivered', settled_at = %(at)s WHERE phone = %(phone)s",
                      phone=phone, at=stage.clock.now())  # fmt: skip
    elif what == "fail" and oracle.state[name] == "sent":
        oracle.state[name] = "failed"
        stage.execute("UPDATE messages SET state = 'failed', error_code = '30003', settled_at = %(at)s"
                      " WHERE phone = %(phone)s", phone=phone, at=stage.clock.now())  # fmt: skip
    elif what == "answer" and name not in oracle.answered:
        oracle.answered.add(name)
        stage.answer(name)
    elif what == "opt out":
        oracle.opted_out.add(name)
        stage.execute("UPDATE travellers SET opted_out_at = now() WHERE phone = %(phone)s", phone=phone)
    elif what == "supersede":
        oracle.over = True
        stage.execute("UPDATE alerts SET superseded_by_id = id")
    elif what == "forget cursor":
        stage.execute("UPDATE silent_plans SET looked = '[null, null, null]'")
        oracle.looked = {1: set(), 2: set()}
    elif what == "sweep":
        stage.sweep()
        oracle.look(stage.clock.now(), again=False)
    elif what == "call":
        before = len(stage.voice.calls)
        stage.call()
        called = {request.to for request, _, _ in stage.voice.calls[before:]}
        silenced = {stage.people[each][1] for each in oracle.answered | oracle.opted_out}
        assert not called & silenced and not (called and oracle.over)


@settings(
    max_examples=10, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    sent=st.fixed_dictionaries({name: st.integers(0, 8) for name in PEOPLE}), events=st.lists(EVENT, max_size=14)
)  # fmt: skip
def test_everybody_is_due_when_the_rules_say_so_and_nobody_is_called_twice_for_a_step(
    services: Services,
    clock: FrozenClock,
    voice: PracticeVoice,
    calls_only: None,
    sent: dict[str, int],
    events: list[Any],
) -> None:
    with services.db.transaction() as session:
        # Emptied by DELETE: truncating eight tables for every example took most of the time.
        session.execute(text("SET LOCAL session_replication_role = replica"))
        for table in ("outreach", "call_attempts", "silent_plans", "messages", "attempts", "standings", "answers"):
            session.execute(text(f"DELETE FROM {table}"))  # noqa: S608  # names from the line above
        session.execute(text("UPDATE alerts SET state = 'cancelled'"))
    clock.set(NOW)
    voice.calls.clear()
    stage, oracle = Stage(services, clock, voice), Oracle(sent)
    stage.alert()
    for name, minute in sent.items():
        stage.person(name, sent=minute, lat=50.0, lon=50.0)  # outside, so that opting out leads to no call of its own
    for minutes, (what, name) in events:
        stage.later(minutes)
        apply(stage, oracle, what, name)
    stage.later(30)
    apply(stage, oracle, "sweep", "")
    names = {phone: name for name, (_, phone) in stage.people.items()}
    rows = stage.rows()
    assert {(row.step, names[row.phone]) for row in rows} == oracle.due
    assert len(rows) == len(oracle.due)
    per_row = [(each.outreach_id, each.number) for each in stage.attempts()]
    assert len(per_row) == len(set(per_row)) == len(voice.calls)
    assert all(row.attempts <= 1 for row in rows)
    with services.db.transaction() as session:
        assert session.get(SilentPlan, stage.alert_id) is not None or oracle.over
