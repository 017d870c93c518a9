"""The last look before every batch: what was agreed is still agreed, unchanged, unexpired and not stopped.

It runs inside the claim's own transaction and holds the alert's row until that commits. A cancel that has been committed is
therefore seen by every later claim, and a cancel that arrives during a claim waits the few milliseconds it takes: the lock
is exclusive, because many lanes sharing one could keep an officer's "stop" waiting for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import psycopg

from alerts.approval import digest_of
from alerts.states import DISPATCHING
from alerts.variants import Texts, needs_area
from hotline.core.errors import InvalidInput
from hotline.geo.area import Area


class Halt(StrEnum):
    """Why a lane must not claim."""

    NOT_SENDING = "not_sending"
    """The alert was stopped, has finished, or never started."""
    EXPIRED = "expired"
    TAMPERED = "tampered"
    """What would be sent is not what was approved."""
    PROVIDER_FAULT = "provider_fault"


class Halted(Exception):
    """Nothing may be claimed; `reason` is a sentence for people."""

    def __init__(self, halt: Halt, reason: str) -> None:
        super().__init__(reason)
        self.halt, self.reason = halt, reason


@dataclass(frozen=True)
class Agreed:
    """What one approval allows to be sent; `row_version` changes whenever its row does."""

    row_version: str
    texts: Mapping[str, Mapping[str, str]]
    """`{variant: {language: text}}`, exactly as approved."""
    drill: bool
    expires: datetime
    probing: frozenset[str] = frozenset()
    """Providers that had a fault and may be tried again with a single text."""
    waiting: frozenset[str] = frozenset()
    """Providers with a fault that are not to be tried yet."""
    faulty: bool = False
    """Every provider that may be tried is on probation, so a single text goes out."""


_LOCK_ALERT = """
SELECT a.state, a.status, least(a.expires, p.expires), p.drill, p.xmin::text || '/' || p.ctid::text, a.superseded_by_id
  FROM alerts a
  LEFT JOIN approvals p ON p.alert_id = a.id
 WHERE a.id = %s
   FOR NO KEY UPDATE OF a
"""
_FAULTS = "SELECT provider, retry_at > %s, detail FROM provider_faults WHERE provider = ANY(%s) ORDER BY provider"
_READ_APPROVAL = """
SELECT p.areas, p.texts, p.digest, p.precisions, a.msg_type, a.follows_id
  FROM approvals p JOIN alerts a ON a.id = p.alert_id WHERE p.alert_id = %s
"""


def recheck(
    connection: psycopg.Connection[Any], now: datetime, providers: Collection[str], alert_id: int, known: Agreed | None
) -> Agreed:
    """Lock the alert until commit and return what may be sent through these providers; raises Halted.

    The digest is computed anew whenever the approval's row is another version than the one `known` was read from; an
    untouched row cannot hold another text or area.
    """
    row = connection.execute(_LOCK_ALERT, (alert_id,)).fetchone()
    if row is None:
        raise Halted(Halt.NOT_SENDING, "There is no such alert.")
    state, status, expires, drill, version, superseded_by = row
    if state != DISPATCHING:
        raise Halted(Halt.NOT_SENDING, f"The alert is {state}.")
    if superseded_by is not None:
        raise Halted(Halt.NOT_SENDING, "A later alert stands in its place.")
    if version is None:
        raise Halted(Halt.TAMPERED, "The alert has no approval on record.")
    if expires <= now:
        raise Halted(Halt.EXPIRED, "The alert expired before everything was sent.")
    if drill != (status != "Actual"):
        raise Halted(
            Halt.TAMPERED, "The alert was approved as a drill and is not one any more, or the other way round."
        )
    probing, waiting = _faults(connection, now, providers)
    texts = known.texts if known is not None and known.row_version == version and known.drill == drill else None
    if texts is None:
        texts = _verified_texts(connection, alert_id, drill)
    faulty = bool(probing) and probing | waiting == frozenset(providers)
    return Agreed(version, texts, drill, expires, probing, waiting, faulty)


def _faults(
    connection: psycopg.Connection[Any], now: datetime, providers: Collection[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the providers on probation and those that must wait; raises Halted when all of them must wait."""
    rows = connection.execute(_FAULTS, (now, sorted(providers))).fetchall()
    waiting = frozenset(provider for provider, waits, _ in rows if waits)
    if waiting and waiting == frozenset(providers):
        raise Halted(Halt.PROVIDER_FAULT, rows[0][2])
    return frozenset(provider for provider, waits, _ in rows if not waits), waiting


def _verified_texts(connection: psycopg.Connection[Any], alert_id: int, drill: bool) -> Texts:
    row = connection.execute(_READ_APPROVAL, (alert_id,)).fetchone()
    assert row is not None
    areas, texts, digest, precisions, msg_type, follows_id = row
    follows = None if follows_id is None else (msg_type, follows_id)
    if digest_of(areas, texts, drill, follows, precisions=precisions) != digest:
        raise Halted(Halt.TAMPERED, "Area or text differ from what was approved.")
    try:
        empty = Area.from_json(areas, "areas").is_empty
    except InvalidInput:
        empty = True
    if empty and (needs_area(msg_type) or follows_id is None):
        raise Halted(Halt.TAMPERED, "The approved area is empty.")
    return {str(variant): dict(bodies) for variant, bodies in texts.items()}
