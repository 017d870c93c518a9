"""Who gets which text of an update, an all-clear or a correction: set-based, in the transaction that takes over the chain.

What counts is the latest text of the chain that a number got, where "got" means that it is, or may be, on the handset
(sent, delivered, being handed over, in doubt):

- inside now and nothing got, or told "you are out" or "all clear" last: the alert itself;
- got and still inside: what changed; so too where it is not known any more where the person is, because telling somebody
  "you are out" who may be inside could cost a life;
- got and now elsewhere: "you are inside no more", once;
- a cancel: the all-clear to exactly those who got any text of the chain and not an all-clear already;
- a correction: to exactly those who got the alert that it corrects.

A number of which everything is still in flight is written down to wait: see `in_flight`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from alerts import gather
from alerts.gather import CHOICES, People, TextChoice, Written
from alerts.models import Alert, Approval
from alerts.states import GOT_STATES
from alerts.variants import ALL_CLEAR, CORRECTION, RELEASED

TOLD = """
WITH got AS MATERIALIZED (
    SELECT phone, max(id) AS latest, bool_or(state IN ('sent', 'delivered')) AS sure
      FROM (SELECT id, phone, state FROM messages WHERE alert_id = ANY({alerts})
             UNION ALL SELECT id, phone, state FROM past_messages WHERE alert_id = ANY({alerts})) texts
     WHERE state = ANY({states}) AND phone LIKE '+%'
     GROUP BY phone
)
SELECT got.phone, coalesce(m.traveller_id, past.traveller_id) AS traveller_id, coalesce(m.variant, past.variant) AS variant,
       coalesce(t.language, m.language, past.language) AS language,
       coalesce(p.country, m.country, past.country) AS country, coalesce(p.precision = ANY({precisions}), false) AS placed,
       CASE WHEN NOT got.sure THEN m.id END AS waits_for,
       CASE WHEN t.erased_at IS NOT NULL THEN 'erased'
            WHEN t.opted_out_at IS NOT NULL THEN 'opted_out'
            WHEN t.number_bad_at IS NOT NULL AND t.phone = got.phone THEN 'number_bad'
            WHEN {drill} AND NOT coalesce(t.drill, false) THEN 'not_drill' END AS excluded
  FROM got
  LEFT JOIN messages m ON m.id = got.latest
  LEFT JOIN past_messages past ON past.id = got.latest AND m.id IS NULL
  LEFT JOIN travellers t ON t.id = coalesce(m.traveller_id, past.traveller_id)
  LEFT JOIN positions p ON p.traveller_id = coalesce(m.traveller_id, past.traveller_id) AND p.lat IS NOT NULL
                       AND (p.valid_until IS NULL OR p.valid_until > {at})
"""
"""The latest text of the chain that each number got; `placed` says whether it is known, as exactly as
the alert asks for, where its person is. A text that made room for a newer one of the same alert (`returns`) counts too."""
_INSERT = """
INSERT INTO messages (alert_id, traveller_id, phone, country, language, parts, variant, not_before, waits_for)
"""
_INSIDE = f"""{_INSERT}
SELECT %(alert_id)s, a.traveller_id, a.phone, a.country, choice.language, choice.parts, choice.variant,
       CASE WHEN told.waits_for IS NOT NULL THEN %(expires)s::timestamptz END, told.waits_for
  FROM audience a
  LEFT JOIN told ON told.phone = a.phone AND told.variant <> ALL(%(released)s)
  JOIN {CHOICES} AS choice(wanted, own, variant, language, parts)
    ON choice.own = a.language
   AND choice.wanted = CASE WHEN told.phone IS NOT NULL THEN 'update'
                            WHEN a.precision = 'country' THEN 'country' ELSE 'alert' END
 WHERE a.excluded IS NULL
 ORDER BY told.phone IS NOT NULL
    ON CONFLICT (alert_id, phone) DO NOTHING
"""  # noqa: S608 - put together from constants, no value comes from outside
"""Those who have nothing yet go first."""
_OUTSIDE = f"""{_INSERT}
SELECT %(alert_id)s, told.traveller_id, told.phone, told.country, choice.language, choice.parts, choice.variant,
       CASE WHEN told.waits_for IS NOT NULL THEN %(expires)s::timestamptz END, told.waits_for
  FROM told
  JOIN {CHOICES} AS choice(wanted, own, variant, language, parts)
    ON choice.own = told.language AND choice.wanted = CASE WHEN told.placed THEN 'left' ELSE 'update' END
 WHERE told.excluded IS NULL AND told.variant <> ALL(%(released)s)
   AND NOT EXISTS (SELECT 1 FROM audience a WHERE a.phone = told.phone)
   AND NOT EXISTS (SELECT 1 FROM audience a WHERE a.traveller_id = told.traveller_id)
    ON CONFLICT (alert_id, phone) DO NOTHING
"""  # noqa: S608 - put together from constants, no value comes from outside
_EVERYBODY = f"""{_INSERT}
SELECT %(alert_id)s, told.traveller_id, told.phone, told.country, choice.language, choice.parts, choice.variant,
       CASE WHEN told.waits_for IS NOT NULL THEN %(expires)s::timestamptz END, told.waits_for
  FROM told
  JOIN {CHOICES} AS choice(wanted, own, variant, language, parts)
    ON choice.own = told.language AND choice.wanted = %(variant)s
 WHERE told.excluded IS NULL AND told.variant <> ALL(%(done)s)
    ON CONFLICT (alert_id, phone) DO NOTHING
"""  # noqa: S608 - put together from constants, no value comes from outside
COUNT_TOLD = """
SELECT count(DISTINCT phone)
  FROM (SELECT phone, state FROM messages WHERE alert_id = ANY(%(alerts)s)
         UNION ALL SELECT phone, state FROM past_messages WHERE alert_id = ANY(%(alerts)s)) texts
 WHERE state = ANY(%(states)s) AND phone LIKE '+%%'
"""


def load_told(connection: psycopg.Connection[Any], alerts: list[int], at: datetime, approval: Approval) -> None:
    """Fill the temporary table `told` with the latest text that each number got of these alerts."""
    statement = sql.SQL("CREATE TEMP TABLE told ON COMMIT DROP AS ") + sql.SQL(TOLD).format(
        alerts=sql.Literal(alerts), states=sql.Literal(list(GOT_STATES)), drill=sql.Literal(approval.drill),
        at=sql.Literal(at), precisions=sql.Literal(list(approval.precisions)),
    )  # fmt: skip
    connection.execute(statement)
    connection.execute("ANALYZE told")


def write_update(
    connection: psycopg.Connection[Any],
    alert: Alert,
    approval: Approval,
    others: list[int],
    people: People,
    at: datetime,
) -> Written:
    """Write the messages of an update; the temporary table `audience` holds the people inside now."""
    load_told(connection, others, at, approval)
    languages = {*people.by_language, *_languages_told(connection)}
    values = _values(alert, approval, gather.choose_texts(approval.texts, languages))
    inside = connection.execute("SELECT count(*) FROM audience WHERE excluded IS NULL").fetchone()
    assert inside is not None
    written = connection.execute(_INSIDE, values).rowcount
    shared = inside[0] - written
    written += connection.execute(_OUTSIDE, values).rowcount
    return Written(written, shared, *gather.count_written(connection, alert.id))


def write_to_told(
    connection: psycopg.Connection[Any], alert: Alert, approval: Approval, others: list[int], at: datetime
) -> tuple[People, Written]:
    """Write the messages of an all-clear (to all who got a text of the chain) or of a correction (of the one alert)."""
    variant = alert.main_variant
    alerts = [alert.follows_id] if variant == CORRECTION and alert.follows_id is not None else others
    load_told(connection, alerts, at, approval)
    values = _values(alert, approval, gather.choose_texts(approval.texts, _languages_told(connection)))
    # Whoever has had the all-clear needs no second one; but a wrong all-clear is corrected like any other text.
    done = [CORRECTION] if variant == CORRECTION else [ALL_CLEAR, CORRECTION]
    written = connection.execute(_EVERYBODY, values | {"variant": variant, "done": done}).rowcount
    return _people_told(connection), Written(written, 0, *gather.count_written(connection, alert.id))


def count_told(connection: psycopg.Connection[Any], alerts: list[int]) -> int:
    """Count the numbers that got any text of these alerts; for the officer who decides, never while sending."""
    row = connection.execute(COUNT_TOLD, {"alerts": alerts, "states": list(GOT_STATES)}).fetchone()
    assert row is not None
    return int(row[0])


def _values(alert: Alert, approval: Approval, choices: Iterable[TextChoice]) -> dict[str, Any]:
    return {
        "alert_id": alert.id,
        # Before the alert expires nothing that waits is sent by itself; after it nothing is sent at all.
        "expires": min(alert.expires, approval.expires),
        "released": list(RELEASED),
        **gather.columns(list(choices)),
    }


def _languages_told(connection: psycopg.Connection[Any]) -> set[str]:
    return {language for (language,) in connection.execute("SELECT DISTINCT language FROM told")}


def _people_told(connection: psycopg.Connection[Any]) -> People:
    countries: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    excluded: Counter[str] = Counter()
    rows = connection.execute("SELECT country, language, excluded, count(*) FROM told GROUP BY 1, 2, 3")
    for country, language, reason, people in rows:
        countries[country] += people
        languages[language] += people
        if reason is not None:
            excluded[reason] += people
    return People(countries.total(), dict(countries), dict(languages), {}, dict(excluded))
