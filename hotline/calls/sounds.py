"""Recordings that are heard instead of a menu's text: of few kinds, told by their first bytes, of bounded size and number.

They lie in the database, so that every host has them, under a key that nobody can guess. A version of the menu names the keys,
so what callers hear never changes under a call that is on. A recording whose text is changed is taken out with the old text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hotline.calls.menu_store import changed, draft
from hotline.calls.menus import read_menu
from hotline.calls.models import CallMenu, CallSound
from hotline.calls.states import MENUS
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused, TooLarge
from hotline.core.ids import new_token

MAX_BYTES, MAX_SOUNDS, MAX_NAME_CHARS = 2 * 1024 * 1024, 200, 120
WAV, MP3 = "audio/wav", "audio/mpeg"
_WAV_CODECS = (1, 6, 7)
"""PCM, A-law, µ-law: what the provider plays."""
_UNUSED = text(
    "DELETE FROM call_sounds s WHERE NOT EXISTS (SELECT FROM call_menus m WHERE position(s.key IN m.content::text) > 0)"
)


def media_type_of(content: bytes) -> str | None:
    """Return WAV or MP3 by the content; None for every other file."""
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        found = content.find(b"fmt ", 12, 4096)
        codec = int.from_bytes(content[found + 8 : found + 10], "little") if found >= 0 else 0
        return WAV if codec in _WAV_CODECS else None
    if content[:3] == b"ID3":
        return MP3
    is_frame = len(content) > 3 and content[0] == 0xFF and content[1] & 0xE6 == 0xE2 and content[2] & 0xF0 != 0xF0
    return MP3 if is_frame else None


def add_sound(
    session: Session, clock: Clock, actor: Actor, *, question: str, language: str, name: str, content: bytes
) -> CallSound:
    """Have a recording heard instead of a question's text in the draft.

    Raises Refused without a draft, InvalidInput naming the field, TooLarge.
    """
    row = _draft(session, actor)
    if len(content) > MAX_BYTES:
        raise TooLarge(f"The recording is larger than {MAX_BYTES // 1024 // 1024} MB.", code="bad-sound")
    media_type = media_type_of(content)
    if media_type is None:
        raise InvalidInput("file", name, "use a WAV or an MP3 file", code="bad-sound")
    node = _node(row, question, language)
    sound = CallSound(
        key=new_token(), media_type=media_type, content=content, size_bytes=len(content), author_id=actor.id,
        name=re.sub(r"[\x00-\x1f\x7f/\\\"]", "_", name).strip()[-MAX_NAME_CHARS:] or "recording",
        created_at=clock.now(),
    )  # fmt: skip
    session.add(sound)
    session.flush()
    _put(session, clock, actor, row, question, node.get("sounds", {}) | {language: sound.key})
    session.flush()
    session.execute(_UNUSED)  # the one that this takes the place of, unless another version plays it
    if (session.scalar(select(func.count()).select_from(CallSound)) or 0) > MAX_SOUNDS:
        raise Refused("There are enough recordings.", code="sounds-full")
    return sound


def remove_sound(session: Session, clock: Clock, actor: Actor, *, question: str, language: str) -> None:
    """Have the text spoken again in the draft; raises Refused, InvalidInput."""
    row = _draft(session, actor)
    node = _node(row, question, language)
    left = {each: key for each, key in node.get("sounds", {}).items() if each != language}
    _put(session, clock, actor, row, question, left)


def get_sound(session: Session, key: str) -> CallSound:
    """Return a recording by its key; raises NotFound."""
    sound = session.scalar(select(CallSound).where(CallSound.key == key))
    if sound is None:
        raise NotFound("recording", "…")
    return sound


def names_of(session: Session) -> dict[str, str]:
    """Return the names that recordings had where they came from, by key."""
    return dict(session.execute(select(CallSound.key, CallSound.name).limit(MAX_SOUNDS)).tuples().all())


def kept_with(say: Mapping[str, Mapping[str, str]], before: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the recordings, by question and language, whose text is still the same; `before` is a menu's data."""
    return {
        name: {
            language: key
            for language, key in node.get("sounds", {}).items()
            if say.get(name, {}).get(language) == node["say"].get(language)
        }
        for name, node in before["nodes"].items()
    }


def _draft(session: Session, actor: Actor) -> CallMenu:
    if not actor.may(MENUS):
        raise Forbidden(f"Menus need the permission {MENUS}.")
    row = draft(session, lock=True)
    if row is None:
        raise Refused("Keep a draft of the menu first.", code="menu-no-draft")
    return row


def _node(row: CallMenu, question: str, language: str) -> dict[str, Any]:
    node: dict[str, Any] | None = row.content["nodes"].get(question)
    if node is None:
        raise InvalidInput("question", question, "choose one of the questions")
    if language not in node["say"]:
        raise InvalidInput("language", language, "choose a language that the question has a text in")
    return node


def _put(session: Session, clock: Clock, actor: Actor, row: CallMenu, question: str, sounds: dict[str, str]) -> None:
    nodes = row.content["nodes"]
    content = row.content | {"nodes": nodes | {question: nodes[question] | {"sounds": sounds}}}
    read_menu(content)
    row.content = content
    changed(row, clock, actor)
    audit.record(
        session, clock, actor, "menu.saved", "call_menu", row.id,
        after={"version": row.version, "recordings": f"{question}: {', '.join(sorted(sounds)) or '–'}"},
    )  # fmt: skip
