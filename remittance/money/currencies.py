"""Which currencies there are and how many minor digits their books have: ISO 4217's list one, as the library carries it.

The digits that CLDR shows to readers differ for thirteen currencies (IQD has three in the books and none on a label), so they are
never asked here; `wording` alone knows both.
"""

from __future__ import annotations

from functools import cache

from iso4217 import Currency

from hotline.core.errors import InvalidInput

LARGEST_MINOR = 10**15
"""No single amount is larger: ten trillion with two digits, and far from where a bigint ends."""


@cache
def exponents() -> dict[str, int]:
    """Return the exponent by code of every currency that amounts can be in.

    Codes without minor units (metals, XDR, XTS, XXX) are none that anybody is paid in and are left out.
    """
    return {str(each.code): each.exponent for each in Currency if each.exponent is not None}


def exponent(currency: str) -> int:
    """Return how many minor digits a currency has: 0 for KRW, 2 for USD, 3 for BHD, 4 for CLF.

    Raises InvalidInput for a code that ISO 4217 does not have, or that has no minor units.
    """
    found = exponents().get(currency)
    if found is None:
        raise InvalidInput(
            "currency", currency, "give the three letters of ISO 4217, such as USD or KRW", code="unknown-currency"
        )
    return found


def units(currency: str) -> int:
    """Return how many minor units make one major unit: 1 for KRW, 100 for USD, 1,000 for BHD."""
    made: int = 10 ** exponent(currency)
    return made
