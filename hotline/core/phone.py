"""Phone numbers of any country, held as E.164 (ITU-T E.164: a plus sign and at most fifteen digits)."""

from __future__ import annotations

from dataclasses import dataclass

import phonenumbers

from hotline.core.errors import InvalidInput

MAX_COUNTRY_CODE_DIGITS = 3
MAX_INPUT_CHARS = 40
KOREAN_MOBILE = "+8210"


@dataclass(frozen=True)
class PhoneNumber:
    """A number in E.164 and the ISO 3166 region it belongs to (`ZZ` where a number has none, such as +800)."""

    e164: str
    region: str


def parse_e164(text: str, region: str | None = None, *, field: str = "phone") -> PhoneNumber:
    """Read a number as people write it and return it in E.164.

    `region` is the ISO country assumed for numbers written without a plus sign. Numbers need to be *possible* (right
    length for their country), not assigned: numbering plans change faster than any library.

    Raises InvalidInput naming `field`.
    """
    number = _possible(text, region, field)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    found = phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(
        number.country_code or 0
    )
    return PhoneNumber(e164, found if found and found != "001" else "ZZ")


def to_e164(text: str, region: str | None = None, *, field: str = "phone") -> str:
    """Do as `parse_e164` does but for the region, which takes longer to find than everything else; for bursts."""
    number = _possible(text, region, field)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def to_reachable(text: str, region: str | None = None, *, field: str = "phone") -> str:
    """Do as `to_e164` does for a number that money or a life hangs on: of a Korean mobile number no digit may be missing.

    The library calls a Korean number of five digits possible; since 2021 each mobile number is 010 and eight digits more.
    """
    e164 = to_e164(text, region, field=field)
    if e164.startswith(KOREAN_MOBILE) and len(e164) != len(KOREAN_MOBILE) + 8:
        raise InvalidInput(field, text, "a Korean mobile number is 010 and eight more digits")
    return e164


def _possible(text: str, region: str | None, field: str) -> phonenumbers.PhoneNumber:
    if len(text) > MAX_INPUT_CHARS:
        raise InvalidInput(field, text, f"a phone number has at most {MAX_INPUT_CHARS} characters")
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        raise InvalidInput(field, text, "write it in international form, for example +821012345678") from None
    if number.extension or not phonenumbers.is_possible_number(number):
        raise InvalidInput(field, text, "the number of digits does not fit its country; check the country code")
    return number


def region_of(e164: str) -> str:
    """Return the ISO country of a number in E.164; ZZ when it belongs to none (satellites, unknown codes)."""
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return "ZZ"
    found = phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(
        number.country_code or 0
    )
    return found if found and found != "001" else "ZZ"


def readable(e164: str) -> str:
    """Return a number as people read and dial it, in international form; unchanged when it is no number."""
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return e164
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def mask(e164: str) -> str:
    """Return a number fit for logs and lists: country code and the last two digits only."""
    return f"{e164[:4]}…{e164[-2:]}" if len(e164) > 7 else "…"


def regions_of_prefix(prefix: str) -> list[str]:
    """Return the countries whose numbers begin with a prefix that is a country's code, such as `+82`; else nothing."""
    digits = prefix.removeprefix("+")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= MAX_COUNTRY_CODE_DIGITS):
        return []
    found = phonenumbers.region_codes_for_country_code(int(digits))
    return [region for region in found if region != "001"]


def prefix_of_region(region: str) -> str:
    """Return what numbers of a country begin with, such as `+82` for KR; empty when it has no code of its own."""
    code = phonenumbers.country_code_for_region(region)
    return f"+{code}" if code else ""
