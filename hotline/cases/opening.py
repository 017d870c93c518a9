"""Somebody needs help: their open case is joined, or one is opened, in the transaction that heard of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hotline.cases.contact_models import ANSWER, CLOSED_TOPIC, Contact
from hotline.cases.models import Case, CaseEntry
from hotline.cases.persons import of_traveller
from hotline.cases.states import CASE, CLOSED, OPEN, priority
from hotline.core import audit, outbox
from hotline.core.actor import SYSTEM, Actor
from hotline.core.clock import Clock
from hotline.core.errors import Conflict

ATTEMPTS = 3
"""A case may be closed between being found and being locked; more often than once is not to be expected."""
HELP_TOPIC = "HelpRequested"
"""Outbox topic with {"case_id"}, once for each case that is opened."""


@dataclass(frozen=True, kw_only=True)
class Word:
    """What a person said: `says` is help or safe; None and empty mean that nothing was said about it.

    `source` names what it is about, such as `alert:12`. Degrees are WGS 84; `country` is ISO, ZZ where unknown.
    """

    traveller_id: int
    source: str
    says: str
    channel: str
    drill: bool = False
    severity: str = "Unknown"
    injured: bool | None = None
    people: int | None = None
    lat: float | None = None
    lon: float | None = None
    place: str = ""
    country: str = "ZZ"
    contact_ref: str = ""
    """What the contact is called in which they said it (`answer:12`); empty where it was said in one that is kept already."""


def open_or_join(session: Session, clock: Clock, actor: Actor, word: Word) -> Case:
    """Open a case for somebody who needs help, or add to the one that is open (`fresh` on the result tells which).

    Two words of one person at once make one case: the database allows one open case per person and source.
    """
    person_id = of_traveller(session, clock, word.traveller_id)
    for _ in range(ATTEMPTS):
        case_id = session.scalar(_insert(clock, word, person_id))
        if case_id is not None:
            return _opened(session, clock, actor, session.get_one(Case, case_id), word)
        case = lock_open_case(session, word.traveller_id, word.source)
        if case is not None:
            return hear(session, clock, actor, case, word)
    raise Conflict("The case was closed meanwhile, more than once; try again.")


def _insert(clock: Clock, word: Word, person_id: int) -> Any:
    now = clock.now()
    given = {name: value for name, value in asdict(word).items() if name not in ("channel", "contact_ref")}
    rank = priority(injured=word.injured, people=word.people, severity=word.severity)
    return (
        insert(Case)
        .values(**given, person_id=person_id, state=OPEN, priority=rank, opened_at=now, updated_at=now)
        .on_conflict_do_nothing(index_elements=["traveller_id", "source"], index_where=text("state <> 'closed'"))
        .returning(Case.id)
    )


def lock_open_case(session: Session, traveller_id: int, source: str) -> Case | None:
    """Return the person's open case, locked until commit; take it before anything that writes onto the audit trail."""
    return session.scalar(
        select(Case)
        .where(Case.traveller_id == traveller_id, Case.source == source, Case.state != CLOSED)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _opened(session: Session, clock: Clock, actor: Actor, case: Case, word: Word) -> Case:
    case.fresh = True
    _write_down(session, clock, case, word)
    outbox.publish(session, clock, HELP_TOPIC, {"case_id": case.id})
    audit.record(
        session, clock, actor, "case.opened", "case", case.id,
        after={"state": case.state, "priority": case.priority, "source": case.source, "channel": word.channel,
               "country": case.country, "injured": case.injured, "people": case.people},
    )  # fmt: skip
    return case


def hear(session: Session, clock: Clock, actor: Actor, case: Case, word: Word) -> Case:
    """Add what a person said to their open case, which the caller has locked.

    The priority only ever rises by itself, because nobody gets less urgent by a form.
    """
    before = _shown(case)
    case.state = CASE.next_state(case.state, "hear", SYSTEM)
    case.says, case.updated_at = word.says, clock.now()
    case.injured = case.injured if word.injured is None else word.injured
    case.people = word.people or case.people
    case.place = word.place or case.place
    if word.lat is not None:
        case.lat, case.lon, case.country = word.lat, word.lon, word.country
    if word.says == "help":
        rank = priority(injured=case.injured, people=case.people, severity=word.severity)
        case.priority = min(case.priority, rank)
    _write_down(session, clock, case, word)
    after = _shown(case)
    audit.record(
        session, clock, actor, "case.heard", "case", case.id,
        before=before, after=after | {"channel": word.channel},
    )  # fmt: skip
    return case


def _write_down(session: Session, clock: Clock, case: Case, word: Word) -> None:
    details = {name: getattr(word, name) for name in ("says", "injured", "people", "lat", "lon")}
    contact_id = _in_touch(session, clock, case, word) if word.contact_ref else None
    session.add(
        CaseEntry(
            case_id=case.id, contact_id=contact_id, at=clock.now(), kind="answer", channel=word.channel, body=word.place,
            details={name: value for name, value in details.items() if value is not None},
        )
    )  # fmt: skip
    session.flush()


def _in_touch(session: Session, clock: Clock, case: Case, word: Word) -> int:
    """Keep that they were in touch by themselves: a contact that is over at once, in which nobody of ours was spoken with.

    Its entry alone stands in the history, and tells what was said.
    """
    contact = Contact(
        ref=word.contact_ref, kind=ANSWER, direction="in", state=CLOSED, person_id=case.person_id, case_id=case.id,
        drill=word.drill, opened_at=clock.now(), closed_at=clock.now(),
    )  # fmt: skip
    session.add(contact)
    session.flush()
    outbox.publish(session, clock, CLOSED_TOPIC, {"contact_id": contact.id, "case_id": case.id})
    return contact.id


def _shown(case: Case) -> dict[str, Any]:
    """Return values fit for the trail, which keeps them for ever: no place."""
    return {name: getattr(case, name) for name in ("state", "says", "priority", "injured", "people")}
