"""A callback for a chosen time: in a zone that is named, within bounds, one for each number and queue, by page and API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from hotline.auth.officers import actor_of
from hotline.cases import persons
from hotline.cases.models import Case
from hotline.cases.reading import history
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.errors import InvalidInput, NotFound
from hotline.core.services import Services
from hotline.people import travellers
from hotline.queues import callbacks, erasure, tending
from hotline.queues.models import Callback, Queue, QueueEntry
from hotline.queues.moments import read_moment, read_zone, shown
from tests.auth.conftest import Visitor
from tests.cases.test_cases import agent, make_case
from tests.factories import make_mission, make_officer, make_token, make_traveller
from tests.queues.making import make_queue

PHONE = "+821012345678"
FORM = {"phone": PHONE, "due_at": "2026-11-21T18:00", "zone": "Asia/Manila", "queue": "general"}
"""Six in the evening in Manila: 10:00 UTC, seven hours from now."""


@pytest.fixture
def visitor(app: Any, services: Services) -> Visitor:
    """Return an agent at their desk."""
    with services.db.transaction() as session:
        make_queue(session)
        make_officer(session, roles=("agent",), name="hana")
    made = Visitor(app.test_client())
    made.sign_in("hana")
    return made


def rows(services: Services) -> list[Callback]:
    with services.db.transaction() as session:
        return list(session.scalars(select(Callback).order_by(Callback.id)))


@given(st.integers(0, 4 * 366 * 24 * 60), st.sampled_from(sorted(available_timezones())))
def test_what_is_written_in_a_zone_is_that_moment_and_says_its_zone(minutes: int, name: str) -> None:
    local, zone = datetime.fromisoformat("2026-01-01T00:00") + timedelta(minutes=minutes), read_zone(name)
    moment = read_moment(local.isoformat(), zone)
    assert moment.tzinfo is UTC
    back = moment.astimezone(zone).replace(tzinfo=None)
    gap = abs(back - local)
    assert gap <= timedelta(hours=1), "only an hour that no clock shows is moved"
    assert name in shown(moment, zone) and f"{back:%Y-%m-%d %H:%M}" in shown(moment, zone)


@pytest.mark.parametrize("written", ["", "soon", "2026-13-01T00:00", "9999-12-31T23:59-14:00", "x" * 500])
def test_what_is_no_moment_is_refused(written: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_moment(written, ZoneInfo("Pacific/Kiritimati"))
    assert refused.value.field == "due_at"


def test_a_time_is_reserved_in_the_zone_of_whoever_is_called(services: Services, visitor: Visitor) -> None:
    page = visitor.get("/callbacks/new").get_data(as_text=True)
    assert "UTC+09:00, Asia/Seoul" in page and 'value="Asia/Seoul"' in page
    answer = visitor.post("/callbacks/new", FORM, follow_redirects=True)
    assert "They are called at 2026-11-21 18:00 (UTC+08:00, Asia/Manila)." in answer.get_data(as_text=True)
    [made] = rows(services)
    assert (made.kind, made.due_at, made.owner_id) == ("time", datetime(2026, 11, 21, 10, tzinfo=UTC), None)
    with services.db.transaction() as session:
        assert session.scalars(select(AuditEntry.action)).all()[-1] == "callback.reserved"


def test_one_for_each_number_and_queue_at_the_earlier_time(services: Services, visitor: Visitor) -> None:
    with services.db.transaction() as session:
        make_queue(session, code="visa")
    for change in ({}, {"due_at": "2026-11-21T20:00"}, {"queue": "visa", "due_at": "2026-11-21T20:00"}):
        answer = visitor.post("/callbacks/new", FORM | change, follow_redirects=True).get_data(as_text=True)
        assert ("has a callback already" in answer) == (change == {"due_at": "2026-11-21T20:00"})
    assert [(each.queue_id, each.due_at.hour) for each in rows(services)] == [(1, 10), (2, 12)]


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"due_at": "soon"}, 422, "next 30 days"),
        ({"due_at": "2026-11-21T10:58"}, 422, "next 30 days"),
        ({"due_at": "2026-12-21T11:01"}, 422, "next 30 days"),
        ({"zone": "Manila"}, 422, "Choose a time zone"),
        ({"phone": "12"}, 422, "international form"),
        ({"phone": "+82" + "1" * 60}, 422, "international form"),
        ({"language": "Korean"}, 422, "code of a language"),
        ({"queue": "night"}, 404, "night"),
        ({"owner_id": "me"}, 422, "Choose an officer"),
        ({"owner_id": "999"}, 422, "Choose an officer"),
        ({"case": "999"}, 404, "999"),
        ({"case": "x"}, 404, "case"),
        ({"phone": "", "whom": "1:0"}, 422, "Choose one of the list"),
    ],
)
def test_what_cannot_be_reserved_says_how_it_is_mended(
    services: Services, visitor: Visitor, change: dict[str, str], status: int, words: str
) -> None:
    answer = visitor.post("/callbacks/new", FORM | change)
    assert answer.status_code == status
    assert words in answer.get_data(as_text=True)
    assert rows(services) == []


def test_from_a_case_somebody_in_it_is_called_without_their_number_in_the_page(
    services: Services, visitor: Visitor, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        make_mission(session)
        traveller = make_traveller(session, name="Kim Minsu", phone="+821020000077")
        case = make_case(session, clock, traveller_id=traveller.id)
        session.get_one(Case, case.id).drill = True
        stranger = persons.add_person(session, clock, agent(session), name="Stranger", phone="+821033333333")
    page = visitor.get(f"/callbacks/new?case={case.id}").get_data(as_text=True)
    assert "Kim Minsu" in page and "20000077" not in page and "UTC+08:00, Asia/Manila" in page
    given = FORM | {"phone": "", "case": str(case.id)}
    assert visitor.post("/callbacks/new", given | {"whom": f"{stranger.id}:0"}).status_code == 422
    assert visitor.post("/callbacks/new", given | {"whom": f"{case.person_id}:1"}).status_code == 422
    answer = visitor.post("/callbacks/new", given | {"whom": f"{case.person_id}:0"})
    assert answer.location == f"/cases/{case.id}"
    [made] = rows(services)
    assert (made.phone, made.case_id, made.traveller_id, made.drill) == ("+821020000077", case.id, traveller.id, True)
    shown_case = visitor.get(f"/cases/{case.id}").get_data(as_text=True)
    assert "Callback reserved" in shown_case and f"row-{made.id}" in shown_case
    with services.db.transaction() as session:
        assert history(session, case.id)[0].officer_id is not None
        travellers.erase(session, clock, agent(session), traveller.id)
    erasure.forget(services, {"traveller_id": traveller.id})
    assert [(each.phone, each.state) for each in rows(services)] == [("", "cancelled")]


def test_with_a_name_it_is_a_promise(services: Services, visitor: Visitor, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        owner = make_officer(session, roles=("agent",))
        case = make_case(session, clock)
    assert visitor.post("/callbacks/new", FORM | {"owner_id": str(owner.id), "case": str(case.id)}).status_code == 302
    [made] = rows(services)
    assert (made.kind, made.owner_id, made.case_id) == ("promise", owner.id, case.id)
    with services.db.transaction() as session:
        assert history(session, case.id)[0].kind == "callback_promised"


def test_the_api_reserves_without_an_owner_and_promises_with_one(
    services: Services, client: FlaskClient, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        officer = make_officer(session, roles=("agent",))
        key = {"Authorization": f"Bearer {make_token(session, officer)}"}
        reader = {"Authorization": f"Bearer {make_token(session, make_officer(session, roles=('auditor',)))}"}
        case = make_case(session, clock)
    body = {"phone": PHONE, "due_at": "2026-11-21T18:00:00+08:00", "language": "ko", "case_id": case.id}
    made = client.post("/api/v1/callbacks", json=body, headers=key)
    assert (made.status_code, made.get_json()["kind"], made.get_json()["case_id"]) == (201, "time", case.id)
    owned = client.post("/api/v1/callbacks", json=body | {"owner_id": officer.id}, headers=key).get_json()
    assert (owned["id"], owned["kind"], owned["owner_id"]) == (made.get_json()["id"], "promise", officer.id)
    assert client.post("/api/v1/callbacks", json=body, headers=reader).status_code == 403
    assert client.post("/api/v1/callbacks", json=body | {"case_id": 999}, headers=key).status_code == 404
    for wrong in ({"due_at": "2026-11-21T18:00:00"}, {"due_at": "2027-11-21T18:00:00Z"}, {"language": "Korean"}):
        fault = client.post("/api/v1/callbacks", json=body | wrong, headers=key)
        assert fault.status_code == 422
        assert fault.get_json()["errors"][0]["field"] == next(iter(wrong))


def test_a_callback_whose_queue_was_closed_holds_nobody_up(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        general, closed = make_queue(session), make_queue(session, code="night")
        at = clock.now() + timedelta(minutes=5)
        callbacks.reserve(session, clock, queue="night", phone=PHONE, at=at)
        callbacks.reserve(session, clock, queue="general", phone="+821012345679", at=at)
        session.get_one(Queue, closed.id).active = False
    clock.advance(timedelta(minutes=6))
    tending.tend(services)
    assert [each.state for each in rows(services)] == ["queued", "queued"]
    with services.db.transaction() as session:
        assert set(session.scalars(select(QueueEntry.queue_id))) == {general.id}


def test_what_a_caller_reserves_by_a_menu_is_checked_and_no_officers_act(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        who = actor_of(make_officer(session, roles=("agent",)), "console")
        at = clock.now() + timedelta(hours=1)
        for wrong, error in (
            ({"language": "Korean"}, InvalidInput),
            ({"case_id": 9}, NotFound),
            ({"queue": "x"}, NotFound),
        ):
            values: dict[str, Any] = {"queue": "general", "phone": PHONE, "at": at} | wrong
            with pytest.raises(error):
                callbacks.reserve(session, clock, **values)
        callbacks.reserve(session, clock, queue="general", phone=PHONE, at=at)
        assert session.scalars(select(AuditEntry)).all() == []
        callbacks.reserve(session, clock, queue="general", phone=PHONE, at=at, actor=who)
        assert session.scalars(select(AuditEntry.action)).all() == ["callback.reserved"]
