"""Texts at each step: once, also when the fact comes twice, late or out of order; to nobody who may not be told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hotline.cases.person_models import Person
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.notices.models import Notice
from remittance.requests import moving, reviewing
from remittance.requests.models import Remittance
from remittance.telling import reminding, telling
from tests.remittance.requests.making import make_actor, make_approved, make_case, make_remittance
from tests.remittance.telling.making import facts, go, make_deposit, make_quote, tell_all, texts

TRAVELLER, RELATIVE = "+85261234567", "+821020000011"


@pytest.fixture
def one(services: Services) -> Remittance:
    """Return an approved remittance with a quote."""
    with services.db.transaction() as session:
        approved = make_approved(session, services.clock)
        make_quote(session, services.clock, approved)
    return approved


def to(services: Services, phone: str) -> list[str]:
    """Return the words that a number was sent."""
    return [body for number, body in texts(services) if number == phone]


def hold(services: Services, one: Remittance) -> None:
    with services.db.transaction() as session:
        chief = make_actor(session, services.clock, "duty_chief")
        reviewing.decide(session, services.clock, chief, one.id, "hold", reason="name stands on a list")


def test_both_are_told_at_each_step_with_what_they_need(services: Services, one: Remittance) -> None:
    tell_all(services)
    go(services, one.id, "quote")
    tell_all(services)
    quoted = to(services, RELATIVE)[-1]
    for part in ("1,450,000원", "국민은행", "123-456-789012", "외교부", "한국 시간", "/r/", "K. M."):
        assert part in quoted
    assert one.reference[:4] in quoted
    with services.db.transaction() as session:
        make_deposit(session, services.clock, one, 1_450_000)
    for event in ("deposit", "release", "pay"):
        go(services, one.id, event)
        tell_all(services)
    assert len(to(services, RELATIVE)) == 4 and "주홍콩 총영사관" in to(services, RELATIVE)[2]
    assert [("수령 가능" in body, "지급 완료" in body) for body in to(services, TRAVELLER)[-2:]] == [
        (True, False),
        (False, True),
    ]
    assert not any("1,450,000" in body or "1,000" in body for body in to(services, TRAVELLER)), (
        "no amounts on their phone"
    )


def test_twice_is_once_and_late_is_nothing(services: Services, clock: FrozenClock, one: Remittance) -> None:
    go(services, one.id, "quote")
    for _ in range(2):
        tell_all(services)
    assert len(to(services, RELATIVE)) == 1
    with services.db.transaction() as session:
        make_deposit(session, services.clock, one, 1_450_000)
    go(services, one.id, "deposit")
    clock.advance(timedelta(days=3))
    before = texts(services)
    tell_all(services)
    assert texts(services) == before, "nobody is woken by what stands on the page for days"


def test_out_of_order_only_what_holds_is_told(services: Services, one: Remittance) -> None:
    with services.db.transaction() as session:
        make_deposit(session, services.clock, one, 1_450_000)
    go(services, one.id, "quote", "deposit", "release")
    for fact in reversed(facts(services)):
        telling.tell(services, fact)
    assert len(to(services, RELATIVE)) == 1 and "받을 수 있습니다" in to(services, RELATIVE)[0]
    assert len(to(services, TRAVELLER)) == 1 and "수령 가능" in to(services, TRAVELLER)[0]


def test_a_hold_repeats_nothing_and_keeps_no_word_of_the_deposit_back(services: Services, one: Remittance) -> None:
    go(services, one.id, "quote")
    tell_all(services)
    with services.db.transaction() as session:
        make_deposit(session, services.clock, one, 1_450_000)
    go(services, one.id, "deposit")
    hold(services, one)
    tell_all(services)
    assert ["입금을 확인" in body for body in to(services, RELATIVE)] == [False, True]
    assert not any("list" in body or "보류" in body for _, body in texts(services))
    go(services, one.id, "lift_deposited")
    hold(services, one)
    tell_all(services)
    assert len(to(services, RELATIVE)) == 2, "what was told is not told again by a hold"


def test_while_it_is_held_before_a_deposit_nothing_is_to_be_deposited(services: Services, one: Remittance) -> None:
    go(services, one.id, "quote")
    hold(services, one)
    tell_all(services)
    assert len(to(services, RELATIVE)) == 1 and "입금하지 마세요" in to(services, RELATIVE)[0]


def test_without_consent_the_relative_is_told_nothing(services: Services) -> None:
    with services.db.transaction() as session:
        one = make_remittance(session, services.clock, payer_phone="", consent=False)
        make_quote(session, services.clock, one)
        session.get_one(Remittance, one.id).payer_phone = RELATIVE
    go(services, one.id, "cancel")
    tell_all(services)
    assert [number for number, _ in texts(services)] == [TRAVELLER]


def test_a_relative_who_was_never_asked_is_not_told_of_the_end(services: Services) -> None:
    with services.db.transaction() as session:
        one = make_approved(session, services.clock)
    go(services, one.id, "cancel")
    tell_all(services)
    assert [number for number, _ in texts(services)] == [TRAVELLER]


def test_erased_people_and_drills_get_nothing(services: Services, one: Remittance) -> None:
    with services.db.transaction() as session:
        session.get_one(Person, one.person_id).erased_at = services.clock.now()
        drill = make_remittance(session, services.clock, case=make_case(session, services.clock, drill=True))
        assert drill.drill
    go(services, one.id, "quote")
    tell_all(services)
    telling.tell(services, {"remittance_id": 10**9, "change_id": 1})
    assert texts(services) == []


def test_whoever_may_be_watched_is_told_neither_amount_nor_place(services: Services, one: Remittance) -> None:
    with services.db.transaction() as session:
        session.get_one(Remittance, one.id).duress = "unsure"
        make_deposit(session, services.clock, one, 1_450_000)
    go(services, one.id, "quote", "deposit")
    tell_all(services)
    assert to(services, TRAVELLER) == []
    go(services, one.id, "release")
    tell_all(services)
    assert len(to(services, TRAVELLER)) == 1
    assert not any(part in to(services, TRAVELLER)[0] for part in ("송금", "http", "총영사관", "R-20"))


def test_the_words_of_the_text_open_the_page_and_are_not_kept_in_sight(services: Services, one: Remittance) -> None:
    go(services, one.id, "quote")
    tell_all(services)
    with services.db.transaction() as session:
        found = session.query(Notice).filter_by(purpose=telling.PURPOSE).all()
        assert all(each.secret and each.asked_for and each.priority > 0 for each in found)


def test_english_readers_are_told_in_english(services: Services) -> None:
    with services.db.transaction() as session:
        one = make_approved(session, services.clock, payer_language="en", payee_language="en")
        make_quote(session, services.clock, one)
    go(services, one.id, "quote")
    tell_all(services)
    assert "Seoul time" in to(services, RELATIVE)[0] and to(services, RELATIVE)[0].isascii()
    assert "told what to deposit" in to(services, TRAVELLER)[0] and to(services, TRAVELLER)[0].isascii()


def test_a_part_says_what_is_missing(services: Services, one: Remittance) -> None:
    go(services, one.id, "quote")
    with services.db.transaction() as session:
        make_deposit(session, services.clock, one, 1_000_000)
    go(services, one.id, "deposit_part")
    tell_all(services)
    assert "450,000원" in to(services, RELATIVE)[0] and "1,000,000원" in to(services, RELATIVE)[0]


def test_an_expired_quote_is_told_to_nobody(services: Services, clock: FrozenClock, one: Remittance) -> None:
    go(services, one.id, "quote")
    clock.advance(timedelta(hours=25))
    tell_all(services)
    assert to(services, RELATIVE) == []


def test_reminders_come_once_before_the_end(services: Services, clock: FrozenClock, one: Remittance) -> None:
    go(services, one.id, "quote")
    assert reminding.remind(services) == 0, "there is a whole day left"
    clock.advance(timedelta(hours=22))
    assert [reminding.remind(services) for _ in range(2)] == [1, 0]
    assert "1,450,000원" in to(services, RELATIVE)[0]
    with services.db.transaction() as session:
        make_deposit(session, services.clock, one, 1_450_000)
    go(services, one.id, "deposit", "release")
    clock.advance(timedelta(days=13))
    assert [reminding.remind(services) for _ in range(2)] == [1, 0]
    assert "수령 기한" in to(services, TRAVELLER)[0]
    clock.advance(timedelta(days=2))
    assert reminding.remind(services) == 0
    with services.db.transaction() as session:
        assert moving.get(session, one.id).state == "ready"
