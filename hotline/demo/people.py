"""Five thousand invented travellers around the world, the same on every machine.

Their numbers cannot be anybody's. Korean mobile numbers are 010 and eight digits of which the first is 2 to 9; those with
0 are given to nobody, and it is from them that most numbers here are taken. The others lie in the ranges that regulators
keep free for films: +44 7700 900xxx (Ofcom), +33 6 39 98 xx xx (Arcep) and +1 … 555-0100 to 555-0199 (NANPA).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from hotline.demo.names import KOREAN_FAMILY, KOREAN_GIVEN, LATIN_FAMILY, LATIN_GIVEN, OTHER_NAMES
from hotline.geo.countries import country_of
from hotline.people.import_rows import Row, locate

SEED = 20_050_401
"""Any number would do; the Korean consular centre opened in April 2005."""
PEOPLE = 5_000
DRILL_PEOPLE = 30
REFERENCE_PREFIX = "demo-"
KM_PER_DEGREE = 111.2


@dataclass(frozen=True)
class Cluster:
    """Somewhere people travel to: its middle in degrees, how far they spread, and their share in thousandths."""

    place: str
    country: str
    lat: float
    lon: float
    spread_km: float
    weight: int
    local_language: str = "en"


CLUSTERS = (
    Cluster("Manila", "PH", 14.5995, 121.0, 14, 95), Cluster("Cebu", "PH", 10.3157, 123.8854, 9, 42),
    Cluster("Boracay", "PH", 11.9674, 121.9248, 2, 12), Cluster("Baguio", "PH", 16.4164, 120.593, 4, 10),
    Cluster("Tokyo", "JP", 35.6895, 139.6917, 16, 105, "ja"), Cluster("Osaka", "JP", 34.6937, 135.5022, 12, 75, "ja"),
    Cluster("Fukuoka", "JP", 33.5902, 130.4017, 7, 38, "ja"), Cluster("Sapporo", "JP", 43.0621, 141.3544, 8, 20, "ja"),
    Cluster("Naha", "JP", 26.2124, 127.6809, 6, 16, "ja"),
    Cluster("Beijing", "CN", 39.9042, 116.4074, 14, 34, "zh"), Cluster("Shanghai", "CN", 31.2304, 121.4737, 14, 34, "zh"),
    Cluster("Shenyang", "CN", 41.8057, 123.4315, 8, 14, "zh"), Cluster("Hong Kong", "HK", 22.3193, 114.1694, 6, 24, "zh"),
    Cluster("Bangkok", "TH", 13.7563, 100.5018, 14, 55), Cluster("Phuket", "TH", 7.8804, 98.3923, 7, 18),
    Cluster("Hanoi", "VN", 21.0285, 105.8542, 9, 36, "vi"), Cluster("Da Nang", "VN", 16.0544, 108.2022, 7, 42, "vi"),
    Cluster("Ho Chi Minh City", "VN", 10.8231, 106.6297, 10, 36, "vi"), Cluster("Singapore", "SG", 1.3521, 103.8198, 5, 18),
    Cluster("Denpasar", "ID", -8.65, 115.2167, 9, 18), Cluster("Kathmandu", "NP", 27.7172, 85.324, 6, 8),
    Cluster("Istanbul", "TR", 41.0082, 28.9784, 11, 36), Cluster("Dubai", "AE", 25.2048, 55.2708, 9, 12),
    Cluster("Cairo", "EG", 30.0444, 31.2357, 9, 9), Cluster("Nairobi", "KE", -1.2864, 36.8172, 7, 7),
    Cluster("Paris", "FR", 48.8566, 2.3522, 9, 32, "fr"), Cluster("London", "GB", 51.5074, -0.1278, 11, 26),
    Cluster("Berlin", "DE", 52.52, 13.405, 9, 14), Cluster("Rome", "IT", 41.9028, 12.4964, 7, 14),
    Cluster("Barcelona", "ES", 41.3874, 2.1686, 6, 12, "es"), Cluster("New York", "US", 40.7128, -74.006, 12, 24),
    Cluster("Los Angeles", "US", 34.0522, -118.2437, 18, 30), Cluster("Honolulu", "US", 21.3069, -157.8583, 7, 12),
    Cluster("Santiago", "CL", -33.4489, -70.6693, 9, 6, "es"), Cluster("Sydney", "AU", -33.8688, 151.2093, 12, 15),
    Cluster("Wellington", "NZ", -41.2866, 174.7756, 5, 6), Cluster("Suva", "FJ", -18.1416, 178.4419, 5, 8),
    Cluster("Taveuni", "FJ", -16.85, -179.97, 9, 12), Cluster("Guam", "GU", 13.4443, 144.7937, 7, 14),
)  # fmt: skip
"""Taveuni's people live on both sides of the antimeridian."""
DRILL_CLUSTERS = (
    Cluster("Manila", "PH", 14.5995, 121.0, 10, 400), Cluster("Tokyo", "JP", 35.6895, 139.6917, 10, 300, "ja"),
    Cluster("Seoul", "KR", 37.5665, 126.978, 10, 300),
)  # fmt: skip
NO_EMAIL_EVERY = 3
"""Every third traveller has told no e-mail address."""


@dataclass(frozen=True)
class Invented:
    """A made-up person: the row to be stored, where they are in words, and what keeps texts from them."""

    row: Row
    place: str
    opted_out: bool
    number_bad: bool


def invent(now: datetime) -> list[Invented]:
    """Return all made-up people; only their times depend on `now` (UTC)."""
    rng = np.random.default_rng(SEED)
    people = [*_travellers(rng, now), *_drill_people(rng, now)]
    locate([person.row for person in people])
    return people


def _travellers(rng: np.random.Generator, now: datetime) -> Iterator[Invented]:
    chosen = rng.choice(len(CLUSTERS), PEOPLE, p=_shares([cluster.weight for cluster in CLUSTERS]))
    foreign = _foreign_phones()
    for number, (cluster, *seen) in enumerate(_spread(rng, [CLUSTERS[i] for i in chosen]), start=1):
        name, language = _who(rng, cluster)
        precision = str(rng.choice(["exact", "city", "country"], p=[0.78, 0.17, 0.05]))
        lat, lon = seen if precision == "exact" else (cluster.lat, cluster.lon)
        abroad = next(foreign, None) if language != "ko" and rng.random() < 0.6 else None
        phone, region = abroad or (f"+82100100{number:04d}", "KR")
        observed, valid_until = _times(rng, now)
        row = Row(
            number, f"{REFERENCE_PREFIX}{number:05d}", name, phone, region, language, False,
            lat, lon, precision, observed, valid_until, cluster.country if precision == "country" else None,
        )  # fmt: skip
        if number % NO_EMAIL_EVERY:
            row.email = _email(phone)
        yield Invented(row, cluster.place, opted_out=rng.random() < 0.012, number_bad=rng.random() < 0.006)


def _drill_people(rng: np.random.Generator, now: datetime) -> Iterator[Invented]:
    """People of the centre itself, who get what is sent in exercises and nothing else."""
    chosen = rng.choice(len(DRILL_CLUSTERS), DRILL_PEOPLE, p=_shares([cluster.weight for cluster in DRILL_CLUSTERS]))
    for number, (cluster, lat, lon) in enumerate(_spread(rng, [DRILL_CLUSTERS[i] for i in chosen]), start=1):
        language = "ko" if number % 3 else "en"
        name = f"[훈련] {_korean(rng)}" if language == "ko" else f"[Drill] {_latin(rng)}"
        row = Row(
            PEOPLE + number, f"{REFERENCE_PREFIX}drill-{number:02d}", name, f"+82100900{number:04d}", "KR", language, True,
            lat, lon, "exact", now, None, email=_email(f"+82100900{number:04d}"),
        )  # fmt: skip
        yield Invented(row, cluster.place, opted_out=False, number_bad=False)


def _email(phone: str) -> str:
    """Return a made-up address in a domain that exists nowhere (RFC 2606); the practice carrier knows it by the owner."""
    return f"traveller.{phone.removeprefix('+')}@practice.example"


def _foreign_phones() -> Iterator[tuple[str, str]]:
    """Numbers from films, by turns, until the smallest range is used up."""
    areas = ("202", "213", "310", "415", "646", "808")
    for number in range(600):
        yield f"+447700900{number:03d}", "GB"
        yield f"+3363998{number:04d}", "FR"
        yield f"+1{areas[number // 100]}55501{number % 100:02d}", "US"


def _shares(weights: list[int]) -> npt.NDArray[np.float64]:
    shares: npt.NDArray[np.float64] = np.array(weights, np.float64) / sum(weights)
    return shares


def _spread(rng: np.random.Generator, clusters: list[Cluster]) -> Iterator[tuple[Cluster, float, float]]:
    """Strew people around the middles of their clusters; who would stand in another country or at sea stands nearer."""
    lat = np.array([cluster.lat for cluster in clusters])
    lon = np.array([cluster.lon for cluster in clusters])
    distance = rng.gamma(2.0, 0.5, len(clusters)) * np.array([cluster.spread_km for cluster in clusters])
    bearing = rng.uniform(0, 2 * np.pi, len(clusters))
    north = distance * np.cos(bearing) / KM_PER_DEGREE
    east = distance * np.sin(bearing) / KM_PER_DEGREE / np.cos(np.radians(lat))
    wrong = country_of(lat + north, lon + east) != np.array([cluster.country for cluster in clusters])
    north[wrong] *= 0.1
    east[wrong] *= 0.1
    turned = (lon + east + 180) % 360 - 180
    return zip(clusters, (lat + north).round(5).tolist(), turned.round(5).tolist(), strict=True)


def _who(rng: np.random.Generator, cluster: Cluster) -> tuple[str, str]:
    """Return a name and the language its owner reads first."""
    draw = rng.random()
    if draw < 0.86:
        return _korean(rng), "ko"
    if draw < 0.95:
        return _latin(rng), "en" if rng.random() < 0.75 else "ko"
    language = cluster.local_language if cluster.local_language in OTHER_NAMES else "en"
    given, family = OTHER_NAMES[language]
    first, last = given[rng.integers(len(given))], family[rng.integers(len(family))]
    if language in ("ja", "zh"):
        return f"{last}{' ' if language == 'ja' else ''}{first}", language
    return f"{first} {last}", language


def _korean(rng: np.random.Generator) -> str:
    family = rng.choice(list(KOREAN_FAMILY), p=_shares(list(KOREAN_FAMILY.values())))
    return f"{family}{KOREAN_GIVEN[rng.integers(len(KOREAN_GIVEN))]}"


def _latin(rng: np.random.Generator) -> str:
    return f"{LATIN_GIVEN[rng.integers(len(LATIN_GIVEN))]} {LATIN_FAMILY[rng.integers(len(LATIN_FAMILY))]}"


def _times(rng: np.random.Generator, now: datetime) -> tuple[datetime, datetime | None]:
    """When somebody was seen and until when they stay: most for one to three weeks, some for good, a few have left."""
    draw = rng.random()
    if draw < 0.04:
        return now - timedelta(days=12), now - timedelta(days=float(rng.uniform(1, 4)))
    observed = now - timedelta(hours=float(rng.exponential(30)))
    return observed, None if draw < 0.3 else now + timedelta(days=float(rng.uniform(1, 21)))
