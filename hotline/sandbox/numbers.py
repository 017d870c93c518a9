"""The numbers that a handset can call: where each leads, and numbers of others that pass calls on to them.

They stand in `DATA/sandbox/numbers.json`, read again within a second of being replaced, or come over `/control/numbers`.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields

from hotline.sandbox.handsets import NUMBER
from hotline.sandbox.settings import BadInput

MAX_NUMBERS = 2_000
MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_URL_CHARACTERS = 2_000
ALWAYS, OFF = "always", "off"
CALLER, LINE = "caller", "line"
_CHOICES = {"voice_method": ("POST", "GET"), "forwarding": (ALWAYS, OFF), "shows": (CALLER, LINE)}
_CONTEXT = re.compile(r"[A-Za-z0-9_-]{1,80}")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One number of the account, or of somebody who forwards to one (``forwards_to``, E.164).

    ``forwarding`` is the switch of who forwards: ``always``, or ``off``, and then the number rings at their own handset.
    ``shows`` says whose number a passed-on call bears, the ``caller``'s or the ``line``'s own; ``context`` is what the exchange
    sends along in its header ``X-Hotline-Context``, empty for none.
    """

    number: str
    name: str = ""
    voice_url: str = ""
    voice_method: str = "POST"
    fallback_url: str = ""
    status_callback: str = ""
    forwards_to: str = ""
    forwarding: str = ALWAYS
    shows: str = CALLER
    context: str = ""

    @property
    def passes_on(self) -> bool:
        """Whether calls go on to another number right now."""
        return bool(self.forwards_to) and self.forwarding == ALWAYS


class Numbers:
    """Every number that can be called, in the order in which they were named."""

    def __init__(self) -> None:
        """Start without any."""
        self._lines: dict[str, Line] = {}

    def all(self) -> list[Line]:
        """Return every line."""
        return list(self._lines.values())

    def get(self, number: str) -> Line | None:
        """Return the line of a number."""
        return self._lines.get(number)

    def reach(self, number: str) -> tuple[Line | None, str]:
        """Return the line that answers where a number is called, if one does, and which number passes calls on to it."""
        line, forwarded = self._lines.get(number), ""
        if line is not None and line.passes_on:
            forwarded = line.number
            line = self._lines.get(line.forwards_to)
        return (line if line is not None and line.voice_url else None), forwarded

    def put(self, line: Line) -> None:
        """Add or replace one line."""
        self._lines[line.number] = line

    def put_all(self, entries: object) -> int:
        """Add or replace lines from JSON; raises ``BadInput`` naming the entry that is wrong, changing nothing then."""
        if not isinstance(entries, list) or len(entries) > MAX_NUMBERS:
            raise BadInput(f"the body must be a list of at most {MAX_NUMBERS} numbers")
        lines = [_parse(index, entry) for index, entry in enumerate(entries)]
        if len(self._lines.keys() | {line.number for line in lines}) > MAX_NUMBERS:
            raise BadInput(f"at most {MAX_NUMBERS} numbers are kept")
        for line in lines:
            self._lines[line.number] = line
        return len(lines)


def _parse(index: int, entry: object) -> Line:
    known = {each.name for each in fields(Line)}
    if not isinstance(entry, dict) or not set(entry) <= known:
        raise BadInput(f"number {index}: must be an object of {', '.join(sorted(known))}")
    values = {name: value for name, value in entry.items() if value}
    if not all(isinstance(value, str) and len(value) <= MAX_URL_CHARACTERS for value in values.values()):
        raise BadInput(f"number {index}: every value must be a text of at most {MAX_URL_CHARACTERS} characters")
    for name in ("number", "forwards_to"):
        if (name == "number" or name in values) and not NUMBER.fullmatch(values.get(name, "")):
            raise BadInput(f"number {index}: {name} must be E.164, as +821012345678")
    for name in ("voice_url", "fallback_url", "status_callback"):
        if not values.get(name, "http://").startswith(("http://", "https://")):
            raise BadInput(f"number {index}: {name} must be an http address")
    for name, allowed in _CHOICES.items():
        if values.get(name, allowed[0]) not in allowed:
            raise BadInput(f"number {index}: {name} must be {' or '.join(allowed)}")
    if "context" in values and not _CONTEXT.fullmatch(values["context"]):
        raise BadInput(f"number {index}: context must be 1 to 80 letters, digits, - and _")
    return Line(**values)


def line_json(line: Line) -> dict[str, str]:
    """Return a line as the control API shows it."""
    return asdict(line)
