"""A finished call-out of a drill with eight made-up volunteers, so that the pages and the report look alive; made once."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.officers import actor_of, find_by_name
from hotline.core.actor import Actor
from hotline.core.services import Services
from hotline.incidents.models import Incident
from overflow.surge.models import AskedPerson, Callout, CalloutEvent, CalloutSample
from overflow.volunteers import approving
from overflow.volunteers.models import Volunteer

CHIEF = "duty-chief"
NAMES = ("훈련 가람", "훈련 나래", "훈련 다온", "훈련 라온", "훈련 마루", "훈련 바다", "훈련 사랑", "훈련 아라")
NEEDED = 4
_DAYS_AGO = 3
_CAME = (
    ("now", 22, 95, 178),
    ("now", 35, 160, 176),
    ("now", 48, 210, 171),
    ("now", 75, 260, 168),
    ("now", 80, 300, 40),
)
"""Answer, seconds to it, seconds until ready, minutes helped; the last one left early."""
_STEPS = (
    (0, 8, 0, 0, 0), (22, 8, 1, 0, 0), (48, 8, 3, 1, 0), (95, 8, 5, 3, 1), (160, 8, 5, 4, 2), (210, 8, 5, 5, 3),
    (260, 8, 5, 5, 4), (10_800, 8, 5, 5, 0),
)  # fmt: skip
"""Seconds, and how many were asked, had said yes, were briefed and were ready."""


def load(services: Services, _actor: Actor) -> None:
    """Add it where there is no call-out yet; the duty chief is that of the demo accounts."""
    with services.db.transaction() as session:
        officer = find_by_name(session, CHIEF)
        if officer is None or session.scalar(select(Callout.id).limit(1)) is not None:
            return
        begun = services.clock.now() - timedelta(days=_DAYS_AGO)
        chief = actor_of(officer, "console")
        volunteers = [_volunteer(session, services, chief, name, number) for number, name in enumerate(NAMES)]
        incident = _incident(session, officer.id, begun)
        callout = Callout(
            incident_id=incident.id, drill=True, state="finished", needed=NEEDED, skills={}, languages=["ko"],
            by_at=begun + timedelta(minutes=20), until_at=begun + timedelta(hours=3), task="", source="", wave=1, more=0,
            created_at=begun, created_by_id=officer.id, waved_at=begun, satisfied_at=begun + timedelta(seconds=260),
            ended_at=begun + timedelta(hours=3, minutes=4),
        )  # fmt: skip
        session.add(callout)
        session.flush()
        for number, volunteer in enumerate(volunteers):
            session.add(_asked(callout, volunteer, number))
        _told(session, callout, officer.id)


def _volunteer(session: Session, services: Services, chief: Actor, name: str, number: int) -> Volunteer:
    """Register and approve somebody made up, whose number is nobody's."""
    now = services.clock.now()
    volunteer = Volunteer(
        name=name, phone=f"+8210990000{number:02d}", phone_verified_at=now, speaks="ko", languages=["ko"], skills={},
        zone="Asia/Seoul", drill=True, quiet_from=0, quiet_to=0, consent_at=now, consent_words="demo", state="applied",
        created_at=now, updated_at=now,
    )  # fmt: skip
    session.add(volunteer)
    session.flush()
    return approving.approve(session, services.clock, chief, volunteer.id)


def _incident(session: Session, officer_id: int, begun: datetime) -> Incident:
    incident = Incident(
        name_ko="훈련: 항구 도시 지진", name_en="Drill: earthquake in a port city", kind="earthquake", severity="Severe",
        countries=["PH"], drill=True, state="closed", began_at=begun, opened_at=begun, opened_by_id=officer_id,
        updated_at=begun, closed_at=begun + timedelta(hours=4),
    )  # fmt: skip
    session.add(incident)
    session.flush()
    return incident


def _asked(callout: Callout, volunteer: Volunteer, number: int) -> AskedPerson:
    begun = callout.created_at
    assert volunteer.agent_id is not None, "whoever is approved is an agent"
    person = AskedPerson(
        callout_id=callout.id, volunteer_id=volunteer.id, agent_id=volunteer.agent_id, phone=volunteer.phone, speaks="ko",
        wave=1, asks=1, calls=0, minutes=0, chance=0.3, asked_at=begun, reason="", state="silent",
    )  # fmt: skip
    if number >= len(_CAME):
        person.calls = 2 if number == len(_CAME) else 0
        if number == len(_CAME) + 1:
            person.state, person.answer, person.answered_by = "declined", "no", "link"
            person.answered_at = begun + timedelta(seconds=50)
        elif number > len(_CAME) + 1:
            person.state, person.reason = "unreachable", "dead_number"
        return person
    answer, answered, ready, minutes = _CAME[number]
    person.answer, person.answered_by = answer, "voice" if number > 2 else "link"
    person.answered_at, person.minutes = begun + timedelta(seconds=answered), minutes
    person.briefed_at, person.ready_at = begun + timedelta(seconds=ready - 20), begun + timedelta(seconds=ready)
    person.left_at = person.ready_at + timedelta(minutes=minutes)
    if number == len(_CAME) - 1:
        person.state, person.reason = "dropped", "left"
    else:
        person.state, person.released_at = "released", person.left_at + timedelta(minutes=2)
        person.survey = {"prepared": 5 - number % 2, "supported": 4, "again": 5}
        person.surveyed_at = person.left_at + timedelta(hours=1)
    return person


def _told(session: Session, callout: Callout, officer_id: int) -> None:
    """Write its timeline and curve."""
    begun = callout.created_at
    for seconds, event, by_id, facts in (
        (0, "start", officer_id, {"needed": NEEDED}), (2, "wave", None, {"number": 1, "people": 8, "filled": 0.9}),
        (260, "satisfy", None, {}), (10_800, "stand_down", officer_id, {}), (11_040, "close", None, {}),
    ):  # fmt: skip
        at = begun + timedelta(seconds=seconds)
        session.add(CalloutEvent(callout_id=callout.id, at=at, event=event, by_id=by_id, facts=facts))
    for seconds, asked, accepted, briefed, ready in _STEPS:
        at = begun + timedelta(seconds=seconds)
        session.add(
            CalloutSample(
                callout_id=callout.id, at=at, needed=NEEDED, asked=asked, accepted=accepted, briefed=briefed, ready=ready
            )
        )  # fmt: skip
    session.flush()
