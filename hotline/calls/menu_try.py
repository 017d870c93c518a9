"""A menu tried out as a caller: one step of the walk, by the very rules that calls follow; pure."""

from __future__ import annotations

from dataclasses import dataclass

from hotline.calls import menus, speaking
from hotline.calls.menus import Ask, Choice, Menu
from hotline.calls.speaking import Said


@dataclass(frozen=True)
class Step:
    """What is heard now, in the caller's language (empty: not chosen), and where the call goes when the menu is done."""

    node: str
    language: str
    misses: int
    said: list[Said]
    gone: Choice | None = None
    danger: bool = False
    missed: bool = False


def walk(menu: Menu, node: str, key: str | None, language: str, misses: str) -> Step:
    """Return what follows on a key in a node; without a key, what is heard there. What is unknown begins anew."""
    at = node if node in menu.nodes else menu.entry
    known = {choice.language for each in menu.nodes.values() for choice in each.keys.values()}
    language = language if language in known else ""
    count = int(misses) if misses.isascii() and misses.isdigit() and len(misses) == 1 else 0
    if key is None:
        return _asked(menu, Ask(node=at, misses=count), language, first=at == menu.entry)
    outcome, chosen = menus.press(menu, at, key[:1], min(count, menus.MAX_MISSES))
    language = chosen or language
    if isinstance(outcome, Ask):
        return _asked(menu, outcome, language, first=False)
    heard = "danger_heard" if outcome.danger else "voicemail" if outcome.choice.voicemail else "to_person"
    if outcome.choice.dial:
        heard = "forwarding"
    said = [speaking.ours(heard, speaking.heard_in(language))]
    return Step(at, language, 0, said, outcome.choice, outcome.danger, outcome.missed)


def _asked(menu: Menu, asked: Ask, language: str, *, first: bool) -> Step:
    languages = speaking.heard_in(language)
    said = [speaking.ours(asked.problem, languages)] if asked.problem else []
    if first:
        said.append(speaking.ours("danger", languages, digit=menu.danger_key))
    said.append(speaking.in_language(menu.nodes[asked.node].say, language))
    return Step(asked.node, language, asked.misses, said)
