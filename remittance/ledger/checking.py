"""The whole of the books computed anew from the postings, by other statements than those that wrote and read them.

Each finding is a sentence that a finance officer understands and that names the journal, account or month; a sound set of books
gives none. Nothing is mended: what is wrong here was changed behind the service's back, or is a fault of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

from remittance.ledger.sealing import GENESIS, JOURNAL_COLUMNS, hash_of

MAX_FINDINGS = 100
"""Findings that are told; beyond that the books need more than a list."""
UNSEALED_FOR = timedelta(minutes=10)
"""A journal is sealed within seconds; one that waits longer means that no worker seals."""
_FETCH_ROWS = 2_000


@dataclass(frozen=True)
class Checked:
    """What a check found; `journals` and `postings` were read."""

    journals: int
    postings: int
    sealed: int
    findings: list[str]

    @property
    def sound(self) -> bool:
        """Say whether nothing is wrong."""
        return not self.findings


_RULES: tuple[tuple[LiteralString, str], ...] = (
    (
        "SELECT journal_id, currency, sum(minor) AS minor FROM ledger_postings GROUP BY 1, 2 HAVING sum(minor) <> 0",
        "Journal {journal_id} does not balance: its postings in {currency} sum to {minor} minor units.",
    ),
    (
        "SELECT currency, sum(minor) AS minor FROM ledger_postings GROUP BY 1 HAVING sum(minor) <> 0",
        "The books do not balance in {currency}: all accounts together hold {minor} minor units and should hold none.",
    ),
    (
        "SELECT id FROM ledger_journals j WHERE (SELECT count(*) FROM ledger_postings WHERE journal_id = j.id) < 2",
        "Journal {id} has fewer than two postings.",
    ),
    (
        "SELECT p.id, p.journal_id, p.currency, a.currency AS other FROM ledger_postings p"
        " LEFT JOIN ledger_accounts a ON a.id = p.account_id WHERE a.currency IS DISTINCT FROM p.currency",
        "Posting {id} of journal {journal_id} is in {currency}, its account is in {other}.",
    ),
    (
        "SELECT p.id, p.journal_id, p.period, j.period AS other FROM ledger_postings p"
        " LEFT JOIN ledger_journals j ON j.id = p.journal_id WHERE j.period IS DISTINCT FROM p.period",
        "Posting {id} is booked into {period}, its journal {journal_id} into {other}.",
    ),
    (
        "SELECT j.id, j.period, m.closed_at FROM ledger_journals j JOIN ledger_months m ON m.state = 'closed'"
        " AND j.period <= m.period AND j.posted_at > m.closed_at",
        "Journal {id} stands in {period} although that month was closed on {closed_at}, before it was posted.",
    ),
    (
        "SELECT j.id, j.reverses_id FROM ledger_journals j WHERE j.reverses_id IS NOT NULL AND EXISTS (SELECT"
        " FROM ledger_postings p WHERE p.journal_id IN (j.id, j.reverses_id) GROUP BY p.account_id HAVING sum(p.minor) <> 0)",
        "Journal {id} says that it reverses journal {reverses_id} but is not its opposite.",
    ),
    (
        "SELECT c.period, c.account_id, c.minor, coalesce(s.minor, 0) AS other FROM ledger_carried c LEFT JOIN LATERAL ("
        "SELECT sum(p.minor) AS minor FROM ledger_postings p WHERE p.account_id = c.account_id AND p.period <= c.period"
        ") s ON true WHERE c.minor <> coalesce(s.minor, 0)",
        "At the end of {period} account {account_id} was carried forward with {minor} minor units; its postings up to then sum"
        " to {other}.",
    ),
    (
        "SELECT m.period, p.account_id FROM ledger_months m JOIN (SELECT DISTINCT account_id, period FROM ledger_postings) p"
        " ON p.period <= m.period WHERE m.state = 'closed' AND NOT EXISTS (SELECT FROM ledger_carried c"
        " WHERE c.period = m.period AND c.account_id = p.account_id) AND (SELECT sum(minor) FROM ledger_postings q"
        " WHERE q.account_id = p.account_id AND q.period <= m.period) <> 0",
        "At the end of {period} account {account_id} held something and was not carried forward.",
    ),
    (
        "SELECT period FROM ledger_months WHERE state = 'closed' AND (closed_by_id IS NULL OR closed_by_id = asked_by_id)",
        "{period} was closed without a second officer.",
    ),
    (
        "SELECT id FROM ledger_entries WHERE state = 'posted' AND (decided_by_id IS NULL OR decided_by_id = asked_by_id)",
        "Entry {id} was posted without a second officer.",
    ),
    (
        "SELECT m.period, m.head FROM ledger_months m WHERE m.state = 'closed' AND m.head <> repeat('0', 64)"
        " AND NOT EXISTS (SELECT FROM ledger_seals s WHERE s.hash = m.head)",
        "The closing of {period} names the chain's end {head}, which is not in the chain.",
    ),
)
_CHAIN: LiteralString = f"""
SELECT seal.seq, seal.prev_hash, seal.hash, seal.journal_id AS sealed_id, {JOURNAL_COLUMNS}
  FROM ledger_seals seal LEFT JOIN ledger_journals journal ON journal.id = seal.journal_id ORDER BY seal.seq
"""  # noqa: S608  # columns of this package
_UNSEALED: LiteralString = """
SELECT count(*), min(posted_at) FROM ledger_journals j WHERE NOT EXISTS (SELECT FROM ledger_seals s WHERE s.journal_id = j.id)
"""
_COUNTS: LiteralString = "SELECT (SELECT count(*) FROM ledger_journals), (SELECT count(*) FROM ledger_postings)"


def check(connection: psycopg.Connection[tuple[Any, ...]], now: datetime) -> Checked:
    """Read everything in one snapshot and return what is wrong, at most MAX_FINDINGS; `now` is aware."""
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    counts = connection.execute(_COUNTS).fetchone()
    assert counts is not None, "a count is one row"
    findings = list[str]()
    sealed = 0
    for sentence in _found_by_rules(connection):
        findings.append(sentence)
    for seq, sentence in _chain(connection):
        sealed = seq
        if sentence:
            findings.append(sentence)
        if len(findings) >= MAX_FINDINGS:
            break
    findings += _unsealed(connection, now)
    return Checked(counts[0], counts[1], sealed, findings[:MAX_FINDINGS])


def _found_by_rules(connection: psycopg.Connection[tuple[Any, ...]]) -> Iterator[str]:
    for statement, sentence in _RULES:
        with connection.cursor(row_factory=dict_row) as cursor:
            for row in cursor.execute(statement).fetchmany(MAX_FINDINGS):
                yield sentence.format(**row)


def _chain(connection: psycopg.Connection[tuple[Any, ...]]) -> Iterator[tuple[int, str]]:
    """Walk the chain; after the first break only the links' own numbers are followed, or everything would be called broken."""
    expected_seq, prev_hash, broken = 1, GENESIS, False
    with connection.cursor("ledger_chain", row_factory=dict_row) as cursor:
        cursor.itersize = _FETCH_ROWS
        for row in cursor.execute(_CHAIN):
            fault = "" if broken else _fault(row, expected_seq, prev_hash)
            broken = broken or bool(fault)
            expected_seq, prev_hash = row["seq"] + 1, row["hash"]
            yield row["seq"], fault


def _fault(row: dict[str, Any], expected_seq: int, prev_hash: str) -> str:
    if row["seq"] != expected_seq:
        return f"The chain of seals has a gap: link {expected_seq} is missing."
    if row["id"] is None:
        return f"Journal {row['sealed_id']} was sealed as link {row['seq']} and is no longer there."
    if row["prev_hash"] != prev_hash:
        return f"Link {row['seq']} of the chain does not follow from the link before it."
    if row["hash"] != hash_of(row["seq"], row["prev_hash"], row):
        return f"Journal {row['id']} is not what was sealed as link {row['seq']}: it or a posting of it was changed afterwards."
    if row["digest"] != _digest(row):
        return f"Journal {row['id']} does not say what its caller said: its digest does not fit."
    return ""


def _digest(row: dict[str, Any]) -> str:
    moment = None if row["reverses_id"] else row["occurred_at"].astimezone(UTC).isoformat()
    about = [row["about_kind"], row["about_id"]]
    content = [row["key"], moment, row["memo"], *about, row["reverses_id"], sorted(row["postings"] or [])]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def _unsealed(connection: psycopg.Connection[tuple[Any, ...]], now: datetime) -> list[str]:
    row = connection.execute(_UNSEALED).fetchone()
    if row is None or not row[0] or row[1] > now - UNSEALED_FOR:
        return []
    return [f"{row[0]} journals are not sealed, the oldest since {row[1].isoformat()}: no worker seals the books."]
