"""Mails of hand-overs: both languages, nothing of a person, signed; and never sent blind twice."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.missions.models import Mission
from hotline.providers.mail import MAX_MAIL_BYTES, compose
from hotline.providers.sms import Outcome
from hotline.providers.smtp_mail import ROOM as MAIL_ROOM
from overflow.handover import looking, mailing, signing
from overflow.handover.models import HandoverMail
from tests.alerts.silent.test_channels import PracticeMail
from tests.keypairs import make_pair, write_pair
from tests.overflow.handover.making import (
    EVENING,
    HOUR,
    MINUTE,
    MORNING,
    make_call,
    make_case_of,
    make_promise,
    make_shanghai,
    make_watcher,
)

PAIR = make_pair()


@pytest.fixture
def door(services: Services, clock: FrozenClock, tmp_path: Path) -> PracticeMail:
    """A night with an urgent case and a promise is handed over; its mail waits, and the mail server is in memory."""
    key_file, certificate_file = write_pair(PAIR, tmp_path)
    services.settings = services.settings.model_copy(
        update={"cap_key_file": key_file, "cap_certificate_file": certificate_file}
    )
    made = PracticeMail()
    services.rooms[MAIL_ROOM] = made
    clock.set(EVENING + MINUTE)
    with services.db.transaction() as session:
        mission_id = make_shanghai(session, email="night@mission.example").id
        make_watcher(session)
    looking.run(services)
    with services.db.transaction() as session:
        mission = session.get_one(Mission, mission_id)
        call = make_call(session, mission, at=EVENING + HOUR, phone="+821099990001")
        case = make_case_of(session, call, priority=1)
        make_promise(session, call, due_at=MORNING + 30 * MINUTE, case=case)
    clock.set(MORNING)
    looking.run(services)
    return made


def state(services: Services) -> list[tuple[str, str, int]]:
    with services.db.transaction() as session:
        mails = session.scalars(select(HandoverMail).order_by(HandoverMail.id))
        return [(mail.purpose, mail.state, mail.attempts) for mail in mails]


def test_the_mail_says_all_in_both_languages_in_the_missions_time_and_nothing_of_a_person(
    services: Services, clock: FrozenClock, door: PracticeMail
) -> None:
    assert mailing.send(services) == 1
    (mail,) = door.taken
    assert mail.to == "night@mission.example"
    assert (
        "[인계] 주상하이 총영사관 2026-11-22" in mail.subject
        and "[Hand-over] Consulate General in Shanghai" in mail.subject
    )
    for words in (
        "긴급", "URGENT", "CS-", "약속한 회신", "due 2026-11-22 09:30", "2026-11-21 18:00 ~ 2026-11-22 09:00 (Asia/Shanghai)",
        "by 2026-11-22 10:00", f"{services.settings.public_url}/handovers/",
    ):  # fmt: skip
        assert words in mail.body, words
    assert "Kim" not in mail.body and "+82" not in mail.body and "passport" not in mail.body
    assert signing.verify(mail.body.encode(), {PAIR.fingerprint}).outcome == "trusted", "the mail alone can be verified"
    assert len(compose(mail, door.sender, clock.now())) < MAX_MAIL_BYTES
    assert state(services) == [("summary", "sent", 1)]
    assert mailing.send(services) == 0


def test_a_large_night_fits_a_mail(services: Services, clock: FrozenClock, door: PracticeMail) -> None:
    with services.db.transaction() as session:
        mission = session.scalars(select(Mission)).one()
        for number in range(310):
            make_case_of(session, make_call(session, mission, at=MORNING + 10 * HOUR + number * MINUTE))
    for after in (timedelta(days=1), timedelta(days=1, minutes=11)):
        clock.set(MORNING + after)
        looking.run(services)
    mailing.send(services)
    named = [mail.body.count("\n- ") for mail in door.taken if "미확인" not in mail.subject]
    assert named == [4, 2 * 60, 2 * 10]
    assert all(len(compose(mail, door.sender, clock.now())) < MAX_MAIL_BYTES for mail in door.taken)


@pytest.mark.parametrize(
    ("outcome", "code", "after", "tried"),
    [
        (Outcome.REFUSED, "5.1.1", "failed", 1), (Outcome.UNANSWERED, None, "lost", 1), (Outcome.RETRY_LATER, "4.7.1", "sent", 2),
        (Outcome.UNSENT, None, "sent", 2), (Outcome.BLOCKED, "auth-535", "sent", 2),
    ],
)  # fmt: skip
def test_what_the_server_says_decides_whether_it_goes_again(
    services: Services,
    clock: FrozenClock,
    door: PracticeMail,
    outcome: Outcome,
    code: str | None,
    after: str,
    tried: int,
) -> None:
    door.next_outcomes = [(outcome, code)]
    mailing.send(services)
    clock.advance(timedelta(minutes=5))
    mailing.send(services)
    assert state(services) == [("summary", after, tried)]


@pytest.mark.parametrize(("dies", "after", "taken"), [("dies early", "sent", 1), ("dies", "lost", 0)])
def test_a_worker_that_dies_leaves_a_mail_that_goes_again_only_when_it_had_not_begun_to_leave(
    services: Services, clock: FrozenClock, door: PracticeMail, dies: str, after: str, taken: int
) -> None:
    door.next_outcomes = [(dies, None)]
    with pytest.raises(KeyboardInterrupt):
        mailing.send(services)
    mailing.send(services)
    assert state(services)[0][1] == "leaving", "its claim holds"
    clock.advance(mailing.CLAIM)
    mailing.send(services)
    assert state(services)[0][1] == after
    assert len(door.taken) == taken


def test_without_a_mail_server_it_waits_and_the_page_has_it(
    services: Services, clock: FrozenClock, door: PracticeMail
) -> None:
    del services.rooms[MAIL_ROOM]
    mailing.send(services)
    assert state(services) == [("summary", "waiting", 1)]
    services.rooms[MAIL_ROOM] = door
    clock.advance(timedelta(minutes=5))
    mailing.send(services)
    assert state(services) == [("summary", "sent", 2)]


def test_who_does_not_acknowledge_is_reminded_once(services: Services, clock: FrozenClock, door: PracticeMail) -> None:
    clock.set(MORNING + HOUR)
    for _ in range(2):
        looking.run(services)
        mailing.send(services)
    assert state(services) == [("summary", "sent", 1), ("reminder", "sent", 1)]
    assert "미확인 인계" in door.taken[1].subject and "2026-11-22 10:00" in door.taken[1].body
