"""Raising, reading and clearing the fault that stops a provider; pages and `/readyz` may show what `standing` returns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.providers.models import ProviderFault

RETRY_AFTER_S = 30.0
NOT_CONFIGURED = "config"

_RAISE = """
INSERT INTO provider_faults (provider, error_code, detail, since, seen_at, retry_at)
VALUES (%(provider)s, %(code)s, %(detail)s, %(now)s, %(now)s, %(retry_at)s)
ON CONFLICT (provider) DO UPDATE
   SET error_code = excluded.error_code, detail = excluded.detail, seen_at = excluded.seen_at,
       retry_at = excluded.retry_at,
       since = CASE WHEN provider_faults.error_code = excluded.error_code
                    THEN provider_faults.since ELSE excluded.since END
"""


def raise_fault(
    connection: psycopg.Connection[Any], now: datetime, provider: str, error_code: str, detail: str
) -> None:
    """Write down, in the caller's transaction, that nothing can be sent through `provider`; tried again after a while."""
    connection.execute(
        _RAISE,
        {
            "provider": provider,
            "code": error_code[:10],
            "detail": detail,
            "now": now,
            "retry_at": now + timedelta(seconds=RETRY_AFTER_S),
        },
    )


def clear(connection: psycopg.Connection[Any], provider: str) -> None:
    """Take the fault back because a text has been accepted."""
    connection.execute("DELETE FROM provider_faults WHERE provider = %s", (provider,))


_REGION_OFF = """
INSERT INTO regions_off (provider, country, error_code, since, seen_at)
SELECT provider, country, code, %(now)s, %(now)s
  FROM unnest(%(providers)s::text[], %(countries)s::text[], %(codes)s::text[]) AS r(provider, country, code)
 ORDER BY provider, country
ON CONFLICT (provider, country) DO UPDATE SET seen_at = excluded.seen_at, error_code = excluded.error_code
"""


def note_regions_off(
    connection: psycopg.Connection[Any], now: datetime, seen: Collection[tuple[str, str, str]]
) -> None:
    """Write down (provider, country, code) where an account may not send to a country, in the caller's transaction."""
    rows = sorted({(provider, country): code for provider, country, code in seen}.items())
    if rows:
        connection.execute(
            _REGION_OFF,
            {
                "providers": [provider for (provider, _), _ in rows],
                "countries": [country for (_, country), _ in rows],
                "codes": [code for _, code in rows],
                "now": now,
            },
        )


def standing(session: Session) -> Sequence[ProviderFault]:
    """Return the faults that stand now."""
    return session.scalars(select(ProviderFault).order_by(ProviderFault.provider)).all()
