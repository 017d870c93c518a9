"""Second texts and mails: by another way, judged again when they leave, never two, never blind, never where they must not go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from alerts.dispatch import retry_sweep
from alerts.silent import mailing, text_doubt, text_reports, texting
from alerts.silent.plan import USUAL, Step
from alerts.silent.reports import Report
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.core.smtp_address import MailSender
from hotline.providers.breaker import CircuitBreaker
from hotline.providers.carriers import MORE, ROOM, make_sms_provider
from hotline.providers.mail import Leaving, MailRequest, MailResult
from hotline.providers.sms import Outcome
from hotline.providers.smtp_mail import ROOM as MAIL_ROOM
from tests.alerts.silent.conftest import Hook, Stage
from tests.providers.loopback_twilio import LoopbackTwilio, running_twilio

STEPS = (
    Step("mail", 1, "opted_out"), Step("mail", 1, "number_bad"), Step("sms", 3, "not_delivered"),
    Step("mail", 10, "not_delivered"), Step("mail", 20, "not_answered"),
)  # fmt: skip


@dataclass
class PracticeMail:
    """A mail server in memory; `next_outcomes` are used up first, then every mail is taken."""

    name: str = "smtp"
    sender: MailSender = field(default_factory=lambda: MailSender("Hotline", "alerts@mofa.example"))
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    taken: list[MailRequest] = field(default_factory=list)
    next_outcomes: list[Any] = field(default_factory=list)

    def send(self, requests: Sequence[MailRequest], leaving: Leaving) -> list[MailResult]:
        return [self._take(request, leaving) for request in requests]

    def _take(self, request: MailRequest, leaving: Leaving) -> MailResult:
        outcome, code = self.next_outcomes.pop(0) if self.next_outcomes else (Outcome.ACCEPTED, None)
        if outcome == "dies early":
            raise KeyboardInterrupt
        if not leaving(request):
            return MailResult(request.message_id, request.attempt, Outcome.UNSENT)
        if outcome == "dies":
            raise KeyboardInterrupt
        if outcome is Outcome.ACCEPTED:
            self.taken.append(request)
            return MailResult(request.message_id, request.attempt, outcome, request.name)
        return MailResult(request.message_id, request.attempt, outcome, None, code, bad_address=code == "5.1.1")


@pytest.fixture
def other(services: Services, clock: FrozenClock) -> Iterator[LoopbackTwilio]:
    """A first provider that is not asked any more, and a second one, `other`, with a server of its own."""
    with running_twilio(now=clock.now) as running:
        quick = {"twilio_api_base_url": running.url, "dispatch_timeout_s": 2.0, "mails_per_s": 1000.0}
        services.settings = services.settings.model_copy(update=quick)
        first, second = make_sms_provider(services.settings), make_sms_provider(services.settings)
        second.name = "other"
        services.rooms[ROOM], services.rooms[MORE] = first, {"other": second}
        with services.db.connection() as connection:
            connection.execute(
                "WITH s AS (INSERT INTO senders (provider, address, created_at, updated_at)"
                " VALUES ('other', '+15005550007', now(), now()) RETURNING id)"
                " INSERT INTO routes (prefix, sender_id, priority, weight, open, created_at, updated_at)"
                " SELECT '', id, 50, 100, true, now(), now() FROM s"
            )
        yield running
        first.close()
        second.close()


@pytest.fixture
def mail(services: Services) -> PracticeMail:
    """The mail server of this test."""
    made = services.rooms[MAIL_ROOM] = PracticeMail()
    return made


@pytest.fixture
def wide(stage: Stage, other: LoopbackTwilio, mail: PracticeMail, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The stage with second texts and mails instead of calls."""
    monkeypatch.setitem(USUAL, "Extreme", STEPS)  # type: ignore[arg-type]  # a mapping to everybody but tests
    return stage


def texts_due(stage: Stage, *names: str, state: str = "sent", **more: Any) -> None:
    for name in names:
        stage.person(name, state, **more)
    stage.later(4)
    stage.sweep()


def report(stage: Stage, status: str, code: str | None = None, *, attempt: int = 1) -> bool:
    row = stage.rows()[0]
    with stage.services.db.transaction() as session:
        said = Report(row.id, attempt, row.provider_sid or "SMx", status, row.phone, code)
        return text_reports.apply(session, stage.clock, said) is not None


def test_whoever_was_not_delivered_to_gets_one_text_by_the_other_provider(wide: Stage, other: LoopbackTwilio) -> None:
    texts_due(wide, "away")
    assert texting.send(wide.services) == 1
    assert texting.send(wide.services) == 0
    (row,) = wide.rows()
    (attempt,) = wide.attempts()
    assert (row.channel, row.state, attempt.provider, attempt.sender) == ("sms", "sent", "other", "+15005550007")
    (text,) = other.texts_to(row.phone)
    assert text.body.startswith("[외교부] 마닐라 홍수")
    assert text.fields["StatusCallback"].endswith(f"/webhooks/twilio/silent/status?outreach={row.id}&attempt=1")
    assert report(wide, "delivered")
    wide.later(20)
    wide.sweep()
    assert [each.whom for each in wide.rows()] == ["not_delivered"], "no mail: they have no address"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE messages SET state = 'delivered'", "delivered"),
        ("UPDATE travellers SET opted_out_at = now()", "opted_out"),
        ("UPDATE travellers SET number_bad_at = now()", "number_bad"),
        ("UPDATE travellers SET erased_at = now()", "gone"),
        ("UPDATE messages SET state = 'withdrawn'", "ended"),
        ("DELETE FROM routes", "no_route"),
    ],
)
def test_a_second_text_is_judged_again_when_it_would_leave(wide: Stage, change: str, reason: str) -> None:
    texts_due(wide, "away")
    wide.execute(change)
    assert texting.send(wide.services) == 0
    assert wide.states()["away"] == [("not_delivered", "skipped", reason)]
    assert wide.attempts() == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE alerts SET state = 'cancelled'", "UPDATE alerts SET superseded_by_id = id",
        "UPDATE alerts SET expires = '2026-11-21 03:03Z'", "UPDATE silent_plans SET stopped_at = now()",
        "UPDATE approvals SET texts = '{\"alert\": {\"ko\": \"other words\"}}'",
    ],
)  # fmt: skip
def test_no_second_text_and_no_mail_for_an_alert_that_is_over(wide: Stage, mail: PracticeMail, change: str) -> None:
    texts_due(wide, "away", email="a@practice.example")
    wide.later(10)
    wide.sweep()
    assert [row.channel for row in wide.rows()] == ["sms", "mail"]
    wide.execute(change)
    assert (texting.send(wide.services), mailing.send(wide.services), mail.taken) == (0, 0, [])


def test_a_text_that_the_first_way_still_has_in_hand_waits_for_it(wide: Stage) -> None:
    texts_due(wide, "away", state="failed", error_code="30003")
    wide.execute("UPDATE messages SET state = 'sending'")
    assert texting.send(wide.services) == 0
    wide.execute("UPDATE messages SET state = 'failed'")
    wide.later(1)
    assert texting.send(wide.services) == 1


def test_once_a_second_text_has_begun_the_first_is_not_tried_beside_it(wide: Stage) -> None:
    texts_due(wide, "away", state="failed", error_code="30003")
    wide.execute("UPDATE messages SET retry_at = %(at)s", at=wide.clock.now())
    texting.send(wide.services)
    assert retry_sweep.sweep(wide.services) == 0
    with wide.services.db.connection() as connection:
        assert connection.execute("SELECT state, retry_at FROM messages").fetchone() == ("failed", None)


def test_dead_numbers_landlines_and_stop_get_no_second_text(wide: Stage) -> None:
    for code in ("21211", "30005", "30006", "21614", "21610"):
        wide.person(code, "failed", error_code=code)
    texts_due(wide, "filtered", state="failed", error_code="30007")
    assert list(wide.states()) == ["filtered"]


def test_a_lost_answer_is_looked_up_at_the_other_provider_and_never_sent_blind(
    wide: Stage, other: LoopbackTwilio
) -> None:
    texts_due(wide, "away")
    phone = wide.rows()[0].phone
    other.behaviour[phone] = ["lost"]
    texting.send(wide.services)
    assert wide.rows()[0].state == "in_doubt"
    wide.later(0.1)
    assert text_doubt.clear_doubt(wide.services) == 1
    assert (wide.rows()[0].state, len(other.texts_to(phone))) == ("sent", 1)


def test_a_failure_that_may_pass_is_tried_again_and_a_late_delivery_takes_it_back(wide: Stage) -> None:
    texts_due(wide, "away")
    texting.send(wide.services)
    assert report(wide, "undelivered", "30003")
    assert not report(wide, "undelivered", "30003"), "said twice, counted once"
    assert wide.rows()[0].state == "queued"
    assert report(wide, "delivered")
    wide.later(10)
    assert (texting.send(wide.services), wide.rows()[0].state) == (0, "delivered")


def test_what_the_second_provider_says_of_a_number_is_kept(wide: Stage) -> None:
    texts_due(wide, "away")
    texting.send(wide.services)
    assert report(wide, "undelivered", "30005")
    with wide.services.db.connection() as connection:
        assert connection.execute("SELECT number_bad_at IS NOT NULL FROM travellers").fetchone() == (True,)
    assert wide.states()["away"] == [("not_delivered", "failed", "30005")]


def test_receipts_come_by_a_signed_address_of_their_own(wide: Stage, hook: Hook) -> None:
    texts_due(wide, "away")
    texting.send(wide.services)
    (row,) = wide.rows()
    target = f"/webhooks/twilio/silent/status?outreach={row.id}&attempt=1"
    fields = {"MessageSid": row.provider_sid or "", "MessageStatus": "delivered", "To": row.phone}
    assert hook(target, fields, signed=False).status_code == 403
    assert hook(target, fields | {"To": "+4930123456"}).status_code == 204
    assert wide.rows()[0].state == "sent", "about another number"
    assert hook(target, fields).status_code == 204
    assert wide.rows()[0].state == "delivered"
    for odd in ("outreach=x&attempt=1", "outreach=1", "outreach=1&attempt=99999"):
        assert hook(f"/webhooks/twilio/silent/status?{odd}", fields).status_code == 422


def test_a_mail_says_the_text_the_link_and_whom_to_call_in_the_persons_language(
    wide: Stage, mail: PracticeMail
) -> None:
    texts_due(wide, "한국인", state="delivered", email="han@practice.example")
    wide.person("English", "delivered", language="en", email="en@practice.example", sent=4)
    wide.later(21)
    wide.sweep()
    assert mailing.send(wide.services) == 2
    assert mailing.send(wide.services) == 0
    korean, english = mail.taken
    assert (korean.to, korean.language) == ("han@practice.example", "ko")
    assert "마닐라 홍수" in korean.body and "/p/" in korean.body and "+82 2-3210-0404" in korean.body
    assert english.subject == "Emergency alert from the consular call centre"
    assert english.body.startswith("Flood in Manila.")
    assert english.name.endswith("@mofa.example")
    assert [row.state for row in wide.rows()] == ["sent", "sent"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE messages SET state = 'delivered'", "delivered"), ("UPDATE travellers SET email = NULL", "no_address"),
        ("UPDATE travellers SET email_bad_at = now()", "no_address"), ("UPDATE travellers SET erased_at = now()", "gone"),
        ("UPDATE travellers SET opted_out_at = now()", "opted_out"),
    ],
)  # fmt: skip
def test_a_mail_is_judged_again_when_it_would_leave(wide: Stage, mail: PracticeMail, change: str, reason: str) -> None:
    wide.person("away", email="a@practice.example")
    wide.later(11)
    wide.sweep()
    wide.execute(change)
    assert (mailing.send(wide.services), mail.taken) == (0, [])
    assert wide.states()["away"][1] == ("not_delivered", "skipped", reason)


def test_people_who_want_no_texts_or_have_a_dead_number_get_a_mail_and_no_text(wide: Stage, mail: PracticeMail) -> None:
    from tests.factories import NOW, make_traveller

    with wide.services.db.transaction() as session:
        make_traveller(session, opted_out_at=NOW, email="stop@practice.example")
        make_traveller(session, number_bad_at=NOW, email="dead@practice.example")
        make_traveller(session, opted_out_at=NOW)
    wide.later(30)
    wide.sweep()
    mailing.send(wide.services)
    assert sorted(each.to for each in mail.taken) == ["dead@practice.example", "stop@practice.example"]
    assert {row.channel for row in wide.rows()} == {"mail"}


def test_a_mail_whose_answer_was_lost_is_never_sent_again(wide: Stage, mail: PracticeMail) -> None:
    mail.next_outcomes = [(Outcome.UNANSWERED, None)]
    wide.person("away", email="a@practice.example")
    wide.later(11)
    wide.sweep()
    mailing.send(wide.services)
    wide.later(60)
    wide.sweep()
    assert mailing.send(wide.services) == 0
    assert wide.states()["away"][1:] == [("not_delivered", "failed", "lost"), ("not_answered", "skipped", "mailed")]


@pytest.mark.parametrize(("death", "state"), [("dies", "failed"), ("dies early", "queued")])
def test_a_killed_worker_repeats_only_mails_that_had_not_begun_to_leave(
    wide: Stage, mail: PracticeMail, death: str, state: str
) -> None:
    mail.next_outcomes = [(death, None)]
    wide.person("away", email="a@practice.example")
    wide.later(11)
    wide.sweep()
    with pytest.raises(KeyboardInterrupt):
        mailing.send(wide.services)
    wide.later(2)
    wide.sweep()
    assert wide.rows()[1].state == state
    mailing.send(wide.services)
    assert len(mail.taken) == (state == "queued")


def test_a_mailbox_that_does_not_exist_is_marked_until_the_address_changes(wide: Stage, mail: PracticeMail) -> None:
    mail.next_outcomes = [(Outcome.REFUSED, "5.1.1")]
    wide.person("away", email="a@practice.example")
    wide.later(11)
    wide.sweep()
    mailing.send(wide.services)
    assert wide.states()["away"][1] == ("not_delivered", "failed", "5.1.1")
    with wide.services.db.connection() as connection:
        assert connection.execute("SELECT email_bad_at IS NOT NULL FROM travellers").fetchone() == (True,)


def test_a_server_that_refuses_us_holds_mails_back_and_is_shown(wide: Stage, mail: PracticeMail) -> None:
    mail.next_outcomes = [(Outcome.BLOCKED, "5.7.1")]
    wide.person("away", email="a@practice.example")
    wide.later(11)
    wide.sweep()
    mailing.send(wide.services)
    assert wide.rows()[1].state == "queued"
    assert mailing.send(wide.services) == 0
    wide.clock.advance(timedelta(minutes=1))
    mailing.send(wide.services)
    assert len(mail.taken) == 1
    with wide.services.db.connection() as connection:
        assert connection.execute("SELECT count(*) FROM provider_faults").fetchone() == (0,)
