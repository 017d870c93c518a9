"""A call comes in: its line and mission are found, and the first question asked with greeting and announcement before it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.calls import speaking
from hotline.calls.entering import contact_ref
from hotline.calls.events import Reply
from hotline.calls.fields import Ring
from hotline.calls.going_on import line_of
from hotline.calls.meaning import meant_for
from hotline.calls.menu_store import published
from hotline.calls.menus import Ask, beginning
from hotline.calls.models import Call, CallAnnouncement, CallLine, Leg
from hotline.calls.moving import move
from hotline.calls.speaking import Said
from hotline.calls.states import ANSWERED, MENU
from hotline.cases import contacts, protection
from hotline.cases.contacts import NewContact
from hotline.cases.screening import BLOCKED, NORMAL
from hotline.core.services import Services
from hotline.missions.models import Mission
from hotline.people.models import Traveller

MAX_ANNOUNCEMENTS = 3


def arrive(session: Session, services: Services, ring: Ring) -> Reply:
    """Write down the call and ask the first question; the same call asked about again gets the same answer (see `events`)."""
    now = services.clock.now()
    line = session.scalar(select(CallLine).where(CallLine.number == ring.called))
    menu_id, menu = published(session)
    traveller_id = (
        session.scalar(select(Traveller.id).where(Traveller.phone == ring.phone).limit(1)) if ring.phone else None
    )
    screened = protection.incoming(session, services.clock, ring.phone)
    call = Call(
        provider_sid=ring.sid, direction="in", state=MENU, phone=ring.phone, called=ring.called,
        forwarded_from=ring.forwarded_from, menu_id=menu_id,
        drill=line.drill if line is not None else False, traveller_id=traveller_id, path=screened.path,
        path_why=screened.why, recorded=services.settings.record_calls, started_at=now, heard_at=now,
    )  # fmt: skip
    session.add(call)
    session.flush()
    recognised, mission = meant_for(session, services, call, line, ring)
    if call.drill:
        call.menu_id, menu = published(session, drill=True)
    session.add(
        Leg(
            call_id=call.id, role="caller", state=ANSWERED, provider_sid=ring.sid, status="in-progress", to=ring.phone,
            answered_at=now, created_at=now,
        )
    )  # fmt: skip
    if recognised.test:
        move(session, services, call, "part")
        call.end_reason = "line_test"
        said = greeting(call, line, mission)
        return Reply(speaking.told(said, speaking.ours("line_test", speaking.heard_in("en"))), call.id)
    contact = contacts.open_contact(
        session, services.clock,
        NewContact(
            kind="call", ref=contact_ref(call.id), direction="in", phone=ring.phone, traveller_id=traveller_id, drill=call.drill
        ),
    )  # fmt: skip
    call.contact_id = contact.id
    if call.path != NORMAL:
        key = "blocked" if call.path == BLOCKED else "held_apart"
        return Reply(speaking.shielded(line_of(services, call), menu, key), call.id)
    before = [*greeting(call, line, mission), *announcements(session, now, mission)]
    if call.recorded:
        before.append(speaking.ours("recorded", speaking.heard_in("")))
    return Reply(
        speaking.ask(line_of(services, call), menu, Ask(node=beginning(menu, call.language)), before, first=True),
        call.id,
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
