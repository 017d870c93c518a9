"""Texts: filled for each recipient, judged before approval, suggested from a warning."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import wording
from alerts.cap.model import CapAlert, CapArea, CapInfo
from alerts.segments import count_segments
from alerts.texts import (
    BLOCKED_WORDS,
    DRAFT_PARTS,
    EmptyPlaceholder,
    MissingValue,
    TemplateFault,
    UnclosedPlaceholder,
    UnknownPlaceholder,
    check_text,
    choose_language,
    escape,
    fill,
    placeholders_in,
    shorten,
    suggest_texts,
)

GOOD = "Flood in {place} at {time}. Leave now. Help: {mission} {mission_phone}"
VALUES = {"place": "Seoul", "time": "12:00", "mission": "Embassy", "mission_phone": "+82-2-123"}
JST = timezone(timedelta(hours=9))


def codes(text: str, **options: object) -> list[str]:
    return [problem.code for problem in check_text(text, language="en", **options)]  # type: ignore[arg-type]


def make_info(**changed: object) -> CapInfo:
    info = CapInfo(
        event="Tsunami Warning",
        categories=("Geo",),
        urgency="Immediate",
        severity="Extreme",
        certainty="Likely",
        response_types=("Evacuate",),
        onset=datetime(2026, 11, 21, 12, 30, tzinfo=JST),
        instruction="Move to high ground at once. Do not return before the all clear.",
        areas=(CapArea("Sendai coast"),),
    )
    return replace(info, **changed)  # type: ignore[arg-type]


def make_alert(*infos: CapInfo, msg_type: str = "Alert") -> CapAlert:
    return CapAlert("JP-1", "jma", datetime(2026, 11, 21, 3, tzinfo=UTC), "Actual", msg_type, "Public", infos=infos)


def test_values_take_the_place_of_their_names() -> None:
    assert fill(GOOD, VALUES) == "Flood in Seoul at 12:00. Leave now. Help: Embassy +82-2-123"


def test_blanks_inside_the_braces_do_not_matter_and_doubled_braces_are_braces() -> None:
    assert fill("{{x}} { place }", VALUES) == "{x} Seoul"


def test_value_is_text_and_never_a_template() -> None:
    assert fill("{place}", {"place": "{mission.__class__} {{"}) == "{mission.__class__} {{"


@pytest.mark.parametrize(
    ("template", "fault", "position"),
    [
        ("to {city}", UnknownPlaceholder, 3),
        ("{place.__class__}", UnknownPlaceholder, 0),
        ("{place!r}", UnknownPlaceholder, 0),
        ("{0}", UnknownPlaceholder, 0),
        ("to {place", UnclosedPlaceholder, 3),
        ("{place {time}", UnclosedPlaceholder, 0),
        ("to } end", UnclosedPlaceholder, 3),
        ("{}", EmptyPlaceholder, 0),
        ("a {  }", EmptyPlaceholder, 2),
        ("{link}", MissingValue, 0),
    ],
)
def test_wrong_template_is_refused_by_name_and_place(template: str, fault: type[TemplateFault], position: int) -> None:
    with pytest.raises(fault) as caught:
        fill(template, VALUES)
    assert caught.value.position == position
    assert str(caught.value).endswith(".")


def test_blank_value_is_missing_because_a_text_with_a_hole_is_never_sent() -> None:
    with pytest.raises(MissingValue):
        fill(GOOD, {**VALUES, "mission_phone": "  "})


def test_placeholders_of_a_template_are_named() -> None:
    assert placeholders_in(GOOD) == {"place", "time", "mission", "mission_phone"}


@given(st.text(max_size=200))
def test_escaped_text_comes_out_as_it_was(text: str) -> None:
    assert fill(escape(text), {}) == text


@given(st.text(st.sampled_from([*"{}ab place"]), max_size=60))
def test_any_template_is_filled_or_refused_by_name(template: str) -> None:
    try:
        fill(template, VALUES)
    except TemplateFault as fault:
        assert 0 <= fault.position < len(template)


@pytest.mark.parametrize(
    ("wanted", "available", "chosen"),
    [
        ("en", ["ko", "en"], "en"),
        ("en-GB", ["ko", "en"], "en"),
        ("en", ["ko", "en-GB"], "en-GB"),
        ("EN_us", ["ko", "en"], "en"),
        ("ja", ["en", "ko"], "ko"),
        ("ja", ["fr", "en"], "en"),
        ("ja", ["fr", "de"], "fr"),
        (None, ["en", "ko"], "ko"),
        ("", ["en"], "en"),
    ],
)
def test_language_falls_back_step_by_step(wanted: str | None, available: list[str], chosen: str) -> None:
    assert choose_language(wanted, available) == chosen


def test_choice_without_any_text_is_an_error() -> None:
    with pytest.raises(LookupError):
        choose_language("ko", [])


def test_good_text_has_no_problem() -> None:
    assert codes(GOOD) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" \n", ["blank"]),
        ("{city}", ["unknown_placeholder"]),
        ("{place", ["unclosed_placeholder"]),
        ("{}", ["empty_placeholder"]),
        ("Flood at {time}. Call {hotline}", ["no_place"]),
        ("Flood in {place}. Call {hotline}", ["no_time"]),
        ("Flood in {place} at {time}.", ["no_contact"]),
        ("Flood in {place} at 14:30. Call +82 2 3210 0404", []),
        ("{place} 오후 3시 대피. {hotline}", []),
        (GOOD + " Reply STOP to leave", ["answer_word"]),
        (GOOD + " reply with cancel", ["answer_word"]),
        (GOOD + " THE END", ["answer_word"]),
        (GOOD + " The warning was cancelled at the end.", []),
        ("Flood in {place} at {time}. Reply 1 if safe.", ["no_contact", "reply_alone"]),
        (GOOD + " Don’t wait", ["dear_characters"]),
        (GOOD + " This is a drill", ["drill_wording"]),
        (GOOD + " x" * 800, ["too_many_parts"]),
    ],
)
def test_each_weakness_of_a_text_is_named(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


def test_text_beyond_counting_is_too_long_and_nothing_breaks() -> None:
    assert "too_many_parts" in codes(GOOD + "x" * 20_000)


@pytest.mark.parametrize("word", BLOCKED_WORDS)
def test_every_word_of_the_provider_is_refused_as_an_answer(word: str) -> None:
    found = check_text(f"{GOOD} Reply {word.lower()}", language="en")
    assert [(problem.code, problem.refuse) for problem in found] == [("answer_word", True)]


@pytest.mark.parametrize(
    ("places", "named"), [(["Sendai coast"], True), (["해안", "센다이"], False), (["서울특별시"], False), ([], False)]
)
def test_name_of_the_area_in_the_text_counts_as_the_place(places: list[str], named: bool) -> None:
    assert ("no_place" not in codes("Tsunami near Sendai at 12:30. {hotline}", places=places)) is named


def test_korean_place_name_is_found_inside_a_word() -> None:
    assert codes("센다이에서 12:30 지진. {hotline}", places=["센다이"]) == []


def test_parts_are_counted_with_the_values_filled_in() -> None:
    text = "{place} {time} {hotline}" + "x" * 120
    assert codes(text, max_parts=1, values={"place": "A", "time": "1", "hotline": "2"}) == []
    assert codes(text, max_parts=1, values={"place": "A" * 50}) == ["too_many_parts"]


def test_drill_must_say_so_and_its_mark_satisfies() -> None:
    assert codes(GOOD, drill=True) == ["drill_unmarked"]
    for language, frame in wording.FRAMES.items():
        assert check_text(frame.drill + GOOD, language=language, drill=True) == []


def test_what_refuses_comes_before_what_warns() -> None:
    assert codes("Don’t go") == ["no_place", "no_time", "dear_characters", "no_contact"]


def test_every_problem_has_a_sentence() -> None:
    for problem in check_text("Don’t, reply END", language="en", max_parts=0, drill=True):
        assert problem.message.endswith(".")


def test_draft_says_what_where_when_what_to_do_and_whom_to_call() -> None:
    drafts = suggest_texts(make_alert(make_info()))
    assert drafts["en"] == (
        "[MOFA Korea] Tsunami Warning: Sendai coast, 21 Nov 12:30 local time. Move to high ground at once. "
        "Do not return before the all clear. Help: {mission} {mission_phone}, call centre {hotline} "
        "Safe or need help? Tell us: {link}"
    )
    assert drafts["ko"] == (
        "[외교부] Sendai coast 지진해일(쓰나미) 경보 (11월 21일 12:30 현지시각). 즉시 위험 지역을 벗어나 대피하시기 "
        "바랍니다. 문의: {mission} {mission_phone}, 영사콜센터 {hotline} 안전하신가요, 도움이 필요하신가요? {link}"
    )


def test_the_end_of_a_warning_asks_for_no_answer() -> None:
    drafts = suggest_texts(make_alert(make_info(), msg_type="Cancel"))
    assert all("link" not in placeholders_in(draft) for draft in drafts.values())


def test_a_link_is_counted_with_its_real_length() -> None:
    text = "Flood in {place} at {time}. Help: {hotline}. " + "x" * 60
    assert "too_many_parts" not in codes(text, max_parts=1)
    assert "too_many_parts" in codes(text + "{link}", max_parts=1)


def test_draft_takes_the_words_of_the_warning_in_its_own_language() -> None:
    korean = make_info(language="ko-KR", event="지진해일", instruction="높은 곳으로 대피", areas=(CapArea("센다이"),))
    draft = suggest_texts(make_alert(make_info(), korean))["ko"]
    assert "센다이 지진해일 경보" in draft
    assert "높은 곳으로 대피" in draft


def test_draft_of_one_info_takes_its_time_from_the_caller() -> None:
    info = make_info(onset=None)
    assert "21 Nov 03:00 UTC" in suggest_texts(info, ["en"], sent=datetime(2026, 11, 21, 3, tzinfo=UTC))["en"]
    assert "{time}" in suggest_texts(info, ["en"])["en"]


def test_draft_of_an_update_and_of_a_cancel_say_so() -> None:
    assert "UPDATE" in suggest_texts(make_alert(make_info(), msg_type="Update"))["en"]
    ended = suggest_texts(make_alert(make_info(), msg_type="Cancel"))
    assert "Warning over" in ended["en"] and "high ground" not in ended["en"]
    assert "해제되었습니다" in ended["ko"]
    assert "해제되었습니다" in suggest_texts(make_alert(make_info(response_types=("AllClear",))))["ko"]


def test_draft_of_a_message_without_info_leaves_the_gaps_open() -> None:
    draft = suggest_texts(make_alert(msg_type="Cancel"))["en"]
    assert placeholders_in(draft) == {"event", "place", "mission", "mission_phone", "hotline"}


def test_draft_of_a_drill_is_marked() -> None:
    drafts = suggest_texts(make_alert(make_info()), drill=True)
    assert drafts["ko"].startswith("[훈련]")
    assert drafts["en"].startswith("[DRILL]")


def test_braces_of_a_foreign_warning_stay_text() -> None:
    drafts = suggest_texts(make_alert(make_info(event="Flood {place}", areas=(CapArea("{}"),), instruction="{x")))
    for draft in drafts.values():
        assert placeholders_in(draft) == {"mission", "mission_phone", "hotline", "link"}


def test_long_instruction_is_cut_so_that_the_draft_keeps_its_length() -> None:
    draft = suggest_texts(make_alert(make_info(instruction="Go to high ground now. " * 200)))["en"]
    filled = fill(draft, wording.SAMPLE_VALUES["en"])
    assert count_segments(filled).parts == DRAFT_PARTS["en"]
    assert "now. Help:" in draft


def test_draft_always_says_what_to_do_even_where_there_is_little_room() -> None:
    info = make_info(
        event="Aviso de Ciclón Tropical en el Pacífico", language="es", instruction="", categories=("Met",)
    )
    drafts = suggest_texts(make_alert(info))
    assert "Leave the danger area" in drafts["en"]
    assert "기상(Aviso de Ciclón" in drafts["ko"]


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("short", 10, "short"),
        ("One two three four", 12, "One two..."),
        ("One sentence. And another one here", 20, "One sentence."),
        ("  many   blanks ", 20, "many blanks"),
        ("abc", 2, ""),
        ("Unbrokenlongword", 10, "Unbroke..."),
    ],
)
def test_text_is_cut_after_a_sentence_or_a_word(text: str, limit: int, cut: str) -> None:
    assert shorten(text, limit) == cut


@given(st.text(max_size=200), st.integers(0, 100))
def test_cut_text_is_never_longer_than_asked(text: str, limit: int) -> None:
    assert len(shorten(text, limit)) <= limit


@given(st.text(max_size=300), st.text(max_size=80), st.sampled_from(["Alert", "Update", "Cancel"]))
def test_any_warning_gives_drafts_that_can_be_filled(instruction: str, event: str, msg_type: str) -> None:
    drafts = suggest_texts(make_alert(make_info(instruction=instruction, event=event), msg_type=msg_type))
    for draft in drafts.values():
        assert fill(draft, {**wording.SAMPLE_VALUES["en"], "event": "e"})
