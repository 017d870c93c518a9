"""Hours for the certificate: what somebody worked on which of their own days, and the page to print that says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents.models import PresenceChange
from hotline.agents.states import NOT_READY, ON_DUTY
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, NotFound
from hotline.core.i18n import gettext
from hotline.core.sheet import QUIET, Sheet
from overflow.volunteers.models import Volunteer
from overflow.volunteers.reading import get
from overflow.volunteers.worked import AT_WORK

LONGEST = timedelta(days=366)
YEARS = range(2000, 2201)
MAX_CHANGES = 50_000
"""A year of calls at one in ten minutes, day and night."""


@dataclass(frozen=True)
class Statement:
    """What was worked: minutes by local day of `zone`, both ends of the period included; `made_at` is aware UTC."""

    volunteer_id: int
    name: str
    zone: str
    first: date
    last: date
    days: Sequence[tuple[date, int]]
    made_at: datetime

    @property
    def minutes(self) -> int:
        """Return the whole time."""
        return sum(minutes for _, minutes in self.days)


def state(session: Session, clock: Clock, actor: Actor, volunteer_id: int, first: date, last: date) -> Statement:
    """Return what somebody worked from a local day to another, both included, and note that it was asked for.

    Raises NotFound for who was erased, InvalidInput for a period of more than a year or one that ends before it begins.
    """
    volunteer = get(session, volunteer_id)
    if volunteer.erased_at is not None:
        raise NotFound("volunteer", volunteer_id)
    demand_year("first", first)
    demand_year("last", last)
    if not first <= last <= first + LONGEST:
        raise InvalidInput(
            "last", last.isoformat(), "choose a period of at most a year, the last day on or after the first"
        )
    made = Statement(
        volunteer.id,
        volunteer.name,
        volunteer.zone,
        first,
        last,
        _days(session, clock, volunteer, first, last),
        clock.now(),
    )
    audit.record(
        session, clock, actor, "volunteer.statement", "volunteer", volunteer.id,
        after={"first": first.isoformat(), "last": last.isoformat(), "minutes": made.minutes},
    )  # fmt: skip
    return made


def demand_year(name: str, day: date) -> None:
    """Raise InvalidInput for a day so far away that it is a slip, and that there may be no day before or after it."""
    if day.year not in YEARS:
        raise InvalidInput(name, day.isoformat(), f"use a day of the years {YEARS[0]} to {YEARS[-1]}")


def _days(session: Session, clock: Clock, volunteer: Volunteer, first: date, last: date) -> list[tuple[date, int]]:
    zone = ZoneInfo(volunteer.zone)
    since, until = _midnight(first, zone), min(_midnight(last + timedelta(days=1), zone), clock.now())
    seconds: dict[date, float] = {}
    for began, ended in _spans(session, volunteer.agent_id, since, until):
        for day, length in by_day(began, ended, zone):
            seconds[day] = seconds.get(day, 0.0) + length
    return [(day, int(length // 60)) for day, length in sorted(seconds.items()) if length >= 60]


def _spans(
    session: Session, agent_id: int | None, since: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the spans of work within a period."""
    if agent_id is None:
        return
    of_agent = select(PresenceChange.at, PresenceChange.after, PresenceChange.reason).where(
        PresenceChange.agent_id == agent_id
    )
    before = session.execute(
        of_agent.where(PresenceChange.at <= since).order_by(PresenceChange.at.desc(), PresenceChange.id.desc()).limit(1)
    ).all()
    within = session.execute(
        of_agent.where(PresenceChange.at > since, PresenceChange.at <= until)
        .order_by(PresenceChange.at, PresenceChange.id)
        .limit(MAX_CHANGES)
    ).all()
    changes = [*before, *within]
    for nth, (at, after, reason) in enumerate(changes):
        ended = changes[nth + 1].at if nth + 1 < len(changes) else until
        if (after in ON_DUTY or (after == NOT_READY and reason in AT_WORK)) and max(at, since) < ended:
            yield max(at, since), ended


def by_day(began: datetime, ended: datetime, zone: ZoneInfo) -> Iterator[tuple[date, float]]:
    """Yield the local days that a span (aware moments) lies in, with its seconds on each; a day may have 23 or 25 hours."""
    while began < ended:
        day = began.astimezone(zone).date()
        stop = min(ended, _midnight(day + timedelta(days=1), zone))
        yield day, (stop - began).total_seconds()
        began = stop


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(ZoneInfo("UTC"))


def written(minutes: int) -> str:
    """Return a length of time as hours and minutes."""
    return gettext("%(hours)s h %(minutes)s min", hours=minutes // 60, minutes=f"{minutes % 60:02d}")


def as_pdf(found: Statement) -> bytes:
    """Return the statement as a PDF of A4 pages in the reader's language; only the letters that are used are embedded."""
    page = _Page(found)
    page.add_page()
    page.head()
    page.days()
    page.closing()
    return bytes(page.output())


class _Page(Sheet):
    """The statement, to be signed at its end."""

    def __init__(self, found: Statement) -> None:
        super().__init__(gettext("Statement of hours as a volunteer"), margins=(20, 20))
        self.found = found

    def head(self) -> None:
        """Write who, when, and how much in all."""
        found = self.found
        self.face(20, bold=True)
        self.words(12, self.title_text)
        self.face(11, QUIET)
        self.words(7, gettext("Consular crisis hotline"))
        self.ln(4)
        for name, value in (
            (gettext("Name"), found.name),
            (gettext("Number on the roster"), str(found.volunteer_id)),
            (gettext("Period"), f"{found.first.isoformat()} – {found.last.isoformat()} ({found.zone})"),
            (gettext("Answered calls for"), written(found.minutes)),
        ):
            self.face(10, QUIET)
            self.cell(45, 8, name)
            self.face(12, bold=True)
            self.words(8, value)
        self.ln(4)

    def days(self) -> None:
        """Write a row for each day."""
        if not self.found.days:
            self.face(11)
            self.words(8, gettext("No hours in this period."))
            return
        self.table_of(
            (gettext("Date"), gettext("Time helped")),
            [(day.isoformat(), written(minutes)) for day, minutes in self.found.days],
            (1, 1), width=100, size=9.5, line=6,
        )  # fmt: skip

    def closing(self) -> None:
        """Write when it was made, and where it is signed."""
        self.ln(8)
        self.face(10, QUIET)
        made = self.found.made_at.astimezone(ZoneInfo(self.found.zone))
        self.words(6, gettext("Made on %(day)s from the record of presence.", day=made.strftime("%Y-%m-%d %H:%M")))
        self.ln(14)
        self.line(self.l_margin, self.get_y(), self.l_margin + 70, self.get_y())
        self.words(6, gettext("For the centre"))
