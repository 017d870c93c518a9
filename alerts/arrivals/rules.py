"""Who is greeted on arrival and who is not pestered; pure. docs/decisions/0020-roaming-and-arrivals.md gives the reasons.

In this order, an arrival is passed over
  `off`       when the country is not greeted at all;
  `late`      when the event is older than `FRESH`: a welcome after half a day is noise;
  `moved_on`  when the telephone has since registered elsewhere: a border's other network, an airport between two flights;
  `same_trip` when the number was greeted in this country on this trip. A trip is what lies between two registrations at
              home; which trip a moment belongs to follows from the times of the events, not from when they reached us;
  `quiet`     when the number was greeted in this country less than the quiet period ago, on another trip;
  `frequent`  when it was greeted there `FREQUENT` times within `FREQUENT_WITHIN`: somebody who commutes knows.
Otherwise it is greeted.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

FRESH = timedelta(hours=6)
FREQUENT, FREQUENT_WITHIN = 3, timedelta(days=60)
LOOK_BACK = timedelta(days=120)
"""How far back greetings and returns home are remembered; a trip that lasts longer begins anew."""


@dataclass(frozen=True)
class Policy:
    """How a country is treated."""

    greets: bool = True
    settle: timedelta = timedelta(minutes=20)
    quiet: timedelta = timedelta(days=7)


USUAL = Policy()


@dataclass(frozen=True)
class Known:
    """What is known of one number when an arrival is decided.

    `greeted` are the arrival times of its greetings in that country, `homes` its sorted registrations at home, `last_country`
    the country of its newest registration. Times are aware.
    """

    greeted: Sequence[datetime]
    homes: Sequence[datetime]
    last_country: str


def pass_over(country: str, arrived_at: datetime, now: datetime, policy: Policy, known: Known) -> str:
    """Return why an arrival is not greeted, empty when it is."""
    trip = trip_of(arrived_at, known.homes)
    apart = [abs(arrived_at - at) for at in known.greeted]
    reasons = (
        ("off", not policy.greets),
        ("late", now - arrived_at > FRESH + policy.settle),
        ("moved_on", known.last_country != country),
        ("same_trip", any(trip_of(at, known.homes) == trip for at in known.greeted)),
        ("quiet", any(each < policy.quiet for each in apart)),
        ("frequent", sum(each <= FREQUENT_WITHIN for each in apart) >= FREQUENT),
    )
    return next((reason for reason, holds in reasons if holds), "")


def trip_of(at: datetime, homes: Sequence[datetime]) -> int:
    """Return the number of the trip that a moment belongs to: how often the telephone had been home by then.

    An event that comes late can divide a trip in two and never joins two, so a greeting is never given twice for one.
    """
    return bisect_right(homes, at)
