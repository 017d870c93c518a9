"""Every change of the table is thought of, in both languages, and no sentence tells the reason of a hold."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from alerts.segments import count_segments
from remittance.requests.states import HOLDABLE, ON_HOLD, REMITTANCE, WITH_MONEY
from remittance.telling.sentences import (
    CALLS_FOR_THEM,
    NEUTRAL,
    NOTHING,
    READERS,
    RELATIVE,
    SILENT,
    TEXTS,
    TRAVELLER,
    said,
    sentence_for,
)

CHANGES = [("request", "", "requested"), *((each.event, each.state, each.target) for each in REMITTANCE.transitions)]
FILLING = {
    "number": "R-2026-000123", "name": "K. M.", "reference": "K7QM-2P4X", "due": "KRW 1,450,000", "held": "KRW 1,000,000",
    "missing": "KRW 450,000", "bank": "국민은행", "account": "123-456-789012", "holder": "외교부", "of_holder": "",
    "mission": "주홍콩 총영사관",
    "phone": "+82 2-3210-0404", "until": "11월 28일 15:00(한국 시간)",
    "url": "https://hotline.example.go.kr/r/EachPersonGetsTheirOwnLink0",
}  # fmt: skip
SCREENING = re.compile(
    r"보류|의심|제재|명단|심사|사기|강요|협박|hold|held|suspic|sanction|screen|fraud|scam|duress|pressure", re.I
)


@pytest.mark.parametrize(("event", "before", "after"), CHANGES)
def test_every_change_has_words_in_both_languages_or_is_silent_on_purpose(event: str, before: str, after: str) -> None:
    meant = said(event, before, after)
    for who in READERS:
        if meant.to(who):
            assert set(TEXTS[who][meant.to(who)]) == {"ko", "en"}
    if meant == NOTHING:
        quiet_hold = ON_HOLD in (after, before) and event != "reject_held"
        assert event in SILENT or quiet_hold or event == "reroute", "somebody should hear of it"


def test_what_ends_or_hands_over_money_is_told_to_both() -> None:
    for event, before, after in CHANGES:
        if after in ("rejected", "expired", "cancelled", "refund_pending") or (event, after) == ("pay", "paid"):
            meant = said(event, before, after)
            assert meant.traveller and meant.relative, (event, before, after)


@pytest.mark.parametrize("who", READERS)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_no_sentence_tells_why(who: str, language: str) -> None:
    for name, words in TEXTS[who].items():
        assert SCREENING.search(words[language].format(**(FILLING | {"held": "1"}))) is None, name


def test_a_hold_is_told_in_the_words_of_a_deposit_that_is_worked_on() -> None:
    for state in HOLDABLE:
        meant = said("hold", state, ON_HOLD)
        assert meant.traveller == "", "the traveller reads of it nowhere but on their page"
        if state in WITH_MONEY and state != "partial":
            assert meant.relative == said("deposit", "quoted", "deposited").relative and meant.unless_told
    assert said("reject_held", ON_HOLD, "rejected") == said("reject", "under_review", "rejected")
    assert said("refund_held", ON_HOLD, "refund_pending") == said("refund", "deposited", "refund_pending")


@pytest.mark.parametrize("duress", ["unsure", "under_pressure"])
def test_whoever_may_be_watched_reads_one_sentence_for_everything(duress: str) -> None:
    for name in TEXTS[TRAVELLER]:
        if name != NEUTRAL:
            assert sentence_for(TRAVELLER, name, duress) == (NEUTRAL if name in CALLS_FOR_THEM else "")
    for language in ("ko", "en"):
        fields = {name for _, name, _, _ in Formatter().parse(TEXTS[TRAVELLER][NEUTRAL][language]) if name}
        assert fields == {"phone"}
        assert re.search(r"송금|돈|money|deposit|R-", TEXTS[TRAVELLER][NEUTRAL][language]) is None
    assert sentence_for(RELATIVE, "quoted", duress) == "quoted"


def test_texts_are_short() -> None:
    for who, sentences in TEXTS.items():
        for name, words in sentences.items():
            for language, text in words.items():
                korean = {
                    "mission": "Consulate General in Hong Kong",
                    "bank": "Kookmin Bank",
                    "holder": "MOFA",
                    "of_holder": " (Ministry of Foreign Affairs)",
                    "until": "28 Nov",
                }
                filled = text.format(**(FILLING | (korean if language == "en" else {})))
                most = 3 if name in ("quoted", "returned", "mistaken", "partial") else 2
                assert count_segments(filled).parts <= most, (
                    who,
                    name,
                    language,
                    count_segments(filled).parts,
                    len(filled),
                )
