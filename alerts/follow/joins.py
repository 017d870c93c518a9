"""Whoever enters the area of a live alert gets that alert too, until it expires.

A live alert has begun to be sent, reaches people by where they are, has not expired, and neither was stopped nor replaced.
For each one a snapshot of PostgreSQL is kept: every change of a position up to it has been looked at. A sweep reads the
positions that are visible now and were not in that snapshot (as the resident index does, see `hotline.geo.sync`), tests
them against the area and writes messages for those inside; the unique pair (alert, number) keeps everybody from a second
copy. The first snapshot is taken before the audience is gathered, in the same transaction, so that nobody can slip through
between the two. Nothing depends on Redis, and a sweep that dies is repeated by the next one.

Who was told by an update that they are inside no more, and comes back, gets it again: see `returns`.

An alert that was finished already is set going again (`resume`), so that the same lanes, checks and figures apply.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import psycopg
import structlog
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from alerts import gather, tallies
from alerts.follow import chain, reaches, returns
from alerts.models import Alert, AudienceSnapshot
from alerts.reading import get_alert
from alerts.states import ALERT, DISPATCHING, FINISHED, QUEUED
from alerts.variants import needs_area
from hotline.core import audit, jobs, live
from hotline.core.actor import SYSTEM
from hotline.core.services import Services

log = structlog.get_logger(__name__)

JOB = "alerts.joins"
PAGE_ROWS = 50_000
MAX_LIVE = 1_000
_LANE = "alerts.dispatch"
_SWEEP_LOCK = 0x48_4F_54_07
"""Key of the advisory lock under which one sweep at a time looks for people who entered an area."""

WATCH = """
INSERT INTO alert_watches (alert_id, snapshot) VALUES (%s, pg_current_snapshot()::text)
    ON CONFLICT (alert_id) DO UPDATE SET snapshot = excluded.snapshot
"""
_FORGET = """
DELETE FROM alert_watches w USING alerts a
 WHERE a.id = w.alert_id AND (a.state NOT IN ('approved', 'dispatching', 'finished') OR a.superseded_by_id IS NOT NULL
                              OR a.expires <= %(now)s)
"""
_LIVE = """
SELECT w.alert_id, w.snapshot, p.digest, p.areas, p.precisions
  FROM alert_watches w JOIN alerts a ON a.id = w.alert_id JOIN approvals p ON p.alert_id = a.id
 WHERE a.state IN ('dispatching', 'finished') AND a.superseded_by_id IS NULL AND least(a.expires, p.expires) > %(now)s
 ORDER BY w.alert_id LIMIT %(most)s
"""
CHANGED = """
SELECT traveller_id, lat, lon, CASE precision WHEN 'country' THEN country ELSE '' END FROM positions
 WHERE changed_xid >= pg_snapshot_xmin(%(since)s::text::pg_snapshot)
   AND NOT pg_visible_in_snapshot(changed_xid, %(since)s::text::pg_snapshot) AND lat IS NOT NULL
"""
_ALL = """
SELECT traveller_id, lat, lon, CASE precision WHEN 'country' THEN country ELSE '' END FROM positions WHERE lat IS NOT NULL
"""
_OPEN = "DECLARE changed_positions NO SCROLL CURSOR FOR {select}"
_FETCH = f"FETCH {PAGE_ROWS} FROM changed_positions"
_LANGUAGES = "SELECT DISTINCT language FROM travellers WHERE id = ANY(%s)"
JOIN_MESSAGES = f"""
WITH written AS (
    INSERT INTO messages (alert_id, traveller_id, phone, country, language, parts, variant)
    SELECT %(alert_id)s, t.id, t.phone, p.country, choice.language, choice.parts, choice.variant
      FROM unnest(%(ids)s::bigint[], %(lats)s::float8[], %(lons)s::float8[]) AS seen(id, lat, lon)
      JOIN positions p ON p.traveller_id = seen.id AND p.lat = seen.lat AND p.lon = seen.lon
      JOIN travellers t ON t.id = seen.id
      JOIN {gather.CHOICES} AS choice(wanted, own, variant, language, parts)
        ON choice.own = t.language AND choice.wanted = CASE p.precision WHEN 'country' THEN 'country' ELSE 'alert' END
     WHERE t.drill = %(drill)s AND (p.valid_until IS NULL OR p.valid_until > %(now)s)
       AND p.precision = ANY(%(precisions)s::text[])
       AND t.erased_at IS NULL AND t.opted_out_at IS NULL AND t.number_bad_at IS NULL
        ON CONFLICT (alert_id, phone) DO NOTHING
    RETURNING country
)
SELECT country, count(*)::int FROM written GROUP BY country
"""  # noqa: S608 - put together from constants, no value comes from outside
"""Somebody who has moved on since they were seen inside is left to the next sweep, which sees them where they are."""


class Watched(NamedTuple):
    """A live alert, the snapshot up to which changes have been looked at, its area as JSON, and whom it reaches."""

    alert_id: int
    snapshot: str
    digest: str
    areas: list[Any]
    precisions: list[str]


class Seen(NamedTuple):
    """People who were seen inside an area: ids and coordinates in degrees, as columns."""

    ids: list[int]
    lats: list[float]
    lons: list[float]

    def add(self, traveller_id: int, lat: float, lon: float) -> None:
        """Add one person."""
        self.ids.append(traveller_id)
        self.lats.append(lat)
        self.lons.append(lon)


def watch(connection: psycopg.Connection[Any], alert: Alert) -> None:
    """Begin to watch the area of an alert; called before its audience is gathered, in the same transaction."""
    if needs_area(alert.msg_type):
        connection.execute(WATCH, (alert.id,))


def sweep(services: Services) -> int:
    """Add messages for everybody who entered the area of a live alert since the last sweep; the job `alerts.joins`."""
    with services.db.transaction() as session:
        if not session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _SWEEP_LOCK}):
            return 0
        connection = _raw(session)
        now = services.clock.now()
        connection.execute(_FORGET, {"now": now})
        connection.execute(returns.FORGET)
        rows = connection.execute(_LIVE, {"now": now, "most": MAX_LIVE}).fetchall()
        if not rows:
            return 0
        upto, entered = look(connection, [Watched(*row) for row in rows])
        # The lock is held while the messages are written, each alert's in a transaction of its own.
        joined = {
            each.alert_id: join(services, each.alert_id, entered[each.alert_id], upto)
            for each in map(Watched._make, rows)
        }
    for alert_id, messages in joined.items():
        if messages:
            jobs.enqueue(services, _LANE, alert_id)
            live.notify(services.redis, f"alert:{alert_id}")
    return sum(joined.values())


def look(connection: psycopg.Connection[Any], watched: list[Watched]) -> tuple[str, dict[int, Seen]]:
    """Return the snapshot now, and for each alert the people whose position changed since its own and is inside."""
    row = connection.execute("SELECT pg_current_snapshot()::text").fetchone()
    assert row is not None
    upto = str(row[0])
    entered = {each.alert_id: Seen([], [], []) for each in watched}
    # After the first sweep all alerts stand at the same snapshot, so that this is one reading and not one for each.
    for since in dict.fromkeys(each.snapshot for each in watched):
        concerned = [each for each in watched if each.snapshot == since]
        for ids, lats, lons, coarse in _changed(connection, since, upto):
            for each in concerned:
                reach = reaches.reach_of(each.alert_id, each.digest, each.areas, each.precisions)
                inside = np.flatnonzero(reach.inside(lats, lons, coarse))
                seen = entered[each.alert_id]
                seen.ids.extend(ids[inside].tolist())
                seen.lats.extend(lats[inside].tolist())
                seen.lons.extend(lons[inside].tolist())
    reaches.forget_others({each.alert_id for each in watched})
    return upto, entered


def _changed(connection: psycopg.Connection[Any], since: str, upto: str) -> Iterator[tuple[Any, Any, Any, Any]]:
    """Read changed positions page by page as columns, the last one the country of those who are known by it only.

    All positions are read when the database was replaced by an older copy.
    """
    replaced = int(upto.split(":")[1]) < int(since.split(":")[1])
    with psycopg.ClientCursor(connection) as cursor:
        cursor.execute(_OPEN.format(select=_ALL if replaced else CHANGED), {"since": since})
    with connection.cursor(binary=True) as cursor:
        while rows := cursor.execute(_FETCH).fetchall():
            ids, lats, lons, coarse = zip(*rows, strict=True)
            yield np.array(ids, np.int64), np.array(lats, np.float64), np.array(lons, np.float64), np.array(coarse)
    connection.execute("CLOSE changed_positions")


def join(services: Services, alert_id: int, seen: Seen, upto: str) -> int:
    """Write the messages of people who entered one alert's area and remember how far was looked; how many there were."""
    with services.db.transaction() as session:
        alert = get_alert(session, alert_id, lock=True)
        if not _is_live(alert, services.clock.now()):
            return 0
        connection = _raw(session)
        for traveller_id, lat, lon in returns.take_pending(connection, alert_id):
            seen.add(traveller_id, lat, lon)
        joined, again, deltas = (0, 0, Counter[tallies.TallyKey]())
        if seen.ids:
            joined, again, deltas = _write(session, connection, alert, seen, services.clock.now())
        if joined or again:
            _resume(session, services, alert, joined, again)
            tallies.add(connection, deltas)
        connection.execute("UPDATE alert_watches SET snapshot = %s WHERE alert_id = %s", (upto, alert_id))
    if joined or again:
        log.info("joins.entered", alert=alert_id, messages=joined, came_back=again)
    return joined + again


def _is_live(alert: Alert, now: datetime) -> bool:
    expires = min(alert.expires, alert.approval.expires) if alert.approval is not None else now
    return alert.state in (DISPATCHING, FINISHED) and alert.superseded_by_id is None and expires > now


def _write(
    session: Session, connection: psycopg.Connection[Any], alert: Alert, seen: Seen, now: datetime
) -> tuple[int, int, Counter[tallies.TallyKey]]:
    """Write messages for the people seen inside: how many are new, how many came back, and what the counts change by."""
    assert alert.approval is not None
    languages = {language for (language,) in connection.execute(_LANGUAGES, (seen.ids,))}
    deltas: Counter[tallies.TallyKey] = Counter()
    choices, joined, again = gather.choose_texts(alert.approval.texts, languages), 0, 0
    members = [] if alert.follows_id is None else [each.id for each in chain.members(session, chain.root_of(alert))]
    for first in range(0, len(seen.ids), PAGE_ROWS):
        page = slice(first, first + PAGE_ROWS)
        ids, lats, lons = seen.ids[page], seen.lats[page], seen.lons[page]
        if members:  # only what follows an alert tells anybody that they are out
            back, moved = returns.give_again(connection, alert, members, (ids, lats, lons), choices, now)
            again += back
            deltas.update(moved)
        values = {"alert_id": alert.id, "drill": alert.approval.drill, "now": now, **gather.columns(choices),
                  "precisions": alert.approval.precisions, "ids": ids, "lats": lats, "lons": lons}  # fmt: skip
        for country, messages in connection.execute(JOIN_MESSAGES, values).fetchall():
            joined += messages
            deltas[alert.id, country, QUEUED, "", ""] += messages
    return joined, again, deltas


def _resume(session: Session, services: Services, alert: Alert, joined: int, again: int) -> None:
    """Set a finished alert going again, and count those who joined; whoever came back has been counted."""
    session.execute(
        update(AudienceSnapshot)
        .where(AudienceSnapshot.alert_id == alert.id)
        .values(joined=AudienceSnapshot.joined + joined)
    )
    if alert.state != FINISHED:
        return
    before, alert.state = alert.state, ALERT.next_state(alert.state, "resume", SYSTEM)
    alert.finished_at, alert.updated_at = None, services.clock.now()
    session.flush()
    audit.record(
        session, services.clock, SYSTEM, "alert.resumed", "alert", alert.id,
        before={"state": before}, after={"state": alert.state, "messages": joined + again},
    )  # fmt: skip


def _raw(session: Session) -> psycopg.Connection[Any]:
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    return connection
