"""What is wrong or odd about a template's texts, and which translations lag behind: pure functions over its versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from alerts.placeholders import TemplateFault, fill, placeholders_in
from alerts.segments import Segmentation, count_segments, substitute_gsm
from alerts.texts import PLACEHOLDERS, TextProblem, check_text
from alerts.variants import ALERT, VARIANTS, Texts, key_of
from alerts.wording import SAMPLE_VALUES

SOURCE_LANGUAGES: Final = ("ko", "en")
"""The language that the others are translated from: Korean, or English where there is no Korean text."""
SAMPLE_ALERT: Final = {
    "ko": {"place": "마닐라", "event": "홍수", "time": "11월 21일 11:00 현지시각"},
    "en": {"place": "Manila", "event": "Flood", "time": "21 Nov 11:00 local time"},
}
MAX_PARTS: Final = 10


class CheckedText(NamedTuple):
    """One text of a template with usual values filled in; `filled` is None while it cannot be filled.

    `cheaper` is the same template in characters of the cheap alphabet, where that saves parts. `missing` names placeholders
    that the text it is translated from has and this one has not.
    """

    variant: str
    language: str
    body: str
    filled: str | None
    segmentation: Segmentation | None
    problems: tuple[TextProblem, ...]
    cheaper: str | None
    missing: tuple[str, ...]

    @property
    def key(self) -> str:
        """The text's single key, as a form and a fault name it."""
        return key_of(self.variant, self.language, ALERT)


def check_bodies(bodies: Mapping[str, Mapping[str, str]]) -> list[CheckedText]:
    """Check every text of a template, in the order in which variants and languages are shown."""
    return [
        _check(variant, language, body, bodies[variant])
        for variant in VARIANTS
        if variant in bodies
        for language, body in sorted(bodies[variant].items(), key=lambda pair: language_order(pair[0]))
    ]


def language_order(language: str) -> tuple[int, str]:
    """Return the key by which languages stand: those that others are translated from first."""
    return (
        SOURCE_LANGUAGES.index(language) if language in SOURCE_LANGUAGES else len(SOURCE_LANGUAGES),
        language,
    )


def source_language(languages: Mapping[str, object]) -> str | None:
    """Return the language that the other texts of a variant are translated from; None when there are only others."""
    return next((language for language in SOURCE_LANGUAGES if language in languages), None)


def _check(variant: str, language: str, body: str, siblings: Mapping[str, str]) -> CheckedText:
    kind = "ko" if language == "ko" else "en"
    values = {**SAMPLE_VALUES[kind], **SAMPLE_ALERT[kind]}
    problems = tuple(check_text(body, language=language, values=values, max_parts=MAX_PARTS))
    filled, segmentation, cheaper = None, None, None
    if not any(problem.code in _UNFILLABLE for problem in problems):
        filled = fill(body, values)
        segmentation = count_segments(filled)
        cheaper = _cheaper(body, values, segmentation)
    return CheckedText(variant, language, body, filled, segmentation, problems, cheaper, _missing(language, siblings))


_UNFILLABLE: Final = ("blank", "too_many_parts", "unknown_placeholder", "unclosed_placeholder", "empty_placeholder")


def _cheaper(body: str, values: Mapping[str, str], now: Segmentation) -> str | None:
    """Return the template in cheap characters where that needs fewer parts; never a text of other words."""
    replaced, _count = substitute_gsm(body)
    if replaced == body:
        return None
    parts = count_segments(fill(replaced, values)).parts
    return replaced if parts < now.parts else None


def _missing(language: str, siblings: Mapping[str, str]) -> tuple[str, ...]:
    source = source_language(siblings)
    if source is None or source == language:
        return ()
    return tuple(sorted(_names(siblings[source]) - _names(siblings[language])))


def _names(body: str) -> frozenset[str]:
    try:
        return placeholders_in(body) & PLACEHOLDERS
    except TemplateFault:
        return frozenset()


def lagging(history: Sequence[Mapping[str, Mapping[str, str]]]) -> set[tuple[str, str]]:
    """Return (variant, language) of every text that is older than the text it is translated from.

    Args:
        history: the texts of all versions, oldest first; the last one is in force.
    """
    changed: dict[tuple[str, str], int] = {}
    before: Texts = {}
    for number, bodies in enumerate(history):
        for variant, texts in bodies.items():
            for language, body in texts.items():
                if before.get(variant, {}).get(language) != body:
                    changed[variant, language] = number
        before = {variant: dict(texts) for variant, texts in bodies.items()}
    behind = set()
    for variant, texts in before.items():
        source = source_language(texts)
        if source is not None:
            behind |= {
                (variant, language)
                for language in texts
                if language != source and changed[variant, language] < changed[variant, source]
            }
    return behind
