"""Registering as a volunteer, coming back with a code, and the limits on both."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from hotline.core.services import Services
from hotline.notices.models import Notice
from hotline.registration.checks import PER_NUMBER
from overflow.volunteers.keeping import CONSENT_WORDS
from overflow.volunteers.models import Volunteer
from tests.auth.conftest import Visitor
from tests.overflow.volunteers.making import make_volunteer

FORM: dict[str, Any] = {
    "name": "김하늘", "region": "KR", "phone": "010-1234-5678", "languages": ["ko", "es"], "more_languages": "pt",
    "speaks": "ko", "zone": "Asia/Seoul", "max_hours_day": "4", "max_hours_week": "10", "quiet_from": "22:00",
    "quiet_to": "08:00", "email": "", "agreed": "1",
}  # fmt: skip
PHONE = "+821012345678"


def _codes(services: Services) -> list[str]:
    with services.db.transaction() as session:
        bodies = session.scalars(select(Notice.body).where(Notice.purpose == "code").order_by(Notice.id)).all()
    return [found[0] for body in bodies if (found := re.search(r"\d{6}", body))]


def _everybody(services: Services) -> list[Volunteer]:
    with services.db.transaction() as session:
        return list(session.scalars(select(Volunteer).order_by(Volunteer.id)))


def _code(services: Services, visitor: Visitor) -> TestResponse:
    return visitor.post("/volunteer/code", {"code": _codes(services)[-1]}, follow_redirects=True)


def test_who_holds_the_number_waits_for_a_decision_and_is_on_their_own_page(
    services: Services, visitor: Visitor
) -> None:
    assert visitor.post("/volunteer", FORM).location == "/volunteer/code"
    assert _everybody(services) == [], "nobody is written down before the code"
    page = _code(services, visitor)
    assert page.request.path.startswith("/v/") and "김하늘" in page.text and "승인 대기" in page.text
    (one,) = _everybody(services)
    assert (one.phone, one.languages, one.state, one.max_hours_day) == (PHONE, ["es", "ko", "pt"], "applied", 4)
    assert one.phone_verified_at and one.consent_at and one.consent_words == CONSENT_WORDS


def test_without_consent_or_with_faults_no_code_is_sent(services: Services, visitor: Visitor) -> None:
    page = visitor.post("/volunteer", FORM | {"agreed": "", "zone": "Moon", "phone": "02-123-4567"})
    assert page.status_code == 422 and _codes(services) == []
    for fault in ("Without your consent nothing may be kept.", "Choose a zone from the list", "Give a mobile number"):
        assert fault in page.text


def test_a_wrong_code_opens_nothing_and_a_right_one_works_once(services: Services, visitor: Visitor) -> None:
    visitor.post("/volunteer", FORM)
    assert (
        visitor.post("/volunteer/code", {"code": "000000" if _codes(services)[-1] != "000000" else "1"}).status_code
        == 422
    )
    assert _code(services, visitor).request.path.startswith("/v/")
    assert visitor.post("/volunteer/code", {"code": _codes(services)[-1]}).location == "/volunteer"


def test_who_lost_the_link_comes_back_with_a_code(services: Services, visitor: Visitor) -> None:
    with services.db.transaction() as session:
        make_volunteer(session, name="Kim", phone=PHONE)
    assert visitor.post("/volunteer/link", {"region": "KR", "phone": PHONE}).location == "/volunteer/code"
    assert "Kim" in _code(services, visitor).text


def test_an_unknown_number_is_told_only_to_who_holds_it(services: Services, visitor: Visitor) -> None:
    assert visitor.post("/volunteer/link", {"region": "KR", "phone": PHONE}).location == "/volunteer/code"
    assert "this number is not on our list" in _code(services, visitor).text


def test_who_stands_in_an_imported_list_and_registers_is_there_once_and_confirmed(
    services: Services, visitor: Visitor
) -> None:
    with services.db.transaction() as session:
        make_volunteer(session, state="applied", phone=PHONE, phone_verified_at=None, consent_at=None)
    visitor.post("/volunteer", FORM)
    _code(services, visitor)
    (one,) = _everybody(services)
    assert one.phone_verified_at and one.consent_at


def test_a_number_gets_only_so_many_codes_and_nobody_learns_that(services: Services, visitor: Visitor) -> None:
    for _ in range(PER_NUMBER[0][0] + 2):
        assert visitor.post("/volunteer", FORM).location == "/volunteer/code"
    assert len(_codes(services)) == PER_NUMBER[0][0]


@pytest.mark.parametrize("path", ["/volunteer", "/volunteer/link", "/volunteer/code"])
def test_a_form_too_large_is_not_read(visitor: Visitor, path: str) -> None:
    assert visitor.post(path, {"name": "x" * 20_000}).status_code == 413
