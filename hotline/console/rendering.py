"""How the console shows times, numbers and stored values to people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from flask import g
from flask_babel import format_decimal, get_locale, ngettext
from markupsafe import Markup

from hotline.console.assets import blueprint
from hotline.core.i18n import gettext, gettext_noop
from hotline.core.phone import readable
from hotline.core.services import current
from hotline.geo.countries import NOWHERE, countries

UNAMBIGUOUS = frozenset({"KST", "JST", "UTC", "GMT", "CET", "CEST", "BST", "EET", "EEST"})
"""Zone abbreviations that mean one thing to everybody; others (PST in Manila and in Los Angeles) become an offset."""

PRECISION_NAMES = {
    "exact": gettext_noop("exact place"),
    "city": gettext_noop("city only"),
    "country": gettext_noop("country only"),
}


def reader_zone() -> str:
    """Return the zone of the person whose own page it is (`g.reader_zone`), else the officer's, else the centre's."""
    own = g.get("reader_zone")
    if own:
        return str(own)
    officer = g.get("officer")
    return officer.zone if officer is not None else current().settings.home_zone


def zone_label(local: datetime) -> str:
    """Return a short name of a local time's zone that cannot be mistaken, for example `KST` or `UTC+8`."""
    name = local.tzname() or ""
    if name in UNAMBIGUOUS:
        return name
    offset = local.utcoffset() or timedelta()
    minutes = int(offset.total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{sign}{hours}" + (f":{rest:02d}" if rest else "")


@blueprint.app_template_filter("when")
def when(at: datetime | None, style: str = "full", zone: str | None = None) -> Markup:
    """Return a `<time>` element in the reader's zone (or `zone`), with UTC in its title.

    `style` is `full` (date, time, zone), `seconds` (the same to the second), `time` or `date`.
    """
    if at is None:
        return Markup("<span class=quiet>–</span>")
    local = at.astimezone(ZoneInfo(zone or reader_zone()))
    pattern = {"full": "%Y-%m-%d %H:%M", "seconds": "%Y-%m-%d %H:%M:%S", "time": "%H:%M", "date": "%Y-%m-%d"}[style]
    shown = local.strftime(pattern) + ("" if style == "date" else f" {zone_label(local)}")
    utc = at.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        utc.isoformat(timespec="seconds"), utc.strftime("%Y-%m-%d %H:%M:%S UTC"), shown
    )


@blueprint.app_template_filter("ago")
def ago(at: datetime | None) -> Markup:
    """Return how long ago something was, or how long until then, with the exact time in the title."""
    if at is None:
        return Markup("<span class=quiet>–</span>")
    seconds = (current().clock.now() - at).total_seconds()
    length = duration(abs(seconds))
    shown = gettext("%(length)s ago", length=length) if seconds >= 0 else gettext("in %(length)s", length=length)
    local = at.astimezone(ZoneInfo(reader_zone()))
    return Markup('<time datetime="{}" title="{} {}">{}</time>').format(
        at.astimezone(UTC).isoformat(timespec="seconds"), local.strftime("%Y-%m-%d %H:%M:%S"), zone_label(local), shown
    )


@blueprint.app_template_filter("duration")
def duration(seconds: float) -> str:
    """Return a length of time in its one largest unit: `12 s`, `3 min`, `5 h`, `2 days`."""
    whole = int(seconds)
    if whole < 60:
        return gettext("%(count)s s", count=whole)
    if whole < 3600:
        return gettext("%(count)s min", count=whole // 60)
    if whole < 48 * 3600:
        return gettext("%(count)s h", count=whole // 3600)
    return str(ngettext("%(num)s day", "%(num)s days", whole // 86400))


@blueprint.app_template_filter("number")
def number(value: float | None) -> str:
    """Return a number with the reader's separators, or a dash."""
    return "–" if value is None else str(format_decimal(value))


@blueprint.app_template_filter("differences")
def differences(pair: tuple[dict[str, Any] | None, dict[str, Any] | None]) -> list[tuple[str, Any, Any]]:
    """Return what changed between two recorded sets of values as (name, before, after), in a steady order."""
    before, after = pair[0] or {}, pair[1] or {}
    names = list(before) + [name for name in after if name not in before]
    return [(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)]


@blueprint.app_template_filter("plain")
def plain(value: object) -> str:
    """Return a stored JSON value as one line for people."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        return ", ".join(plain(part) for part in value) if value else "–"
    if isinstance(value, dict):
        return "; ".join(f"{key}: {plain(part)}" for key, part in value.items())
    return str(value)


@lru_cache(maxsize=4)
def _country_names(language: str) -> dict[str, str]:
    return {country.code: country.name(language) for country in countries()}


@blueprint.app_template_filter("country_name")
def country_name(code: str) -> str:
    """Return a country's name in the reader's language; the code itself where it is not assigned."""
    if code == NOWHERE:
        return gettext("at sea or unknown")
    return _country_names(str(get_locale())).get(code, code)


@blueprint.app_template_global("country_options")
def country_options() -> list[tuple[str, str]]:
    """Return (code, name) of all countries by name in the reader's language, for a choice."""
    return sorted(_country_names(str(get_locale())).items(), key=lambda pair: pair[1])


@blueprint.app_template_filter("phone")
def phone(number: str) -> str:
    """Return an E.164 number with its usual blanks, such as `+82 10-1234-5678`; as stored when it cannot be read."""
    return readable(number)


@blueprint.app_template_filter("language_name")
def language_name(code: str) -> str:
    """Return a language's name in the reader's language; the code itself where it is not known."""
    try:
        return str(Locale.parse(code, sep="-").get_display_name(get_locale()) or code)
    except (UnknownLocaleError, ValueError):
        return code


@blueprint.app_template_filter("precision_name")
def precision_name(precision: str) -> str:
    """Return how exactly a place is known, in the reader's language."""
    return gettext(PRECISION_NAMES.get(precision, precision))
