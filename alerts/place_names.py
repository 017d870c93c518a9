"""What a place may be called in a text: names the source gave, and cities and countries in the area, in Korean and Latin letters.

A text is refused when it does not say where. The officer may well write "마닐라" in one language and "Manila" in the other
while the alert's own place name stands in one of them only; both must count.
"""

from __future__ import annotations

import functools
import json
from typing import Any

from alerts.models import Alert
from alerts.responsible import countries_touched
from hotline.core.errors import InvalidInput, Unavailable
from hotline.geo.area import Area
from hotline.geo.cities import cities_within
from hotline.geo.countries import country

MAX_CITIES = 60
KEPT_AREAS = 64


def known_names(alert: Alert) -> list[str]:
    """Return every name that counts as saying where; without repeats, the alert's own first."""
    own = [alert.place, *(str(part.get("description", "")) for part in alert.areas)]
    own += [names.get("place", "") for names in (alert.names_by_language or {}).values()]
    around = _names_in(json.dumps(alert.areas, sort_keys=True)) if alert.areas else ()
    return [name for name in dict.fromkeys([*own, *around]) if name]


@functools.lru_cache(maxsize=KEPT_AREAS)
def _names_in(areas_json: str) -> tuple[str, ...]:
    """Names of the largest cities in the area's box and of the countries it touches; empty when they cannot be known."""
    areas: list[Any] = json.loads(areas_json)
    try:
        area = Area.from_json(areas)
        bounds, countries = area.bounds, countries_touched(area.to_json())
    except (InvalidInput, Unavailable):
        return ()  # an area that cannot be read is refused elsewhere; without the borders only the own names count
    cities = cities_within(bounds, MAX_CITIES) if bounds is not None else []
    names = [name for city in cities for name in (city.name, city.name_ko) if name]
    names += [country(code).name(locale) for code in countries for locale in ("en", "ko")]
    return tuple(names)
