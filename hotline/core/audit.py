"""The audit trail: append-only and hash-chained; who did what to what, when, with the values before and after.

Each entry's hash covers the entry and the hash before it, so that an entry changed or removed behind the service's back
breaks the chain from there on; `verify` finds the first such place. A database trigger refuses UPDATE, DELETE and TRUNCATE.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Index, String, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.db import Base

_CHAIN_LOCK = 0x48_4F_54_01
"""Key of the advisory lock that lets only one transaction at a time lengthen the chain."""
GENESIS = "0" * 64


class AuditEntry(Base):
    """One line of the trail. `seq` has no gaps."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_subject", "subject_kind", "subject_id"),
        Index("ix_audit_entries_at", "at"),
    )

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor_kind: Mapped[str] = mapped_column(String(20))
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    actor_name: Mapped[str] = mapped_column(String(200))
    via: Mapped[str] = mapped_column(String(20))
    action: Mapped[str] = mapped_column(String(80))
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int | None] = mapped_column(BigInteger)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))

    def computed_hash(self) -> str:
        """Return what `hash` must be, from the other columns."""
        content = json.dumps(
            [
                self.seq, self.at.isoformat(), self.actor_kind, self.actor_id, self.actor_name, self.via, self.action,
                self.subject_kind, self.subject_id, self.before, self.after, self.prev_hash,
            ],
            sort_keys=True, ensure_ascii=False, separators=(",", ":"),
        )  # fmt: skip
        return hashlib.sha256(content.encode()).hexdigest()


def record(
    session: Session,
    clock: Clock,
    actor: Actor,
    action: str,
    subject_kind: str,
    subject_id: int | None,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Append one entry in the caller's transaction; call it last, because it holds the chain's lock until commit.

    `before` and `after` hold only what changed, as JSON values; never secrets, and no message bodies with personal data.
    """
    session.flush()
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CHAIN_LOCK})
    last = session.execute(select(AuditEntry.seq, AuditEntry.hash).order_by(AuditEntry.seq.desc()).limit(1)).first()
    entry = AuditEntry(
        seq=(last.seq if last else 0) + 1,
        at=clock.now(),
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        via=actor.via,
        action=action,
        subject_kind=subject_kind,
        subject_id=subject_id,
        before=_jsonable(before),
        after=_jsonable(after),
        prev_hash=last.hash if last else GENESIS,
    )
    entry.hash = entry.computed_hash()
    session.add(entry)
    session.flush()
    return entry


def _jsonable(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the values exactly as PostgreSQL will give them back, so that the hash can be recomputed later."""
    if values is None:
        return None
    result: dict[str, Any] = json.loads(
        json.dumps(dict(values), default=_encode, ensure_ascii=False, allow_nan=False), parse_float=_as_jsonb_keeps
    )
    return result


def _as_jsonb_keeps(written: str) -> float | int:
    """Return a number as JSONB gives it back: decimal, so that it has no negative zero and no exponent.

    The hash of an entry is computed over what is read back; one -0.0 in it would break the chain for good.
    """
    number = float(written)
    if number == 0:
        return 0.0
    # Python writes 1e+16 and larger with an exponent and without a fraction, which comes back as a whole number.
    return int(Decimal(written)) if "e+" in written else number


def _encode(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (set, frozenset, tuple)):
        return sorted(value) if isinstance(value, (set, frozenset)) else list(value)
    raise TypeError(f"audit values must be JSON values, not {type(value).__name__}")


@dataclass(frozen=True)
class ChainReport:
    """Result of walking the chain: how many entries were read and the first broken one, if any."""

    entries: int
    broken_at_seq: int | None


def verify(session: Session, *, batch_size: int = 5000) -> ChainReport:
    """Walk the whole chain in batches and report the first entry whose hash or predecessor does not fit."""
    expected_prev, expected_seq, count = GENESIS, 1, 0
    while True:
        batch = session.scalars(
            select(AuditEntry).where(AuditEntry.seq >= expected_seq).order_by(AuditEntry.seq).limit(batch_size)
        ).all()
        if not batch:
            return ChainReport(count, None)
        for entry in batch:
            if entry.seq != expected_seq or entry.prev_hash != expected_prev or entry.hash != entry.computed_hash():
                return ChainReport(count, expected_seq)
            expected_prev, expected_seq, count = entry.hash, entry.seq + 1, count + 1
        session.expunge_all()
