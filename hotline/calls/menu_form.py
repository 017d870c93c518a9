"""The menu as a form: every question with its texts and keys as fields, back into data, and what is wrong with it; pure.

What was written is kept as it was written, however faulty, so that the form can show it again beside its faults.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hotline.calls.menus import MAX_NODES, MAX_TEXT, NODE_NAME, SPOKEN_LANGUAGES, Choice, Menu

KEYS = "1234567890"
MAX_SKILLS = 8
_NAME = re.compile(NODE_NAME)
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_SKILL = re.compile(r"[a-z][a-z0-9_]{0,29}")
KINDS = ("go", "queue", "dial", "voicemail")


@dataclass(frozen=True)
class Key:
    """What a key leads to, as written: `target` is go:NAME, queue:CODE, dial, voicemail or empty; `number` is for dial."""

    key: str
    target: str = ""
    number: str = ""
    language: str = ""
    skills: str = ""
    priority: str = ""

    @property
    def kind(self) -> str:
        """Return which of KINDS it is, or nothing."""
        return self.target.partition(":")[0]

    @property
    def name(self) -> str:
        """Return the question or the queue that it leads to."""
        return self.target.partition(":")[2]


@dataclass(frozen=True)
class Question:
    """One node, as written."""

    name: str
    say: Mapping[str, str]
    keys: tuple[Key, ...]


@dataclass(frozen=True)
class Written:
    """The whole menu, as written."""

    entry: str
    danger_key: str
    person: str
    questions: tuple[Question, ...] = field(default_factory=tuple)

    def named(self) -> list[str]:
        """Return the names of the questions, in their order."""
        return [each.name for each in self.questions if each.name]


class Fault(NamedTuple):
    """What is wrong: a code of `hotline.calls.words.MENU_FAULTS`, the question, and the key where it is about one."""

    code: str
    question: str = ""
    key: str = ""


BLANK = Question("", {}, tuple(Key(key) for key in KEYS))


def written_of(menu: Menu) -> Written:
    """Return a menu as the form shows it, the entry first."""
    names = [menu.entry, *(name for name in menu.nodes if name != menu.entry)]
    return Written(
        menu.entry, menu.danger_key, menu.person.queue,
        tuple(
            Question(name, dict(menu.nodes[name].say), tuple(_key(key, menu.nodes[name].keys.get(key)) for key in KEYS))  # type: ignore[call-overload]
            for name in names
        ),
    )  # fmt: skip


def _key(key: str, choice: Choice | None) -> Key:
    if choice is None:
        return Key(key)
    target = f"go:{choice.go}" if choice.go else f"queue:{choice.queue}" if choice.queue else ""
    return Key(
        key, target or ("dial" if choice.dial else "voicemail"), choice.dial, choice.language, ", ".join(choice.skills),
        str(choice.priority) if choice.priority else "",
    )  # fmt: skip


def read_form(form: Mapping[str, str]) -> Written:
    """Return what was written; questions that are left out, and the blank one when nothing is in it, are not there."""
    questions = []
    for number in range(MAX_NODES + 1):
        if f"node-{number}" not in form or form.get(f"drop-{number}") == "1":
            continue
        say = {language: form.get(f"say-{number}-{language}", "").strip() for language in SPOKEN_LANGUAGES}
        keys = tuple(_read_key(form, number, key) for key in KEYS)
        name = form[f"node-{number}"].strip().lower()
        if name or any(say.values()) or any(key.target for key in keys):
            questions.append(Question(name, say, keys))
    return Written(
        form.get("entry", "").strip().lower(), form.get("danger_key", "").strip(), form.get("person", "").strip(),
        tuple(questions),
    )  # fmt: skip


def _read_key(form: Mapping[str, str], number: int, key: str) -> Key:
    values = {
        name: form.get(f"{name}-{number}-{key}", "").strip()
        for name in ("target", "number", "language", "skills", "priority")
    }
    return Key(key, **values)


def content_of(written: Written, sounds: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return the menu's data, with the recordings that its questions have; only for what has no faults."""
    nodes = {}
    for question in written.questions:
        node: dict[str, Any] = {
            "say": {language: words for language, words in question.say.items() if words},
            "keys": {key.key: _choice(key) for key in question.keys if key.target},
        }
        if sounds.get(question.name):
            node["sounds"] = dict(sounds[question.name])
        nodes[question.name] = node
    return {
        "entry": written.entry, "danger_key": written.danger_key, "person": {"queue": written.person}, "nodes": nodes,
    }  # fmt: skip


def _choice(key: Key) -> dict[str, Any]:
    target: dict[str, Any] = {
        "go": {"go": key.name}, "queue": {"queue": key.name}, "dial": {"dial": compact(key.number)},
    }.get(key.kind, {"voicemail": True})  # fmt: skip
    return target | {
        "language": key.language, "skills": skills_of(key), "priority": int(key.priority or 0),
    }  # fmt: skip


def compact(number: str) -> str:
    """Return a number without the blanks and hyphens that people write."""
    return re.sub(r"[\s().-]", "", number)


def skills_of(key: Key) -> list[str]:
    """Return the skills that are asked for."""
    return [each.strip().lower() for each in key.skills.split(",") if each.strip()]


def faults_of(written: Written) -> list[Fault]:
    """Return everything that is wrong with what was written."""
    names = [each.name for each in written.questions]
    faults = []
    if not names:
        faults.append(Fault("no-question"))
    if written.entry not in names:
        faults.append(Fault("entry"))
    if written.danger_key not in tuple(KEYS):
        faults.append(Fault("danger-key"))
    if not written.person:
        faults.append(Fault("person"))
    if len(names) > MAX_NODES:
        faults.append(Fault("too-many"))
    for question in written.questions:
        faults += _faults_of_question(question, written, names.count(question.name) > 1)
    return faults


def _faults_of_question(question: Question, written: Written, twice: bool) -> Iterable[Fault]:
    name = question.name
    if not _NAME.fullmatch(name):
        yield Fault("name", name)
    if twice:
        yield Fault("name-twice", name)
    for language in SPOKEN_LANGUAGES:
        if not question.say.get(language):
            yield Fault(f"text-{language}", name)
    if any(len(text) > MAX_TEXT for text in question.say.values()):
        yield Fault("text-long", name)
    if not any(key.target for key in question.keys):
        yield Fault("no-key", name)
    for key in question.keys:
        if key.target:
            yield from _faults_of_key(key, question, written)


def _faults_of_key(key: Key, question: Question, written: Written) -> Iterable[Fault]:
    wrong = []
    if key.key == written.danger_key:
        wrong.append("key-danger")
    if key.kind not in KINDS or (key.kind in ("go", "queue") and not key.name):
        wrong.append("key-target")
    elif key.kind == "go" and key.name not in written.named():
        wrong.append("key-gone")
    elif key.kind == "dial" and not _NUMBER.fullmatch(compact(key.number)):
        wrong.append("key-number")
    if len(skills_of(key)) > MAX_SKILLS or not all(_SKILL.fullmatch(each) for each in skills_of(key)):
        wrong.append("key-skills")
    if key.priority and not (key.priority.isascii() and key.priority.isdigit() and len(key.priority) == 1):
        wrong.append("key-priority")
    for code in wrong:
        yield Fault(code, question.name, key.key)


def changes(before: Menu, after: Menu) -> list[tuple[str, str]]:
    """Return which questions are new, changed or gone, as (name, new | changed | gone), and `*` for the menu itself."""
    found = []
    if (before.entry, before.danger_key, before.person) != (after.entry, after.danger_key, after.person):
        found.append(("*", "changed"))
    found += [(name, "new") for name in after.nodes if name not in before.nodes]
    found += [
        (name, "changed") for name, node in after.nodes.items() if name in before.nodes and before.nodes[name] != node
    ]
    return found + [(name, "gone") for name in before.nodes if name not in after.nodes]
