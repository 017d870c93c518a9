"""A pickup code is good for a day: too old it pays nothing and counts nothing, and a new one is one act of who may make it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from hotline.auth.models import Officer
from hotline.cases.person_links import link_for_person
from hotline.core.clock import FrozenClock
from hotline.core.config import Settings
from hotline.core.errors import Refused
from hotline.core.services import Services
from hotline.notices.models import Notice
from remittance.payouts import codes, paying, releasing
from remittance.payouts.models import Payout, PickupCode
from remittance.payouts.states import MAX_CODES_A_DAY
from remittance.requests import moving
from tests.auth.conftest import Visitor
from tests.remittance.payouts.making import Counter, seen

DAY = timedelta(hours=24)


def attempt(counter: Counter, remittance_id: int, code: str) -> str:
    """Try a code; what came of it."""
    try:
        paying.identify(counter.services, counter.cashier, remittance_id, code)
    except Refused as error:
        return error.code
    return "right"


def made(services: Services, remittance_id: int) -> list[PickupCode]:
    """Return its codes, the oldest first."""
    with services.db.transaction() as session:
        found = select(PickupCode).where(PickupCode.remittance_id == remittance_id).order_by(PickupCode.nth)
        return list(session.scalars(found))


def visitor_for(app: Any, services: Services, officer_id: int | None, language: str) -> Visitor:
    """Return the browser of an officer who reads this language."""
    with services.db.transaction() as session:
        officer = session.get_one(Officer, officer_id)
        officer.language, name = language, officer.name
    visitor = Visitor(app.test_client())
    visitor.sign_in(name)
    return visitor


def test_a_code_is_right_until_its_day_is_over_and_not_a_moment_longer(
    counter: Counter, services: Services, clock: FrozenClock
) -> None:
    remittance_id = counter.ready()
    code, start = counter.code(remittance_id), clock.now()
    assert made(services, remittance_id)[0].expires_at == start + DAY
    clock.set(start + DAY - timedelta(seconds=1))
    assert attempt(counter, remittance_id, code) == "right"
    clock.set(start + DAY)
    assert attempt(counter, remittance_id, code) == "code-expired"


def test_a_code_ends_with_the_time_to_fetch_the_money(counter: Counter, services: Services) -> None:
    remittance_id = counter.ready()
    due = services.clock.now() + timedelta(hours=3)
    with services.db.transaction() as session:
        moving.get(session, remittance_id).due_at = due
    with services.db.transaction() as session:
        renewed, _ = codes.replace(services, session, counter.agent, remittance_id, way="text")
        text = session.scalars(select(Notice.body).where(Notice.purpose == "code").order_by(Notice.id.desc())).first()
    assert renewed.expires_at == due and text is not None and "3시간 유효" in text, (
        "the text promises no more than there is"
    )


@pytest.mark.parametrize(("language", "words"), [("ko", "(24시간 유효)"), ("en", ", good for 24 h.")])
def test_the_text_says_how_long_its_code_is_good(
    counter: Counter, services: Services, language: str, words: str
) -> None:
    counter.ready(payee_language=language)
    with services.db.transaction() as session:
        body = session.scalars(select(Notice.body).where(Notice.purpose == "code")).one()
    assert words in body


def test_too_old_a_code_pays_nothing_and_counts_nothing_and_a_new_one_pays(
    counter: Counter, services: Services, clock: FrozenClock
) -> None:
    remittance_id = counter.ready()
    old = counter.code(remittance_id)
    clock.advance(DAY)
    till = counter.till()
    for _ in range(7):
        with pytest.raises(Refused) as refused:
            paying.prepare(services, counter.cashier, remittance_id, seen(old))
        assert refused.value.code == "code-expired"
    with services.db.transaction() as session:
        assert session.scalar(select(Payout.id)) is None
    (known,) = made(services, remittance_id)
    assert (known.wrong_tries, known.tried_by_id, known.locked_at) == (0, None, None)
    assert counter.till() == till and counter.state(remittance_id) == "ready"
    releasing.new_code(services, counter.agent, remittance_id, way="text")
    first, second = made(services, remittance_id)
    assert (first.ended_why, first.code_hash) == ("replaced", "") and second.expires_at == clock.now() + DAY
    assert second.wrong_tries == 0 and attempt(counter, remittance_id, old) == "wrong-code", "the old one is worthless"
    payout = counter.prepared(remittance_id)
    with services.db.transaction() as session:
        paying.confirm(session, clock, counter.witness, payout.id)
    assert counter.state(remittance_id) == "paid"
    assert counter.till() == till - payout.paid_minor


def test_a_payout_prepared_with_a_code_is_not_confirmed_after_its_end(
    counter: Counter, services: Services, clock: FrozenClock
) -> None:
    remittance_id, start = counter.ready(), clock.now()
    clock.set(start + DAY - timedelta(minutes=5))
    payout = counter.prepared(remittance_id)
    clock.set(start + DAY)
    with pytest.raises(Refused) as refused, services.db.transaction() as session:
        paying.confirm(session, clock, counter.witness, payout.id)
    assert refused.value.code == "code-expired" and counter.state(remittance_id) == "ready"


def test_codes_that_ran_out_count_among_the_new_ones_of_a_day(
    counter: Counter, services: Services, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.settings, "pickup_code_hours", 1)
    remittance_id = counter.ready()
    for _ in range(MAX_CODES_A_DAY - 1):
        clock.advance(timedelta(hours=1))
        assert attempt(counter, remittance_id, counter.code(remittance_id)) == "code-expired"
        releasing.new_code(services, counter.agent, remittance_id, way="text")
    clock.advance(timedelta(hours=1))
    with pytest.raises(Refused) as refused:
        releasing.new_code(services, counter.agent, remittance_id, way="text")
    assert refused.value.code == "too-many-codes"
    clock.advance(timedelta(hours=24 - MAX_CODES_A_DAY, seconds=1))
    releasing.new_code(services, counter.agent, remittance_id, way="text")
    assert attempt(counter, remittance_id, counter.code(remittance_id)) == "right"


@pytest.mark.parametrize("hours", [0, 337])
def test_the_hours_of_a_code_are_one_to_a_fortnight(hours: int) -> None:
    with pytest.raises(ValidationError, match="HOTLINE_PICKUP_CODE_HOURS"):
        Settings.model_validate({"HOTLINE_PICKUP_CODE_HOURS": hours})


SAID = {
    "en": ("This code is too old: nothing was paid, and no try was counted.", "Code too old", "Good until "),
    "ko": ("유효 시간이 지난 코드입니다. 지급된 금액은 없으며", "코드 유효 시간 경과", "까지 유효합니다."),
}


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_counter_says_that_it_is_too_old_and_the_missions_officer_makes_a_new_one_in_one_act(
    counter: Counter, services: Services, clock: FrozenClock, app: Any, language: str
) -> None:
    remittance_id = counter.ready()
    old, (refusal, panel, good) = counter.code(remittance_id), SAID[language]
    with services.db.transaction() as session:
        number = moving.get(session, remittance_id).number
    officer = visitor_for(app, services, counter.officer.id, language)
    assert good in officer.get(f"/remittances/{remittance_id}").get_data(as_text=True)
    clock.advance(DAY)
    cashier = visitor_for(app, services, counter.cashier.id, language)
    shown = cashier.post("/remittances/payouts/open", {"number": number, "code": old})
    assert shown.status_code == 409 and refusal in shown.get_data(as_text=True)
    officer = visitor_for(app, services, counter.officer.id, language)
    page = officer.get(f"/remittances/{remittance_id}").get_data(as_text=True)
    assert panel in page and good not in page
    assert officer.post(f"/remittances/{remittance_id}/pickup-code", {"way": "text"}).status_code == 302
    page = officer.get(f"/remittances/{remittance_id}").get_data(as_text=True)
    assert panel not in page and good in page
    new = cashier.post("/remittances/payouts/open", {"number": number, "code": counter.code(remittance_id)})
    assert new.status_code == 200
    told = officer.post(f"/remittances/{remittance_id}/pickup-code", {"way": "voice", "proof": "in_person"})
    assert ("They are good until" if language == "en" else "이 번호는") in told.get_data(as_text=True)


@pytest.mark.parametrize(
    ("language", "good", "over"),
    [
        ("en", " · good until ", "no longer good; call us for a new one"),
        ("ko", "까지 유효</dd>", "전화로 새 코드를 요청하십시오"),
    ],
)
def test_the_travellers_own_page_says_until_when_and_how_to_get_another(
    counter: Counter, services: Services, clock: FrozenClock, app: Any, language: str, good: str, over: str
) -> None:
    remittance_id = counter.ready()
    with services.db.transaction() as session:
        one = moving.get(session, remittance_id)
        url = link_for_person(session, clock, services.settings, one.person_id, one.case_id)
    where = f"/p/{url.rpartition('/')[2]}/money?lang={language}"

    def page() -> str:
        answer = app.test_client().get(where)
        assert answer.status_code == 200
        return str(answer.get_data(as_text=True))

    assert good in page() and over not in page()
    clock.advance(DAY)
    assert over in page() and good not in page()
    releasing.new_code(services, counter.agent, remittance_id, way="text")
    assert good in page() and over not in page()
