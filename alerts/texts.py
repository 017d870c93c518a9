"""The texts of an alert: checked before approval, and suggested from a warning that came in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from alerts import wording
from alerts.cap.model import CapAlert, CapInfo
from alerts.msgid import gettext_noop as _
from alerts.placeholders import (
    FAULTS,
    PLACEHOLDERS,
    EmptyPlaceholder,
    MissingValue,
    TemplateFault,
    UnclosedPlaceholder,
    UnknownPlaceholder,
    choose_language,
    escape,
    fill,
    placeholders_in,
)
from alerts.segments import COUNTED_CHARS, MAX_PARTS, count_segments, substitute_gsm

__all__ = [
    "BLOCKED_WORDS",
    "MESSAGES",
    "PLACEHOLDERS",
    "EmptyPlaceholder",
    "MissingValue",
    "TemplateFault",
    "TextProblem",
    "UnclosedPlaceholder",
    "UnknownPlaceholder",
    "check_text",
    "choose_language",
    "escape",
    "fill",
    "placeholders_in",
    "suggest_texts",
]

BLOCKED_WORDS: Final = ("STOP", "STOPALL", "UNSUBSCRIBE", "END", "QUIT", "REVOKE", "OPTOUT", "CANCEL")
"""Answers that the provider keeps for itself and takes as leaving the service: never to be asked for."""

SHORTEST_ADVICE_CHARS: Final = 40
"""Less of an instruction than this says nothing."""

DRAFT_PARTS: Final = {"ko": 4, "en": 3}
"""How long a suggested draft may get: what a frightened person reads, and what a slow route carries. One part of it is the
link, by which alone people can answer on most routes."""


MESSAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **FAULTS,
        "blank": _("The text is empty; write it."),
        "too_many_parts": _("The text needs %(parts)s parts and %(limit)s are allowed; shorten it."),
        "no_place": _("The text does not say where; add {place} or the name of the place."),
        "no_time": _("The text does not say when; add {time} or the time."),
        "no_contact": _("The text names no telephone; add {mission_phone} or {hotline}."),
        "answer_word": _("'%(name)s' is taken by the provider as leaving the service; use another word."),
        "reply_alone": _("Many routes carry no replies; give a telephone or a web address instead."),
        "dear_characters": _("%(count)s characters make the text dearer; a cheaper wording is offered."),
        "drill_unmarked": _("This is a drill and the text does not say so; begin it with %(name)s."),
        "drill_wording": _("The text speaks of a drill or test ('%(name)s') and the alert is real; check it."),
    }
)


class TextProblem(NamedTuple):
    """One finding about a text; `refuse` means that it cannot be submitted so. `params` fill the message."""

    code: str
    refuse: bool
    params: Mapping[str, object]

    @property
    def message(self) -> str:
        """The problem and its mend in English; `MESSAGES[code]` is the msgid."""
        return MESSAGES[self.code] % self.params


_TIME = re.compile(r"\d{1,2}:\d{2}|\d{1,2}\s*시|\d{1,2}\s*[ap]\.?m\b|\d{1,2}\s*h\s*\d{2}", re.IGNORECASE)
_PHONE = re.compile(r"\+?\d[\d\s().-]{5,}\d")
_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)
_BLOCKED = re.compile(r"(?<![A-Za-z])(" + "|".join(BLOCKED_WORDS) + r")(?![A-Za-z])")
_REPLY = re.compile(r"\b(?:reply|respond|answer|text back|text|send)\b|답장|회신|문자로", re.IGNORECASE)
_ASKED = re.compile(
    r"\b(?:reply|respond|answer|text|send)\b(?:\s+(?:with|back|us|the|word))*[\s:\"'“‘]+("
    + "|".join(BLOCKED_WORDS)
    + r")\b",
    re.IGNORECASE,
)
_ASKED_REPLY = re.compile(r"\b(?:reply|respond|text back)\b|답장|회신", re.IGNORECASE)
_DRILL = re.compile(r"\b(?:drill|exercise|test)\b|훈련|시험", re.IGNORECASE)


def check_text(
    template: str,
    *,
    language: str = "ko",
    values: Mapping[str, str] | None = None,
    places: Sequence[str] = (),
    max_parts: int = MAX_PARTS,
    drill: bool = False,
) -> list[TextProblem]:
    """Judge a text before it is submitted, the gravest first.

    Args:
        template: the text with its placeholders.
        language: the language of the text, for the sample values.
        values: what the placeholders will be; usual long values where they are not known yet.
        places: names of the area; one of their words in the text counts as naming the place.
        max_parts: parts that the filled text may need.
        drill: whether the alert is a drill.
    """
    if not template.strip():
        return [TextProblem("blank", True, {})]
    try:
        names = placeholders_in(template)
    except TemplateFault as fault:
        return [TextProblem(fault.code, True, {"name": fault.name, "position": fault.position + 1})]
    filled = _filled_for_check(template, language, values)
    problems = [
        *_check_length(filled, max_parts),
        *_check_content(template, names, places),
        *_check_answers(template, names),
        *_check_drill(template, language, drill),
    ]
    return sorted(problems, key=lambda problem: not problem.refuse)


def _filled_for_check(template: str, language: str, values: Mapping[str, str] | None) -> str:
    frame = choose_language(language, tuple(wording.FRAMES))
    known = {**{name: name for name in PLACEHOLDERS}, **wording.SAMPLE_VALUES[frame]}
    known |= {name: value for name, value in (values or {}).items() if value.strip()}
    return fill(template, known)


def _check_length(filled: str, max_parts: int) -> Iterator[TextProblem]:
    if len(filled) > COUNTED_CHARS:
        yield TextProblem("too_many_parts", True, {"parts": f">{MAX_PARTS}", "limit": max_parts})
        return
    cost = count_segments(filled)
    if cost.parts > max_parts:
        yield TextProblem("too_many_parts", True, {"parts": cost.parts, "limit": max_parts})
    if cost.substitutions is not None:
        yield TextProblem("dear_characters", False, {"count": len(cost.offenders)})


def _check_content(template: str, names: frozenset[str], places: Sequence[str]) -> Iterator[TextProblem]:
    if "place" not in names and not _names_place(template, places):
        yield TextProblem("no_place", True, {})
    if "time" not in names and not _TIME.search(template):
        yield TextProblem("no_time", True, {})
    if not names & {"mission_phone", "hotline"} and not _PHONE.search(template):
        yield TextProblem("no_contact", False, {})


def _names_place(template: str, places: Sequence[str]) -> bool:
    folded = template.casefold()
    words = (word for place in places for word in re.findall(r"\w+", place.casefold()))
    return any(word in folded for word in words if len(word) >= (2 if word[0] > "\u2e7f" else 4))


def _check_answers(template: str, names: frozenset[str]) -> Iterator[TextProblem]:
    """Find words that must not be asked for, and replies asked for where no other way is given."""
    found = _ASKED.search(template) or _BLOCKED.search(template)
    if found is not None:
        yield TextProblem("answer_word", bool(_REPLY.search(template)), {"name": found[1]})
    other_way = names & {"link", "mission_phone", "hotline"} or _LINK.search(template) or _PHONE.search(template)
    if _ASKED_REPLY.search(template) and not other_way:
        yield TextProblem("reply_alone", False, {})


def _check_drill(template: str, language: str, drill: bool) -> Iterator[TextProblem]:
    found = _DRILL.search(template)
    if drill and found is None:
        mark = wording.FRAMES[choose_language(language, tuple(wording.FRAMES))].drill.strip()
        yield TextProblem("drill_unmarked", True, {"name": mark})
    if not drill and found is not None:
        yield TextProblem("drill_wording", False, {"name": found[0]})


def suggest_texts(
    source: CapAlert | CapInfo,
    languages: Sequence[str] = ("ko", "en"),
    *,
    sent: datetime | None = None,
    drill: bool = False,
) -> dict[str, str]:
    """Suggest a first draft for each language from a warning; the officer has the last word.

    What the warning says in a language is taken from it; otherwise fixed phrases stand in. The mission and the
    telephones stay placeholders, as does everything that the warning does not tell. Times are written in the hour
    of the warning's sender.

    Args:
        source: the alert, or one info of it (then `sent` may give its time).
        languages: the languages to write; frames exist for Korean and English, others get the English one.
        sent: aware time for an info without effective and onset.
        drill: whether to mark the drafts as a drill.
    """
    alert = source if isinstance(source, CapAlert) else None
    infos = source.infos if isinstance(source, CapAlert) else (source,)
    moment = sent if alert is None else alert.sent
    message = "Alert" if alert is None else alert.msg_type
    return {language: _draft(language, infos, message, moment, drill) for language in languages}


def _draft(language: str, infos: tuple[CapInfo, ...], message: str, sent: datetime | None, drill: bool) -> str:
    kind = choose_language(language, tuple(wording.FRAMES), ("en",))
    frame = wording.FRAMES[kind]
    own = next((each for each in infos if each.language.lower().split("-")[0] == kind), None)
    # English names of dangers are the ones that the Korean phrases are found by.
    english = next((each for each in infos if each.language.lower().startswith("en")), None)
    info = own or english or (infos[0] if infos else None)
    ended = message == "Cancel" or (info is not None and "AllClear" in info.response_types)
    sentence = frame.ended if ended else frame.update if message == "Update" else frame.warning
    opening = sentence % {
        "from": wording.SENDER[kind],
        "event": _event(kind, info, own is not None) or "{event}",
        "place": escape(shorten(_place(info), 60)) or "{place}",
        "time": _moment(kind, info, sent, ended) or "{time}",
    }
    parts = [(frame.drill if drill else "") + opening]
    closing = [frame.contact] if ended else [frame.contact, frame.answer]
    if not ended:
        parts.append(_advice(kind, info, own is not None, [*parts, *closing]))
    parts += closing
    return " ".join(part for part in parts if part)


def _event(kind: str, info: CapInfo | None, own_words: bool) -> str:
    if info is None:
        return ""
    name = wording.event_in_korean(info.event, info.categories) if kind == "ko" and not own_words else info.event
    return escape(shorten(name, 60))


def _place(info: CapInfo | None) -> str:
    return ", ".join(dict.fromkeys(area.description for area in info.areas)) if info is not None else ""


def _moment(kind: str, info: CapInfo | None, sent: datetime | None, ended: bool) -> str:
    moment = sent if info is None or ended else info.onset or info.effective or sent
    return "" if moment is None else wording.format_when(moment, kind)


def _advice(kind: str, info: CapInfo | None, own_words: bool, others: list[str]) -> str:
    """Say what to do: in the warning's own words as far as they fit, else in a fixed phrase, but always something."""
    if info is not None and own_words and info.instruction:
        room = _room_for(info.instruction, others, kind)
        if room >= min(len(info.instruction), SHORTEST_ADVICE_CHARS):
            return escape(shorten(info.instruction, room))
    types = () if info is None else info.response_types
    phrases = wording.ADVICE[kind]
    return next((phrase for key, phrase in phrases.items() if key in types), phrases[""])


def _room_for(advice: str, others: list[str], kind: str) -> int:
    """Find how many characters of advice fit into the parts of a draft, by halving."""
    room, limit = 0, min(len(advice), 1_000)
    while room < limit:
        tried = (room + limit + 1) // 2
        text = " ".join([*others, escape(shorten(advice, tried))])
        cheapest, _ = substitute_gsm(_filled_for_check(text, kind, None))
        if count_segments(cheapest).parts <= DRAFT_PARTS[kind]:
            room = tried
        else:
            limit = tried - 1
    return room


def shorten(text: str, limit_chars: int) -> str:
    """Cut a text to at most so many characters, after a whole sentence if one fills half of them, else after a word.

    A cut that is not at the end of a sentence is marked by three plain dots, which cost no other encoding.
    """
    text = " ".join(text.split())
    if len(text) <= limit_chars:
        return text
    head = text[: limit_chars + 1]
    sentence = max(head.rfind(mark) for mark in (". ", "! ", "? ", "。"))
    if sentence + 1 >= limit_chars // 2 and sentence > 0:
        return text[: sentence + 1]
    if limit_chars <= 3:
        return ""
    head = text[: limit_chars - 2]
    cut = head.rfind(" ")
    kept = head[:cut] if cut > 0 else head[:-1]
    return kept.rstrip(" ,;:-") + "..."
