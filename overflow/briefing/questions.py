"""Questions with one right option in both languages: as they are kept, as somebody sees them, and how answers are read; pure.

A question is `{"text": {"ko", "en"}, "options": [{"ko", "en"}, …], "right": n}`, `right` being a place in `options` from 0.
Everybody sees the options (and in a test the questions) in an order of their own, which a seed gives, so that "always the
second" cannot be passed on; what is sent back is the place as it was shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hotline.core.errors import InvalidInput, SeveralFaults

LANGUAGES = ("ko", "en")
MIN_OPTIONS, MAX_OPTIONS = 2, 5
MAX_TEXT_CHARS, MAX_OPTION_CHARS = 300, 200


@dataclass(frozen=True)
class Shown:
    """A question as one person sees it: its number in what is kept, and the options in their order."""

    number: int
    text: Mapping[str, str]
    options: tuple[Mapping[str, str], ...]


def _fault(field: str, value: object, mend: str) -> dict[str, object]:
    return {"field": field, "value": str(value)[:80], "mend": mend}


def _order(seed: str, count: int) -> list[int]:
    """Return 0 … count-1 in an order that depends on the seed alone."""
    return sorted(range(count), key=lambda each: hashlib.sha256(f"{seed}:{each}".encode()).digest())


def shown(questions: Sequence[Mapping[str, Any]], seed: str, *, mix_questions: bool = False) -> list[Shown]:
    """Return the questions as whoever has this seed sees them."""
    numbers = _order(seed, len(questions)) if mix_questions else list(range(len(questions)))
    return [
        Shown(
            number,
            questions[number]["text"],
            tuple(
                questions[number]["options"][place]
                for place in _order(f"{seed}:{number}", len(questions[number]["options"]))
            ),
        )
        for number in numbers
    ]


def read_answers(questions: Sequence[Mapping[str, Any]], seed: str, given: Mapping[str, str]) -> list[int]:
    """Return the chosen options, by their places in what is kept, from fields `q0`, `q1`, … that hold places as shown.

    Raises SeveralFaults naming each question without an answer or with an impossible one.
    """
    answers: list[int] = []
    faults: list[dict[str, object]] = []
    for number, question in enumerate(questions):
        count = len(question["options"])
        value = given.get(f"q{number}", "")
        if len(value) == 1 and value.isascii() and value.isdigit() and int(value) < count:
            answers.append(_order(f"{seed}:{number}", count)[int(value)])
        else:
            faults.append(_fault(f"q{number}", value, "choose one of the answers"))
    if faults:
        raise SeveralFaults(faults)
    return answers


def count_right(questions: Sequence[Mapping[str, Any]], answers: Sequence[int]) -> int:
    """Return how many of the answers are right."""
    return sum(question["right"] == answer for question, answer in zip(questions, answers, strict=True))


def read_form(form: Mapping[str, str], *, least: int, most: int) -> list[dict[str, Any]]:
    """Return questions from an editor's fields; raises SeveralFaults naming each field.

    `q0_ko`, `q0_en` are a question's texts, `q0_options_ko` and `q0_options_en` its options, one a line, and `q0_right` the line
    of the right one, from 1. Questions without any text are left out; at least `least` and at most `most` remain.
    """
    found: list[dict[str, Any]] = []
    faults: list[dict[str, object]] = []
    for number in range(most):
        fields = {name: form.get(f"q{number}_{name}", "").strip() for name in ("ko", "en", "options_ko", "options_en")}
        if not any(fields.values()):
            continue
        try:
            found.append(_read_one(number, fields, form.get(f"q{number}_right", "")))
        except SeveralFaults as several:
            faults += several.faults
    if not faults and len(found) < least:
        faults.append(_fault(f"q{len(found)}_ko", "", f"write at least {least} questions"))
    if faults:
        raise SeveralFaults(faults)
    return found


def _read_one(number: int, fields: Mapping[str, str], right: str) -> dict[str, Any]:
    faults: list[dict[str, object]] = []
    for language in LANGUAGES:
        if not 1 <= len(fields[language]) <= MAX_TEXT_CHARS:
            faults.append(_fault(f"q{number}_{language}", fields[language], f"write 1 to {MAX_TEXT_CHARS} characters"))
    options = {
        each: [line.strip() for line in fields[f"options_{each}"].splitlines() if line.strip()] for each in LANGUAGES
    }
    for language in LANGUAGES:
        lines = options[language]
        if not MIN_OPTIONS <= len(lines) <= MAX_OPTIONS or len(set(lines)) != len(lines):
            faults.append(
                _fault(
                    f"q{number}_options_{language}", fields[f"options_{language}"],
                    f"write {MIN_OPTIONS} to {MAX_OPTIONS} different answers, one a line",
                )
            )  # fmt: skip
        elif any(len(line) > MAX_OPTION_CHARS for line in lines):
            faults.append(
                _fault(f"q{number}_options_{language}", lines, f"at most {MAX_OPTION_CHARS} characters a line")
            )
    if not faults and len(options["ko"]) != len(options["en"]):
        faults.append(
            _fault(f"q{number}_options_en", len(options["en"]), "write as many answers as in Korean, in the same order")
        )
    count = len(options["ko"])
    if not (len(right) == 1 and right.isascii() and right.isdigit() and 1 <= int(right) <= max(count, 1)):
        faults.append(_fault(f"q{number}_right", right, "name the line of the right answer"))
    if faults:
        raise SeveralFaults(faults)
    pairs = [{"ko": ko, "en": en} for ko, en in zip(options["ko"], options["en"], strict=True)]
    return {"text": {each: fields[each] for each in LANGUAGES}, "options": pairs, "right": int(right) - 1}


def as_form(questions: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return what `read_form` would read these questions from."""
    fields: dict[str, str] = {}
    for number, question in enumerate(questions):
        for language in LANGUAGES:
            fields[f"q{number}_{language}"] = question["text"][language]
            fields[f"q{number}_options_{language}"] = "\n".join(each[language] for each in question["options"])
        fields[f"q{number}_right"] = str(question["right"] + 1)
    return fields


def check_body(field: str, value: str, most: int) -> str:
    """Return a page's text with plain line breaks; raises InvalidInput when it is empty or longer than one page."""
    clean = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not 1 <= len(clean) <= most:
        raise InvalidInput(field, value, f"write 1 to {most} characters: what fits one page")
    return clean
