"""Every verb and attribute that we give the provider is one that the practice carrier follows, found by reading our code.

A document that the practice carrier passes over would be proven by nothing: each word of ours is looked for in its reader.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lxml import etree
from twilio.twiml import voice_response

from hotline.calls import fallback, parties, speaking
from hotline.calls.fields import Ring
from hotline.calls.menus import Ask, Choice, Menu, Node
from hotline.calls.speaking import Bridge, Line, Place, Said
from hotline.core.services import Services
from hotline.sandbox import twiml, twiml_dial
from hotline.sandbox.attributes import Attributes, BadTwiml
from hotline.sandbox.carrier import Carrier
from hotline.sandbox.settings import SandboxSettings
from hotline.sandbox.voice import make_voice

ROOT = Path(__file__).resolve().parents[2]
BUILDERS = ("VoiceResponse", "Gather", "Dial")
NOUNS = {"Conference": "Dial", "Number": "Dial"}
Words = set[tuple[str, str]]
"""Pairs of verb and attribute; the attribute is empty for the verb itself."""
HEAR = Said({"ko": "안녕하십니까", "en": "Good day"})
LINE = Line("http://h.example", 7, 3, "ko")


def sources() -> list[Path]:
    """Return every file of ours that writes documents."""
    found = [path for room in ("hotline", "alerts", "overflow", "remittance") for path in (ROOT / room).rglob("*.py")]
    return [path for path in found if "twilio.twiml" in path.read_text(encoding="utf-8")]


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    for each in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(each, ast.FunctionDef):
            yield each


def builder_names(function: ast.FunctionDef) -> set[str]:
    """Return the names in a function that stand for a document or a part of one."""
    found = {arg.arg for arg in function.args.args if arg.annotation and _of_builder(arg.annotation)}
    for each in ast.walk(function):
        if isinstance(each, ast.AnnAssign) and _of_builder(each.annotation) and isinstance(each.target, ast.Name):
            found.add(each.target.id)
        if isinstance(each, ast.Assign):
            for target in each.targets:
                pairs = (
                    zip(target.elts, each.value.elts, strict=True)
                    if isinstance(target, ast.Tuple) and isinstance(each.value, ast.Tuple)
                    else [(target, each.value)]
                )
                found |= {
                    one.id
                    for one, value in pairs
                    if isinstance(one, ast.Name) and isinstance(value, ast.Call) and _of_builder(value.func)
                }
    return found


def _of_builder(node: ast.AST) -> bool:
    return any(isinstance(each, ast.Name) and each.id in BUILDERS for each in ast.walk(node))


def words_in(function: ast.FunctionDef) -> Words:
    """Return the verbs that a function writes, each with its attributes."""
    names, found = builder_names(function), set()
    for each in ast.walk(function):
        if not isinstance(each, ast.Call):
            continue
        verb = ""
        if isinstance(each.func, ast.Name) and each.func.id in ("Gather", "Dial"):
            verb = each.func.id
        elif isinstance(each.func, ast.Attribute) and each.func.attr != "append":
            verb = each.func.attr.capitalize() if getattr(each.func.value, "id", "") in names else ""
        if verb:
            found |= {(verb, "")} | {(verb, name) for keyword in each.keywords for name in _named(function, keyword)}
    return found


def _named(function: ast.FunctionDef, keyword: ast.keyword) -> set[str]:
    """Return the attributes that one keyword stands for: itself, or the keys of what is spread out there."""
    if keyword.arg is not None:
        return {camel(keyword.arg)}
    spread = keyword.value
    if not isinstance(spread, ast.Name):
        return _keys(spread)
    found: set[str] = set()
    for each in ast.walk(function):
        targets = each.targets if isinstance(each, ast.Assign) else [getattr(each, "target", None)]
        for target in targets:
            if isinstance(target, ast.Name) and target.id == spread.id:
                found |= _keys(each)
            if isinstance(target, ast.Subscript) and getattr(target.value, "id", "") == spread.id:
                found.add(camel(str(getattr(target.slice, "value", ""))))
    return found


def _keys(node: ast.AST) -> set[str]:
    return {
        camel(str(key.value))
        for each in ast.walk(node)
        if isinstance(each, ast.Dict)
        for key in each.keys
        if isinstance(key, ast.Constant)
    }


def camel(name: str) -> str:
    """Return an attribute as the official builder writes it."""
    written = str(voice_response.Say("x", **{name: "y"}))
    return str(next(iter(etree.fromstring(written.encode()).attrib)))


def words_of_document(document: str) -> Words:
    root = etree.fromstring(document.encode())
    return {
        (str(each.tag), name) for each in root.iterdescendants() for name in ("", *(str(one) for one in each.attrib))
    }


def known_to_the_carrier(verb: str, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return the attributes of a verb that the practice carrier asks for and that change something there."""
    asked: set[str] = set()

    class Asked(Attributes):
        def text(self, name: str, default: str = "") -> str:
            if self.verb == verb:
                asked.add(name)
            return super().text(name, default)

    for module in (twiml, twiml_dial):
        monkeypatch.setattr(module, "Attributes", Asked)
    text = {"Redirect": "/x", "Play": "/x", "Conference": "room", "Number": "+821012345678"}.get(verb, "x")
    one = f"<{verb}/>" if verb in ("Dial", "Gather", "Hangup", "Pause", "Record") else f"<{verb}>{text}</{verb}>"
    one = (
        f"<Dial>{one}</Dial>" if verb in NOUNS else "<Dial><Number>+82101234</Number></Dial>" if verb == "Dial" else one
    )
    twiml.read_twiml(f"<Response>{one}</Response>".encode(), "http://h.example/")
    return asked


def test_every_verb_and_attribute_of_ours_is_one_that_the_practice_carrier_follows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = sources()
    assert {path.parent.name for path in files} >= {"calls", "silent", "surge", "drills"}
    written: Words = set().union(*(words_in(each) for path in files for each in functions(path)))
    verbs = {verb for verb, _name in written}
    assert verbs >= {"Say", "Play", "Gather", "Dial", "Conference", "Number", "Record", "Redirect", "Pause", "Hangup"}
    assert verbs - NOUNS.keys() <= twiml.READERS.keys(), "a verb that the practice carrier does not read"
    for verb in sorted(verbs):
        ours = {name for each, name in written if each == verb and name}
        assert ours <= known_to_the_carrier(verb, monkeypatch), f"attributes of {verb} that change nothing there"


def test_the_practice_carrier_has_somebody_who_does_each_verb_that_it_reads() -> None:
    doers = make_voice(Carrier(SandboxSettings())).operator.doers
    read = {inspect.signature(reader, eval_str=True).return_annotation for reader in twiml.READERS.values()}
    assert read == doers.keys()


def documents(services: Services) -> dict[str, list[Callable[[], str]]]:
    """Return how each function that writes a document is called, in every form that it has."""
    node = Node(
        say={"ko": "무엇을 도와 드릴까요?", "en": "What can we do?"}, sounds={"ko": "k" * 43},
        keys={"1": Choice(queue="general")},
    )  # fmt: skip
    menu = Menu(entry="main", person=Choice(queue="general"), nodes={"main": node})
    settings = services.settings.model_copy(
        update={"voice_duty_number": "+821012345678", "twilio_voice_from": "+15005550006"}
    )
    place = Place(3, 90.0, True)
    return {
        "ask": [lambda: speaking.ask(LINE, menu, Ask(node="main", problem="wrong"), [HEAR], first=True)],
        "wait": [
            lambda: speaking.wait(LINE, place, 0, [HEAR]),
            lambda: speaking.wait(LINE, Place(0, None, False), 1),
        ],
        "join": [
            lambda: speaking.join(
                LINE,
                Bridge("call-7", coach="CA" + "1" * 32, record=True, star=True, muted=True),
                "http://h.example/a",
                [HEAR],
            )
        ],
        "screen": [lambda: speaking.screen(LINE, [HEAR], "http://h.example/a", "http://h.example/b")],
        "brief_question": [lambda: speaking.brief_question(HEAR, "http://h.example/a")],
        "forward": [
            lambda: speaking.forward(LINE, "+821012345678", "+15005550006", "http://h/a", "http://h/b", [HEAR])
        ],
        "take_message": [lambda: speaking.take_message(LINE, [HEAR])],
        "last": [lambda: speaking.last("ko", "goodbye", digit="9")],
        "told": [lambda: speaking.told([HEAR], HEAR)],
        "shielded": [lambda: speaking.shielded(LINE, menu, "nobody_free")],
        "aside": [lambda: speaking.aside("en", "nobody_free")],
        "again": [lambda: speaking.again("http://h.example/a")],
        "nothing": [speaking.nothing],
        "hang_up": [speaking.hang_up],
        "hold": [lambda: speaking.hold("http://h.example")],
        "document": [
            lambda: fallback.document(settings),
            lambda: fallback.document(settings, Ring("CA1", "+821012345678", "+82232100404", "")),
        ],
        "ended": [lambda: fallback.ended(settings, "no-answer")],
        "forward_screen": [lambda: parties.forward_screen("http://h.example", 7)],
    }


def writers() -> dict[str, Words]:
    """Return the functions of the centre's calls that begin a document, and what each may write into it."""
    return {
        each.name: words_in(each)
        for path in sources()
        if path.parent.name == "calls"
        for each in functions(path)
        if any(isinstance(one, ast.Call) and getattr(one.func, "id", "") == "VoiceResponse" for one in ast.walk(each))
    }


def test_every_document_of_a_call_is_read_by_the_practice_carrier(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed_over: list[str] = []

    def ignore(given: Attributes, *names: str) -> None:
        passed_over.extend(f"{given.verb} {name}" for name in names if given.text(name, "\0") != "\0")

    monkeypatch.setattr(Attributes, "ignore", ignore)
    made, expected = documents(services), writers()
    assert made.keys() == expected.keys(), "each function that begins a document stands in the table"
    met: Words = set()
    for name, forms in made.items():
        for form in forms:
            document = form()
            twiml.read_twiml(document.encode(), "http://h.example/")
            met |= words_of_document(document)
        missing = {verb for verb, attribute in expected[name] if not attribute} - {verb for verb, _each in met}
        assert not missing, f"{name} writes verbs that the table never makes it write"
    assert set().union(*expected.values()) <= met, "every attribute stands in a document of the table"
    assert passed_over == [], "what the practice carrier passes over is proven by no test"


def test_a_verb_that_is_unknown_to_the_practice_carrier_is_refused() -> None:
    response = voice_response.VoiceResponse()
    response.pay()
    with pytest.raises(BadTwiml):
        twiml.read_twiml(str(response).encode(), "http://h.example/")
