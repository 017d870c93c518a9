"""What went wrong in public cannot happen here: one test for each line of the lessons.

Los Angeles County, January 2025: the area was lost on its way and ten million people were warned, without a place or a time in
the text; the correction took twenty minutes; old warnings came again days later. Hawaii, January 2018: one person could
send, drill and real looked alike, and no correction was prepared for 38 minutes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from alerts import approval, drafting
from alerts.dispatch import lanes
from alerts.draft_fields import DraftFields
from alerts.follow import correcting
from alerts.materialise import materialise
from alerts.models import Message
from alerts.suggestions import LANGUAGES
from alerts.variants import VARIANTS
from hotline.auth.officers import actor_of
from hotline.core.actor import Actor
from hotline.core.clock import FrozenClock
from hotline.core.errors import Forbidden, Refused, SeveralFaults
from hotline.core.services import Services
from tests.alerts.dispatch.conftest import sending, twilio  # noqa: F401 - fixtures
from tests.alerts.senders import make_approved
from tests.factories import NOW, SQUARE, make_officer, make_traveller
from tests.providers.loopback_twilio import LoopbackTwilio

TEXTS = {"ko": "[외교부] {place} 홍수 {time}. {hotline}", "en": "Flood in {place} {time}. {hotline}"}


def officer(services: Services, *roles: str) -> Actor:
    with services.db.transaction() as session:
        return actor_of(make_officer(session, roles=roles), "console")


def written(services: Services, author: Actor, **more: Any) -> int:
    """Let an author write an alert that is ready to be sent."""
    fields: dict[str, Any] = {"headline": "Flood", "event": "Flood", "place": "Manila", "areas": SQUARE, "texts": TEXTS}
    with services.db.transaction() as session:
        return drafting.draft_by_hand(session, services.clock, author, DraftFields(**(fields | more))).id


def agreed(services: Services, **more: Any) -> int:
    """Let two officers agree to an alert, and its messages be written."""
    author, approver = officer(services, "author"), officer(services, "approver")
    alert_id = written(services, author, **more)
    with services.db.transaction() as session:
        approval.submit(session, services.clock, services.settings, author, alert_id)
    with services.db.transaction() as session:
        approval.approve(session, services.clock, services.settings, approver, alert_id, audience_estimate=1)
    return alert_id


def messages(services: Services) -> int:
    with services.db.transaction() as session:
        return session.scalar(select(func.count()).select_from(Message)) or 0


def execute(services: Services, statement: str, **values: Any) -> None:
    with services.db.transaction() as session:
        session.execute(text(statement), values)


# Los Angeles


def test_an_alert_without_an_area_is_not_even_submitted(services: Services) -> None:
    author = officer(services, "author")
    alert_id = written(services, author, areas=[])
    with services.db.transaction() as session, pytest.raises(SeveralFaults) as refusal:
        approval.submit(session, services.clock, services.settings, author, alert_id)
    assert "no_area" in [fault["problem"] for fault in refusal.value.faults]


@pytest.mark.parametrize("table", ["alerts", "approvals"])
def test_an_area_that_is_lost_after_approval_reaches_nobody_instead_of_everybody(
    services: Services, table: str
) -> None:
    with services.db.transaction() as session:
        make_traveller(session)
    alert_id = agreed(services)
    execute(services, f"UPDATE {table} SET areas = '[]'")  # noqa: S608 - from the list above
    assert materialise(services, alert_id) == "cancelled"
    assert messages(services) == 0


@pytest.mark.parametrize("variant", ["alert", "correction"])
def test_what_is_sent_is_compared_with_what_was_approved_in_every_variant(services: Services, variant: str) -> None:
    with services.db.transaction() as session:
        make_traveller(session)
    alert_id = agreed(services)
    execute(services, f"UPDATE approvals SET texts = jsonb_set(texts, '{{{variant},en}}', '\"other words\"')")  # noqa: S608
    assert materialise(services, alert_id) == "cancelled"
    assert messages(services) == 0


@pytest.mark.parametrize("lost", ["area", "text"])
def test_what_is_lost_while_sending_stops_the_rest(
    sending: Services,  # noqa: F811 - the fixture
    twilio: LoopbackTwilio,  # noqa: F811 - the fixture
    lost: str,
) -> None:
    with sending.db.transaction() as session:
        make_traveller(session)
    alert_id = agreed(sending)
    assert materialise(sending, alert_id) == "dispatching"
    execute(sending, "UPDATE approvals SET areas = '[]'" if lost == "area" else "UPDATE approvals SET texts = '{}'")
    report = lanes.dispatch_alert(sending, alert_id)
    assert report is not None and report.ended == "tampered"
    assert twilio.accepted == []


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("missing", "problem"), [("{place}", "no_place"), ("{time}", "no_time")])
def test_every_text_names_place_and_time(services: Services, variant: str, missing: str, problem: str) -> None:
    author = officer(services, "author")
    body = TEXTS["en"].replace(missing, "")
    more: dict[str, Any] = {"texts": {"en": body}} if variant == "alert" else {"variants": {variant: {"en": body}}}
    alert_id = written(services, author, **more)
    with services.db.transaction() as session, pytest.raises(SeveralFaults) as refusal:
        approval.submit(session, services.clock, services.settings, author, alert_id)
    field = "texts.en" if variant == "alert" else f"texts.{variant}:en"
    assert (field, problem) in [(fault["field"], fault["problem"]) for fault in refusal.value.faults]


def test_nothing_stale_is_sent_days_later(
    sending: Services,  # noqa: F811 - the fixture
    twilio: LoopbackTwilio,  # noqa: F811 - the fixture
    clock: FrozenClock,
) -> None:
    with sending.db.transaction() as session:
        make_traveller(session)
    started, waiting = agreed(sending), agreed(sending)
    materialise(sending, started)
    clock.advance(timedelta(days=3))
    lanes.dispatch_alert(sending, started)
    assert materialise(sending, waiting) == "expired"
    assert twilio.accepted == []
    with sending.db.transaction() as session:
        assert session.scalars(text("SELECT DISTINCT state FROM messages")).all() == ["lapsed"]


def test_a_warning_that_was_replaced_never_goes_out_again(services: Services) -> None:
    with services.db.transaction() as session:
        make_traveller(session)
        first = make_approved(session, state="superseded", started_at=NOW).id
    assert materialise(services, first) == "superseded"
    with services.db.transaction() as session, pytest.raises(Refused):
        approval.approve(
            session, services.clock, services.settings, officer(services, "approver"), first, audience_estimate=1
        )
    assert messages(services) == 0


# Hawaii


def test_one_person_cannot_send_even_with_both_roles(services: Services) -> None:
    chief = officer(services, "author", "approver")
    alert_id = written(services, chief)
    with services.db.transaction() as session:
        approval.submit(session, services.clock, services.settings, chief, alert_id)
    with services.db.transaction() as session, pytest.raises(Refused) as refusal:
        approval.approve(session, services.clock, services.settings, chief, alert_id, audience_estimate=1)
    assert refusal.value.code == "second-person"


def test_a_drill_says_so_in_every_text_and_reaches_nobody_else(services: Services) -> None:
    with services.db.transaction() as session:
        public, marked = make_traveller(session).phone, make_traveller(session, drill=True).phone
    author = officer(services, "author")
    unmarked = written(services, author, status="Exercise")
    with services.db.transaction() as session, pytest.raises(SeveralFaults) as refusal:
        approval.submit(session, services.clock, services.settings, author, unmarked)
    assert {fault["problem"] for fault in refusal.value.faults} == {"drill_unmarked"}
    drill = agreed(services, status="Exercise", texts={"en": "[DRILL] " + TEXTS["en"], "ko": "[훈련] " + TEXTS["ko"]})
    materialise(services, drill)
    with services.db.transaction() as session:
        assert session.scalars(select(Message.phone)).all() == [marked]
        frozen = session.get_one(approval.Approval, drill)
        assert all(
            ("[DRILL]" in body) or ("[훈련]" in body) for each in frozen.texts.values() for body in each.values()
        )
    assert public != marked


@pytest.mark.parametrize("change", ["UPDATE alerts SET status = 'Actual'", "UPDATE approvals SET drill = false"])
def test_a_drill_cannot_turn_into_a_real_alert_on_its_way(services: Services, change: str) -> None:
    with services.db.transaction() as session:
        make_traveller(session)
    drill = agreed(services, status="Exercise", texts={"en": "[DRILL] " + TEXTS["en"]})
    execute(services, change)
    assert materialise(services, drill) == "cancelled"
    assert messages(services) == 0


def test_every_alert_carries_its_correction_from_approval_on(services: Services) -> None:
    alert_id = agreed(services)
    with services.db.transaction() as session:
        frozen = session.get_one(approval.Approval, alert_id)
        assert set(frozen.texts["correction"]) == set(LANGUAGES)
        assert all("Manila" in body for body in frozen.texts["correction"].values())
        assert frozen.digest == approval.digest_of(frozen.areas, frozen.texts, frozen.drill)


def test_one_officer_on_duty_corrects_in_seconds_and_exactly_those_who_got_it(
    sending: Services,  # noqa: F811 - the fixture
    twilio: LoopbackTwilio,  # noqa: F811 - the fixture
    clock: FrozenClock,
) -> None:
    with sending.db.transaction() as session:
        got, never = make_traveller(session).phone, make_traveller(session, lat=50, lon=50).phone
    alert_id = agreed(sending)
    materialise(sending, alert_id)
    lanes.dispatch_alert(sending, alert_id)
    with sending.db.transaction() as session:
        correction = correcting.stop_and_correct(session, clock, officer(sending, "agent"), alert_id).id
    assert materialise(sending, correction) == "dispatching"
    lanes.dispatch_alert(sending, correction)
    assert dict(twilio.copies) == {got: 2}
    assert never not in twilio.copies


def test_anyone_on_duty_stops_alone_and_nothing_more_goes_out(
    sending: Services,  # noqa: F811 - the fixture
    twilio: LoopbackTwilio,  # noqa: F811 - the fixture
) -> None:
    with sending.db.transaction() as session:
        make_traveller(session)
    alert_id = agreed(sending)
    materialise(sending, alert_id)
    with sending.db.transaction() as session, pytest.raises(Forbidden):
        approval.cancel(session, sending.clock, officer(sending, "auditor"), alert_id)
    with sending.db.transaction() as session:
        approval.cancel(session, sending.clock, officer(sending, "agent"), alert_id)
    lanes.dispatch_alert(sending, alert_id)
    assert twilio.accepted == []
