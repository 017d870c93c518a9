"""What a new incident is opened from: rooms that know a source (`alert:12`, `feed:3`) give the form its first values."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from hotline.incidents.fields import IncidentFields
from hotline.incidents.models import Incident

Reader = Callable[[Session, int], Mapping[str, object] | None]
_readers: dict[str, Reader] = {}


def register(kind: str, reader: Reader) -> None:
    """Let a room read sources of its kind: from a row's id to values of `IncidentFields`, or None where there is no such row."""
    _readers[kind] = reader


def values(session: Session, source: str) -> dict[str, object]:
    """Return first values for the form; empty for no source, an unknown one, or one that is gone."""
    kind, _, number = source.partition(":")
    reader = _readers.get(kind)
    if reader is None or not (number.isascii() and number.isdigit() and len(number) < 19):
        return {}
    found = reader(session, int(number))
    return {} if found is None else {**found, "source": source}


def of_incident(incident: Incident) -> dict[str, object]:
    """Return an incident's own values, for changing it."""
    return {name: getattr(incident, name) for name in IncidentFields.__dataclass_fields__}
