"""What every page of the console needs: the menu, who is signed in, the theme, the live address."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app, g, request

from hotline.auth.console import THEME_COOKIE, THEMES
from hotline.console.rendering import reader_zone, zone_label
from hotline.core.explain import explain
from hotline.core.phone import mask, readable
from hotline.core.registry import MenuEntry, Registry
from hotline.core.services import current
from hotline.core.web import SIGNED_IN


def provide() -> dict[str, Any]:
    """Return the frame's template variables; asks neither database nor Redis, so that error pages can always be shown."""
    officer, actor, settings = g.get("officer"), g.get("actor"), current().settings
    now = current().clock.now()
    zone = reader_zone()
    return {
        "explain": explain,
        "me": officer,
        "actor": actor,
        "may": (lambda permission: actor is not None and actor.may(permission)),
        "number_shown": number_shown,
        "menu": (menu := menu_for(actor) if actor is not None else []),
        "menu_parts": in_parts(menu),
        "is_here": lambda target: request.path == target or (target != "/" and request.path.startswith(target + "/")),
        "zone": zone,
        "now": now,
        "clock_here": now.astimezone(ZoneInfo(zone)).strftime("%H:%M"),
        "theme": chosen_theme(),
        "live_url": settings.live_url,
        "is_demo": settings.demo,
        "here": request.full_path.rstrip("?") if request.method == "GET" else "/",
        "zone_offset_minutes": _offset_minutes(now, zone),
        "zone_name": zone_label(now.astimezone(ZoneInfo(zone))),
    }


def number_shown(phone: str) -> str:
    """Return a person's number: whole for readers who may see numbers, masked for others, such as volunteers at the desk."""
    actor = g.get("actor")
    return readable(phone) if actor is not None and actor.may("persons.phone") else mask(phone)


def menu_for(actor: Any) -> list[MenuEntry]:
    """Return the menu entries this actor may use, in order; an entry whose page this process does not serve is left out."""
    registry: Registry = current_app.extensions["registry"]
    shown = [
        entry
        for entry in registry.menu
        if entry.endpoint in current_app.view_functions
        and (entry.permission == SIGNED_IN or actor.may(entry.permission))
    ]
    return sorted(shown, key=lambda entry: entry.order)


def in_parts(menu: list[MenuEntry]) -> list[tuple[str, list[MenuEntry]]]:
    """Return the menu as it stands in the bar: groups with their entries where the first of them stands, others alone.

    A group of which somebody may open only one entry is that entry.
    """
    groups: dict[str, list[MenuEntry]] = {}
    for entry in menu:
        groups.setdefault(entry.group or entry.endpoint, []).append(entry)
    return [(entries[0].group if len(entries) > 1 else "", entries) for entries in groups.values()]


def chosen_theme() -> str:
    """Return light, dark or auto (as the system says), from the browser's cookie."""
    chosen = request.cookies.get(THEME_COOKIE, "auto")
    return chosen if chosen in THEMES else "auto"


def _offset_minutes(now: datetime, zone: str) -> int:
    offset = now.astimezone(ZoneInfo(zone)).utcoffset()
    return int(offset.total_seconds()) // 60 if offset is not None else 0
