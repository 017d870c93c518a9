"""Making shifts: for one person or many, changed, published, cancelled. Every rule is checked again at each of these."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Conflict, HotlineError, InvalidInput, NotFound, Refused
from overflow.shifts import availability, limits, reading, telling, wall
from overflow.shifts.models import Shift
from overflow.shifts.people import Person, lock, people
from overflow.shifts.states import (
    DRAFT,
    NEWS_CANCELLED,
    NEWS_CHANGED,
    NEWS_PUBLISHED,
    PUBLISHED,
    SHIFT,
)
from overflow.shifts.wall import Placed, Wall, place

MAX_WANTED = 2_000
"""Shifts that one act may make: a hundred people with four weeks of five."""
MAX_AHEAD = timedelta(days=400)
MAX_REASON_CHARS = 300
_FAULTS = {
    limits.OVERLAP: "There is another shift of this person at that time.",
    limits.TOO_LITTLE_REST: "There would be fewer than 11 hours of rest before or after it.",
    limits.DAY_FULL: "This person would work longer within 24 hours than they may.",
    limits.WEEK_FULL: "This person would work longer within seven days than they may.",
}


@dataclass(frozen=True)
class Wanted:
    """A shift somebody asks for; `line` is the row of a file or list that it stands in, for the errors."""

    agent_id: int
    wall: Wall
    pattern_id: int | None = None
    line: int = 0


@dataclass
class Outcome:
    """What came of many: the shifts that were made, and those that could not be, each with why."""

    made: list[Shift] = field(default_factory=list)
    left: list[tuple[Wanted, HotlineError]] = field(default_factory=list)


def make(session: Session, clock: Clock, actor: Actor, wanted: Wanted) -> Shift:
    """Plan one shift as a draft.

    Raises NotFound for an unknown person, InvalidInput for times that cannot be, Refused with the code of the rule it breaks.
    """
    outcome = make_many(session, clock, actor, [wanted])
    if outcome.left:
        raise outcome.left[0][1]
    return outcome.made[0]


def make_many(session: Session, clock: Clock, actor: Actor, wanted: Sequence[Wanted]) -> Outcome:
    """Plan shifts as drafts, in the order in which they begin; those that break a rule are left out and told with their reason.

    Raises InvalidInput when there are more than one act may make.
    """
    if len(wanted) > MAX_WANTED:
        raise InvalidInput("shifts", len(wanted), f"plan at most {MAX_WANTED} at once")
    outcome, placed = Outcome(), []
    for each in wanted:
        try:
            placed.append((place(each.wall), each))
        except HotlineError as fault:
            outcome.left.append((each, fault))
    placed.sort(key=lambda pair: (pair[0].starts_at, pair[1].agent_id))
    table = Table.of(session, clock, placed)
    for where, each in placed:
        try:
            table.check(each.agent_id, where)
        except HotlineError as fault:
            outcome.left.append((each, fault))
            continue
        shift = _row(each, where, clock.now(), actor)
        session.add(shift)
        outcome.made.append(shift)
        table.occupy(each.agent_id, where)
    session.flush()
    if outcome.made:
        after = {"shifts": len(outcome.made), "ids": [each.id for each in outcome.made[:100]]}
        audit.record(session, clock, actor, "shift.planned", "shift", outcome.made[0].id, after=after)
    return outcome


def _row(wanted: Wanted, where: Placed, now: datetime, actor: Actor) -> Shift:
    told = wanted.wall
    return Shift(
        agent_id=wanted.agent_id, zone=told.zone, day=told.day, starts=told.starts, ends=told.ends,
        part=wall.part_of(told.starts), starts_at=where.starts_at, ends_at=where.ends_at, start_note=where.start_note,
        end_note=where.end_note, state=DRAFT, version=1, reason="", pattern_id=wanted.pattern_id, created_at=now,
        updated_at=now, created_by_id=actor.id if actor.kind == "officer" else None,
    )  # fmt: skip


class Table:
    """The people of one act, locked, with what they have already around it."""

    def __init__(
        self, session: Session, clock: Clock, known: Mapping[int, Person], spans: dict[int, list[limits.Span]]
    ) -> None:
        self._session, self._now, self._known, self._spans = session, clock.now(), known, spans
        self._free = availability.Calendars(
            session, [each.volunteer_id for each in known.values() if each.volunteer_id]
        )

    @classmethod
    def of(
        cls, session: Session, clock: Clock, placed: Sequence[tuple[Placed, Wanted]], *, without: Sequence[int] = ()
    ) -> Table:
        """Lock the people and read what lies around their shifts, but for some shifts that are to be moved."""
        agent_ids = sorted({each.agent_id for _, each in placed})
        spans: dict[int, list[limits.Span]] = defaultdict(list)
        if agent_ids:
            lock(session, agent_ids)
            since = min(where.starts_at for where, _ in placed) - limits.REACH
            until = max(where.ends_at for where, _ in placed) + limits.REACH
            for shift in reading.between(session, since, until, agent_ids=agent_ids):
                if shift.id not in without:
                    spans[shift.agent_id].append((shift.starts_at, shift.ends_at))
        return cls(session, clock, people(session, agent_ids), spans)

    def check(self, agent_id: int, where: Placed, *, own_choice: bool = False) -> Person:
        """Return the person who could have the shift; raises what forbids it.

        Somebody who takes a shift themselves (`own_choice`) is not held to the hours at which they may be asked.
        """
        person = self._known.get(agent_id)
        if person is None:
            raise NotFound("agent", agent_id)
        _takes_shifts(person)
        if where.ends_at <= self._now:
            raise Refused("This time is over.", code="shift-past")
        if where.starts_at > self._now + MAX_AHEAD:
            raise InvalidInput("day", where.starts_at.date().isoformat(), f"plan at most {MAX_AHEAD.days} days ahead")
        near = [
            (a, b)
            for a, b in self._spans[agent_id]
            if a < where.ends_at + limits.REACH and b > where.starts_at - limits.REACH
        ]
        code = limits.fault(near, (where.starts_at, where.ends_at), person.allowed)
        if code is not None:
            raise Refused(f"{person.name}: {_FAULTS[code]}", code=code, params={"name": person.name})
        if person.volunteer_id is not None and not own_choice:
            self._free.check(person, where)
        return person

    def occupy(self, agent_id: int, where: Placed) -> None:
        """Count a shift that was just made."""
        self._spans[agent_id].append((where.starts_at, where.ends_at))


def check_reason(reason: str, *, required: bool) -> str:
    """Return a reason as people will read it; raises InvalidInput."""
    given = reason.strip()
    if len(given) > MAX_REASON_CHARS or (required and not given):
        raise InvalidInput("reason", given[:80], f"say why, in at most {MAX_REASON_CHARS} characters")
    return given


@dataclass(frozen=True)
class Change:
    """What is to be different: other times, another person, or both; `version` is the one that was looked at."""

    version: int
    wall: Wall | None = None
    agent_id: int | None = None
    reason: str = ""


def change(session: Session, clock: Clock, actor: Actor, shift_id: int, given: Change) -> Shift:
    """Move a shift, or give it to somebody else; people who were told are told again, so a reason is needed then.

    Raises NotFound, Conflict when somebody else changed it meanwhile, InvalidInput, Refused.
    """
    shift = held(session, shift_id, given.agent_id)
    SHIFT.next_state(shift.state, "change", actor)
    _same_version(shift, given.version)
    _not_over(shift, clock)
    reason = check_reason(given.reason, required=shift.state == PUBLISHED)
    new = given.wall or Wall(shift.zone, shift.day, shift.starts, shift.ends)
    agent_id = given.agent_id or shift.agent_id
    where = place(new)
    if agent_id == shift.agent_id and (where.starts_at, where.ends_at) == (shift.starts_at, shift.ends_at):
        raise InvalidInput("start", wall.clock_time(new.starts), "this is what is planned already; change something")
    table = Table.of(session, clock, [(where, Wanted(agent_id, new))], without=[shift.id])
    table.check(agent_id, where)
    before = _told(shift)
    former, told = shift.agent_id, shift.state == PUBLISHED
    set_times(shift, new, where)
    shift.agent_id, shift.version, shift.reason, shift.updated_at = agent_id, shift.version + 1, reason, clock.now()
    shift.missed_at = None
    session.flush()
    telling.lapse_swaps(session, clock, shift.id)
    if told:
        telling.drop(session, clock, shift.id)
        if former != agent_id:
            telling.news(session, clock, shift, NEWS_CANCELLED, to=former)
        telling.news(session, clock, shift, NEWS_CHANGED if former == agent_id else NEWS_PUBLISHED)
        telling.reminders(session, clock, shift)
    audit.record(
        session,
        clock,
        actor,
        "shift.changed",
        "shift",
        shift.id,
        before=before,
        after=_told(shift) | {"reason": reason},
    )
    return shift


def held(session: Session, shift_id: int, *others: int | None) -> Shift:
    """Lock the people of a shift, others besides, and then the shift itself: everybody does so in this order.

    Raises NotFound, and Conflict when the shift became somebody else's while we waited.
    """
    agent_id = reading.get(session, shift_id).agent_id
    lock(session, [agent_id, *(other for other in others if other)])
    shift = reading.get(session, shift_id, lock=True)
    if shift.agent_id != agent_id:
        raise Conflict("Somebody else changed this shift meanwhile; look at it again.", code="shift-changed")
    return shift


def set_times(shift: Shift, new: Wall, where: Placed) -> None:
    """Write other times into a shift."""
    shift.zone, shift.day, shift.starts, shift.ends = new.zone, new.day, new.starts, new.ends
    shift.part, shift.starts_at, shift.ends_at = wall.part_of(new.starts), where.starts_at, where.ends_at
    shift.start_note, shift.end_note = where.start_note, where.end_note


def cancel(
    session: Session, clock: Clock, actor: Actor, shift_id: int, reason: str, version: int | None = None
) -> Shift:
    """Take a shift back; whoever was told of it is told why. Raises NotFound, Conflict, InvalidInput, Refused."""
    shift = reading.get(session, shift_id, lock=True)
    told = shift.state == PUBLISHED
    state = SHIFT.next_state(shift.state, "cancel", actor)
    if version is not None:
        _same_version(shift, version)
    _not_over(shift, clock)
    shift.reason = check_reason(reason, required=told)
    shift.state, shift.ended_at, shift.updated_at, shift.version = state, clock.now(), clock.now(), shift.version + 1
    session.flush()
    telling.lapse_swaps(session, clock, shift.id)
    if told:
        telling.drop(session, clock, shift.id)
        telling.news(session, clock, shift, NEWS_CANCELLED)
    audit.record(
        session, clock, actor, "shift.cancelled", "shift", shift.id, before=_told(shift), after={"reason": shift.reason}
    )
    return shift


@dataclass
class Published:
    """What a publication did: shifts that people are told of, and those that were left as drafts, each with why."""

    told: list[Shift] = field(default_factory=list)
    left: list[tuple[Shift, HotlineError]] = field(default_factory=list)


def publish(session: Session, clock: Clock, actor: Actor, since: datetime, until: datetime) -> Published:
    """Publish every draft that begins in a period (UTC): people are told once, with all their new shifts in one text.

    Each is looked at again: a person may have left or been suspended since it was planned, or its time be over.
    """
    drafts = [
        each for each in reading.between(session, since, until, states=(DRAFT,)) if since <= each.starts_at < until
    ]
    result = Published()
    if not drafts:
        return result
    lock(session, [each.agent_id for each in drafts])
    known = people(session, {each.agent_id for each in drafts})
    for draft in drafts:
        shift = reading.get(session, draft.id, lock=True)
        if shift.state != DRAFT:  # somebody else published or cancelled it while we waited
            continue
        try:
            state = SHIFT.next_state(shift.state, "publish", actor)
            _not_over(shift, clock)
            _takes_shifts(known[shift.agent_id])
        except Refused as fault:
            result.left.append((shift, fault))
            continue
        shift.state, shift.published_at, shift.updated_at = state, clock.now(), clock.now()
        telling.news(session, clock, shift, NEWS_PUBLISHED)
        telling.reminders(session, clock, shift)
        result.told.append(shift)
    if result.told:
        audit.record(
            session, clock, actor, "shift.published", "shift", result.told[0].id,
            after={"shifts": len(result.told), "ids": [each.id for each in result.told[:100]]},
        )  # fmt: skip
    return result


def _same_version(shift: Shift, version: int) -> None:
    if shift.version != version:
        raise Conflict("Somebody else changed this shift meanwhile; look at it again.", code="shift-changed")


def _takes_shifts(person: Person) -> None:
    if not person.active:
        raise Refused(f"{person.name} takes no shifts now.", code="shift-person-inactive", params={"name": person.name})


def _not_over(shift: Shift, clock: Clock) -> None:
    if shift.ends_at <= clock.now():
        raise Refused("This shift is over.", code="shift-past")


def _told(shift: Shift) -> dict[str, object]:
    return {
        "agent_id": shift.agent_id, "starts_at": shift.starts_at.isoformat(), "ends_at": shift.ends_at.isoformat(),
        "zone": shift.zone, "version": shift.version,
    }  # fmt: skip
