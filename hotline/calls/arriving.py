"""A call comes in: its line and mission are found, and the first question asked with greeting and announcement before it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.calls import speaking
from hotline.calls.events import Reply
from hotline.calls.fields import Ring
from hotline.calls.menu_store import published
from hotline.calls.menus import Ask
from hotline.calls.models import Call, CallAnnouncement, CallLine, Leg
from hotline.calls.speaking import Said
from hotline.calls.states import ANSWERED, MENU
from hotline.core.services import Services
from hotline.missions.models import Mission
from hotline.people.models import Traveller

MAX_ANNOUNCEMENTS = 3


def arrive(session: Session, services: Services, ring: Ring) -> Reply:
    """Write down the call and ask the first question; the same call asked about again gets the same answer (see `events`)."""
    now = services.clock.now()
    line = session.scalar(select(CallLine).where(CallLine.number == ring.called))
    mission = mission_of(session, line, ring)
    menu_id, menu = published(session)
    person = session.execute(
        select(Traveller.id, Traveller.drill).where(Traveller.phone == ring.phone, Traveller.phone != "").limit(1)
    ).first()
    call = Call(
        provider_sid=ring.sid, direction="in", state=MENU, phone=ring.phone, called=ring.called,
        forwarded_from=ring.forwarded_from, mission_id=mission.id if mission else None, menu_id=menu_id,
        drill=line.drill if line is not None else False, traveller_id=person.id if person else None, language="",
        danger=False, skills=[], priority=0, queue="", recorded=services.settings.record_calls, started_at=now, heard_at=now,
    )  # fmt: skip
    session.add(call)
    session.flush()
    session.add(
        Leg(
            call_id=call.id, role="caller", state=ANSWERED, provider_sid=ring.sid, status="in-progress", to=ring.phone,
            answered_at=now, created_at=now,
        )
    )  # fmt: skip
    before = [*greeting(call, line, mission), *announcements(session, now, mission)]
    if call.recorded:
        before.append(speaking.ours("recorded", speaking.heard_in("")))
    at = speaking.Line(services.settings.public_url, call.id)
    return Reply(speaking.ask(at, menu, Ask(node=menu.entry), 0, before), call.id)


def mission_of(session: Session, line: CallLine | None, ring: Ring) -> Mission | None:
    """Return the mission that was called: by the number called, which is reliable, else by the number that was forwarded."""
    if line is not None and line.mission_id is not None:
        return session.get(Mission, line.mission_id)
    if not ring.forwarded_from:
        return None
    number = ring.forwarded_from
    return session.scalar(
        select(Mission)
        .where((Mission.phone == number) | (Mission.emergency_phone == number), Mission.closed_at.is_(None))
        .order_by(Mission.id)
        .limit(1)
    )


def greeting(call: Call, line: CallLine | None, mission: Mission | None) -> list[Said]:
    """Return who answers: the line's own words, else the mission's name, else the centre's."""
    languages = speaking.heard_in(call.language)
    if line is not None and line.greeting:
        said = [speaking.in_language(line.greeting, call.language)]
    elif mission is not None:
        names = {"ko": mission.name_ko, "en": mission.name_en}
        said = [Said({each: speaking.words(each)["mission"].format(mission=names[each]) for each in languages})]
    else:
        said = [speaking.ours("centre", languages)]
    return [*said, speaking.ours("drill", languages)] if call.drill else said


def announcements(session: Session, now: datetime, mission: Mission | None) -> list[Said]:
    """Return what is announced now on this line, the latest first."""
    countries = [""] + ([mission.country, *mission.countries] if mission is not None else [])
    found = session.scalars(
        select(CallAnnouncement)
        .where(
            CallAnnouncement.starts_at <= now, CallAnnouncement.ends_at > now, CallAnnouncement.country.in_(countries)
        )
        .order_by(CallAnnouncement.id.desc())
        .limit(MAX_ANNOUNCEMENTS)
    )
    return [speaking.in_language(each.texts, "") for each in found]
