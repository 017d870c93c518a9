"""Texts with `{name}` placeholders that are filled for each recipient.

`{{` and `}}` are braces of the text itself. The parser is our own and tiny, because `str.format` would let a template
reach into the attributes of what it is given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from alerts.msgid import gettext_noop as _

PLACEHOLDERS: Final = frozenset({"mission", "mission_phone", "hotline", "place", "time", "event", "link"})
"""All names a template may use; `link` is the recipient's personal page."""

_PLAIN = re.compile(r"[^{}]+")

FAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unknown_placeholder": _("There is no placeholder {%(name)s}; choose one of those offered."),
        "unclosed_placeholder": _("A brace at character %(position)s has no partner; close it, or double it."),
        "empty_placeholder": _("The braces at character %(position)s are empty; write a name in them."),
        "missing_value": _("There is nothing to put in the place of {%(name)s}; fill it in."),
    }
)
"""What can be wrong with a template, by code: msgids with named values."""


class TemplateFault(ValueError):
    """A template cannot be filled; `code` names why, `name` the placeholder, `position` where it begins."""

    code = "bad_template"

    def __init__(self, name: str, position: int) -> None:
        super().__init__(FAULTS[self.code] % {"name": name, "position": position + 1})
        self.name = name
        self.position = position


class UnknownPlaceholder(TemplateFault):
    """The name is none that can be filled."""

    code = "unknown_placeholder"


class UnclosedPlaceholder(TemplateFault):
    """A brace was opened and not closed, or closed and not opened."""

    code = "unclosed_placeholder"


class EmptyPlaceholder(TemplateFault):
    """There is no name between the braces."""

    code = "empty_placeholder"


class MissingValue(TemplateFault):
    """The name is known and there is nothing to put there; a text with a hole is never sent."""

    code = "missing_value"


@dataclass(frozen=True, slots=True)
class _Piece:
    kind: Literal["text", "name"]
    value: str
    position: int


def _pieces(template: str) -> Iterator[_Piece]:
    """Take a template apart.

    Raises:
        UnclosedPlaceholder, EmptyPlaceholder: the braces are not right.
    """
    position = 0
    while position < len(template):
        char = template[position]
        if char in "{}" and template[position : position + 2] == char * 2:
            yield _Piece("text", char, position)
            position += 2
        elif char == "}":
            raise UnclosedPlaceholder("", position)
        elif char == "{":
            end = template.find("}", position)
            if end < 0 or "{" in template[position + 1 : end]:
                raise UnclosedPlaceholder(template[position + 1 : position + 20], position)
            name = template[position + 1 : end].strip()
            if not name:
                raise EmptyPlaceholder("", position)
            yield _Piece("name", name, position)
            position = end + 1
        else:
            found = _PLAIN.match(template, position)
            assert found is not None, "the character is no brace"
            yield _Piece("text", found[0], position)
            position = found.end()


def placeholders_in(template: str) -> frozenset[str]:
    """Name the placeholders of a template.

    Raises:
        UnknownPlaceholder, UnclosedPlaceholder, EmptyPlaceholder: the template cannot be filled by anything.
    """
    names = set()
    for piece in _pieces(template):
        if piece.kind == "name":
            if piece.value not in PLACEHOLDERS:
                raise UnknownPlaceholder(piece.value, piece.position)
            names.add(piece.value)
    return frozenset(names)


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put the values in their places; what a value holds is text and is never read as a template.

    Raises:
        UnknownPlaceholder, UnclosedPlaceholder, EmptyPlaceholder: the template is wrong.
        MissingValue: there is no value, or a blank one, for a placeholder that the template uses.
    """
    result = []
    for piece in _pieces(template):
        if piece.kind == "text":
            result.append(piece.value)
            continue
        if piece.value not in PLACEHOLDERS:
            raise UnknownPlaceholder(piece.value, piece.position)
        value = values.get(piece.value, "")
        if not value.strip():
            raise MissingValue(piece.value, piece.position)
        result.append(value)
    return "".join(result)


def escape(text: str) -> str:
    """Make foreign text safe for a template: its braces stay braces."""
    return text.replace("{", "{{").replace("}", "}}")


def choose_language(wanted: str | None, available: Sequence[str], fallbacks: Sequence[str] = ("ko", "en")) -> str:
    """Choose the text for a person: their own tag, their primary language, then the fallbacks, then the first text.

    Raises:
        LookupError: no text is available at all.
    """
    if not available:
        raise LookupError("an alert has at least one text; write one before choosing")
    for tag in (wanted or "", *fallbacks):
        for taken in available:
            if taken.lower() == tag.lower():
                return taken
        for taken in available:
            if tag and taken.lower().split("-")[0] == tag.lower().replace("_", "-").split("-")[0]:
                return taken
    return available[0]
