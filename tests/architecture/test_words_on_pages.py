"""What people choose between reads differently in every language, and every colour of a state exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from remittance.deposits import words as deposits
from remittance.payouts import words as payouts
from remittance.requests import words as requests
from remittance.screening import words as screening

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("hotline", "alerts", "overflow", "remittance")
TEMPLATES = [path for package in PACKAGES for path in (ROOT / package).rglob("templates/**/*.html")]
CHOICES = {
    "decisions about a remittance": ["Send back", "Reject", "Call off", "Put on hold", "Order the refund"],
    "states of a remittance": list(requests.STATES.values()),
    "what happened to a remittance": list({text for name, text in requests.EVENTS.items() if name != "expire"}),
    "states of an entry of the bank": list(deposits.STATES.values()),
    "states of a payout": list(payouts.STATES.values()),
    "states of a finding": list(screening.STATES.values()),
}


def korean() -> dict[str, str]:
    """Return the Korean texts of all packages by their English ones."""
    found: dict[str, str] = {}
    for package in PACKAGES:
        with (ROOT / package / "translations" / "ko" / "LC_MESSAGES" / "messages.po").open("rb") as file:
            found |= {message.id: str(message.string) for message in read_po(file) if isinstance(message.id, str)}
    return found


@pytest.mark.parametrize("choice", CHOICES)
def test_two_choices_never_read_the_same(choice: str) -> None:
    texts = korean()
    shown = [texts[text] for text in CHOICES[choice]]
    assert sorted(shown) == sorted(set(shown))


def test_every_colour_of_a_state_is_one_that_the_style_sheet_has() -> None:
    sheet = (ROOT / "hotline" / "console" / "static" / "css" / "parts.css").read_text(encoding="utf-8")
    known = set(re.findall(r"\.state-([a-z]+) \{", sheet))
    used = {
        kind: path.name
        for path in TEMPLATES
        for kind in re.findall(r'parts\.state\([^{}]*?, "([a-z]+)"\)', path.read_text(encoding="utf-8"))
    }
    for words in (requests, screening, payouts, deposits):
        used |= dict.fromkeys(words.STATE_KINDS.values(), words.__name__)
    assert used and not {kind: place for kind, place in used.items() if kind not in known}
