"""The menu as a form: every node with its texts and keys as fields, and back into the data that is checked and kept; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hotline.calls.menus import MAX_NODES, SPOKEN_LANGUAGES, Menu

KEYS = "1234567890"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


def fields_of(menu: Menu) -> list[dict[str, Any]]:
    """Return the nodes as the form shows them, the entry first."""
    names = [menu.entry, *(name for name in menu.nodes if name != menu.entry)]
    return [
        {
            "name": name,
            "say": dict(menu.nodes[name].say),
            "keys": [
                {"key": key, "target": _target(choice) if (choice := menu.nodes[name].keys.get(key)) else "",  # type: ignore[call-overload]
                 "language": choice.language if choice else "", "skills": ", ".join(choice.skills) if choice else "",
                 "priority": choice.priority if choice else 0}
                for key in KEYS if key != menu.danger_key
            ],
        }
        for name in names
    ]  # fmt: skip


def _target(choice: Any) -> str:
    if choice.go:
        return f"go:{choice.go}"
    if choice.queue:
        return f"queue:{choice.queue}"
    return f"dial:{choice.dial}" if choice.dial else "voicemail"


def read_form(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the menu's data from the form's fields; whether it is whole is checked where it is kept."""
    nodes: dict[str, Any] = {}
    for number in range(MAX_NODES):
        name = form.get(f"node-{number}", "").strip().lower()
        if not name or not _NAME.fullmatch(name) or form.get(f"drop-{number}") == "1":
            continue
        say = {
            language: words
            for language in SPOKEN_LANGUAGES
            if (words := form.get(f"say-{number}-{language}", "").strip())
        }
        keys = {
            key: _choice(form, number, key) for key in KEYS if form.get(f"target-{number}-{key}", "").strip()
        }  # fmt: skip
        nodes[name] = {"say": say, "keys": keys}
    person = form.get("person", "").strip().lower()
    return {
        "entry": form.get("entry", "").strip().lower(), "danger_key": form.get("danger_key", "9").strip(),
        "person": {"queue": person}, "nodes": nodes,
    }  # fmt: skip


def _choice(form: Mapping[str, str], number: int, key: str) -> dict[str, Any]:
    kind, _, value = form[f"target-{number}-{key}"].strip().partition(":")
    target: dict[str, Any] = {"voicemail": True} if kind == "voicemail" else {kind: value.strip()}
    if kind not in ("go", "queue", "dial", "voicemail"):
        target = {"go": kind}
    language = form.get(f"language-{number}-{key}", "").strip().lower()
    skills = [each.strip() for each in form.get(f"skills-{number}-{key}", "").split(",") if each.strip()]
    priority = form.get(f"priority-{number}-{key}", "0").strip() or "0"
    return target | {
        "language": language, "skills": skills, "priority": int(priority) if priority.isdecimal() and len(priority) < 4 else -1,
    }  # fmt: skip
