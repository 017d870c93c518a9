"""How many calls will come: what is usual at this hour of the week, what comes now, and whom alerts have gone out to; pure.

Every country is foreseen by itself and then added up, because a crisis has a place. Three rates are told apart: the usual one,
one that has jumped, and one that alerts will bring. The higher of the last two counts, since they are two views of the same
callers; alerts are held against the calls of all countries, because their people call the embassy or the centre as they like.
The band holds 80 % of the quarter hours of days that run as foreseen.

Sources: the jump is found by Page's cumulative sum for Poisson counts (E. S. Page 1954; J. M. Lucas, "Counted data CUSUM's",
Technometrics 27, 1985); the share of an alert's people that calls is learned by the gamma-Poisson rule of Bayes; the quantile
of the gamma distribution is Wilson and Hilferty's (1931).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log, sqrt

SLOT_MINUTES = 15
AHEAD = 16
"""Quarter hours foreseen after the present one: four hours."""
JUMP_FACTOR = 2.0
JUMP_LIMIT = 7.0
"""Sum of log likelihood ratios at which a jump is believed: by Wald's bound one false one in e^7 ≈ 1,100 minutes of a changeless
stream at the least, in truth far fewer."""
QUIET_PER_MINUTE = 0.02
"""So many calls a minute are taken as usual where there are fewer, so that one family calling does not make a jump."""
LEVEL_MINUTES = 60
PRIOR_CALLS = 30.0
"""Weight of the usual rate against an hour of counts, in calls."""
RECENT_MINUTES = 15
TREND_MINUTES, TREND_LONGEST = 8, 30
TREND_MOST = 2.0
DAMPING = 0.5
HALF_LIFE_MINUTES = 360.0
ALERT_HALF_LIFE_MINUTES = 60.0
ALERT_DELAY_MINUTES = 5.0
"""So long it takes until a text is there and read."""
ALERT_PRIOR = 20.0
"""Weight of the expected share of callers, in calls: it is a guess, and some dozens of calls overrule it."""
Z_80 = 1.2816
CV_USUAL, CV_AN_HOUR, CV_YOUNG, CV_ALERT = 0.12, 0.06, 0.25, 0.7
"""How uncertain a rate is, as a share of it: a usual one, more for each hour ahead, a jump still growing, and an alert's."""


@dataclass(frozen=True)
class Sent:
    """An alert of so many minutes ago, how many people it is for, and how many calls these are expected to make in all."""

    minutes_ago: float
    people: int
    calls: float


@dataclass(frozen=True)
class Stream:
    """Calls of one country: first calls in each whole minute until now, the oldest first; what was usual in those minutes;
    and usual calls an hour in the quarter hours ahead, of which the first is the present one."""

    minutes: Sequence[int]
    usual: Sequence[float]
    ahead: Sequence[float]


@dataclass(frozen=True)
class Jump:
    """Calls have become more since so many minutes; `factor` says how many times the usual."""

    minutes_ago: int
    factor: float


@dataclass(frozen=True)
class Rate:
    """Calls an hour in a quarter hour: the mean, and between which values the true rate lies with 80 %."""

    mean: float
    low: float
    high: float

    def counted(self) -> tuple[float, float]:
        """Return between which values the quarter hour's count, made into calls an hour, lies with 80 %: chance on top."""
        return band(self.mean, sqrt(_spread(self) ** 2 + self.mean * 60 / SLOT_MINUTES))


@dataclass(frozen=True)
class Foreseen:
    """What is foreseen for one country or all: quarter hours, calls an hour now, a jump, calls that alerts still bring."""

    slots: tuple[Rate, ...]
    usual_per_hour: float
    jumped: tuple[float, ...]
    """How much of each quarter hour's mean is a jump."""
    jump: Jump | None = None
    alert_people: int = 0
    alert_calls: float = 0.0

    @property
    def now_per_hour(self) -> float:
        """Calls an hour as they are estimated to come now."""
        return self.slots[0].mean


def find_jump(minutes: Sequence[int], usual: Sequence[float]) -> Jump | None:
    """Return the jump that lasts still, or None. The sum is kept short of twice the limit, so that its end is seen as well."""
    total, began = 0.0, 0
    found = False
    for number, (count, mean) in enumerate(zip(minutes, usual, strict=True)):
        expected = max(mean, QUIET_PER_MINUTE)
        if total <= 0.0:
            total, began, found = 0.0, number, False
        total = min(2 * JUMP_LIMIT, total + count * log(JUMP_FACTOR) - expected * (JUMP_FACTOR - 1))
        found = found or total >= JUMP_LIMIT
    if not found or total <= 0.0:
        return None
    since = len(minutes) - began
    recent = min(since, RECENT_MINUTES)
    counted, expected = sum(minutes[-recent:]), sum(max(mean, QUIET_PER_MINUTE) for mean in usual[-recent:])
    return Jump(since, counted / expected)


def foresee(stream: Stream) -> Foreseen:
    """Return what is foreseen of one country's calls."""
    if len(stream.minutes) != len(stream.usual) or not stream.ahead:
        raise ValueError("minutes and usual rates must be equally many, and there must be something ahead")
    level = _level(stream)
    jump = find_jump(stream.minutes, stream.usual)
    # Where nothing is known to be usual, the last hour is; unless it is the crisis itself.
    calm_per_hour = 0.0 if jump is not None else float(sum(stream.minutes[-LEVEL_MINUTES:]))
    growth, recent_per_hour = (1.0, 0.0) if jump is None else _growth(stream.minutes, jump)
    slots, more = [], []
    for number, usual in enumerate(stream.ahead):
        base = usual * level if usual > 0 else calm_per_hour
        jumped = 0.0 if jump is None else max(0.0, recent_per_hour - base) * _course(growth, number)
        slots.append(_rate(base, jumped, number, _cv_of_jump(stream.minutes, jump)))
        more.append(jumped)
    return Foreseen(tuple(slots), stream.ahead[0], tuple(more), jump)


def foresee_all(streams: Sequence[Stream], alerts: Sequence[Sent] = ()) -> tuple[Foreseen, list[Foreseen]]:
    """Return what is foreseen of all calls with those that alerts bring, and of each country without."""
    parts = [foresee(stream) for stream in streams]
    total = _added(parts)
    if not alerts:
        return total, parts
    minutes = [sum(counts) for counts in zip(*(stream.minutes for stream in streams), strict=True)]
    usual = [sum(rates) for rates in zip(*(stream.usual for stream in streams), strict=True)]
    per_hour = _alerts_per_hour(minutes, usual, alerts)
    slots = []
    for number, (rate, jumped) in enumerate(zip(total.slots, total.jumped, strict=True)):
        alerted = per_hour * exp(-log(2) * number * SLOT_MINUTES / ALERT_HALF_LIFE_MINUTES)
        more = max(0.0, alerted - jumped)
        spread = sqrt(_spread(rate) ** 2 + (more * CV_ALERT) ** 2)
        slots.append(Rate(rate.mean + more, *band(rate.mean + more, spread)))
    left = per_hour * ALERT_HALF_LIFE_MINUTES / 60 / log(2)
    people = sum(sent.people for sent in alerts)
    return replace(total, slots=tuple(slots), alert_people=people, alert_calls=left), parts


def _added(parts: Sequence[Foreseen]) -> Foreseen:
    """Return all countries as one: means add up, and so do the squares of what is uncertain. The greatest jump is named."""
    if not parts:
        raise ValueError("there is nothing to add up")
    slots = []
    for rates in zip(*(part.slots for part in parts), strict=True):
        mean = sum(rate.mean for rate in rates)
        slots.append(Rate(mean, *band(mean, sqrt(sum(_spread(rate) ** 2 for rate in rates)))))
    jumped = tuple(sum(each) for each in zip(*(part.jumped for part in parts), strict=True))
    greatest = max(parts, key=lambda part: part.jumped[0])
    return Foreseen(tuple(slots), sum(part.usual_per_hour for part in parts), jumped, greatest.jump)


def _spread(rate: Rate) -> float:
    return (rate.high - rate.low) / 2 / Z_80


def band(mean: float, spread: float) -> tuple[float, float]:
    """Return the 10 % and the 90 % point of a gamma distribution with this mean and standard deviation."""
    if mean <= 0 or spread <= 0:
        return mean, mean
    shape = (mean / spread) ** 2
    middle, step = 1 - 1 / (9 * shape), Z_80 / (3 * sqrt(shape))
    return mean * max(0.0, middle - step) ** 3, mean * max(0.0, middle + step) ** 3


def _level(stream: Stream) -> float:
    """Return how busy the last hour was against the usual, drawn towards 1 where there is little to go by."""
    counted, usual = sum(stream.minutes[-LEVEL_MINUTES:]), sum(stream.usual[-LEVEL_MINUTES:])
    # A jump is foreseen by itself; without this cap it would count twice.
    return min(1.5, (PRIOR_CALLS + counted) / (PRIOR_CALLS + usual)) if usual > 0 else 1.0


def _growth(minutes: Sequence[int], jump: Jump) -> tuple[float, float]:
    """Return by what factor calls grow in a quarter hour, and calls an hour now, from the minutes since the jump."""
    since = jump.minutes_ago
    if since < 2 * TREND_MINUTES:
        recent = minutes[-min(since, TREND_MINUTES) :]
        return 1.0, sum(recent) / len(recent) * 60
    # The longer it lasts the longer it is looked at: later on, chance would be taken for growth again and again.
    window = min(TREND_LONGEST, since // 2)
    late, early = minutes[-window:], minutes[-2 * window : -window]
    raw = (sum(late) + 1) / (sum(early) + 1)
    noise = sqrt(1 / (sum(late) + 1) + 1 / (sum(early) + 1))
    if abs(log(raw)) < 2 * noise:
        recent = minutes[-min(since, RECENT_MINUTES) :]
        return 1.0, sum(recent) / len(recent) * 60
    growth = min(TREND_MOST, max(1 / TREND_MOST, raw ** (SLOT_MINUTES / window)))
    return growth, sum(late) / len(late) * 60 * sqrt(raw)


def _course(growth: float, slot: int) -> float:
    """Return what becomes of a jump: its growth goes on with half the vigour each quarter hour, and it halves in six hours."""
    steps = sum(DAMPING**step for step in range(1, slot + 1))
    return growth**steps * exp(-log(2) * slot * SLOT_MINUTES / HALF_LIFE_MINUTES)


def _alerts_per_hour(minutes: Sequence[int], usual: Sequence[float], alerts: Sequence[Sent]) -> float:
    """Return the calls an hour that alerts bring now: as expected, times what the calls since have taught about that."""
    now, expected, oldest = 0.0, 0.0, 0
    for sent in alerts:
        left = exp(-log(2) * max(0.0, sent.minutes_ago - ALERT_DELAY_MINUTES) / ALERT_HALF_LIFE_MINUTES)
        now += sent.calls * left * log(2) / ALERT_HALF_LIFE_MINUTES * 60
        expected += sent.calls * (1 - left)
        oldest = max(oldest, int(sent.minutes_ago))
    since = min(oldest, len(minutes))
    more = sum(minutes[len(minutes) - since :]) - sum(usual[len(usual) - since :])
    return now * (ALERT_PRIOR + max(0.0, more)) / (ALERT_PRIOR + expected)


def _cv_of_jump(minutes: Sequence[int], jump: Jump | None) -> float:
    if jump is None:
        return 0.0
    counted = sum(minutes[-min(jump.minutes_ago, RECENT_MINUTES) :])
    young = CV_YOUNG if jump.minutes_ago < 2 * RECENT_MINUTES else 0.0
    return sqrt(1 / (counted + 1) + young**2)


def _rate(base: float, jumped: float, slot: int, cv_jump: float) -> Rate:
    mean, hours_ahead = base + jumped, slot * SLOT_MINUTES / 60
    cv_ahead = CV_AN_HOUR * hours_ahead * (3 if jumped > base else 1)
    spread = sqrt((base * CV_USUAL) ** 2 + (jumped * cv_jump) ** 2 + (mean * cv_ahead) ** 2)
    return Rate(mean, *band(mean, spread))
