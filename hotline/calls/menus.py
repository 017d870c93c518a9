"""A menu as data: nodes with what is said by language and what each key leads to; pure.

Two wrong or missing keys lead to a person. The danger key is heard in every node and goes before everybody else.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from hotline.core.errors import SeveralFaults

MAX_MISSES = 2
MAX_NODES, MAX_TEXT, MAX_DEPTH = 40, 1_500, 8
SPOKEN_LANGUAGES = ("ko", "en")
"""Every text is needed in these; further languages are spoken where their text is given, else in English."""
OTHER = "other"
"""The language of a caller who chose neither Korean nor English: the agent speaks English and calls an interpreter in."""
NODE_NAME = r"[a-z][a-z0-9_-]{0,39}"
"""What a node may be called: it stands in the address to which a pressed key is sent."""
_FILE = Path(__file__).parent / "default_menu.json"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Choice(_Strict):
    """What a key leads to: exactly one of a node, a queue, a number, or the message box; a language may be set on the way."""

    go: str = Field("", max_length=40)
    queue: str = Field("", max_length=30, pattern=r"^[a-z0-9_-]*$")
    dial: str = Field("", pattern=r"^(\+[1-9][0-9]{6,14})?$")
    voicemail: bool = False
    language: str = Field("", max_length=8, pattern=r"^([a-z]{2,5}(-[a-z]{2,4})?)?$")
    skills: tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,29}$")], ...] = Field((), max_length=8)
    priority: int = Field(0, ge=0, le=9)

    @model_validator(mode="after")
    def _one_target(self) -> Choice:
        if sum((bool(self.go), bool(self.queue), bool(self.dial), self.voicemail)) != 1:
            raise ValueError("name exactly one of go, queue, dial and voicemail")
        return self


def in_order(texts: dict[str, str]) -> dict[str, str]:
    """Return texts in the order they are spoken: Korean, English, then further languages; the database keeps no order."""
    return dict(sorted(texts.items(), key=lambda each: (_place(each[0]), each[0])))


def _place(language: str) -> int:
    return SPOKEN_LANGUAGES.index(language) if language in SPOKEN_LANGUAGES else len(SPOKEN_LANGUAGES)


class Node(_Strict):
    """One question. `say` is the text by language; a node whose language is not chosen yet says all of them in turn."""

    say: Annotated[dict[str, str], AfterValidator(in_order)] = Field(min_length=1, max_length=20)
    sounds: dict[str, Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{20,64}$")]] = Field(
        default_factory=dict, max_length=20
    )
    """Recordings by language, by the key of their address; heard instead of the text, which stays for whoever reads it."""
    keys: dict[Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], Choice] = Field(min_length=1, max_length=10)


class Menu(_Strict):
    """A whole menu: where it begins, its nodes, the key for danger to life, and where a person is found."""

    entry: str = Field(max_length=40)
    danger_key: Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] = "9"
    person: Choice
    nodes: dict[Annotated[str, Field(pattern=f"^{NODE_NAME}$")], Node] = Field(min_length=1, max_length=MAX_NODES)

    @model_validator(mode="after")
    def _whole(self) -> Menu:
        if self.entry not in self.nodes:
            raise ValueError(f"entry: there is no node {self.entry!r}")
        if not self.person.queue:
            raise ValueError("person: name a queue; two missed keys lead there")
        for name, node in self.nodes.items():
            _check_node(self, name, node)
        return self


def _check_node(menu: Menu, name: str, node: Node) -> None:
    if menu.danger_key in node.keys:
        raise ValueError(f"nodes.{name}: key {menu.danger_key} is the danger key")
    for language in SPOKEN_LANGUAGES:
        if not node.say.get(language, "").strip():
            raise ValueError(f"nodes.{name}: the text in '{language}' is missing")
    if any(len(text) > MAX_TEXT for text in node.say.values()):
        raise ValueError(f"nodes.{name}: a text has at most {MAX_TEXT} characters")
    for key, choice in node.keys.items():
        if choice.go and choice.go not in menu.nodes:
            raise ValueError(f"nodes.{name}: key {key} leads to {choice.go!r}, which does not exist")


def queues_of(menu: Menu) -> set[str]:
    """Return the codes of all queues that a menu leads to."""
    keys = {choice.queue for node in menu.nodes.values() for choice in node.keys.values() if choice.queue}
    return keys | {menu.person.queue}


class Ask(BaseModel):
    """The caller is asked (again)."""

    node: str
    misses: int = 0
    problem: Literal["", "wrong", "nothing"] = ""


class Go(BaseModel):
    """The menu is done: the caller goes where `choice` says."""

    choice: Choice
    danger: bool = False
    missed: bool = False
    """No usable key came; the caller goes to a person."""


def beginning(menu: Menu, language: str) -> str:
    """Return the node to begin with: past the question of language for somebody whose language is known already."""
    if language:
        for choice in menu.nodes[menu.entry].keys.values():
            if choice.language == language and choice.go:
                return choice.go
    return menu.entry


def press(menu: Menu, node_name: str, pressed: str, misses: int) -> tuple[Ask | Go, str]:
    """Return what a key in a node leads to, and the language it chose (empty: none); `pressed` is empty for no key."""
    if pressed == menu.danger_key:
        return Go(choice=menu.person, danger=True), ""
    node = menu.nodes.get(node_name)
    choice = node.keys.get(pressed) if node is not None else None  # type: ignore[call-overload]  # any text may be pressed
    if choice is None:
        if misses + 1 >= MAX_MISSES or node is None:
            return Go(choice=menu.person, missed=True), ""
        return Ask(node=node_name, misses=misses + 1, problem="wrong" if pressed else "nothing"), ""
    if choice.go:
        return Ask(node=choice.go), choice.language
    return Go(choice=choice), choice.language


def read_menu(content: object) -> Menu:
    """Return the menu that JSON describes; raises SeveralFaults naming each place."""
    try:
        return Menu.model_validate(content)
    except ValidationError as fault:
        raise SeveralFaults(
            [
                {"field": ".".join(map(str, each["loc"])) or "menu", "value": "", "mend": str(each["msg"])[:300]}
                for each in fault.errors(include_url=False, include_input=False, include_context=False)[:20]
            ],
            "The menu has faults.",
        ) from None


def read_text(text: str) -> Menu:
    """Return the menu in a JSON text; raises SeveralFaults."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise SeveralFaults([{"field": "content", "value": "", "mend": "this is no JSON"}], "No JSON.") from None
    return read_menu(content)


@cache
def default_menu() -> Menu:
    """Return the menu that comes with the software, for a house that has published none yet."""
    return read_text(_FILE.read_text(encoding="utf-8"))
