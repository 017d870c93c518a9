"""How long a sighting holds when nobody says until when: by who knows it, and by how exact it is.

A glimpse (a phone's own location, a carrier's event) grows old in hours; what a person, an officer or an agency's list
says of a stay holds for weeks. Every report may say its own end, which wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache

from hotline.core.config import PositionSettings

DEFAULT_H: Mapping[str, float] = {
    "exact": 24,
    "city": 7 * 24,
    "country": 30 * 24,
    "api": 30 * 24,
    "console": 30 * 24,
    "hand": 30 * 24,
    "registration": 90 * 24,
    "import": 90 * 24,
    "upload": 90 * 24,
    "demo": 90 * 24,
}
"""Hours by precision, overruled by source, overruled by `source.precision`; HOTLINE_POSITION_VALIDITY_H changes them."""

DECISIVE = frozenset({"roaming", "console"})
"""Sources that are believed when they say that somebody is in another country than a finer but older sighting had it.

A telephone that has registered in Japan is no longer in Manila, and an officer who sets a place means it. From other
sources a coarser report beside an exact one adds nothing: it may come from a plan or from an old list.
"""


@lru_cache(maxsize=1)
def configured() -> Mapping[str, float]:
    """Return the hours of this installation; raises ValueError when the setting cannot be used."""
    return {**DEFAULT_H, **PositionSettings().position_validity_h}


def family(source: str) -> str:
    """Return what kind of source it is: `roaming` of `roaming:kt`."""
    return source.split(":", 1)[0]


def is_decisive(source: str) -> bool:
    """Whether a sighting by this source ends older ones in other countries, however exact they are."""
    return family(source) in DECISIVE


def holds_until(
    source: str, precision: str, observed_at: datetime, hours: Mapping[str, float] | None = None
) -> datetime:
    """Return until when a sighting holds for which nobody has said so."""
    known = configured() if hours is None else hours
    kind = family(source)
    for key in (f"{kind}.{precision}", kind, precision):
        if key in known:
            return observed_at + timedelta(hours=known[key])
    raise ValueError(f"{precision!r} is no precision")
