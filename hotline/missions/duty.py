"""Lines, the duty phone with its deputies, and the bulletins of a mission."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, NotFound, Refused, SeveralFaults
from hotline.core.phone import parse_e164
from hotline.missions import missions, staff
from hotline.missions.keeping import officer_id, read_note
from hotline.missions.models import MissionDuty, MissionLine, MissionNotice

MAX_LINES = 20
MAX_DUTY = 8
MAX_NOTICES = 30
MAX_TEXT = 2000
TECHNIQUES = ("webhook", "number", "sip")


@dataclass(frozen=True)
class Line:
    """A number that people call, with the centre's number to which it forwards and where a call handed back rings."""

    number: str
    pool_number: str = ""
    return_number: str = ""
    label: str = ""
    technique: str = "number"


@dataclass(frozen=True)
class Contact:
    """Somebody in the duty chain; `phone` in any usual form with its country's code."""

    name: str
    phone: str


def set_lines(
    session: Session, clock: Clock, actor: Actor, mission_id: int, lines: Sequence[Line]
) -> list[MissionLine]:
    """Keep exactly these lines open; others of the mission are closed and keep their numbers.

    Raises NotFound, Forbidden, Refused beyond 20, and SeveralFaults naming each line and field that cannot be used.
    """
    staff.demand(session, actor, mission_id, change=True)
    missions.get(session, mission_id, lock=True)
    if len(lines) > MAX_LINES:
        raise Refused(f"A mission has at most {MAX_LINES} lines here.", code="too-many-lines")
    wanted = _checked_lines(session, mission_id, lines)
    kept = {row.number: row for row in lines_of(session, mission_id, with_closed=True)}
    before = [row.number for row in kept.values() if row.closed_at is None]
    now = clock.now()
    for row in kept.values():
        if row.number not in wanted and row.closed_at is None:
            row.closed_at, row.pool_number = now, None  # the centre's number is free for another line
    session.flush()
    changed = _write_lines(session, mission_id, wanted, kept, now)
    if changed or sorted(before) != sorted(wanted):
        audit.record(
            session, clock, actor, "mission.lines_changed", "mission", mission_id,
            before={"lines": sorted(before)}, after={"lines": [asdict(one) for one in wanted.values()]},
        )  # fmt: skip
    return lines_of(session, mission_id)


def _write_lines(
    session: Session, mission_id: int, wanted: dict[str, Line], kept: dict[str, MissionLine], now: datetime
) -> bool:
    changed = False
    for line in wanted.values():
        row = kept.get(line.number)
        if row is None:
            row = MissionLine(mission_id=mission_id, number=line.number, created_at=now)
            session.add(row)
        values = {
            "pool_number": line.pool_number or None, "return_number": line.return_number or None,
            "label": line.label, "technique": line.technique, "closed_at": None,
        }  # fmt: skip
        for name, value in values.items():
            if getattr(row, name) != value:
                setattr(row, name, value)
                changed = True
    session.flush()
    return changed


def lines_of(session: Session, mission_id: int, *, with_closed: bool = False) -> list[MissionLine]:
    """Return a mission's lines in the order in which they were added; without `with_closed` only those in use."""
    statement = select(MissionLine).where(MissionLine.mission_id == mission_id).order_by(MissionLine.id)
    return list(session.scalars(statement if with_closed else statement.where(MissionLine.closed_at.is_(None))))


def set_duty(
    session: Session, clock: Clock, actor: Actor, mission_id: int, chain: Sequence[Contact]
) -> list[MissionDuty]:
    """Keep this chain: the duty phone first, then its deputies in the order in which they are called.

    Raises NotFound, Forbidden, Refused beyond 8, and SeveralFaults naming each person and field that cannot be used.
    """
    staff.demand(session, actor, mission_id, change=True)
    missions.get(session, mission_id, lock=True)
    if len(chain) > MAX_DUTY:
        raise Refused(f"A duty chain has at most {MAX_DUTY} people.", code="too-many-in-chain")
    faults: list[dict[str, object]] = []
    checked: list[Contact] = []
    for number, one in enumerate(chain, start=1):
        try:
            phone = parse_e164(one.phone, field=f"{number}.phone").e164
            checked.append(Contact(read_note(f"{number}.name", one.name, needed=True)[:80], phone))
        except InvalidInput as fault:
            faults.append({"field": fault.field, "value": fault.shown_value, "mend": fault.mend})
    if len({one.phone for one in checked}) < len(checked):
        faults.append({"field": "phone", "value": "", "mend": "name each telephone once"})
    if faults:
        raise SeveralFaults(faults, "The duty chain has faults.")
    before = [{"name": one.name, "phone": one.phone} for one in duty_of(session, mission_id)]
    after = [asdict(one) for one in checked]
    if before != after:
        session.execute(delete(MissionDuty).where(MissionDuty.mission_id == mission_id))
        session.add_all(
            MissionDuty(mission_id=mission_id, position=position, name=one.name, phone=one.phone)
            for position, one in enumerate(checked, start=1)
        )
        session.flush()
        audit.record(
            session, clock, actor, "mission.duty_changed", "mission", mission_id,
            before={"chain": before}, after={"chain": after},
        )  # fmt: skip
    return duty_of(session, mission_id)


def duty_of(session: Session, mission_id: int) -> list[MissionDuty]:
    """Return the duty phone and its deputies in the order in which they are called; none while nobody is named."""
    return list(
        session.scalars(select(MissionDuty).where(MissionDuty.mission_id == mission_id).order_by(MissionDuty.position))
    )


def add_notice(
    session: Session,
    clock: Clock,
    actor: Actor,
    mission_id: int,
    text_ko: str,
    text_en: str,
    valid_until: datetime | None,
) -> MissionNotice:
    """Add a bulletin for those who answer in the mission's name, from now until `valid_until` (aware) or until taken back.

    Raises NotFound, Forbidden, InvalidInput for a missing text or an end that is past, Refused beyond 30 at once.
    """
    staff.demand(session, actor, mission_id, change=True)
    missions.get(session, mission_id, lock=True)
    now = clock.now()
    texts = {"text_ko": _body("text_ko", text_ko), "text_en": _body("text_en", text_en)}
    if valid_until is not None and not now < valid_until <= now + timedelta(days=3 * 366):
        raise InvalidInput(
            "valid_until", valid_until.isoformat(), "choose an end from now on, at most three years ahead"
        )
    if len(notices_of(session, mission_id, now)) >= MAX_NOTICES:
        raise Refused(f"A mission has at most {MAX_NOTICES} bulletins at once.", code="too-many-bulletins")
    made = MissionNotice(
        mission_id=mission_id, valid_from=now, valid_until=valid_until, officer_id=officer_id(actor), **texts
    )
    session.add(made)
    session.flush()
    audit.record(
        session, clock, actor, "mission.bulletin_added", "mission", mission_id, after={"bulletin": made.id, **texts}
    )
    return made


def withdraw_notice(session: Session, clock: Clock, actor: Actor, mission_id: int, notice_id: int) -> None:
    """Take a bulletin back; again changes nothing. Raises NotFound and Forbidden."""
    staff.demand(session, actor, mission_id, change=True)
    notice = session.get(MissionNotice, notice_id, with_for_update=True)
    if notice is None or notice.mission_id != mission_id:
        raise NotFound("bulletin", notice_id)
    if notice.withdrawn_at is None:
        notice.withdrawn_at = clock.now()
        session.flush()
        audit.record(
            session, clock, actor, "mission.bulletin_withdrawn", "mission", mission_id, before={"bulletin": notice_id}
        )


def notices_of(session: Session, mission_id: int, when: datetime) -> list[MissionNotice]:
    """Return the bulletins that hold at an instant, the newest first."""
    return list(
        session.scalars(
            select(MissionNotice)
            .where(
                MissionNotice.mission_id == mission_id,
                MissionNotice.valid_from <= when,
                or_(MissionNotice.valid_until.is_(None), MissionNotice.valid_until > when),
                or_(MissionNotice.withdrawn_at.is_(None), MissionNotice.withdrawn_at > when),
            )
            .order_by(MissionNotice.valid_from.desc(), MissionNotice.id.desc())
        )
    )


def _body(field: str, text: str) -> str:
    tidy = text.replace("\r\n", "\n").strip()
    if not 1 <= len(tidy) <= MAX_TEXT or "\x00" in tidy:
        raise InvalidInput(field, text, f"write 1 to {MAX_TEXT} characters")
    return tidy


def _checked_lines(session: Session, mission_id: int, lines: Sequence[Line]) -> dict[str, Line]:
    faults: list[dict[str, object]] = []
    found: dict[str, Line] = {}
    for position, line in enumerate(lines, start=1):
        try:
            checked = _checked_line(position, line)
        except InvalidInput as fault:
            faults.append({"field": fault.field, "value": fault.shown_value, "mend": fault.mend})
            continue
        if checked.number in found:
            faults.append({"field": f"{position}.number", "value": line.number, "mend": "give each number once"})
        found[checked.number] = checked
    pools = [line.pool_number for line in found.values() if line.pool_number]
    numbers = set(found) | set(pools)
    taken = session.execute(
        select(MissionLine.number, MissionLine.pool_number).where(
            MissionLine.mission_id != mission_id,
            or_(MissionLine.number.in_(numbers), MissionLine.pool_number.in_(numbers)),
        )
    ).all()
    if taken:
        theirs = next(value for row in taken for value in row if value in numbers)
        faults.append({"field": "number", "value": theirs, "mend": "another mission has this number"})
    if len(set(pools)) < len(pools):
        faults.append({"field": "pool_number", "value": "", "mend": "forward each line to a number of its own"})
    for line in found.values():
        if line.pool_number in found or line.return_number in numbers:
            mend = "a call handed back would be forwarded again; use a number that is not forwarded"
            faults.append({"field": "return_number", "value": line.return_number or line.pool_number, "mend": mend})
    if faults:
        raise SeveralFaults(faults, "Some lines cannot be used; each is named.")
    return found


def _checked_line(position: int, line: Line) -> Line:
    if line.technique not in TECHNIQUES:
        raise InvalidInput(f"{position}.technique", line.technique, f"use one of {', '.join(TECHNIQUES)}")
    if line.technique == "number" and not line.pool_number.strip():
        raise InvalidInput(f"{position}.pool_number", "", "say to which number of the centre this line forwards")

    def e164(name: str, value: str) -> str:
        return parse_e164(value, field=f"{position}.{name}").e164 if value.strip() else ""

    label = read_note(f"{position}.label", line.label, needed=False)
    if len(label) > 80:
        raise InvalidInput(f"{position}.label", label, "use at most 80 characters")
    return Line(
        number=parse_e164(line.number, field=f"{position}.number").e164,
        pool_number=e164("pool_number", line.pool_number),
        return_number=e164("return_number", line.return_number),
        label=label,
        technique=line.technique,
    )
