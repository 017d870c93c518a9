"""Whom a live alert's area reaches, worked out once in each process: which countries an area touches takes a while."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np

from alerts import gather
from hotline.geo.area import Area
from hotline.geo.select import ids_inside


class Reach(NamedTuple):
    """The area of an alert, and the countries with which people enter who are known by country only."""

    digest: str
    area: Area
    countries: list[str]

    def inside(self, lats: Any, lons: Any, coarse: Any) -> Any:
        """Return which of these people are inside, as a mask.

        The columns hold degrees, and the country of those who are known by country only (else an empty text): they
        are inside with their country, or with the point that stands for it.
        """
        return ids_inside(lats, lons, self.area) | np.isin(coarse, self.countries)


_reaches: dict[int, Reach] = {}
"""By alert; only of alerts that are live, and only while the approval's digest is the same."""


def reach_of(alert_id: int, digest: str, areas: list[Any], precisions: list[str]) -> Reach:
    """Return whom an alert reaches by its approved areas (JSON) and precisions."""
    held = _reaches.get(alert_id)
    if held is None or held.digest != digest:
        area = Area.from_json(areas, "areas")
        # Whoever is known by country only enters with their country, not with the point that stands for it.
        held = Reach(digest, area, gather.reach(area, precisions)["countries"])
        _reaches[alert_id] = held
    return held


def forget_others(live_alerts: Collection[int]) -> None:
    """Keep nothing of alerts that are live no more."""
    for alert_id in _reaches.keys() - set(live_alerts):
        del _reaches[alert_id]
