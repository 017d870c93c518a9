"""What is found about a template's texts before anybody needs them, and which translations lag behind."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alerts.text_templates.checks import check_bodies, lagging, source_language
from alerts.variants import Texts

KO = "[외교부] {place} {event} ({time}). 문의 {hotline}"
EN = "[MOFA Korea] {event}: {place}, {time}. Help: {hotline}"


def codes(body: str, language: str = "en") -> set[str]:
    [checked] = check_bodies({"alert": {language: body}})
    return {problem.code for problem in checked.problems}


def test_good_texts_are_filled_and_counted_in_their_order() -> None:
    checked = check_bodies({"correction": {"en": EN}, "alert": {"ja": EN, "en": EN, "ko": KO}})
    assert [(each.variant, each.language) for each in checked] == [
        ("alert", "ko"), ("alert", "en"), ("alert", "ja"), ("correction", "en"),
    ]  # fmt: skip
    assert [each.key for each in checked] == ["ko", "en", "ja", "correction:en"]
    english = checked[1]
    assert english.filled is not None and "Manila" in english.filled and "{" not in english.filled
    assert english.segmentation is not None and (english.segmentation.encoding, english.segmentation.parts) == (
        "GSM-7",
        1,
    )
    assert not english.problems


def test_text_without_place_or_time_is_refused() -> None:
    assert {"no_place", "no_time"} <= codes("Take shelter now. {hotline}")


def test_braces_that_nothing_fills_are_refused_and_never_counted() -> None:
    [checked] = check_bodies({"alert": {"en": "{place} {time} {weather} {hotline}"}})
    assert {problem.code for problem in checked.problems if problem.refuse} == {"unknown_placeholder"}
    assert checked.filled is None and checked.segmentation is None


def test_typographic_signs_are_offered_plain_where_that_saves_parts_and_never_replaced() -> None:
    body = "[MOFA Korea] {event}: {place}, {time}. Don’t go near the coast – leave low ground. Help: {hotline}"
    [checked] = check_bodies({"alert": {"en": body}})
    assert checked.cheaper == body.replace("’", "'").replace("–", "-")
    assert checked.body == body
    assert check_bodies({"alert": {"ko": KO + " ’"}})[0].cheaper is None, "Korean stays dear whatever is replaced"


def test_placeholder_that_a_translation_forgot_is_named() -> None:
    [korean, english] = check_bodies({"alert": {"ko": KO + " {link}", "en": EN}})
    assert korean.missing == ()
    assert english.missing == ("link",)


def test_others_are_translated_from_korean_else_from_english() -> None:
    assert source_language({"en": "", "ko": ""}) == "ko"
    assert source_language({"ja": "", "en": ""}) == "en"
    assert source_language({"ja": ""}) is None


def test_translation_lags_until_it_is_written_again() -> None:
    first: Texts = {"alert": {"ko": "1", "en": "1"}}
    changed: Texts = {"alert": {"ko": "2", "en": "1"}}
    mended: Texts = {"alert": {"ko": "2", "en": "2"}}
    assert lagging([first]) == set()
    assert lagging([first, changed]) == {("alert", "en")}
    assert lagging([first, changed, mended]) == set()


def test_language_that_was_removed_and_came_back_is_new() -> None:
    assert (
        lagging([{"alert": {"ko": "1", "en": "1"}}, {"alert": {"ko": "2"}}, {"alert": {"ko": "2", "en": "1"}}]) == set()
    )


BODIES = st.dictionaries(
    st.sampled_from(["alert", "update"]), st.dictionaries(st.sampled_from(["ko", "en", "ja"]), st.sampled_from("abc"))
)


@given(st.lists(BODIES, min_size=1, max_size=8))
def test_lagging_is_what_the_slow_way_finds(history: list[Texts]) -> None:
    def since(variant: str, language: str) -> int:
        """Walk back to where the text in force was written."""
        number = len(history) - 1
        while number > 0 and history[number - 1].get(variant, {}).get(language) == history[-1][variant][language]:
            number -= 1
        return number

    expected = {
        (variant, language)
        for variant, texts in history[-1].items()
        for language in texts
        if (source := "ko" if "ko" in texts else "en" if "en" in texts else None) is not None
        and since(variant, language) < since(variant, source)
    }
    assert lagging(history) == expected
