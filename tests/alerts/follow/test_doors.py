"""Updates, all-clears and corrections through the API and the pages."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from alerts.models import Alert
from alerts.variants import VARIANTS
from hotline.core.db import Database
from hotline.core.services import Services
from tests.alerts.console.conftest import Officials
from tests.alerts.follow.conftest import Chain
from tests.alerts.test_api import DRAFT, Caller
from tests.alerts.test_drafting import cap
from tests.factories import NOW


@pytest.fixture
def author(client: FlaskClient, services: Services) -> Caller:
    return Caller(client, services, "author")


@pytest.fixture
def officials(app: Any, db: Database) -> Officials:
    return Officials(app, db)


def read(services: Services, alert_id: int) -> Alert:
    with services.db.transaction() as session:
        return session.get_one(Alert, alert_id)


def test_cap_update_and_cancel_come_in_by_post_and_follow(author: Caller, services: Services) -> None:
    first = author("POST", "/alerts", data=cap(), content_type="application/cap+xml").json
    reference = f"quakes@example.org,id-1,{NOW.isoformat()}"
    update = author(
        "POST", "/alerts", data=cap("id-2", msg_type="Update", references=reference), content_type="application/cap+xml"
    )
    assert (update.status_code, update.json["follows"], update.json["msg_type"]) == (201, first["id"], "Update")
    assert set(update.json["variants"]) == {"update", "left"}
    clear = author(
        "POST", "/alerts", data=cap("id-3", msg_type="Cancel", references=reference, body=""),
        content_type="application/cap+xml",
    )  # fmt: skip
    assert (clear.status_code, clear.json["follows"]) == (201, first["id"])
    assert set(clear.json["texts"]) == {"ko", "en"}


def test_json_names_what_it_follows(author: Caller, chain: Chain) -> None:
    alert = chain.first()
    made = author("POST", "/alerts", json=DRAFT | {"follows": alert, "msg_type": "Update"})
    assert (made.status_code, made.json["follows"], made.json["texts"]) == (201, alert, DRAFT["texts"])
    for wrong, status in (({"msg_type": "Update"}, 422), ({"follows": 10**6, "msg_type": "Update"}, 422),
                          ({"follows": alert, "msg_type": "Ack"}, 422)):  # fmt: skip
        assert author("POST", "/alerts", json=DRAFT | wrong).status_code == status


def test_variants_are_written_and_read_by_json(author: Caller) -> None:
    words = {"correction": {"en": "Wrong: {place} {time}. {hotline}"}}
    alert = author("POST", "/alerts", json=DRAFT | {"variants": words}).json
    assert alert["variants"] == words
    patched = author(
        "PATCH", f"/alerts/{alert['id']}", json={"version": 1, "texts": {"en": "Other {place} {time}"}}
    ).json
    assert (patched["variants"], patched["texts"]) == (words, {"en": "Other {place} {time}"})
    assert author("PATCH", f"/alerts/{alert['id']}", json={"version": 2, "variants": {"odd": {}}}).status_code == 422


def test_a_correction_goes_by_post_and_twice_is_once(
    client: FlaskClient, services: Services, author: Caller, chain: Chain
) -> None:
    chain.person()
    alert = chain.first()
    on_duty = Caller(client, services, "agent")
    first = on_duty("POST", f"/alerts/{alert}/correct", json={"reason": "no such flood"})
    again = on_duty("POST", f"/alerts/{alert}/correct")
    assert (first.status_code, first.json["id"]) == (200, again.json["id"])
    assert (first.json["follows"], first.json["source"], first.json["state"]) == (alert, "correction", "approved")
    assert set(first.json["approved"]["variants"]) == {"correction"}
    assert author("GET", f"/alerts/{alert}").json["state"] == "cancelled"
    assert Caller(client, services, "auditor")("POST", f"/alerts/{alert}/correct").status_code == 403
    described = client.get("/api/v1/openapi.json").json
    assert described is not None
    assert "/api/v1/alerts/{alert_id}/correct" in described["paths"]


def test_an_officer_drafts_an_update_from_the_page_of_a_sent_alert(officials: Officials, chain: Chain) -> None:
    chain.person()
    alert = chain.first()
    author = officials["author"]
    page = author.get(f"/alerts/{alert}").get_data(as_text=True)
    assert 'value="Update"' in page and 'value="Cancel"' in page and "correct-dialog" in page
    answer = author.client.post(f"/alerts/{alert}/follow", data={"msg_type": "Cancel", "csrf_token": author.token()})
    assert answer.status_code == 302
    draft = int(answer.headers["Location"].split("/")[-2])
    editor = author.get(f"/alerts/{draft}/edit").get_data(as_text=True)
    assert 'data-variant="all_clear"' in editor and 'data-variant="correction"' in editor
    with chain.services.db.transaction() as session:
        assert session.get_one(Alert, draft).follows_id == alert
    assert "Belongs together" in author.get(f"/alerts/{alert}").get_data(as_text=True)


def test_the_editor_saves_every_variant_under_its_own_key(
    officials: Officials, services: Services, chain: Chain
) -> None:
    chain.person()
    alert = chain.first()
    author = officials["author"]
    answer = author.client.post(f"/alerts/{alert}/follow", data={"msg_type": "Update", "csrf_token": author.token()})
    draft = int(answer.headers["Location"].split("/")[-2])
    texts = {"en": "A {place} {time}", "update:en": "U {place} {time}", "left:en": "L {place} {time}",
             "correction:en": "C {place} {time}"}  # fmt: skip
    saved = officials.send_json("author", f"/alerts/{draft}/save", {"version": 1, "changes": {"texts": texts}})
    assert saved.status_code == 200 and saved.json is not None
    assert saved.json["texts"] == texts
    assert {row.variant for row in read(services, draft).texts} == {"alert", "update", "left", "correction"}
    shown = officials.send_json("author", f"/alerts/{draft}/preview", {"texts": texts | {"odd:en": "x"}})
    assert shown.json is not None
    assert {each["language"] for each in shown.json["texts"]} == set(texts)


def test_a_correction_is_let_go_from_the_page_and_shown_there(officials: Officials, chain: Chain) -> None:
    chain.person()
    alert = chain.first()
    on_duty = officials["agent"]
    answer = on_duty.client.post(f"/alerts/{alert}/correct", data={"reason": "wrong", "csrf_token": on_duty.token()})
    assert answer.status_code == 302
    correction = int(answer.headers["Location"].rsplit("/", 1)[-1])
    chain.ids.append(correction)
    page = on_duty.get(f"/alerts/{correction}").get_data(as_text=True)
    assert "correction en" in page and "let the prepared correction go" in page
    assert "correct-dialog" not in on_duty.get(f"/alerts/{alert}").get_data(as_text=True)
    refused = on_duty.client.post(f"/alerts/{correction}/correct", data={"csrf_token": on_duty.token()})
    assert refused.status_code == 409


def test_the_approver_sees_whom_an_all_clear_reaches(officials: Officials, chain: Chain) -> None:
    for _ in range(3):
        chain.person()
    chain.first()
    clear = chain.add("Cancel", state="submitted")
    with chain.services.db.transaction() as session:
        alert = session.get_one(Alert, clear)
        session.delete(alert.approval)
    page = officials["approver"].get(f"/alerts/{clear}").get_data(as_text=True)
    assert "no area is needed" in page and "data-approve-total" not in page and "data-count" not in page
    assert "<p>3 got a text of this chain</p>" in page


def test_every_variant_has_a_name_and_an_explanation() -> None:
    from alerts.console import labels

    assert set(labels.VARIANTS) == set(labels.VARIANT_HELP) == set(VARIANTS)


def test_the_pages_of_a_chain_lead_to_each_other(officials: Officials, chain: Chain) -> None:
    chain.person()
    alert = chain.first()
    update = chain.add("Update")
    chain.start(update)
    shown = officials["auditor"].get(f"/alerts/{alert}").get_data(as_text=True)
    assert f"/alerts/{update}" in shown and "A later alert stands in its place" in shown
    with chain.services.db.transaction() as session:
        assert session.scalar(select(Alert.superseded_by_id).where(Alert.id == alert)) == update
