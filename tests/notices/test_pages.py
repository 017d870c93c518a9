"""The page that lists single texts: search, purpose and state, paging, and nothing secret."""

from __future__ import annotations

from typing import Any

import pytest

from hotline.core.db import Database
from hotline.notices import pages
from tests.auth.conftest import Visitor
from tests.factories import make_officer, make_traveller
from tests.notices.conftest import PHONE, Sending


@pytest.fixture
def visitor(app: Any, db: Database) -> Visitor:
    """An agent who is signed in."""
    with db.transaction() as session:
        make_officer(session, name="agent", roles=("agent",))
    made = Visitor(app.test_client())
    made.sign_in("agent")
    return made


def listed(visitor: Visitor, query: str = "") -> str:
    answer = visitor.get(f"/notices{query}")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_the_empty_list_says_what_will_be_there(visitor: Visitor) -> None:
    assert "No single texts yet" in listed(visitor)
    assert "Nothing fits" in listed(visitor, "?state=failed")


def test_notices_are_found_by_number_purpose_and_state(visitor: Visitor, sending: Sending) -> None:
    sending.publish(key="a", purpose="arrival")
    sending.publish("+821000000002", key="b", purpose="code")
    page = listed(visitor)
    assert "+82 10-1111-0001" in page and "+82 10-0000-0002" in page
    for query in ("?q=010-1111-0001", "?q=%2B821011110001", "?purpose=arrival"):
        page = listed(visitor, query)
        assert "+82 10-1111-0001" in page and "+82 10-0000-0002" not in page
    assert "Nothing fits" in listed(visitor, "?q=abc")
    sending.lane()
    assert "Nothing fits" in listed(visitor, "?state=queued")
    assert "+82 10-0000-0002" in listed(visitor, "?state=sent&cursor=99999999999999999999")


def test_pages_follow_each_other(visitor: Visitor, sending: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE_ROWS", 2)
    ids = [sending.publish(key=f"k{nth}") for nth in range(3)]
    first = listed(visitor)
    assert f"/notices/{ids[2]}" in first and f"cursor={ids[1]}" in first and f'/notices/{ids[0]}"' not in first
    assert f'/notices/{ids[0]}"' in listed(visitor, f"?cursor={ids[1]}")


def test_the_words_of_a_code_are_never_shown(visitor: Visitor, sending: Sending) -> None:
    code = sending.publish("+821000000002", key="c", purpose="code", body="Your code is 424242")
    plain = sending.publish(key="p", purpose="information", body="Welcome to Manila")
    sending.twilio.behaviour["+821000000002"] = ["21211"]
    assert "424242" not in visitor.get(f"/notices/{code}").get_data(as_text=True)
    sending.lane()
    shown = visitor.get(f"/notices/{plain}").get_data(as_text=True)
    assert "Welcome to Manila" in shown and "accepted" in shown
    assert "This is no telephone number." in visitor.get(f"/notices/{code}").get_data(as_text=True)
    assert visitor.get("/notices/999999").status_code == 404


def test_a_cashier_sees_no_notices(app: Any, db: Database) -> None:
    with db.transaction() as session:
        make_officer(session, name="cashier", roles=("cashier",))
    visitor = Visitor(app.test_client())
    visitor.sign_in("cashier")
    assert visitor.get("/notices").status_code == 403


def test_a_travellers_page_lists_the_texts_to_their_number(visitor: Visitor, sending: Sending) -> None:
    with sending.services.db.transaction() as session:
        person = make_traveller(session, phone=PHONE).id
        gone = make_traveller(session, phone="", erased_at=sending.clock.now()).id
    assert "No single texts yet" in visitor.get(f"/travellers/{person}").get_data(as_text=True)
    notice_id = sending.publish(key="a", purpose="arrival")
    page = visitor.get(f"/travellers/{person}").get_data(as_text=True)
    assert f"/notices/{notice_id}" in page and "Text on arrival" in page
    assert "No single texts yet" in visitor.get(f"/notices/to/{gone}").get_data(as_text=True)
