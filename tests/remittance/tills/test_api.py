"""The API of tills: the same acts and refusals as the pages, for programmes."""

from __future__ import annotations

from typing import Any

from hotline.auth.models import Officer
from hotline.core.actor import Actor
from tests.factories import make_token
from tests.remittance.tills.making import Counter


def test_a_till_is_filled_counted_and_explained(app: Any, counter: Counter) -> None:
    client = app.test_client()

    def token_of(who: Actor) -> str:
        with counter.services.db.transaction() as session:
            return make_token(session, session.get_one(Officer, who.id))

    tokens = {
        name: token_of(getattr(counter, name)) for name in ("cashier", "officer", "one", "two")
    }  # fmt: skip

    def call(who: str, method: str, path: str, json: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {tokens[who]}"}
        return client.open(f"/api/v1{path}", method=method, headers=headers, json=json)

    till = f"/missions/{counter.mission}/till"
    assert call("cashier", "GET", till).json["movements"] == []
    wish = {
        "currency": "USD", "kind": "replenish", "amount_minor": 100_000, "source": "HSBC", "reason": "Float", "key": "m",
    }  # fmt: skip
    made = call("cashier", "POST", f"{till}/moves", wish)
    assert made.status_code == 201 and made.json["state"] == "prepared"
    assert call("cashier", "POST", f"{till}/moves", wish).json["id"] == made.json["id"]
    assert call("cashier", "POST", f"{till}/moves", wish | {"amount_minor": 1}).status_code == 409
    move = f"/tills/moves/{made.json['id']}"
    assert call("cashier", "POST", move, {"act": "confirm"}).status_code == 403
    assert call("officer", "POST", move, {"act": "confirm"}).json["state"] == "done"
    assert call("officer", "POST", move, {"act": "confirm"}).json["code"] == "wrong-state"
    count = {"currency": "USD", "kind": "closing", "key": "c", "pieces": {"10000": 9}}
    assert call("cashier", "POST", f"{till}/counts", count | {"pieces": {"3": 1}}).status_code == 422
    counted = call("cashier", "POST", f"{till}/counts", count)
    assert (counted.status_code, counted.json["difference_minor"]) == (201, -10_000)
    assert (
        call("officer", "POST", f"/tills/counts/{counted.json['id']}", {"act": "witness"}).json["state"] == "witnessed"
    )
    (difference,) = call("one", "GET", till).json["differences"]
    decide = f"/tills/differences/{difference['id']}"
    assert call("officer", "POST", decide, {"act": "ask", "note": "x"}).status_code == 403
    assert call("one", "POST", decide, {"act": "ask", "note": "Lost"}).json["state"] == "asked"
    assert call("two", "POST", decide, {"act": "explain"}).json["state"] == "explained"
    whole = call("cashier", "GET", f"{till}?currency=USD&from=2026-11-21").json
    assert [each["balance"] for each in whole["movements"]] == [100_000, 90_000] and whole["closing"] == 90_000
    (listed,) = call("one", "GET", "/tills?currency=USD&q=hong").json["tills"]
    assert (listed["free"], listed["owed"], listed["difference"]) == (90_000, 90_000, 0)
    assert call("one", "GET", f"{till}?currency=XQX").status_code == 422
    assert call("one", "GET", f"{till}?from=x").status_code == 422
    assert call("officer", "GET", f"/missions/{counter.mission + 1}/till").status_code == 404
    assert call("one", "POST", f"{till}/counts", count).status_code == 403
