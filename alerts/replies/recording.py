"""Recording an answer: kept once, the latest word counts, the running counts follow, and a call for help opens a case.

All of it happens in one transaction under the person's own lock, so that two answers of one person at once stand one after
the other. Locks are always taken in the same order (person, standing, counts, case, place, trail): nobody waits in a circle.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from alerts.models import Alert, Message
from alerts.replies import relatives
from alerts.replies.models import Answer, AnswerTally, Standing
from hotline.cases.models import Case
from hotline.cases.opening import Word, hear, lock_open_case, open_or_join
from hotline.core import live
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, Refused, TooMany
from hotline.core.services import Services
from hotline.geo.cells import cell_of
from hotline.geo.countries import NOWHERE, country_of
from hotline.people import travellers
from hotline.people.checkin import check_in
from hotline.people.models import Position, Traveller

log = structlog.get_logger(__name__)

SAFE, HELP = "safe", "help"
STATUSES = (SAFE, HELP)
CHANNELS = ("link", "sms", "voice", "officer")
SLOTS = 16
"""Rows that one count is spread over: 16 people of one country can answer at the same instant without waiting."""
OLDEST = timedelta(days=1)
"""An answer that was kept on a phone without a line for longer counts as said a day ago."""
MAX_PER_HOUR = 60
MAX_PEOPLE, MAX_PLACE_CHARS, MAX_KEY_CHARS, MAX_ACCURACY_M = 500, 300, 60, 100_000
OUTSIDE_ANY_ALERT = 0


@dataclass(frozen=True, kw_only=True)
class Said:
    """What somebody answered; degrees are WGS 84, `said_at` is aware and now when left out.

    `key` names the act of answering: the same key again is a repetition. With `sure` it names one press of a button beyond
    doubt. Without, it names a form, which may have been gone back to: the same call for help from it counts again when the
    person has said something else meanwhile, because a call too many does less harm than one too few.
    """

    traveller_id: int
    alert_id: int | None
    status: str
    channel: str
    key: str
    sure: bool = True
    said_at: datetime | None = None
    people: int | None = None
    injured: bool | None = None
    lat: float | None = None
    lon: float | None = None
    accuracy_m: int | None = None
    place: str = ""
    relative: relatives.Wish | None = None
    """Whom to tell of their safety; None leaves what was wished before."""


@dataclass(frozen=True)
class Recorded:
    """What became of an answer: `fresh` unless it was a repetition; `counts` when it is the person's latest word now."""

    answer: Answer
    fresh: bool
    counts: bool
    case: Case | None = None
    topics: tuple[str, ...] = field(default=())
    """Live topics to hint at once the transaction is committed."""


class _About(NamedTuple):
    """What a case would be about: its source, and the alert's severity."""

    source: str
    severity: str


def record_answer(session: Session, clock: Clock, actor: Actor, said: Said) -> Recorded:
    """Keep an answer and draw its consequences.

    Raises NotFound, InvalidInput for values that cannot be meant, Refused for an erased person, TooMany.
    """
    _check(said)
    person = travellers.get(session, said.traveller_id, lock=True)
    if person.erased_at is not None:
        raise Refused("This person was erased.", code="erased")
    alert_id = said.alert_id or OUTSIDE_ANY_ALERT
    standing = session.get(Standing, (alert_id, person.id), with_for_update=True, populate_existing=True)
    key, known = _key_of(session, said, alert_id, standing)
    if known is not None:
        return Recorded(known, fresh=False, counts=standing is not None and standing.answer_id == known.id)
    _check_rate(session, clock, person.id)
    answer = _keep(session, clock, said, alert_id, key)
    if standing is not None and (standing.said_at, standing.answer_id) > (answer.said_at, answer.id):
        return Recorded(answer, fresh=True, counts=False, topics=_topics(alert_id, None))
    before = standing.status if standing is not None else None
    about = _about(session, alert_id)
    standing = _stand(session, person, alert_id, standing, answer)
    _count(session, standing, before)
    open_case = lock_open_case(session, person.id, about.source)
    _place(session, clock, actor, said, answer)
    wished = relatives.keep(session, clock, person, said.relative) if said.relative is not None else None
    if answer.status == SAFE and before != SAFE:
        relatives.tell_safe(session, clock, person, answer.id)
    case = _tell_case(session, clock, actor, person, about, open_case, said, answer)
    relatives.write_trail(session, clock, actor, person, wished)
    return Recorded(answer, fresh=True, counts=True, case=case, topics=_topics(alert_id, case))


def notify(services: Services, recorded: Recorded) -> None:
    """Tell open pages to look again; after the commit."""
    for topic in recorded.topics:
        live.notify(services.redis, topic)


def source_of(alert_id: int | None, chain_id: int | None) -> str:
    """Return what a case is about: the first alert of the chain, so that an update does not open a second case."""
    return f"alert:{chain_id or alert_id}" if alert_id else "person"


def _about(session: Session, alert_id: int) -> _About:
    """Read the two facts of the alert that a case needs; the whole alert with its texts would be three statements more."""
    row = (
        session.execute(select(Alert.chain_id, Alert.severity).where(Alert.id == alert_id)).first()
        if alert_id
        else None
    )
    if row is None:
        return _About(source_of(None, None), "Unknown")
    return _About(source_of(alert_id, row.chain_id), row.severity)


def _check(said: Said) -> None:
    if said.status not in STATUSES or said.channel not in CHANNELS:
        raise InvalidInput("status", said.status, "use safe or help")
    if not 1 <= len(said.key) <= MAX_KEY_CHARS:
        raise InvalidInput("key", said.key, f"use 1 to {MAX_KEY_CHARS} characters")
    if said.people is not None and not 1 <= said.people <= MAX_PEOPLE:
        raise InvalidInput("people", said.people, f"use 1 to {MAX_PEOPLE}")
    if len(said.place) > MAX_PLACE_CHARS:
        raise InvalidInput("place", said.place, f"use at most {MAX_PLACE_CHARS} characters")
    if (said.lat is None) != (said.lon is None):
        raise InvalidInput("lat", said.lat, "give latitude and longitude together")
    if said.lat is not None and said.lon is not None and not (-90 <= said.lat <= 90 and -180 <= said.lon <= 180):
        raise InvalidInput("lat", said.lat, "use degrees on earth")


def _key_of(session: Session, said: Said, alert_id: int, standing: Standing | None) -> tuple[str, Answer | None]:
    """Return the key to keep the answer under, and the answer that has it already."""
    known = _with_key(session, said, alert_id, said.key)
    overridden = standing is not None and standing.status != said.status
    if known is None or said.sure or said.status != HELP or known.status != HELP or not overridden:
        return said.key, known
    assert standing is not None
    again = f"{said.key}~{standing.answer_id}"
    return again, _with_key(session, said, alert_id, again)


def _with_key(session: Session, said: Said, alert_id: int, key: str) -> Answer | None:
    return session.scalar(
        select(Answer).where(Answer.traveller_id == said.traveller_id, Answer.alert_id == alert_id, Answer.key == key)
    )


def _check_rate(session: Session, clock: Clock, traveller_id: int) -> None:
    since = clock.now() - timedelta(hours=1)
    statement = select(func.count()).where(Answer.traveller_id == traveller_id, Answer.received_at > since)
    if (session.scalar(statement) or 0) >= MAX_PER_HOUR:
        raise TooMany("You have answered very often within an hour. Please call us.", 3600)


def _keep(session: Session, clock: Clock, said: Said, alert_id: int, key: str) -> Answer:
    now = clock.now()
    answer = Answer(
        traveller_id=said.traveller_id, alert_id=alert_id, key=key, status=said.status, channel=said.channel,
        said_at=min(max(said.said_at or now, now - OLDEST), now), received_at=now, people=said.people,
        injured=said.injured, lat=said.lat, lon=said.lon, place=said.place,
        accuracy_m=None if said.accuracy_m is None else min(max(0, said.accuracy_m), MAX_ACCURACY_M),
    )  # fmt: skip
    session.add(answer)
    session.flush()
    return answer


def _place(session: Session, clock: Clock, actor: Actor, said: Said, answer: Answer) -> None:
    """Take over where the person's own phone says they are; what is too vague to be a place stays with the answer only."""
    if said.lat is None or said.lon is None:
        return
    try:
        check_in(
            session, clock, actor, said.traveller_id,
            lat=said.lat, lon=said.lon, accuracy_m=float(answer.accuracy_m or 0), observed_at=answer.said_at,
        )  # fmt: skip
    except InvalidInput as fault:
        log.info("replies.place_not_taken", answer=answer.id, field=fault.field)


def _stand(session: Session, person: Traveller, alert_id: int, standing: Standing | None, answer: Answer) -> Standing:
    """Make the answer the person's latest word; a place that was given before stays until another is given."""
    if standing is None:
        country, provider = _counted_under(session, person, alert_id)
        standing = Standing(alert_id=alert_id, traveller_id=person.id, country=country, provider=provider)
        session.add(standing)
    standing.answer_id, standing.status, standing.said_at = answer.id, answer.status, answer.said_at
    if answer.lat is not None and answer.lon is not None:
        standing.cell = cell_of(answer.lat, answer.lon)
    session.flush()
    return standing


def _counted_under(session: Session, person: Traveller, alert_id: int) -> tuple[str, str]:
    """Return country and provider that the alert's message to this person counts under, else where they are held to be."""
    own = select(Message.country, Message.provider).where(Message.alert_id == alert_id, Message.phone == person.phone)
    country, provider = session.execute(own).tuples().one_or_none() or ("", "")
    return country or session.scalar(
        select(Position.country).where(Position.traveller_id == person.id)
    ) or NOWHERE, provider


def _count(session: Session, standing: Standing, before: str | None) -> None:
    deltas: Counter[str] = Counter({standing.status: 1})
    if before is not None:
        deltas[before] -= 1
    rows = [
        {"alert_id": standing.alert_id, "country": standing.country, "provider": standing.provider, "status": status,
         "people": people, "slot": standing.traveller_id % SLOTS}
        for status, people in sorted(deltas.items())
        if people
    ]  # fmt: skip
    if standing.alert_id == OUTSIDE_ANY_ALERT or not rows:
        return
    adding = insert(AnswerTally)
    session.execute(
        adding.on_conflict_do_update(
            index_elements=["alert_id", "country", "provider", "status", "slot"],
            set_={"people": AnswerTally.people + adding.excluded.people},
        ),
        rows,
    )


def _tell_case(
    session: Session,
    clock: Clock,
    actor: Actor,
    person: Traveller,
    about: _About,
    open_case: Case | None,
    said: Said,
    answer: Answer,
) -> Case | None:
    """Open a case for whoever needs help, or add to the open one; somebody safe without a case costs nothing more."""
    if open_case is None and said.status == SAFE:
        return None
    word = Word(
        traveller_id=person.id, source=about.source, says=said.status, channel=said.channel, drill=person.drill,
        severity=about.severity, injured=said.injured, people=said.people, lat=said.lat, lon=said.lon, place=said.place,
        country=_country_now(session, person, said),
        # What was told to an officer was said in a call or a chat, which is a contact of its own.
        contact_ref="" if said.channel == "officer" else f"answer:{answer.id}",
    )  # fmt: skip
    if open_case is not None:
        return hear(session, clock, actor, open_case, word)
    return open_or_join(session, clock, actor, word)


def _country_now(session: Session, person: Traveller, said: Said) -> str:
    if said.lat is not None and said.lon is not None:
        return str(country_of([said.lat], [said.lon])[0])
    return session.scalar(select(Position.country).where(Position.traveller_id == person.id)) or NOWHERE


def _topics(alert_id: int, case: Case | None) -> tuple[str, ...]:
    own = (f"alert:{alert_id}",) if alert_id else ()
    return (*own, "cases", f"case:{case.id}") if case is not None else own
