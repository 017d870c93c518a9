"""Who left or was suspended is texted no more about shifts, and leaves neither shifts nor words behind."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from hotline.agents.models import Agent
from hotline.core import outbox
from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.errors import NotFound
from hotline.core.jobs import registry
from hotline.core.services import Services
from overflow.shifts import calendars, missing, sending, swapping
from overflow.shifts.models import Shift, ShiftCalendar, ShiftSwap, ShiftTelling
from overflow.volunteers import leaving
from overflow.volunteers.models import Volunteer
from tests.overflow.shifts.making import make_person, make_shift, make_volunteer
from tests.overflow.shifts.test_swapping import SELF
from tests.overflow.shifts.test_telling import texts


@pytest.mark.parametrize("state", ["suspended", "left"])
def test_who_is_not_active_is_neither_reminded_nor_asked(services: Services, clock: FrozenClock, state: str) -> None:
    with services.db.transaction() as session:
        volunteer = make_volunteer(session)
        agent = session.get_one(Agent, volunteer.agent_id)
        shift = make_shift(session, clock, agent, 0, "09:00-13:00")
    assert sending.send(services) == 1
    with services.db.transaction() as session:
        session.execute(update(Volunteer).where(Volunteer.id == volunteer.id).values(state=state))
    for at in (shift.starts_at - timedelta(hours=24), shift.starts_at - timedelta(hours=1)):
        clock.set(at)
        assert sending.send(services) == 0
    clock.set(shift.starts_at + timedelta(minutes=15))
    assert missing.look(services) == 1, "the duty chief sees it all the same"
    assert sending.send(services) == 0 and len(texts(services, volunteer.phone)) == 1
    with services.db.transaction() as session:
        kinds = session.scalars(select(ShiftTelling.kind).where(ShiftTelling.state == "dropped"))
        assert set(kinds) == {"remind_day", "remind_hour"}


def test_who_leaves_leaves_no_shifts_behind(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        gone, stays = make_volunteer(session, max_hours_day=12, max_hours_week=40), make_volunteer(session)
        agent, other = (session.get_one(Agent, each.agent_id) for each in (gone, stays))
        past = make_shift(session, clock, agent, 0, "09:00-13:00").id
        offered = make_shift(session, clock, agent, 2, "09:00-13:00").id
        draft = make_shift(session, clock, agent, 4, "09:00-13:00", publish=False).id
        theirs = make_shift(session, clock, other, 3, "09:00-13:00").id
        staff = make_person(session)
        asked = make_shift(session, clock, staff, 1, "14:00-18:00")
        swapping.offer(session, clock, SELF, agent.id, offered)
        swapping.offer(session, clock, SELF, staff.id, asked.id)
    sending.send(services)
    clock.set(asked.starts_at - timedelta(hours=6))
    with services.db.transaction() as session:
        assert swapping.take(session, clock, SELF, agent.id, asked.id).state == "taken"
        leaving.leave(session, clock, SYSTEM, gone.id)
    before = len(texts(services, gone.phone))
    for _ in range(2):
        outbox.deliver_due(services, registry().handlers)
    with services.db.transaction() as session:
        states = {each.id: each.state for each in session.scalars(select(Shift))}
        assert states == {
            past: "published", offered: "cancelled", draft: "cancelled", theirs: "published", asked.id: "published",
        }  # fmt: skip
        assert [each.state for each in session.scalars(select(ShiftSwap))] == ["lapsed", "lapsed"]
    sending.send(services)
    assert len(texts(services, gone.phone)) == before, "who left hears no more of shifts"
    assert any("not agreed" in text for text in texts(services, staff.phone)), "the shift stays with whom it was"


def test_words_of_who_is_erased_go_and_their_calendar_with_them(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        gone, stays = make_volunteer(session), make_volunteer(session)
        for each in (gone, stays):
            agent = session.get_one(Agent, each.agent_id)
            first, second = (make_shift(session, clock, agent, day, "09:00-13:00") for day in (0, 2))
            swapping.offer(session, clock, SELF, agent.id, first.id, "my mother is ill")
            swapping.decline(session, clock, SELF, agent.id, second.id, "flu")
            calendars.renew(session, clock, SELF, agent.id)
        address = calendars.address(session, services, gone.agent_id or 0)
        leaving.leave(session, clock, SYSTEM, gone.id)
        leaving.erase(session, clock, SYSTEM, gone.id)
    for _ in range(2):
        outbox.deliver_due(services, registry().handlers)
    with services.db.transaction() as session:
        said = {(each.agent_id, each.reason) for each in session.scalars(select(Shift))}
        offered = {(each.from_agent_id, each.reason) for each in session.scalars(select(ShiftSwap))}
        assert said == {(gone.agent_id, ""), (stays.agent_id, ""), (stays.agent_id, "flu")}
        assert offered == {(gone.agent_id, ""), (stays.agent_id, "my mother is ill")}
        assert list(session.scalars(select(ShiftCalendar.agent_id))) == [stays.agent_id]
        token = address.rpartition("/")[2].removesuffix(".ics")
        for old in (token, calendars.address(session, services, gone.agent_id or 0).rpartition("/")[2][:-4]):
            with pytest.raises(NotFound):
                calendars.whose(session, services, old)
