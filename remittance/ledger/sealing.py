"""The chain over the journals: each link covers one journal with its postings and the link before it.

Links are made by a job a few seconds after a journal, many in one transaction, and not by those who post: a chain has one end,
and whoever lengthened it while posting would have to hold it until their commit, one after the other. A month cannot be
closed before everything in it is sealed, and the closing writes the chain's end into the audit trail, which has its own chain.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from hotline.core.clock import Clock
from hotline.core.services import Services, current

JOB = "ledger.seal"
EVERY_S = 5
MAX_BATCH = 1_000
MAX_BATCHES = 50
"""So many batches one run makes at most; the next run goes on."""
GENESIS = "0" * 64
_CHAIN_LOCK = 5_067_082
JOURNAL_COLUMNS = """journal.id, journal.key, journal.digest, journal.occurred_at, journal.posted_at, journal.period,
       journal.memo, journal.about_kind, journal.about_id, journal.reverses_id, journal.actor_kind, journal.actor_id,
       journal.actor_name, journal.via,
       (SELECT json_agg(json_build_array(posting.account_id, posting.currency, posting.minor) ORDER BY posting.id)
          FROM ledger_postings posting WHERE posting.journal_id = journal.id) AS postings"""
_UNSEALED = text(f"""
SELECT {JOURNAL_COLUMNS}
  FROM ledger_journals journal
 WHERE NOT EXISTS (SELECT FROM ledger_seals seal WHERE seal.journal_id = journal.id)
 ORDER BY journal.id LIMIT :limit
""")  # noqa: S608  # columns of this file
_LINK = text("""
INSERT INTO ledger_seals (seq, journal_id, prev_hash, hash, sealed_at)
SELECT seq, journal_id, prev_hash, hash, :now
  FROM unnest(CAST(:seqs AS bigint[]), CAST(:journals AS bigint[]), CAST(:prevs AS text[]), CAST(:hashes AS text[]))
       AS link(seq, journal_id, prev_hash, hash)
""")


def hash_of(seq: int, prev_hash: str, row: Mapping[str, Any] | RowMapping) -> str:
    """Return a link's hash over every column of a journal (`JOURNAL_COLUMNS`) and its postings."""
    content = [
        seq, prev_hash, row["id"], row["key"], row["digest"], row["occurred_at"].astimezone(UTC).isoformat(),
        row["posted_at"].astimezone(UTC).isoformat(), row["period"], row["memo"], row["about_kind"], row["about_id"],
        row["reverses_id"], row["actor_kind"], row["actor_id"], row["actor_name"], row["via"], row["postings"],
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def seal(session: Session, clock: Clock, *, limit: int = MAX_BATCH) -> int:
    """Lengthen the chain by up to `limit` journals that are not in it yet; returns how many. One at a time does it."""
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CHAIN_LOCK})
    rows = session.execute(_UNSEALED, {"limit": limit}).mappings().all()
    if rows:
        _link(session, clock, rows)
    return len(rows)


def head(session: Session) -> tuple[int, str]:
    """Return number and hash of the last link; 0 and zeros before the first."""
    last = session.execute(text("SELECT seq, hash FROM ledger_seals ORDER BY seq DESC LIMIT 1")).first()
    return (last.seq, last.hash) if last else (0, GENESIS)


def run(services: Services | None = None) -> None:
    """Seal what waits, batch by batch; the job. Without `services` those of the process."""
    services = services or current()
    for _ in range(MAX_BATCHES):
        with services.db.transaction() as session:
            if seal(session, services.clock) < MAX_BATCH:
                return


def _link(session: Session, clock: Clock, rows: Sequence[RowMapping]) -> None:
    seq, prev_hash = head(session)
    seqs, prevs, hashes = list[int](), list[str](), list[str]()
    for row in rows:
        seq += 1
        seqs.append(seq)
        prevs.append(prev_hash)
        prev_hash = hash_of(seq, prev_hash, row)
        hashes.append(prev_hash)
    session.execute(
        _LINK,
        {"seqs": seqs, "journals": [row["id"] for row in rows], "prevs": prevs, "hashes": hashes, "now": clock.now()},
    )
