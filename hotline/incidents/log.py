"""The log of an incident: what happened and what was said, in order; a line is never changed, but corrected by another."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused
from hotline.core.i18n import gettext, language
from hotline.incidents.models import Incident, LogEntry
from hotline.incidents.states import OPEN, WRITE

NOTE, FACT = "note", "fact"
MAX_NOTE = 2_000
MAX_FACTS = 4_000
"""Characters of a fact's parameters as JSON."""
PAGE_ROWS = 100
WORDS_AMONG_FACTS = frozenset({"severity", "step", "part"})
"""Parameters that are message ids themselves."""


@dataclass(frozen=True)
class Line:
    """A line as pages show it: `words` in the reader's language, and the line that corrects it, if any."""

    entry: LogEntry
    words: str
    corrected: bool


def write(session: Session, clock: Clock, incident_id: int, actor: Actor, words: str, **facts: object) -> LogEntry:
    """Add what a room has to tell, in the caller's transaction.

    `words` is a message id (mark it with `gettext_noop`) and `facts` its parameters, which are JSON values; so that everybody
    reads it in their own language; a fact `plan_ko` stands in place of `plan` for readers of Korean. Raises ValueError for
    facts that are too long.
    """
    if len(json.dumps(facts, ensure_ascii=False)) > MAX_FACTS:
        raise ValueError(f"the facts of a log's line are longer than {MAX_FACTS} characters")
    return _add(session, clock, incident_id, actor, FACT, words, dict(facts), None)


def note(
    session: Session, clock: Clock, actor: Actor, incident_id: int, words: str, *, corrects_id: int | None = None
) -> LogEntry:
    """Add an officer's note, or the correction of an earlier line of this incident.

    Raises NotFound, Forbidden, InvalidInput, and Refused when the incident is closed or the line was corrected already.
    """
    if not actor.may(WRITE) or actor.id is None:
        raise Forbidden(f"Writing into the log needs the permission {WRITE}.")
    kept = words.replace("\r\n", "\n").strip()
    if not 1 <= len(kept) <= MAX_NOTE or "\x00" in kept:
        raise InvalidInput("words", words, f"write 1 to {MAX_NOTE} characters")
    found = session.get(Incident, incident_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound("incident", incident_id)
    if found.state != OPEN:
        raise Refused("The incident is closed; reopen it first.", code="incident-closed")
    if corrects_id is not None:
        _check_correctable(session, incident_id, corrects_id)
    entry = _add(session, clock, incident_id, actor, NOTE, kept, {}, corrects_id)
    audit.record(
        session,
        clock,
        actor,
        "incident.noted",
        "incident",
        incident_id,
        after={"line": entry.id, "corrects": corrects_id},
    )
    return entry


def _check_correctable(session: Session, incident_id: int, entry_id: int) -> None:
    wrong = session.get(LogEntry, entry_id)
    if wrong is None or wrong.incident_id != incident_id:
        raise NotFound("line of the log", entry_id)
    if session.scalar(select(LogEntry.id).where(LogEntry.corrects_id == entry_id)) is not None:
        raise Refused("This line was corrected already; correct the correction.", code="line-corrected")


def _add(
    session: Session, clock: Clock, incident_id: int, actor: Actor, kind: str, words: str, facts: dict[str, object],
    corrects_id: int | None,
) -> LogEntry:  # fmt: skip
    entry = LogEntry(
        incident_id=incident_id, at=clock.now(), kind=kind, by_id=actor.id if actor.kind == "officer" else None,
        by=actor.name[:200], words=words, facts=facts, corrects_id=corrects_id,
    )  # fmt: skip
    session.add(entry)
    session.flush()
    return entry


def lines(session: Session, incident_id: int, *, before: int | None = None, most: int = PAGE_ROWS) -> list[Line]:
    """Return lines of an incident's log, the latest first, before an id; at most `most`."""
    statement = select(LogEntry).where(LogEntry.incident_id == incident_id).order_by(LogEntry.id.desc()).limit(most)
    if before is not None:
        statement = statement.where(LogEntry.id < before)
    return shown(session, session.scalars(statement).all())


def shown(session: Session, entries: Sequence[LogEntry]) -> list[Line]:
    """Return lines with their words in the reader's language."""
    ids = [entry.id for entry in entries]
    corrected = set(session.scalars(select(LogEntry.corrects_id).where(LogEntry.corrects_id.in_(ids))))
    return [Line(entry, words_of(entry), entry.id in corrected) for entry in entries]


def words_of(entry: LogEntry) -> str:
    """Return a line's words in the reader's language."""
    if entry.kind == NOTE:
        return entry.words
    facts = {name: gettext(value) if name in WORDS_AMONG_FACTS else value for name, value in entry.facts.items()}
    own = f"_{language()}"
    facts |= {name.removesuffix(own): value for name, value in facts.items() if name.endswith(own)}
    return str(gettext(entry.words, **facts))
