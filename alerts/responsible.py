"""Which mission is responsible for an area: the suggestion an officer starts from."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from alerts.models import Alert
from hotline.geo.countries import NOWHERE, country_of
from hotline.missions import missions

MAX_SAMPLE_POINTS = 400
"""Corners looked at per alert; more would not change which country an area mostly lies in."""


def choose_mission(session: Session, alert: Alert) -> None:
    """Set the mission that is responsible where most of the area lies, unless one is chosen; the officer can change it."""
    if alert.mission_id is not None or not alert.areas:
        return
    named = "; ".join(part["description"] for part in alert.areas)
    for country in countries_touched(alert.areas):
        found = missions.in_charge(session, country, named)
        if found:
            alert.mission_id = found[0].id
            return


def countries_touched(areas: list[Any]) -> list[str]:
    """Return the countries that corners and centres of the area lie in, the most frequent first; the sea is left out."""
    points = [corner for part in areas for ring in part["polygons"] for corner in ring[:-1]]
    points = points[:: max(1, len(points) // MAX_SAMPLE_POINTS)]
    points += [circle["center"] for part in areas for circle in part["circles"]]
    if not points:
        return []
    found = country_of(np.array([lat for lat, _ in points]), np.array([lon for _, lon in points]))
    counted = Counter(str(code) for code in found if str(code) != NOWHERE)
    return [code for code, _ in counted.most_common()]
