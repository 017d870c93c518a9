"""Which country a mobile network is in, by its MCC and MNC (ITU-T E.212).

The list is the mcc-mnc-list package's (`make setup` copies it). A country code alone is not enough: +1's 310 is the United
States, Guam and Puerto Rico, 425 is Israel and Palestine. A network that is not on the list is where most of its MCC are.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from hotline.core.errors import Unavailable
from hotline.geo.countries import NOWHERE, countries

NETWORKS_FILE = Path(__file__).parents[1] / "console/static/vendor/mcc-mnc-list/mcc-mnc-list.json"
_SHARED = {"BL/GF/GP/MF/MQ": "GP", "BQ/CW/SX": "CW", "YT/RE": "RE", "AU/CC/CX": "AU"}
"""Networks of several territories count as the largest of them; their missions are the same."""
_LARGE = frozenset({(310, 120), (310, 260), (310, 280), (310, 410), (340, 1), (340, 2), (340, 11), (340, 20)})
"""Networks of the United States that serve Puerto Rico and the Virgin Islands under the same code, and of the French West
Indies that serve Guiana."""


def country_of_network(mcc: str, mnc: str) -> str:
    """Return the ISO country of a network, ZZ for ships, aircraft, satellites and codes that nobody has.

    Both are digits; leading zeros of the MNC do not matter.
    """
    if not (mcc.isascii() and mcc.isdigit() and mnc.isascii() and mnc.isdigit()):
        return NOWHERE
    networks, usual = _networks()
    return networks.get((int(mcc), int(mnc))) or usual.get(int(mcc), NOWHERE)


@lru_cache(maxsize=1)
def _networks() -> tuple[dict[tuple[int, int], str], dict[int, str]]:
    """Every network's country, and the usual one of each MCC."""
    try:
        entries: list[dict[str, Any]] = json.loads(NETWORKS_FILE.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unavailable(
            f"The list of mobile networks is not there ({NETWORKS_FILE.name}); run `make setup` to fetch it."
        ) from error
    known = {country.code for country in countries()}
    votes: dict[int, Counter[str]] = defaultdict(Counter)
    listed: dict[tuple[int, int], dict[str, bool]] = defaultdict(dict)
    for entry in entries:
        written, mcc, mnc = str(entry["countryCode"] or ""), str(entry["mcc"]), str(entry["mnc"])
        code = _SHARED.get(written) or written.partition("-")[0]
        if code not in known or not mcc.isdigit():
            continue
        votes[int(mcc)][code] += 1
        if mnc.isdigit():
            works = listed[int(mcc), int(mnc)]
            works[code] = works.get(code, False) or entry["status"] == "Operational"
    usual = {mcc: count.most_common(1)[0][0] for mcc, count in votes.items()}
    return {network: _decide(network, works, usual[network[0]]) for network, works in listed.items()}, usual


def _decide(network: tuple[int, int], works: dict[str, bool], usual: str) -> str:
    """Choose among the countries that a network is listed under (and whether it works there).

    A territory's own network stands under the territory and once more under the country its MCC belongs to: then it is the
    territory's. One that stands under many is a large one, and in most of its calls where its MCC is.
    """
    candidates = [code for code, working in works.items() if working] or list(works)
    territories = sorted(code for code in candidates if code != usual)
    if network in _LARGE or not territories or len(territories) > 2:
        return usual if usual in candidates or network in _LARGE else territories[0]
    return territories[0]
