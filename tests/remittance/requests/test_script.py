"""The script of the telephone call: what to say stands beside every part of the form, in both languages, the caller's first."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from hotline.auth.models import Officer
from hotline.cases.models import Case
from hotline.cases.person_models import Person
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.missions.models import Mission
from remittance.requests import reviewing, script
from tests.auth.conftest import Visitor
from tests.factories import make_mission, make_officer
from tests.remittance.requests.making import make_actor, make_case, make_hong_kong, make_remittance

SUMMARY = {"ko": "상담 문구", "en": "What to say"}


@pytest.fixture
def visitor(app: Any) -> Visitor:
    """Return somebody at the sign-in page."""
    return Visitor(app.test_client())


def case_of(services: Services, clock: FrozenClock, language: str) -> int:
    """Add the case of somebody who speaks this language, in Hong Kong; its number."""
    with services.db.transaction() as session:
        if session.scalar(select(Mission.id).where(Mission.code == "hong-kong")) is None:
            make_hong_kong(session)
        case = make_case(session, clock)
        session.get_one(Person, case.person_id).language = language
        return case.id


def agent(services: Services, language: str) -> Officer:
    with services.db.transaction() as session:
        return make_officer(session, roles=("agent",), language=language)


def parts_of(page: str) -> list[str]:
    """Return the foldable scripts of a page, in its order."""
    return re.findall(r'<details class="fold".*?</details>', page, re.DOTALL)


def sentences_of(part: str, language: str) -> list[str]:
    """Return what a script says in one language."""
    (said,) = re.findall(rf'<ul class="card-list" lang="{language}">(.*?)</ul>', part, re.DOTALL)
    return [each.replace("&#39;", "'") for each in re.findall("<li>(.*?)</li>", said)]


@pytest.mark.parametrize("reader", ["ko", "en"])
def test_every_part_of_the_form_says_what_to_say_in_both_languages(
    services: Services, clock: FrozenClock, visitor: Visitor, reader: str
) -> None:
    case = case_of(services, clock, "ko")
    visitor.sign_in(agent(services, reader).name)
    page = visitor.get(f"/remittances/new?case={case}").get_data(as_text=True)
    found = parts_of(page)
    assert [page.index(each) for each in found] == sorted(page.index(each) for each in found) and len(found) == 4
    for shown, part in zip(found, script.PARTS.values(), strict=True):
        assert shown.startswith('<details class="fold" open>') and SUMMARY[reader] in shown
        for language in ("ko", "en"):
            assert sentences_of(shown, language) == part.said(language)


def test_each_script_stands_in_the_section_whose_fields_it_asks_for(
    services: Services, clock: FrozenClock, visitor: Visitor
) -> None:
    case = case_of(services, clock, "ko")
    visitor.sign_in(agent(services, "en").name)
    page = visitor.get(f"/remittances/new?case={case}").get_data(as_text=True)
    sections = dict(
        re.findall(r'<section class="panel" aria-labelledby="([a-z]+)-title">(.*?)</section>', page, re.DOTALL)
    )
    assert list(sections) == ["who", "what", "payer", "alone"]
    asked = {"who": "name as in the passport", "what": "How much cash", "payer": "May we call and text this person"}
    fields = {"who": "payee_name", "what": "amount", "payer": "consent"}
    for key, words in asked.items():
        assert words in sections[key] and f'name="{fields[key]}"' in sections[key]
    assert "We ask because" in sections["who"] and "We ask because" in sections["what"], "why it is asked"
    assert "If you say no, we contact nobody." in sections["payer"]
    assert "Does anybody tell you to ask for this money" in sections["alone"]
    assert "Ask only when nobody else hears, never by text" in sections["alone"], "how it is asked alone"
    assert "name=" not in sections["alone"], "the answer is written nowhere in this form"


@pytest.mark.parametrize(("spoken", "first", "other"), [("ko", "ko", "en"), ("en", "en", "ko")])
def test_the_callers_language_comes_first_and_is_that_of_the_texts(
    services: Services, clock: FrozenClock, visitor: Visitor, spoken: str, first: str, other: str
) -> None:
    case = case_of(services, clock, spoken)
    visitor.sign_in(agent(services, "en").name)
    page = visitor.get(f"/remittances/new?case={case}").get_data(as_text=True)
    for part in parts_of(page):
        assert part.index(f'lang="{first}"') < part.index(f'lang="{other}"')
        (marked,) = re.findall(r'<strong lang="([a-z]+)">[^<]*</strong> <span[^>]*>their language', part)
        assert marked == first
    (field,) = re.findall(r'<select id="field-payee_language".*?</select>', page, re.DOTALL)
    assert re.findall(r'value="([a-z]+)" selected', field) == [spoken]


def test_an_unknown_language_marks_neither_and_another_countrys_case_tells_none(
    services: Services, clock: FrozenClock, visitor: Visitor
) -> None:
    unknown, english = case_of(services, clock, "ja"), case_of(services, clock, "en")
    visitor.sign_in(agent(services, "en").name)
    assert "their language" in visitor.get(f"/remittances/new?case={english}").get_data(as_text=True)
    for case in (str(unknown), "999999", "x", ""):
        page = visitor.get(f"/remittances/new?case={case}").get_data(as_text=True)
        assert "their language" not in page and len(parts_of(page)) == 4
    with services.db.transaction() as session:
        far = make_mission(session, code="lima", country="PE", countries=["PE"])
        assert script.language_of(session, english, [far]) == ""
        merged, kept = make_case(session, clock), session.get_one(Case, english)
        session.get_one(Person, merged.person_id).merged_into_id = kept.person_id
        session.flush()
        near = session.scalars(select(Mission).where(Mission.code == "hong-kong")).all()
        assert script.language_of(session, merged.id, near) == "en", "of whom they are merged into"


def test_where_a_field_is_wrong_the_scripts_are_folded_and_the_fault_is_in_sight(
    services: Services, clock: FrozenClock, visitor: Visitor
) -> None:
    case = case_of(services, clock, "en")
    visitor.sign_in(agent(services, "en").name)
    answer = visitor.post("/remittances", {"key": "form-1", "case_id": str(case), "amount": "ten", "currency": "USD"})
    found = parts_of(answer.get_data(as_text=True))
    assert answer.status_code == 422 and len(found) == 4
    assert all(each.startswith('<details class="fold"><summary>') for each in found)


@pytest.mark.parametrize("reader", ["ko", "en"])
def test_the_reviewer_has_the_questions_of_the_private_interview_beside_its_answer(
    services: Services, clock: FrozenClock, visitor: Visitor, reader: str
) -> None:
    with services.db.transaction() as session:
        one = make_remittance(session, clock)
        reviewing.take_up(session, clock, make_actor(session, clock, "duty_chief"), one.id)
        chief = make_officer(session, roles=("duty_chief",), language=reader)
    visitor.sign_in(chief.name)
    page = visitor.get(f"/remittances/{one.id}").get_data(as_text=True)
    (shown,) = [each for each in parts_of(page) if SUMMARY[reader] in each]
    assert page.index(shown) < page.index('name="duress"')
    for language in ("ko", "en"):
        assert sentences_of(shown, language) == script.ALONE.said(language)


def test_every_sentence_is_short_enough_to_be_said_and_is_there_twice() -> None:
    for part in script.PARTS.values():
        for korean, english in part.lines:
            assert re.search("[가-힣]", korean) and not re.search("[가-힣]", english)
            assert len(korean) <= 80 and len(english) <= 140
