"""The pages, files and API of settlements: prepared from what is shown, confirmed by another officer, read by the mission."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hotline.auth.models import Officer
from hotline.core.actor import Actor
from hotline.core.services import Services
from tests.auth.conftest import Visitor
from tests.factories import NOW, make_token
from tests.remittance.tills.making import Counter


@pytest.fixture
def enter(app: Any, counter: Counter) -> Any:
    """Return a way to sign in as an actor of the counter."""

    def sign_in(who: Actor) -> Visitor:
        visitor = Visitor(app.test_client())
        with counter.services.db.transaction() as session:
            name = session.get_one(Officer, who.id).name
        assert visitor.sign_in(name).status_code == 302
        return visitor

    return sign_in


def text_of(visitor: Visitor, path: str, status: int = 200) -> str:
    answer = visitor.get(path)
    assert answer.status_code == status, path
    text: str = answer.get_data(as_text=True)
    return text


def test_a_settlement_goes_from_the_list_to_the_missions_statement(enter: Any, counter: Counter) -> None:
    old = counter.remittance(30_000, state="paid", paid_at=NOW - timedelta(days=70))
    counter.remittance(50_000, state="paid")
    one, two, staff = enter(counter.one), enter(counter.two), enter(counter.officer)
    page = text_of(one, "/settlements")
    assert "USD 800.00" in page and "70 days" in page and "Reckon up" in page
    assert "Reckon up" not in text_of(staff, "/settlements")
    new = f"/settlements/new?mission={counter.mission}&currency=USD"
    assert "USD 800.00" in text_of(one, new) and old.number in text_of(one, f"{new}&day=2026-10-01")
    assert "USD 800.00" not in text_of(one, f"{new}&day=2026-10-01")
    assert "Nothing waits" in text_of(one, f"{new}&day=2020-01-01")
    text_of(one, f"{new}&day=soon", 422)
    text_of(one, f"/settlements/new?mission={counter.mission}&currency=XQX", 422)
    text_of(one, "/settlements/new?mission=0&currency=USD", 404)
    text_of(staff, new, 403)
    form = {"mission": str(counter.mission), "currency": "USD", "day": "2026-11-21"}
    assert one.post("/settlements", form | {"day": "2030-01-01"}).status_code == 422
    address = one.post("/settlements", form).headers["Location"]
    again = one.post("/settlements", form)
    assert again.status_code == 409 and "Another settlement" in again.get_data(as_text=True)
    assert "another finance officer confirms it" in text_of(one, address)
    assert one.post(f"{address}/withdraw", {"note": ""}).status_code == 302
    assert "Say in 1 to 300 characters why" in text_of(one, address)
    page = text_of(two, address)
    digest = page.partition('name="digest" value="')[2].partition('"')[0]
    two.post(f"{address}/confirm", {"digest": "0" * 64})
    assert "Something of it has changed" in text_of(two, address)
    assert two.post(f"{address}/confirm", {"digest": digest}).status_code == 302
    page = text_of(two, address)
    assert "confirmed and booked" in page and "/ledger/journals/" in page
    assert address in text_of(two, f"/settlements/of-remittance/{old.id}")
    assert address in text_of(two, f"/remittances/{old.id}")
    rows = text_of(staff, f"{address}.csv").splitlines()
    assert [row.split(",")[2] for row in rows[1:]] == ["300.00", "500.00", "800.00"]
    for language in ("ko", "en"):
        assert staff.get(f"{address}.pdf?language={language}").get_data().startswith(b"%PDF")
    one.post("/language", {"language": "ko", "next": "/"})
    assert "공관 정산" in text_of(one, "/settlements?state=confirmed") and "확인 후 기표됨" in text_of(one, address)


def test_without_a_till_named_the_address_offers_those_that_wait(enter: Any, counter: Counter) -> None:
    one = enter(counter.one)
    assert "Nothing waits to be settled" in text_of(one, "/settlements/new")
    counter.remittance(30_000, state="paid")
    wanted = f"mission={counter.mission}&amp;currency=USD"
    for asked in ("", "?currency=USD", f"?mission={counter.mission}", "?mission=&currency=&day="):
        page = text_of(one, f"/settlements/new{asked}")
        assert wanted in page and "USD 300.00" in page, asked
    kept = text_of(one, f"/settlements/new?mission={counter.mission}&day=2026-11-20")
    assert "day=2026-11-20" in kept, "what was chosen already is not lost"
    text_of(one, "/settlements/new?mission=x&currency=USD", 404)
    text_of(enter(counter.officer), "/settlements/new", 403)


def test_another_missions_settlement_is_nobodys(enter: Any, counter: Counter, services: Services) -> None:
    other = Counter(services, code="macau")
    counter.remittance(30_000, state="paid")
    one = enter(counter.one)
    form = {"mission": str(counter.mission), "currency": "USD", "day": "2026-11-21"}
    address = one.post("/settlements", form).headers["Location"]
    stranger = enter(other.officer)
    for path in (address, f"{address}.csv", f"{address}.pdf", "/settlements/0"):
        text_of(stranger, path, 404)
    assert "No settlement yet" in text_of(stranger, "/settlements")
    assert stranger.post(f"{address}/confirm", {"digest": ""}).status_code == 403


def test_the_api_prepares_confirms_and_shows(app: Any, counter: Counter) -> None:
    paid = counter.remittance(30_000, state="paid")
    client = app.test_client()
    with counter.services.db.transaction() as session:
        tokens = {
            name: make_token(session, session.get_one(Officer, getattr(counter, name).id))
            for name in ("one", "two", "officer")
        }

    def call(who: str, method: str, path: str, json: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {tokens[who]}"}
        return client.open(f"/api/v1/settlements{path}", method=method, headers=headers, json=json)

    wish = {"mission_id": counter.mission, "currency": "USD", "last_day": "2026-11-21"}
    assert call("officer", "POST", "", wish).status_code == 403
    assert call("one", "POST", "", wish | {"last_day": "2030-01-01"}).status_code == 422
    made = call("one", "POST", "", wish)
    assert made.status_code == 201 and made.json["total_minor"] == 30_000
    assert call("one", "POST", "", wish).json["code"] == "settlement-waiting"
    path, digest = f"/{made.json['id']}", made.json["digest"]
    assert call("one", "POST", f"{path}/confirm", {"digest": digest}).status_code == 403
    assert call("two", "POST", f"{path}/withdraw", {"note": "Not yet"}).json["state"] == "withdrawn"
    path = f"/{call('one', 'POST', '', wish).json['id']}"
    assert call("two", "POST", f"{path}/confirm", {"digest": digest}).json["state"] == "confirmed", "the same payouts"
    shown = call("officer", "GET", path).json
    assert [each["remittance_id"] for each in shown["items"]] == [paid.id]
    listed = call("officer", "GET", f"?state=confirmed&mission_id={counter.mission}").json
    assert [each["total_minor"] for each in listed["settlements"]] == [30_000] and listed["next_before"] is None
    assert call("officer", "GET", "/999999").status_code == 404
