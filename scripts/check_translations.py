"""Checks that every text of the pages exists in every language, and that nothing is left over from earlier texts.

English texts are the message ids themselves. For each other language the catalogues of all packages together must have a
finished translation for every text found in the code, with the same placeholders, and no text that is no longer used.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("hotline", "alerts", "remittance", "overflow")
METHODS = [("**/translations/**", "ignore"), ("**.py", "python"), ("**/templates/**.*", "jinja2.ext.babel_extract")]
# `gettext_noop` marks a text that is translated later, where it is shown.
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "gettext_noop": None,
    "_l": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
}
LANGUAGES = ("ko",)
_PLACEHOLDER = re.compile(r"%\(\w+\)[sdif]|%[sdif]")


@dataclass
class Catalogue:
    """One language's finished messages from all packages, and what is wrong with the rest."""

    messages: dict[str, Message] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def main() -> int:
    """Print each fault on a line; 1 when there is one."""
    used = dict(texts_in_code(ROOT))
    faults = [fault for language in LANGUAGES for fault in language_faults(ROOT, language, used)]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def texts_in_code(root: Path) -> Iterator[tuple[str, str]]:
    """Every text marked for translation, with the place of one use."""
    for package in PACKAGES:
        if not (root / package).is_dir():
            continue
        found = extract_from_dir(
            root / package, METHODS, {"**/templates/**.*": {"silent": "false"}}, KEYWORDS, strip_comment_tags=True
        )
        for file, line, text, _comments, _context in found:
            yield (text if isinstance(text, str) else text[0]), f"{package}/{file}:{line}"


def language_faults(root: Path, language: str, used: dict[str, str]) -> list[str]:
    """What one language lacks, has too much, or has wrong."""
    catalogue = read_language(root, language)
    faults = list(catalogue.faults)
    faults += [
        f"{language}: no translation of {text!r} ({place})"
        for text, place in used.items()
        if text not in catalogue.messages
    ]
    faults += [f"{language}: {text!r} is no longer used" for text in catalogue.messages if text not in used]
    return faults


def read_language(root: Path, language: str) -> Catalogue:
    """Read and judge the catalogues of all packages in one language."""
    catalogue = Catalogue()
    for path in sorted(root.glob(f"[!.]*/translations/{language}/LC_MESSAGES/*.po")):
        label = path.relative_to(root)
        with path.open("rb") as file:
            read = read_po(file, locale=language, abort_invalid=True)
        catalogue.faults += [f"{label}: obsolete {text!r}; remove it" for text in read.obsolete]
        for message in read:
            if message.id:
                _judge(message, str(label), catalogue)
    return catalogue


def _judge(message: Message, label: str, catalogue: Catalogue) -> None:
    text = message.id if isinstance(message.id, str) else message.id[0]
    strings = [message.string] if isinstance(message.string, str) else list(message.string or ("",))
    if message.fuzzy or not all(strings):
        catalogue.faults.append(f"{label}: {text!r} is {'unsure (fuzzy)' if message.fuzzy else 'not translated'}")
    # A plural form may leave the number out, so only the last id, which has them all, is compared.
    full = message.id if isinstance(message.id, str) else message.id[-1]
    for string in strings:
        if string and set(_PLACEHOLDER.findall(string)) != set(_PLACEHOLDER.findall(full)):
            catalogue.faults.append(f"{label}: {text!r} and its translation have different placeholders")
    catalogue.messages[text] = message


if __name__ == "__main__":
    sys.exit(main())
