"""Moments as people write them in a form: a day and an hour in a zone that they see; pure.

An hour that a change of clocks leaves out is taken as if the clocks had not changed yet; one that comes twice is its first.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

from hotline.core.errors import InvalidInput

MAX_CHARS = 30


def read_zone(name: str) -> ZoneInfo:
    """Return the zone of an IANA name; raises InvalidInput."""
    if name not in available_timezones():
        raise InvalidInput("zone", name[:60], "choose a time zone of the list, such as Asia/Seoul")
    return ZoneInfo(name)


def read_moment(written: str, zone: ZoneInfo) -> datetime:
    """Return in UTC what a form's `datetime-local` says in a zone; a zone of its own goes before. Raises InvalidInput."""
    try:
        local = datetime.fromisoformat(written[:MAX_CHARS])
        return (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput("due_at", written[:MAX_CHARS], "choose a day and a time") from None


def shown(moment: datetime, zone: ZoneInfo) -> str:
    """Return a moment as it stands on clocks in a zone, with its distance from UTC and the zone's name."""
    local = moment.astimezone(zone)
    offset = local.strftime("%z")
    return f"{local:%Y-%m-%d %H:%M} (UTC{offset[:3]}:{offset[3:5]}, {zone.key})"
