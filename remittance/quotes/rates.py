"""Exchange rates on record: brought in or typed by one officer and agreed to by another; and those that count now.

The European Central Bank sets its reference rates about 16:00 Central European time of each working day and publishes them for
that day, so 16:00 in Frankfurt is the moment of a day's rate. A table of one's own names a day alone: its rates are taken as of
the beginning of that day in UTC, which is the earliest it can mean, so that no rate counts longer than the policy allows.

The bank gives none on Saturdays, Sundays and its holidays. Where the policy asks for younger rates than a weekend is long, two
officers bridge it: one types a rate with its source, another agrees.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused, SeveralFaults
from remittance.money.currencies import exponent
from remittance.quotes.crossing import KnownRate
from remittance.quotes.models import ExchangeRate
from remittance.quotes.rate_files import ECB, TABLE, GivenRate, rate_of, read_rates
from remittance.quotes.states import COUNTS, RATE, REFUSED, WAITING, WRITE

FRANKFURT = ZoneInfo("Europe/Berlin")
PUBLISHED = time(16, 0)
MAX_SHOWN = 200
MAX_COUNTING = 4_000
"""Rates that one quote looks at: a file's ninety days of thirty currencies, and room beside them."""
MAX_FAULTS = 50
AHEAD = timedelta(days=1)
"""A day's rate may be brought in a little before its moment; it counts from that moment on."""
TYPED_BACK = timedelta(days=7)
"""A rate that is typed by hand may be as old as the oldest that any policy lets count."""
_SOURCE = re.compile(r"[a-z0-9][a-z0-9-]{1,19}")
_RATES_LOCK = 5_067_102


@dataclass(frozen=True, kw_only=True)
class Typed:
    """A rate typed by hand: one unit of `base` costs `value` units of `quoted`, as `source` gave it at `at` (UTC)."""

    base: str
    quoted: str
    value: str
    source: str
    at: datetime


@dataclass(frozen=True)
class Imported:
    """What came of a file: its kind, how many rates are new, how many were on record already, whether they count."""

    kind: str
    new: int
    known: int
    counts: bool


def state_of(rate: ExchangeRate) -> str:
    """Return where a rate stands in its life."""
    if rate.refused_at is not None:
        return REFUSED
    return COUNTS if rate.agreed_at is not None else WAITING


def moment_of(kind: str, given: GivenRate) -> datetime:
    """Return the moment (UTC) for which a file of this kind gives a day's rate."""
    if kind == ECB:
        return datetime.combine(given.day, PUBLISHED, FRANKFURT).astimezone(UTC)
    return datetime.combine(given.day, time(0), UTC)


def bring_in(session: Session, clock: Clock, actor: Actor, data: bytes) -> Imported:
    """Take over a file of rates, all of it or nothing; the same file again changes nothing.

    What an officer brings in waits for a second one, as typed rates do: a file is as easily written as a rate. The central bank's
    file counts at once where the machine's operator brings it in (a timer, from the command line).

    Raises SeveralFaults with each fault's line, also for a rate of the future and one that is on record with another value;
    Forbidden.
    """
    if not actor.may(WRITE):
        raise Forbidden(f"This needs the permission {WRITE}.")
    kind, given = read_rates(data)
    counts = kind == ECB and actor.kind == "system"
    now, digest = clock.now(), hashlib.sha256(data).hexdigest()
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _RATES_LOCK})
    moments = {moment_of(kind, each) for each in given}
    on_record = {
        (one.base, one.quoted, one.at): one
        for one in session.scalars(
            select(ExchangeRate).where(ExchangeRate.source == kind, ExchangeRate.at.in_(moments))
        )
    }  # fmt: skip
    _refuse_faults(kind, given, on_record, now)
    new = [each for each in given if (each.base, each.quoted, moment_of(kind, each)) not in on_record]
    session.add_all(
        ExchangeRate(
            base=each.base, quoted=each.quoted, value=decimal_text(each.value), source=kind, at=moment_of(kind, each),
            digest=digest, entered_by_id=actor.id, entered_at=now, agreed_at=now if counts else None,
        )
        for each in new
    )  # fmt: skip
    session.flush()
    if new:
        audit.record(
            session, clock, actor, "rates.bring_in", "exchange_rate", None,
            after={"kind": kind, "new": len(new), "known": len(given) - len(new), "sha256": digest},
        )  # fmt: skip
    return Imported(kind, len(new), len(given) - len(new), counts)


def _refuse_faults(
    kind: str, given: Sequence[GivenRate], on_record: dict[tuple[str, str, datetime], ExchangeRate], now: datetime
) -> None:
    faults: list[dict[str, object]] = []
    for each in given:
        at = moment_of(kind, each)
        one = on_record.get((each.base, each.quoted, at))
        if at > now + AHEAD:
            faults.append(_fault(each, "day", each.day.isoformat(), "give days that have come"))
        elif one is not None and Fraction(one.value) != each.value:
            mend = f"{one.value} is on record for that moment; refuse that one and type the right one by hand"
            faults.append(_fault(each, "rate", decimal_text(each.value), mend))
        if len(faults) >= MAX_FAULTS:
            break
    if faults:
        raise SeveralFaults(faults, "The rates were refused whole; nothing of them was taken over.")


def _fault(each: GivenRate, name: str, value: str, mend: str) -> dict[str, object]:
    return {"field": f"{name} (line {each.line})", "value": value, "mend": mend, "line": each.line}


def type_in(session: Session, clock: Clock, actor: Actor, typed: Typed) -> ExchangeRate:
    """Write down a rate that waits for a second officer.

    Raises SeveralFaults naming each field; Refused (`rate-known`) where the source gave one for that moment; Forbidden.
    """
    if actor.id is None or not actor.may(WRITE):
        raise Forbidden(f"A rate is typed by an officer with the permission {WRITE}.")
    now = clock.now()
    value = _check(typed, now)
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _RATES_LOCK})
    same = select(ExchangeRate.id).where(
        ExchangeRate.base == typed.base, ExchangeRate.quoted == typed.quoted, ExchangeRate.source == typed.source,
        ExchangeRate.at == typed.at,
    )  # fmt: skip
    if session.scalar(same) is not None:
        raise Refused(f"{typed.source} has a rate on record for that moment already.", code="rate-known")
    rate = ExchangeRate(
        base=typed.base, quoted=typed.quoted, value=decimal_text(value), source=typed.source, at=typed.at.astimezone(UTC),
        entered_by_id=actor.id, entered_at=now,
    )  # fmt: skip
    session.add(rate)
    session.flush()
    _record(session, clock, actor, rate, "enter", "")
    return rate


def agree(session: Session, clock: Clock, actor: Actor, rate_id: int) -> list[ExchangeRate]:
    """Have a rate count, and with it what waits of the same file; Forbidden (`four-eyes`) for whoever brought it."""
    rate = _locked(session, rate_id)
    before = state_of(rate)
    RATE.next_state(before, "agree", actor)
    if actor.id is None or actor.id == rate.entered_by_id:
        raise Forbidden("Whoever entered a rate cannot agree to it; another officer does.", code="four-eyes")
    agreed = [rate, *_rest_of_file(session, rate)]
    for each in agreed:
        each.agreed_by_id, each.agreed_at = actor.id, clock.now()
    session.flush()
    _record(session, clock, actor, rate, "agree", before, count=len(agreed))
    return agreed


def refuse(session: Session, clock: Clock, actor: Actor, rate_id: int) -> list[ExchangeRate]:
    """Keep a rate out of use, by anybody who may, also one that counts; what waits of the same file goes with it.

    Quotes that were given by it stand.
    """
    rate = _locked(session, rate_id)
    before = state_of(rate)
    RATE.next_state(before, "refuse", actor)
    refused = [rate, *(_rest_of_file(session, rate) if before == WAITING else [])]
    for each in refused:
        each.refused_at = clock.now()
    session.flush()
    _record(session, clock, actor, rate, "refuse", before, count=len(refused))
    return refused


def counting(session: Session, now: datetime, oldest: timedelta) -> list[KnownRate]:
    """Return the rates that count at a moment and are no older, the newest first."""
    found = session.scalars(
        select(ExchangeRate)
        .where(
            ExchangeRate.at >= now - oldest,
            ExchangeRate.at <= now,
            ExchangeRate.agreed_at.is_not(None),
            ExchangeRate.refused_at.is_(None),
        )
        .order_by(ExchangeRate.at.desc(), ExchangeRate.id.desc())
        .limit(MAX_COUNTING)
    )
    return [KnownRate(one.id, one.base, one.quoted, Fraction(one.value), one.source, one.at) for one in found]


def listed(
    session: Session, *, waiting: bool = False, before: int = 0, limit: int = MAX_SHOWN
) -> Sequence[ExchangeRate]:
    """Return rates, the latest entered first; those that wait alone, or under the id `before`."""
    statement = select(ExchangeRate)
    if waiting:
        statement = statement.where(ExchangeRate.agreed_at.is_(None), ExchangeRate.refused_at.is_(None))
    if before:
        statement = statement.where(ExchangeRate.id < before)
    return session.scalars(statement.order_by(ExchangeRate.id.desc()).limit(limit)).all()


def decimal_text(value: Fraction) -> str:
    """Write a rate that has a finite decimal form, exactly; raises ValueError for one that has none."""
    with localcontext() as context:
        context.prec = 60
        decimal = Decimal(value.numerator) / Decimal(value.denominator)
    if Fraction(decimal) != value:
        raise ValueError(f"{value} is no decimal")
    return format(decimal.normalize(), "f")


def _check(typed: Typed, now: datetime) -> Fraction:
    faults: list[InvalidInput] = []
    for name, currency in (("base", typed.base), ("quoted", typed.quoted)):
        try:
            exponent(currency)
        except InvalidInput as error:
            faults.append(InvalidInput(name, currency, error.mend))
    if typed.base == typed.quoted:
        faults.append(InvalidInput("quoted", typed.quoted, "give two different currencies"))
    value = rate_of(typed.value)
    if value is None:
        faults.append(InvalidInput("value", typed.value, "write a rate as 1456.78, more than zero"))
    if _SOURCE.fullmatch(typed.source) is None or typed.source in (ECB, TABLE, "same"):
        faults.append(
            InvalidInput("source", typed.source, "name where it is from in 2 to 20 small letters, digits and hyphens")
        )
    if typed.at.tzinfo is None or not now - TYPED_BACK <= typed.at <= now:
        faults.append(InvalidInput("at", typed.at.isoformat(), "give a moment of the last seven days, with its zone"))
    if faults or value is None:
        raise SeveralFaults([{"field": each.field, "value": each.shown_value, "mend": each.mend} for each in faults])
    return value


def _rest_of_file(session: Session, rate: ExchangeRate) -> Sequence[ExchangeRate]:
    if not rate.digest:
        return ()
    return session.scalars(
        select(ExchangeRate)
        .where(
            ExchangeRate.digest == rate.digest,
            ExchangeRate.id != rate.id,
            ExchangeRate.agreed_at.is_(None),
            ExchangeRate.refused_at.is_(None),
        )
        .order_by(ExchangeRate.id)
        .with_for_update()
    ).all()


def _locked(session: Session, rate_id: int) -> ExchangeRate:
    session.execute(
        text("SELECT pg_advisory_xact_lock(:key)"), {"key": _RATES_LOCK}
    )  # a file's rates are decided in one go
    found = session.get(ExchangeRate, rate_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound("rate", rate_id)
    return found


def _record(
    session: Session, clock: Clock, actor: Actor, rate: ExchangeRate, event: str, before: str, *, count: int = 1
) -> None:
    audit.record(
        session, clock, actor, f"rate.{event}", "exchange_rate", rate.id, before={"state": before} if before else None,
        after={
            "state": state_of(rate), "pair": f"{rate.base}/{rate.quoted}", "value": rate.value, "source": rate.source,
            "at": rate.at.isoformat(), "rates": count,
        },
    )  # fmt: skip
