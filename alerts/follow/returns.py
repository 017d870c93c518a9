"""Whoever was told "you are inside no more" and comes back while that update is live gets the alert again.

By the rules of an update they have had a text of it, and the unique pair (alert, number) would keep any other from them;
yet nobody inside a live alert's area may be left without it. So the text that is out of date makes room: it moves to
`past_messages`, and a new one is written, by the same rule that an update follows: the whole alert for those who were told
"you are out" last or have nothing, what changed for the others.

- Not handed over yet: the waiting text itself becomes "what changed"; nobody hears "you are out".
- Under way, or in doubt: the return is kept in `alert_returns` until that has settled, so that the new text comes after it.
- Sent, delivered, failed, or withdrawn because it was not needed: makes room at once.

The bound: only the start of an update tells anybody that they are out, and only its start can withdraw a text as not needed
(see `in_flight`); a number therefore gets at most one text again for each update, however often its person crosses the border.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

from alerts import gather, tallies
from alerts.models import Alert
from alerts.states import GOT_STATES, IN_DOUBT, QUEUED, SENDING
from alerts.variants import RELEASED

_TAKE_PENDING = "DELETE FROM alert_returns WHERE alert_id = %s RETURNING traveller_id, lat, lon"
_PEND = """
INSERT INTO alert_returns (alert_id, traveller_id, lat, lon)
SELECT %s, * FROM unnest(%s::bigint[], %s::float8[], %s::float8[]) ON CONFLICT (alert_id, traveller_id) DO NOTHING
"""
FORGET = "DELETE FROM alert_returns r WHERE NOT EXISTS (SELECT 1 FROM alert_watches w WHERE w.alert_id = r.alert_id)"
BACK_INSIDE = """
SELECT m.id, m.state, m.country, coalesce(m.error_code, ''), m.provider,
       seen.id, seen.lat, seen.lon, t.language, p.country,
       CASE WHEN told.variant IS NOT NULL AND told.variant <> ALL(%(released)s::text[]) THEN 'update'
            WHEN p.precision = 'country' THEN 'country' ELSE 'alert' END
  FROM unnest(%(ids)s::bigint[], %(lats)s::float8[], %(lons)s::float8[]) AS seen(id, lat, lon)
  JOIN positions p ON p.traveller_id = seen.id AND p.lat = seen.lat AND p.lon = seen.lon
  JOIN travellers t ON t.id = seen.id
  JOIN messages m ON m.alert_id = %(alert_id)s AND m.phone = t.phone
                 AND (m.variant = 'left' OR m.state = 'withdrawn' AND m.error_code = 'not_needed')
  LEFT JOIN LATERAL (
       SELECT got.variant
         FROM (SELECT g.id, g.variant FROM messages g
                WHERE g.phone = t.phone AND g.alert_id = ANY(%(chain)s::bigint[]) AND g.state = ANY(%(got)s::text[])
                UNION ALL
               SELECT g.id, g.variant FROM past_messages g
                WHERE g.phone = t.phone AND g.alert_id = ANY(%(chain)s::bigint[]) AND g.state = ANY(%(got)s::text[])) got
        ORDER BY got.id DESC LIMIT 1) told ON true
 WHERE t.drill = %(drill)s AND (p.valid_until IS NULL OR p.valid_until > %(now)s)
   AND p.precision = ANY(%(precisions)s::text[])
   AND t.erased_at IS NULL AND t.opted_out_at IS NULL AND t.number_bad_at IS NULL
 ORDER BY m.id FOR NO KEY UPDATE OF m
"""
"""Somebody who has moved on since they were seen inside is left to the next sweep, which sees them where they are."""
_TURN = f"""
UPDATE messages m SET variant = choice.variant, language = choice.language, parts = choice.parts
  FROM unnest(%(ids)s::bigint[], %(owns)s::text[]) AS turned(id, own)
  JOIN {gather.CHOICES} AS choice(wanted, own, variant, language, parts)
    ON choice.own = turned.own AND choice.wanted = 'update'
 WHERE m.id = turned.id
"""  # noqa: S608 - put together from constants, no value comes from outside
_MAKE_ROOM = """
WITH old AS (
    DELETE FROM messages WHERE id = ANY(%s)
    RETURNING id, alert_id, traveller_id, phone, country, language, variant, parts, state, attempts, provider_sid,
              provider_status, error_code, sent_at, settled_at
)
INSERT INTO past_messages (id, alert_id, traveller_id, phone, country, language, variant, parts, state, attempts,
                           provider_sid, provider_status, error_code, sent_at, settled_at, replaced_at)
SELECT old.*, %s FROM old
"""
_WRITE = f"""
INSERT INTO messages (alert_id, traveller_id, phone, country, language, parts, variant)
SELECT %(alert_id)s, t.id, t.phone, back.country, choice.language, choice.parts, choice.variant
  FROM unnest(%(ids)s::bigint[], %(countries)s::text[], %(needs)s::text[]) AS back(id, country, needed)
  JOIN travellers t ON t.id = back.id
  JOIN {gather.CHOICES} AS choice(wanted, own, variant, language, parts)
    ON choice.own = t.language AND choice.wanted = back.needed
    ON CONFLICT (alert_id, phone) DO NOTHING
RETURNING country
"""  # noqa: S608 - put together from constants, no value comes from outside


class Back(NamedTuple):
    """Somebody who is back inside: the text they had of this alert, where they were seen, and which one they need."""

    message_id: int
    state: str
    country: str
    reason: str
    provider: str
    traveller_id: int
    lat: float
    lon: float
    language: str
    country_now: str
    needed: str


def take_pending(connection: psycopg.Connection[Any], alert_id: int) -> list[tuple[int, float, float]]:
    """Return (traveller, lat, lon) of the returns that waited for an earlier text to settle, and forget them."""
    return connection.execute(_TAKE_PENDING, (alert_id,)).fetchall()


def give_again(
    connection: psycopg.Connection[Any],
    alert: Alert,
    chain: list[int],
    seen: tuple[list[int], list[float], list[float]],
    choices: list[gather.TextChoice],
    now: datetime,
) -> tuple[int, Counter[tallies.TallyKey]]:
    """Give the alert again to whoever of the people seen inside has come back, in the caller's transaction.

    `seen` are ids and degrees as columns, `chain` the ids of all alerts of the chain. The alert's row is locked. Returns how
    many there were, and what that adds to the running counts.
    """
    assert alert.approval is not None
    values = {
        "alert_id": alert.id, "chain": chain, "got": list(GOT_STATES), "released": list(RELEASED), "now": now,
        "drill": alert.approval.drill, "precisions": alert.approval.precisions,
        "ids": seen[0], "lats": seen[1], "lons": seen[2],
    }  # fmt: skip
    rows = [Back(*row) for row in connection.execute(BACK_INSIDE, values).fetchall()]
    # Of two people who share a number and are both back, one is enough.
    people = list({each.message_id: each for each in rows}.values())
    pending = [each for each in people if each.state in (SENDING, IN_DOUBT)]
    waiting = [each for each in people if each.state == QUEUED]
    settled = [each for each in people if each.state not in (SENDING, IN_DOUBT, QUEUED)]
    texts = gather.columns(choices)
    if pending:
        columns = ([p.traveller_id for p in pending], [p.lat for p in pending], [p.lon for p in pending])
        connection.execute(_PEND, (alert.id, *columns))
    if waiting:
        turned = {"ids": [each.message_id for each in waiting], "owns": [each.language for each in waiting]}
        connection.execute(_TURN, texts | turned)
    return _replace(connection, alert.id, settled, texts, now) if settled else (0, Counter())


def _replace(
    connection: psycopg.Connection[Any], alert_id: int, people: list[Back], texts: dict[str, list[Any]], now: datetime
) -> tuple[int, Counter[tallies.TallyKey]]:
    """Move the texts that are out of date away and write the new ones."""
    connection.execute(_MAKE_ROOM, ([each.message_id for each in people], now))
    written = connection.execute(
        _WRITE,
        texts
        | {
            "alert_id": alert_id,
            "ids": [each.traveller_id for each in people],
            "countries": [each.country_now for each in people],
            "needs": [each.needed for each in people],
        },
    ).fetchall()
    deltas: Counter[tallies.TallyKey] = Counter()
    for each in people:
        deltas[tallies.key_of(alert_id, each.country, each.state, each.reason, each.provider)] -= 1
    for (country,) in written:
        deltas[alert_id, country, QUEUED, "", ""] += 1
    return len(written), deltas
