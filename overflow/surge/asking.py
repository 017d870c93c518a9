"""Asking: who may be asked now, how many make the next wave, and the rows and texts that ask them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hotline.core.services import Services
from overflow.surge import texting
from overflow.surge.models import AskedPerson, Callout
from overflow.surge.moving import move, note
from overflow.surge.reading import Standing
from overflow.surge.states import ASKABLE_AGAIN, COMING, ENGAGED, NOT_NEEDED, OVER, PENDING
from overflow.surge.waves import Askable, Past, Wave, next_wave, overall_chance
from overflow.volunteers.candidates import Candidate, candidates

VOICE_AFTER = timedelta(seconds=60)
"""Whoever has not answered the text by then is called, when people are wanted within URGENT."""
VOICE_AFTER_CALM = timedelta(minutes=10)
URGENT = timedelta(hours=1)
BETWEEN_WAVES = timedelta(seconds=20)
"""Changes of a moment lead to one wave, not to one for each person."""
AGAIN_AFTER, MAX_ASKS = timedelta(minutes=20), 2
"""Whoever was silent or did not come is asked once more, when nobody else is left."""
SPARED_AGAIN_AFTER = timedelta(minutes=5)
"""Whoever was not needed any more, and now is."""
MOST_CANDIDATES = 2_000
_LOCK = 0x48_4F_54_47
"""Key of the advisory lock under which waves are chosen."""


def next_people(
    session: Session, services: Services, callout: Callout, standing: Standing
) -> tuple[Wave, dict[int, Candidate]]:
    """Compute the next wave of a locked call-out; the candidates by volunteer.

    One call-out at a time, until the caller's commit: two that choose at once would not see whom the other asks.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    found = askable(session, services, callout)
    pasts = past_of(session, [each.volunteer_id for each, _ in found])
    asked, came = totals(session, callout.drill)
    people = [Askable(each.volunteer_id, pasts.get(each.volunteer_id, Past()), again) for each, again in found]
    wave = next_wave(
        callout.needed, [*standing.chances, *standing.pending_chances], people, overall_chance(asked, came),
        at_least=callout.more,
    )  # fmt: skip
    return wave, {each.volunteer_id: each for each, _ in found}


def askable(session: Session, services: Services, callout: Callout) -> list[tuple[Candidate, bool]]:
    """Return who may be asked now, and whether it would be again; nobody who is in another open call-out."""
    found = candidates(
        session, services.clock, skills=callout.skills, languages=callout.languages, drill=callout.drill,
        until=max(callout.until_at, services.clock.now()), most=MOST_CANDIDATES,
    )  # fmt: skip
    now = services.clock.now()
    known = {
        each.volunteer_id: each
        for each in session.scalars(select(AskedPerson).where(AskedPerson.callout_id == callout.id))
    }
    busy = _elsewhere(session, callout.id, [each.volunteer_id for each in found])
    chosen: list[tuple[Candidate, bool]] = []
    for each in found:
        before = known.get(each.volunteer_id)
        if each.volunteer_id not in busy and (before is None or _may_be_asked_again(before, now)):
            chosen.append((each, before is not None))
    return chosen


def _may_be_asked_again(person: AskedPerson, now: datetime) -> bool:
    if person.state not in ASKABLE_AGAIN or person.asks >= MAX_ASKS or person.reason == "left":
        return False
    wait = SPARED_AGAIN_AFTER if person.state == NOT_NEEDED else AGAIN_AFTER
    return now - max(person.asked_at, person.left_at or person.asked_at) >= wait


def _elsewhere(session: Session, callout_id: int, volunteer_ids: Collection[int]) -> set[int]:
    """Return those who are engaged in another call-out that is not over."""
    return set(
        session.scalars(
            select(AskedPerson.volunteer_id)
            .join(Callout, Callout.id == AskedPerson.callout_id)
            .where(
                AskedPerson.volunteer_id.in_(volunteer_ids),
                AskedPerson.callout_id != callout_id,
                AskedPerson.state.in_(ENGAGED),
                Callout.state.not_in(OVER),
            )
        )
    )


_STILL_OPEN = (*PENDING, *COMING)


def past_of(session: Session, volunteer_ids: Sequence[int]) -> dict[int, Past]:
    """Return what is known of people's earlier call-outs; askings whose end is open do not count yet."""
    rows = session.execute(
        select(
            AskedPerson.volunteer_id,
            func.count().filter(AskedPerson.state.not_in(_STILL_OPEN)),
            func.count(AskedPerson.ready_at),
            func.max(AskedPerson.asked_at),
        )
        .where(AskedPerson.volunteer_id.in_(volunteer_ids))
        .group_by(AskedPerson.volunteer_id)
    ).tuples()
    return {volunteer_id: Past(asked, came, last) for volunteer_id, asked, came, last in rows}


def totals(session: Session, drill: bool) -> tuple[int, int]:
    """Return how often anybody was asked and came, of drills or of the real thing."""
    row = session.execute(
        select(func.count(), func.count(AskedPerson.ready_at))
        .select_from(AskedPerson)
        .join(Callout, Callout.id == AskedPerson.callout_id)
        .where(Callout.drill == drill, AskedPerson.state.not_in(_STILL_OPEN))
    ).one()
    return row[0], row[1]


def ask(
    session: Session, services: Services, callout: Callout, wave: Wave, people: dict[int, Candidate]
) -> list[AskedPerson]:
    """Write a wave down and keep its texts, in the caller's transaction with the call-out locked."""
    now = services.clock.now()
    callout.wave, callout.waved_at, callout.more = callout.wave + 1, now, 0
    known = {
        each.volunteer_id: each
        for each in session.scalars(
            select(AskedPerson)
            .where(AskedPerson.callout_id == callout.id, AskedPerson.volunteer_id.in_(wave.volunteer_ids))
            .with_for_update()
        )
    }
    asked = [
        _ask_one(session, services, callout, people[volunteer_id], chance, known.get(volunteer_id))
        for volunteer_id, chance in zip(wave.volunteer_ids, wave.chances, strict=True)
    ]
    note(session, now, callout.id, "wave", number=callout.wave, people=len(asked), filled=round(wave.filled, 3))
    session.flush()
    return asked


def _ask_one(  # the wave's parts for one person
    session: Session, services: Services, callout: Callout, whom: Candidate, chance: float, known: AskedPerson | None
) -> AskedPerson:
    now = services.clock.now()
    soon = callout.by_at - now <= URGENT
    call_at = now + (VOICE_AFTER if soon else VOICE_AFTER_CALM)
    if known is None:
        person = AskedPerson(
            callout_id=callout.id, volunteer_id=whom.volunteer_id, agent_id=whom.agent_id, phone=whom.phone,
            speaks=whom.speaks, state="asked", wave=callout.wave, asks=1, calls=0, minutes=0, chance=chance,
            asked_at=now, call_at=call_at, reason="",
        )  # fmt: skip
        session.add(person)
        session.flush()
        note(session, now, callout.id, "ask", person_id=person.id)
    else:
        assert known.wave < callout.wave, "nobody is asked twice in a wave"
        person = known
        move(session, services.clock, person, "ask_again")
        person.wave, person.asks, person.chance = callout.wave, person.asks + 1, chance
        person.phone, person.speaks, person.asked_at, person.call_at = whom.phone, whom.speaks, now, call_at
        person.comes_at = person.reminded_at = person.left_at = person.away_since = None
    texting.write(session, services, callout, person, "ask")
    return person


def first_wave(session: Session, services: Services, callout: Callout) -> tuple[int, int]:
    """Return how many people could be asked for a call-out that is not written down yet, and how many at once."""
    found = candidates(
        session, services.clock, skills=callout.skills, languages=callout.languages, drill=callout.drill,
        until=callout.until_at, most=MOST_CANDIDATES,
    )  # fmt: skip
    busy = _elsewhere(session, 0, [each.volunteer_id for each in found])
    free = [each for each in found if each.volunteer_id not in busy]
    pasts = past_of(session, [each.volunteer_id for each in free])
    asked, came = totals(session, callout.drill)
    people = [Askable(each.volunteer_id, pasts.get(each.volunteer_id, Past())) for each in free]
    return len(free), len(next_wave(callout.needed, (), people, overall_chance(asked, came)).volunteer_ids)
