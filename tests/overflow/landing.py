"""The oracle of the simulated year: where a forwarded call lands, told from plain facts and the order of rules as documented.

It knows nothing of the service's rules but their order: incidents, all calls asked for, a mission that has ended, protection,
tests, closed, busy, no answer, language, a full centre, the partner; and the call is taken where none of them decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from tests.overflow.offices import Office

SPOKEN_HERE = frozenset({"ko", "en"})


@dataclass(frozen=True)
class Landing:
    """By which rule, what is decided, and the number at which the call goes on."""

    kind: str
    decision: str
    number: str


@dataclass
class House:
    """The centre as the oracle knows it: its incidents, the newest last, and whether it is full."""

    incidents: list[tuple[str, datetime, datetime]] = field(default_factory=list)
    """What each does with calls, from when, until when."""
    full: bool = False


def lands(
    house: House, offices: list[Office], office: Office, now: datetime, *, reason: str, language: str, flagged: bool
) -> Landing:
    """Return where a call for an office lands that is announced at `now`."""
    for action, start, end in reversed(house.incidents):
        if start <= now < end and (action == "take" or office.back):
            return Landing("incident", action, office.pool if action == "take" else office.back)
    for kind, applies in (
        ("take_all", any(start <= now < end for start, end in office.takes)),
        ("ended", office.ended is not None and office.ended <= now),
        ("protected", flagged),
        ("test", reason == "test"),
        ("closed", not office.is_open(now)),
        (reason, reason in ("busy", "no_answer")),
    ):
        if applies:
            return Landing(kind, "take", office.pool)
    return _of_an_open_office(house, offices, office, now, language) or Landing("default", "take", office.pool)


def _of_an_open_office(
    house: House, offices: list[Office], office: Office, now: datetime, language: str
) -> Landing | None:
    if (
        office.back
        and language
        and language not in SPOKEN_HERE
        and language.split("-", maxsplit=1)[0] in office.languages
    ):
        return Landing("language", "return", office.back)
    if not house.full:
        return None
    if office.back:
        return Landing("capacity", "return", office.back)
    partner = offices[office.partner] if office.partner is not None else None
    if partner is None or not partner.back or (partner.ended is not None and partner.ended <= now):
        return None
    return Landing("partner", "return", partner.back) if partner.is_open(now) else None
