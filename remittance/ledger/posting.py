"""The one way into the books: a journal with its postings in one statement, once for each key, and its reversal.

What is written here is never changed; a mistake is reversed. The statement reads and writes no balance, so that accounts on
which everybody posts (the bank's above all) hold nobody up: balances follow from the postings (`balances`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

import psycopg
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.db import psycopg_of
from hotline.core.errors import InvalidInput, NotFound, Refused
from remittance.ledger.models import LedgerJournal, LedgerMonth, LedgerPosting
from remittance.ledger.months import following, period_of
from remittance.ledger.states import CLOSED
from remittance.money.amounts import Money

BOOKS_LOCK = 5_067_081
"""Advisory lock that every posting shares and a closing takes alone; the triggers of migration 0030 take it."""
MAX_LINES = 200
MAX_KEY_CHARS, MAX_MEMO_CHARS = 120, 500
AHEAD = timedelta(days=1)
"""A fact may lie so far ahead of the clock: value dates of banks in zones east of ours."""
FIRST = datetime(2000, 1, 1, tzinfo=UTC)
"""No journal tells of anything earlier: a year that is half typed would be kept as one that nothing can read."""

_INSERT = """
WITH journal AS (
    INSERT INTO ledger_journals (key, digest, occurred_at, posted_at, period, memo, about_kind, about_id, reverses_id,
                                 actor_kind, actor_id, actor_name, via)
    SELECT %(key)s::text, %(digest)s::text, %(occurred_at)s::timestamptz, %(posted_at)s::timestamptz, %(period)s::text,
           %(memo)s::text, %(about_kind)s::text, %(about_id)s::bigint, %(reverses_id)s::bigint, %(actor_kind)s::text,
           %(actor_id)s::bigint, %(actor_name)s::text, %(via)s::text
     WHERE NOT EXISTS (SELECT FROM ledger_journals WHERE key = %(key)s::text)
    ON CONFLICT (key) DO NOTHING
    RETURNING id, period
), lines AS (
    INSERT INTO ledger_postings (journal_id, period, account_id, currency, minor)
    SELECT journal.id, journal.period, line.account_id, line.currency, line.minor
      FROM journal, unnest(%(accounts)s::bigint[], %(currencies)s::text[], %(minors)s::bigint[])
           WITH ORDINALITY AS line(account_id, currency, minor, nth)
     ORDER BY line.nth
)
SELECT id FROM journal
"""


@dataclass(frozen=True)
class Line:
    """So much onto an account (more than zero, debit) or out of it (less, credit)."""

    account_id: int
    amount: Money


@dataclass(frozen=True)
class About:
    """What a journal is about: `remittance` 12; both empty for what is about nothing in particular."""

    kind: str = ""
    id: int | None = None


@dataclass(frozen=True)
class Posted:
    """The journal that stands in the books; `new` is False where the same was posted before."""

    journal_id: int
    period: str
    new: bool


def post(  # noqa: PLR0913  # what a journal says, each by name
    session: Session,
    clock: Clock,
    actor: Actor,
    *,
    key: str,
    occurred_at: datetime,
    memo: str,
    about: About,
    lines: Sequence[Line],
    late: bool = False,
) -> Posted:
    """Write one journal with its postings, in the caller's transaction; again with the same key and content changes nothing.

    `occurred_at` is aware and decides the month. `late` books a fact whose month is closed into the first open month, instead
    of refusing it. Raises InvalidInput for lines that do not sum to zero in each currency, have another currency than
    their account, or are out of bounds; Refused (`key-taken`) when the key stands for something else, and (`period-closed`)
    when the month is closed. After an error the transaction can only be rolled back.
    """
    journal = _Journal(key, occurred_at, memo, about, tuple(lines), None)
    check_said(key, occurred_at, memo, lines, clock.now())
    period = period_of(occurred_at)
    if late:
        period = max(period, first_open(session))
    return _write(session, clock, actor, journal, period)


def reverse(session: Session, clock: Clock, actor: Actor, *, key: str, journal_id: int, memo: str) -> Posted:
    """Write the exact opposite of a journal, today; again with the same key changes nothing.

    Raises NotFound; Refused (`already-reversed`) when it was reversed before, (`is-reversal`) when it is a reversal itself.
    """
    origin = session.get(LedgerJournal, journal_id)
    if origin is None:
        raise NotFound("journal", journal_id)
    if origin.reverses_id is not None:
        raise Refused("A reversal is not reversed; post what is right instead.", code="is-reversal")
    rows = session.scalars(
        select(LedgerPosting).where(LedgerPosting.journal_id == journal_id).order_by(LedgerPosting.id)
    )
    lines = tuple(Line(row.account_id, Money(-row.minor, row.currency)) for row in rows)
    now = clock.now()
    journal = _Journal(key, now, memo, About(origin.about_kind, origin.about_id), lines, journal_id)
    check_said(key, now, memo, lines, now)
    before = session.execute(select(LedgerJournal.key).where(LedgerJournal.reverses_id == journal_id)).scalar()
    if before is not None and before != key:
        raise _already_reversed(journal_id)
    return _write(session, clock, actor, journal, max(period_of(now), first_open(session)))


def first_open(session: Session) -> str:
    """Return the first month that takes postings; before any closing, the empty text, which is before every month."""
    closed = session.scalar(select(func.max(LedgerMonth.period)).where(LedgerMonth.state == CLOSED))
    return following(closed) if closed else ""


@dataclass(frozen=True)
class _Journal:
    key: str
    occurred_at: datetime
    memo: str
    about: About
    lines: tuple[Line, ...]
    reverses_id: int | None

    def digest(self) -> str:
        """SHA-256 over what the caller said; a reversal's moment is ours and not in it, nor is the order of the lines."""
        moment = None if self.reverses_id else self.occurred_at.astimezone(UTC).isoformat()
        lines = sorted([line.account_id, line.amount.currency, line.amount.minor] for line in self.lines)
        content = [self.key, moment, self.memo, self.about.kind, self.about.id, self.reverses_id, lines]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def check_said(key: str, occurred_at: datetime, memo: str, lines: Sequence[Line], now: datetime) -> None:
    """Refuse what no journal can say, by its field; `post` does so itself."""
    if not 1 <= len(key) <= MAX_KEY_CHARS:
        raise InvalidInput("key", key, f"give 1 to {MAX_KEY_CHARS} characters")
    if not memo.strip() or len(memo) > MAX_MEMO_CHARS or "\x00" in memo:
        raise InvalidInput("memo", memo, f"say in 1 to {MAX_MEMO_CHARS} characters what happened")
    if occurred_at.tzinfo is None or not FIRST <= occurred_at <= now + AHEAD:
        raise InvalidInput(
            "occurred_at", occurred_at.isoformat(), "give a moment since 2000 that has come, with its zone"
        )
    if not 2 <= len(lines) <= MAX_LINES:
        raise InvalidInput("lines", len(lines), f"give 2 to {MAX_LINES} lines", code="lines-count")
    sums: dict[str, int] = {}
    for line in lines:
        if not line.amount:
            raise InvalidInput("lines", str(line.amount), "leave out lines of zero", code="line-of-zero")
        sums[line.amount.currency] = sums.get(line.amount.currency, 0) + line.amount.minor
    for currency, minor in sums.items():
        if minor:
            raise InvalidInput(
                "lines", f"{minor} minor units of {currency}", "let each currency sum to zero", code="unbalanced"
            )


def _write(session: Session, clock: Clock, actor: Actor, journal: _Journal, period: str) -> Posted:
    session.flush()
    values: dict[str, Any] = {
        "key": journal.key, "digest": journal.digest(), "occurred_at": journal.occurred_at, "posted_at": clock.now(),
        "period": period, "memo": journal.memo, "about_kind": journal.about.kind, "about_id": journal.about.id,
        "reverses_id": journal.reverses_id, "actor_kind": actor.kind, "actor_id": actor.id,
        "actor_name": actor.name, "via": actor.via,
        "accounts": [line.account_id for line in journal.lines],
        "currencies": [line.amount.currency for line in journal.lines],
        "minors": [line.amount.minor for line in journal.lines],
    }  # fmt: skip
    raw = psycopg_of(session)
    try:
        row = raw.execute(_INSERT, values).fetchone()
    except psycopg.Error as error:
        _explain(error, journal, period)
    if row is not None:
        return Posted(row[0], period, new=True)
    # Somebody was first with this key: what they wrote is committed by now, because the statement waited for it.
    before = raw.execute("SELECT id, period, digest FROM ledger_journals WHERE key = %s", (journal.key,)).fetchone()
    assert before is not None, "a journal is never removed"
    if before[2] != values["digest"]:
        raise Refused(
            f"The key {journal.key} stands for something else in the books.",
            code="key-taken",
            params={"key": journal.key},
        )
    return Posted(before[0], before[1], new=False)


def _explain(error: psycopg.Error, journal: _Journal, period: str) -> NoReturn:
    constraint = error.diag.constraint_name or ""
    if error.sqlstate == "LG001":
        raise Refused(f"The books of {period} are closed.", code="period-closed", params={"period": period}) from error
    if constraint.startswith("fk_ledger_postings_account_id"):
        shown = ", ".join(f"{line.account_id} {line.amount.currency}" for line in journal.lines)
        raise InvalidInput(
            "lines", shown, "post onto accounts that are there, each in its own currency", code="account-currency"
        ) from error
    if constraint == "uq_ledger_journals_reverses_id" and journal.reverses_id is not None:
        raise _already_reversed(journal.reverses_id) from error
    raise error


def _already_reversed(journal_id: int) -> Refused:
    return Refused(
        f"Journal {journal_id} was reversed before.", code="already-reversed", params={"journal_id": journal_id}
    )
