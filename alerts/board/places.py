"""Where the answers came from: counts by grid cell, never single people, so that a map of a million answers stays small."""

from __future__ import annotations

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from alerts.board.figures import EVERYBODY, Split
from hotline.geo.cells import SQL_GRID, UNITS_PER_DEGREE

MAX_CELLS = 5_000
TIMEOUT_MS = 5_000
BY_CELL = """
SELECT cell, status, count(*) AS people FROM standings
 WHERE alert_id = :alert AND status IN ('help', 'safe') AND cell IS NOT NULL
   AND (CAST(:country AS text) IS NULL OR country = :country)
   AND (CAST(:provider AS text) IS NULL OR provider = :provider)
 GROUP BY cell, status ORDER BY status, people DESC LIMIT :limit
"""


def places(session: Session, alert_id: int, split: Split = EVERYBODY) -> list[dict[str, object]]:
    """Return {lat, lon, status, people} for each cell with answers, degrees of its middle; help first, then the largest."""
    session.execute(text(f"SET LOCAL statement_timeout = {TIMEOUT_MS}"))
    rows = session.execute(
        text(BY_CELL), {"alert": alert_id, "country": split.country, "provider": split.provider, "limit": MAX_CELLS}
    ).all()
    if not rows:
        return []
    lats, lons = SQL_GRID.centre_of(np.array([row.cell for row in rows], dtype=np.int64))
    return [
        {"lat": round(float(lat) / UNITS_PER_DEGREE, 4), "lon": round(float(lon) / UNITS_PER_DEGREE, 4),
         "status": row.status, "people": row.people}
        for row, lat, lon in zip(rows, lats, lons, strict=True)
    ]  # fmt: skip
