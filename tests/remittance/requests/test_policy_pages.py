"""The ministry's policy on its page and by the API: read by many, kept by few, one after the other, and never backwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from remittance.requests import policies
from remittance.requests.models import Policy
from tests.auth.conftest import Visitor
from tests.factories import make_officer, make_token
from tests.remittance.requests.making import make_remittance

FORM = {
    "limit": "2,500.50", "limit_currency": "eur", "reasons": ["robbed", "illness"], "deposit_currency": "EUR",
    "payout_currencies": "usd, thb", "fee": "12.50", "spread": "0.75", "open_per_person": "2", "quote_minutes": "720",
    "rate_hours": "48",
}  # fmt: skip
BODY = {
    "limit_minor": 250_050, "limit_currency": "EUR", "reasons": ["robbed", "illness"], "deposit_currency": "EUR",
    "payout_currencies": ["THB", "USD"], "fee_minor": 1_250, "spread_basis_points": 75, "open_per_person": 2,
    "quote_minutes": 720, "rate_hours": 48,
}  # fmt: skip
PAGE, API = "/remittances/policy", "/api/v1/remittance-policies"


@pytest.fixture
def visitor(app: Any, services: Services) -> Visitor:
    """Return an administrator at their desk."""
    with services.db.transaction() as session:
        make_officer(session, roles=("administrator",), name="boss")
    made = Visitor(app.test_client())
    made.sign_in("boss")
    return made


def key_of(services: Services, *roles: str) -> dict[str, str]:
    """Return what a programme of an officer sends along."""
    with services.db.transaction() as session:
        return {"Authorization": f"Bearer {make_token(session, make_officer(session, roles=roles))}"}


def held(services: Services) -> Policy:
    """Return the policy that holds."""
    with services.db.transaction() as session:
        return policies.current(session, services.clock.now())


def test_a_policy_is_kept_from_the_page_and_leaves_what_was_asked_for_before_alone(
    visitor: Visitor, services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        before = make_remittance(session, clock).policy_id
    clock.advance(timedelta(minutes=1))
    page = visitor.get(PAGE).get_data(as_text=True)
    assert 'value="3,000.00"' in page and "comes with the software" in page
    assert visitor.post(PAGE, FORM | {"version": str(before)}).location == PAGE
    kept = held(services)
    shown = policies.shown(kept)
    assert shown == BODY | {"reasons": ["illness", "robbed"]}
    page = visitor.get(PAGE).get_data(as_text=True)
    assert 'value="2,500.50"' in page and 'value="0.75"' in page and "USD 3,000.00" in page, "the one before is listed"
    with services.db.transaction() as session:
        after = make_remittance(session, clock).policy_id
        (trail,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "remittance_policy.kept"))
    assert trail.before is not None and trail.after is not None
    assert (trail.before["limit_minor"], trail.after["limit_minor"]) == (300_000, 250_050)
    assert after == kept.id != before


def test_every_fault_stands_beside_its_field_and_nothing_typed_is_lost(visitor: Visitor, services: Services) -> None:
    wrong = {
        "limit": "1.000,00", "limit_currency": "USD", "reasons": [], "deposit_currency": "XQX", "payout_currencies": "U$D",
        "fee": "1", "spread": "0.755", "open_per_person": "many", "quote_minutes": "", "rate_hours": "-1",
    }  # fmt: skip
    answer = visitor.post(PAGE, FORM | wrong)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and 'value="1.000,00"' in page and 'value="0.755"' in page
    for name in ("limit", "deposit_currency", "spread", "open_per_person", "quote_minutes", "rate_hours"):
        assert f'id="field-{name}-error"' in page, name
    answer = visitor.post(PAGE, FORM | {"reasons": [], "payout_currencies": "U$D", "rate_hours": "999"})
    page = answer.get_data(as_text=True)
    for name in ("field-payout_currencies", "field-rate_hours", "boxes-reasons"):
        assert f'id="{name}-error"' in page, name
    assert held(services).limit_minor == 300_000


def test_of_two_who_read_the_same_policy_the_second_is_told(visitor: Visitor, services: Services) -> None:
    first = str(held(services).id)
    services.clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]  # the test's own clock
    assert visitor.post(PAGE, FORM | {"version": first}).status_code == 302
    answer = visitor.post(PAGE, FORM | {"version": first, "limit": "9"})
    assert answer.status_code == 409 and "Somebody kept another policy meanwhile." in answer.get_data(as_text=True)
    assert held(services).limit_minor == 250_050


def test_the_api_lists_and_keeps(app: Any, services: Services, clock: FrozenClock) -> None:
    client, boss = app.test_client(), key_of(services, "administrator")
    (korea,) = client.get(API, headers=boss).get_json()["policies"]
    assert (korea["limit_minor"], korea["limit_currency"], korea["kept_by_id"]) == (300_000, "USD", None)
    clock.advance(timedelta(minutes=1))
    made = client.post(API, headers=boss, json=BODY | {"version": korea["id"]})
    assert made.status_code == 201 and made.get_json()["begins_at"] == clock.now().isoformat()
    assert [each["id"] for each in client.get(API, headers=boss).get_json()["policies"]] == [
        made.get_json()["id"],
        korea["id"],
    ]
    assert client.post(API, headers=boss, json=BODY | {"version": korea["id"]}).get_json()["code"] == "policy-changed"
    bad = client.post(API, headers=boss, json=BODY | {"reasons": ["fun"], "payout_currencies": ["XQX"]})
    assert bad.status_code == 422
    assert {each["field"] for each in bad.get_json()["errors"]} == {"reasons", "payout_currencies"}


@pytest.mark.parametrize("role", ["finance_officer", "duty_chief", "auditor", "agent"])
def test_others_read_it_and_keep_none(app: Any, services: Services, role: str) -> None:
    client, theirs = app.test_client(), key_of(services, role)
    assert client.get(API, headers=theirs).status_code == 200
    assert client.post(API, headers=theirs, json=BODY).status_code == 403
    with services.db.transaction() as session:
        make_officer(session, roles=(role,), name="reader")
    reader = Visitor(app.test_client())
    reader.sign_in("reader")
    page = reader.get(PAGE).get_data(as_text=True)
    assert "USD 3,000.00" in page and '<form class="form"' not in page
    assert 'href="/remittances/policy"' in reader.get("/remittances").get_data(as_text=True)
    assert reader.post(PAGE, FORM).status_code == 403
    assert held(services).limit_minor == 300_000
