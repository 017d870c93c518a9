"""What is kept of who paid: the name for people, and keyed hashes by which the same payer is known again; pure.

A plain hash of an account number is guessed in minutes, because there are few numbers; these are keyed with the service's secret.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from remittance.names.likeness import folded, tokens

_MARKS = re.compile(r"[^0-9A-Z]")
_UNKEEPABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def bare(number: str) -> str:
    """Return an account's number as it is compared: capitals and digits alone."""
    return _MARKS.sub("", number.upper())


def numbers_of(account: str) -> set[str]:
    """Return what an account may be called by us, from what a statement calls it: whole, or without the bank before a slash."""
    return {number for number in (bare(account), bare(account.rpartition("/")[2])) if number}


def account_hash(secret: str, account: str) -> str:
    """Return the keyed hash of an account; empty for none."""
    return _keyed(secret, "account", bare(account)) if bare(account) else ""


def name_hash(secret: str, name: str) -> str:
    """Return the keyed hash of a name; empty for none.

    Its letters are taken without their order, so that a name is the same in every script, romanisation and order of its parts.
    Now and then two names are alike: it hints at the same payer and proves nothing.
    """
    letters = sorted("".join(folded(part) for part in tokens(name)))
    return _keyed(secret, "name", "".join(letters)) if letters else ""


def account_end(account: str) -> str:
    """Return the last four characters, by which a person tells two accounts apart; short numbers show none."""
    number = bare(account)
    return number[-4:] if len(number) >= 8 else ""


def keepable(text: str) -> str:
    """Return a text without characters that are none and that the database does not keep."""
    return _UNKEEPABLE.sub("", text)


def _keyed(secret: str, purpose: str, value: str) -> str:
    return hmac.new(secret.encode(), f"payer:{purpose}:{value}".encode(), hashlib.sha256).hexdigest()
