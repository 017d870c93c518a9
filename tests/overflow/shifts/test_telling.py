"""What people are told by text: once, truly, in their own language and on the clock of their own wall."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from hotline.agents.models import Agent, PresenceChange
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.notices.models import Notice
from overflow.shifts import missing, planning, sending, swapping
from overflow.shifts.models import Shift, ShiftSwap, ShiftTelling
from overflow.shifts.planning import Change
from tests.overflow.shifts.making import PLANNER, make_person, make_shift, make_volunteer, wall
from tests.overflow.shifts.test_swapping import SELF


def texts(services: Services, phone: str = "") -> list[str]:
    """Return the bodies of all texts so far, or of one number's."""
    with services.db.transaction() as session:
        wanted = select(Notice.body).order_by(Notice.id)
        return list(session.scalars(wanted.where(Notice.phone == phone) if phone else wanted))


def test_a_published_week_is_one_text_with_the_persons_own_times(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        agent = make_person(session, zone="Europe/Paris", language="en")
        for day in range(3):
            make_shift(session, clock, agent, day, "17:00-23:00", publish=False)
        planning.publish(session, clock, PLANNER, clock.now(), clock.now() + timedelta(days=9))
    clock.set(datetime(2026, 11, 21, 9, tzinfo=UTC))
    assert sending.send(services) == 1
    assert sending.send(services) == 0
    (body,) = texts(services)
    assert body.splitlines() == [
        "[Consular centre] Your shifts:", "Mon 23 Nov 09:00–15:00", "Tue 24 Nov 09:00–15:00", "Wed 25 Nov 09:00–15:00",
        "Times of Europe/Paris",
    ]  # fmt: skip


def test_news_waits_for_the_end_of_the_night_where_the_shift_allows(services: Services, clock: FrozenClock) -> None:
    clock.set(datetime(2026, 11, 21, 14, 30, tzinfo=UTC))  # 23:30 in Seoul
    with services.db.transaction() as session:
        make_shift(session, clock, make_person(session), 0)
        soon = make_person(session)
        make_shift(session, clock, soon, -1, "08:00-12:00")
    assert sending.send(services) == 1  # only the shift of the next morning cannot wait
    assert texts(services, soon.phone)
    clock.set(datetime(2026, 11, 21, 22, 0, tzinfo=UTC))
    assert sending.send(services) == 2  # 07:00: the news, and the hour's reminder of the other


@pytest.mark.parametrize(("zone", "hour"), [("Asia/Seoul", 9), ("America/New_York", 9), ("Europe/Paris", 9)])
def test_reminders_come_a_day_and_an_hour_before(services: Services, clock: FrozenClock, zone: str, hour: int) -> None:
    with services.db.transaction() as session:
        shift = make_shift(session, clock, make_person(session, zone=zone), 2, "09:00-17:00", zone=zone)
    clock.set(shift.starts_at - timedelta(hours=24, minutes=1))
    sending.send(services)
    assert len(texts(services)) == 1
    clock.advance(timedelta(minutes=1))
    sending.send(services)
    sending.send(services)
    assert len(texts(services)) == 2
    clock.set(shift.starts_at - timedelta(hours=1))
    sending.send(services)
    sending.send(services)
    assert "begins in an hour" in texts(services)[2]
    assert f"{hour:02d}:00–17:00" in texts(services)[2]
    assert len(texts(services)) == 3


def test_a_days_reminder_in_the_quiet_time_waits_for_its_end(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        early = make_shift(session, clock, make_person(session), 2, "06:00-14:00")
        due = session.scalar(select(ShiftTelling.due_at).where(ShiftTelling.kind == "remind_day"))
        assert due == early.starts_at - timedelta(hours=23)  # 07:00 on the day before
        # Somebody who wants to be left alone from 18:00 to 17:30: nothing but the hour's reminder of 19:00 is left.
        quiet = make_volunteer(session, quiet_from=18 * 60, quiet_to=17 * 60 + 30)
        shift = make_shift(session, clock, session.get_one(Agent, quiet.agent_id), 2, "19:00-22:00")
        kinds = session.scalars(
            select(ShiftTelling.kind).where(ShiftTelling.shift_id == shift.id).order_by(ShiftTelling.id)
        )
        assert list(kinds) == ["published", "remind_hour"]


def test_the_hours_reminder_comes_in_the_quiet_time(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        shift = make_shift(session, clock, make_person(session), 2, "06:00-14:00")
    clock.set(shift.starts_at - timedelta(hours=2))
    sending.send(services)
    before = len(texts(services))
    clock.set(shift.starts_at - timedelta(hours=1))
    assert sending.send(services) == 1
    assert len(texts(services)) == before + 1


def test_nothing_is_reminded_after_the_shift_began(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        shift = make_shift(session, clock, make_person(session), 2)
    sending.send(services)
    clock.set(shift.starts_at)
    assert sending.send(services) == 0
    assert len(texts(services)) == 1


def test_a_shift_that_moves_away_and_back_says_nothing_twice(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        shift = make_shift(session, clock, make_person(session), 2)
    sending.send(services)
    clock.set(shift.starts_at - timedelta(hours=24))
    sending.send(services)
    assert len(texts(services)) == 2
    with services.db.transaction() as session:
        planning.change(session, clock, PLANNER, shift.id, Change(1, wall=wall(3), reason="storm"))
        planning.change(session, clock, PLANNER, shift.id, Change(2, wall=wall(2), reason="no storm"))
    assert sending.send(services) == 0  # as they know it: no news, and the day's reminder was there already
    clock.set(shift.starts_at - timedelta(hours=1))
    assert sending.send(services) == 1


def test_a_second_refusal_is_told_as_well(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        giver, taker = make_person(session), make_person(session)
        shift = make_shift(session, clock, giver)
    sending.send(services)
    clock.set(shift.starts_at - timedelta(minutes=90))
    with services.db.transaction() as session:
        swapping.offer(session, clock, SELF, giver.id, shift.id)
    for _ in range(2):
        with services.db.transaction() as session:
            swap = session.scalars(select(ShiftSwap).where(ShiftSwap.state == "offered")).one()
            swapping.take(session, clock, SELF, taker.id, shift.id)
            swapping.decide(session, clock, PLANNER, swap.id, agreed=False)
            swapping.offer(session, clock, SELF, giver.id, shift.id)
        sending.send(services)
    refused = [text for text in texts(services, taker.phone) if "not agreed" in text]
    assert len(refused) == 2


def test_a_change_tells_what_was_and_why(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        shift = make_shift(session, clock, make_person(session, language="ko"), 2)
    sending.send(services)
    with services.db.transaction() as session:
        planning.change(session, clock, PLANNER, shift.id, Change(1, wall=wall(2, "10:00-19:00"), reason="태풍 대비"))
    sending.send(services)
    assert texts(services)[1].splitlines() == [
        "[영사콜센터] 근무 시간이 바뀌었습니다.", "11월 25일(수) 10:00~19:00 (기존 11월 25일(수) 09:00~18:00)", "사유: 태풍 대비",
        "시간 기준: Asia/Seoul",
    ]  # fmt: skip


def test_who_was_never_told_is_not_told_that_it_is_off(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        shift = make_shift(session, clock, make_person(session), 2)
        planning.cancel(session, clock, PLANNER, shift.id, "not needed")
    assert sending.send(services) == 0
    with services.db.transaction() as session:
        told = make_shift(session, clock, make_person(session), 2)
    sending.send(services)
    with services.db.transaction() as session:
        planning.cancel(session, clock, PLANNER, told.id, "not needed")
    sending.send(services)
    assert "do not come" in texts(services)[-1]
    assert "not needed" in texts(services)[-1]
    clock.set(told.starts_at - timedelta(hours=1))
    assert sending.send(services) == 0


def test_a_change_before_the_first_text_is_simply_the_shift(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        shift = make_shift(session, clock, make_person(session), 2)
        planning.change(session, clock, PLANNER, shift.id, Change(1, wall=wall(2, "10:00-19:00"), reason="storm"))
    sending.send(services)
    (body,) = texts(services)
    assert "Your shifts" in body
    assert "10:00–19:00" in body


def test_a_night_in_which_the_clocks_change_tells_its_real_hours(services: Services, clock: FrozenClock) -> None:
    clock.set(datetime(2027, 3, 20, 12, tzinfo=UTC))
    with services.db.transaction() as session:
        agent = make_person(session, zone="Europe/Paris")
        make_shift(session, clock, agent, 124, "22:00-06:00", zone="Europe/Paris")
    sending.send(services)
    assert "Sat 27 Mar 22:00–06:00 (7 h in fact)" in texts(services)[0]


def test_people_without_a_number_are_left_to_the_planners(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_shift(session, clock, make_person(session, phone=""), 2)
    assert sending.send(services) == 0
    with services.db.transaction() as session:
        assert missing.untold(session, clock.now()) == 1


def test_two_workers_and_a_lost_valkey_send_one_text(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        for _ in range(12):
            make_shift(session, clock, make_person(session), 2)
    services.redis.flushall()
    threads = [threading.Thread(target=sending.send, args=(services,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    sending.send(services)
    assert len(texts(services)) == 12


def test_a_crash_before_the_commit_repeats_nothing(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_shift(session, clock, make_person(session), 2)
    with pytest.raises(RuntimeError), services.db.transaction() as session:
        sending._tell(session, services, sending._claim(session, clock.now()))
        raise RuntimeError("the worker dies here")
    assert texts(services) == []
    assert sending.send(services) == 1


def test_who_does_not_come_is_seen_and_asked_once(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        here, gone, late = make_person(session), make_person(session), make_person(session)
        shifts = [make_shift(session, clock, each, 0) for each in (here, gone, late)]
    sending.send(services)
    clock.set(shifts[0].starts_at + timedelta(minutes=14))
    with services.db.transaction() as session:
        for agent, state in ((here, "ready"), (gone, "offline")):
            session.execute(update(Agent).where(Agent.id == agent.id).values(state=state))
            session.add(
                PresenceChange(agent_id=agent.id, at=clock.now(), before="offline", after="not_ready", by_id=None)
            )
    assert missing.look(services) == 0
    clock.advance(timedelta(minutes=1))
    assert missing.look(services) == 1
    assert missing.look(services) == 0
    assert sending.send(services) == 1
    assert sending.send(services) == 0
    assert "have not signed on" in texts(services, late.phone)[-1]
    with services.db.transaction() as session:
        assert [each.person.agent_id for each in missing.absent(session, clock.now())] == [late.id]
        session.execute(update(Agent).where(Agent.id == late.id).values(state="ready"))
    with services.db.transaction() as session:
        assert missing.absent(session, clock.now()) == []


def test_who_cannot_come_is_seen_at_once(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        agent = make_person(session)
        shift = make_shift(session, clock, agent, 0)
        swapping.decline(session, clock, SELF, agent.id, shift.id, "flu")
    with services.db.transaction() as session:
        (found,) = missing.absent(session, clock.now())
        assert (found.declined, found.shift.reason, found.person.agent_id) == (True, "flu", agent.id)
        assert session.get_one(Shift, shift.id).state == "declined"
    assert sending.send(services) == 0
