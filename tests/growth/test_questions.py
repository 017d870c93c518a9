"""What calls and pages ask never reads a table from end to end that grows, and no list is pushed aside by what is long over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from hotline.calls import incident_figures, screen
from hotline.cases import contact_lists, finding, known, protection, reading
from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.queues import attention, callback_lists, callbacks
from hotline.queues.models import Callback
from overflow.handover import gathering
from overflow.surge.models import AskedPerson, Callout
from tests.conftest import NOW
from tests.factories import make_officer, make_token
from tests.growth.plans import recorded, whole_reads
from tests.overflow.briefing.making import make_incident
from tests.overflow.volunteers.making import make_volunteer
from tests.queues.making import call_in, make_queue

CLOCK = FrozenClock(NOW)
NIGHT = gathering.Span(1, 1, NOW - timedelta(days=60), NOW)
QUESTIONS: dict[str, Callable[[Session], object]] = {
    "what a mission is told of in the morning": lambda session: gathering.find(session, [NIGHT], NOW),
    "who it is that calls": lambda session: known.who_is(session, "+821012345678", now=NOW),
    "whether a number is let in": lambda session: protection.incoming(session, CLOCK, "+821012345678"),
    "which cases are about somebody": lambda session: reading.cases_about(session, 1),
    "which contacts are open": lambda session: contact_lists.list_contacts(session, state="open"),
    "which call an agent had last": lambda session: screen.last_call(session, 1),
    "who has a name": lambda session: finding.find_persons(session, None, "김민서", passports=False, phones=False),
    "what needs attention": lambda session: attention.needs_attention(session, CLOCK, SYSTEM),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_of_every_day_reads_a_growing_table_from_end_to_end(question: str, services: Services) -> None:
    with recorded(services.db) as asked, services.db.transaction() as session:
        QUESTIONS[question](session)
    assert asked
    assert whole_reads(services.db, asked) == {}


def test_whoever_hangs_up_is_looked_for_among_their_own_callbacks(services: Services) -> None:
    with services.db.transaction() as session:
        make_queue(session, abandon_callback=True)
        entry = call_in(session, CLOCK, ref="call:1", phone="+821012345678")
        entry.state, entry.left_reason, entry.left_at = "left", "hangup", NOW
    with recorded(services.db) as asked, services.db.transaction() as session:
        assert callbacks.after_abandon(session, CLOCK, "call:1") is not None
    assert whole_reads(services.db, asked) == {}


def test_an_incidents_figures_look_at_its_own_time_alone(services: Services) -> None:
    with services.db.transaction() as session:
        incident_id = make_incident(session, opened_by_id=make_officer(session).id).id
    with recorded(services.db) as asked, services.db.transaction() as session:
        incident_figures.FIGURES.read(session, incident_id)
        assert incident_figures.FIGURES.by_hour is not None
        incident_figures.FIGURES.by_hour(session, incident_id)
    assert whole_reads(services.db, asked) == {}


def _callout(session: Session, incident_id: int, volunteers: list[tuple[int, int]]) -> int:
    """Add a call-out in which everybody was asked: one is ready but not on duty, one said yes, the others are silent."""
    made = Callout(
        incident_id=incident_id, drill=False, needed=2, by_at=NOW, until_at=NOW + timedelta(hours=6), created_at=NOW,
        state="cancelled", ended_at=NOW,
    )  # fmt: skip
    session.add(made)
    session.flush()
    for place, (volunteer_id, agent_id) in enumerate(volunteers):
        state = ("ready", "confirmed", "silent")[min(place, 2)]
        session.add(
            AskedPerson(
                callout_id=made.id, volunteer_id=volunteer_id, agent_id=agent_id, phone="", speaks="ko", state=state, wave=1,
                chance=0.5, asked_at=NOW, briefed_at=NOW if place == 0 else None, ready_at=NOW if place == 0 else None,
            )
        )  # fmt: skip
    session.flush()
    return made.id


def test_the_list_of_call_outs_asks_as_often_for_many_as_for_one_and_reads_nobody_asked(
    client: FlaskClient, services: Services
) -> None:
    with services.db.transaction() as session:
        chief = make_officer(session, roles=("duty_chief",))
        headers = {"Authorization": f"Bearer {make_token(session, chief)}"}
        incident_id = make_incident(session, opened_by_id=chief.id).id
        people = [(each.id, each.agent_id or 0) for each in (make_volunteer(session) for _ in range(4))]
        made = _callout(session, incident_id, people)
    counts = []
    client.get("/api/v1/callouts", headers=headers)  # the first use of a token is written down
    for _ in range(2):
        with recorded(services.db) as asked:
            told = client.get("/api/v1/callouts", headers=headers).get_json()["callouts"]
        counts.append(len(asked))
        with services.db.transaction() as session:
            for _more in range(6):
                _callout(session, incident_id, people)
    assert len(told) == 7 and counts[0] == counts[1]
    assert not any("callout_people.survey" in each.sql for each in asked), "nobody asked is read one by one"
    first = next(each for each in told if each["id"] == made)
    counted = {name: first[name] for name in ("asked", "accepted", "briefed", "ready", "away", "pending", "reserve")}
    assert counted == {"asked": 4, "accepted": 2, "briefed": 1, "ready": 0, "away": 1, "pending": 0, "reserve": 0}
    one = client.get(f"/api/v1/callouts/{made}", headers=headers).get_json()
    assert one == first, "the list and the call-out itself say the same"


def test_callbacks_given_up_for_months_do_not_push_todays_promise_off_the_list(services: Services) -> None:
    with services.db.transaction() as session:
        queue_id = make_queue(session).id
        values = {"kind": "promise", "queue_id": queue_id, "phone": "", "enqueued_at": NOW, "created_at": NOW}
        session.add_all(
            Callback(state="given_up", due_at=NOW - timedelta(days=1 + each), closed_at=NOW, **values)
            for each in range(callback_lists.MAX_ROWS + 1)
        )
        promise = Callback(state="planned", due_at=NOW + timedelta(hours=1), **values)
        session.add(promise)
        session.flush()
        listed = callback_lists.open_callbacks(session)
        assert listed[0].id == promise.id
        assert len(listed) == callback_lists.MAX_ROWS
