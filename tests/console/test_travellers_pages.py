"""Pages on which officers find and keep travellers, and take over lists."""

from __future__ import annotations

import io
from typing import Any

import pytest
from sqlalchemy import func, select

from hotline.auth.models import Officer
from hotline.core.db import Database
from hotline.core.registry import Panel
from hotline.people.models import Position, Traveller
from tests.auth.conftest import Visitor
from tests.factories import NOW, make_officer, make_traveller

KIM = {"name": "김하늘", "phone": "010-1234-5678", "language": "ko", "reference": "A-1"}


@pytest.fixture
def author(db: Database, visitor: Visitor) -> Officer:
    """Return an author who is signed in as the visitor."""
    with db.transaction() as session:
        made = make_officer(session, name="author", roles=("author",))
    visitor.sign_in("author")
    return made


def only_traveller(db: Database) -> Traveller:
    with db.transaction() as session:
        return session.scalars(select(Traveller)).one()


def position_of(db: Database, traveller_id: int) -> Position | None:
    with db.transaction() as session:
        return session.get(Position, traveller_id)


def test_traveller_is_added_with_number_and_place(visitor: Visitor, author: Officer, db: Database) -> None:
    answer = visitor.post("/travellers/new", KIM | {"phone": "+82 10-1234-5678", "lat": "14,55", "lon": "121.02"})
    traveller = only_traveller(db)
    assert answer.location == f"/travellers/{traveller.id}"
    assert (traveller.phone, traveller.name, traveller.drill) == ("+821012345678", "김하늘", False)
    position = position_of(db, traveller.id)
    assert position is not None
    assert (position.lat, position.country) == (14.55, "PH")
    page = visitor.get(answer.location).get_data(as_text=True)
    assert "+82 10-1234-5678" in page
    assert "Philippines" in page


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"name": " "}, "Give the name in 1 to 160 characters."),
        ({"phone": "12"}, "This number cannot be dialled"),
        ({"language": "korean!"}, "Use a language code"),
        ({"lat": "north", "lon": "1"}, "Write degrees from -90 to 90"),
        ({"lat": "95", "lon": "1"}, "Write degrees from -90 to 90"),
        ({"lat": "14.5", "lon": ""}, "Write degrees from -180 to 180"),
    ],
)
def test_fault_is_explained_and_nobody_is_added(
    visitor: Visitor, author: Officer, db: Database, change: dict[str, str], text: str
) -> None:
    answer = visitor.post("/travellers/new", KIM | {"phone": "+821012345678"} | change)
    assert answer.status_code == 422
    assert text in answer.get_data(as_text=True)
    with db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Traveller)) == 0


def test_known_reference_brings_the_person_up_to_date_and_says_so(
    visitor: Visitor, author: Officer, db: Database
) -> None:
    visitor.post("/travellers/new", KIM | {"phone": "+821012345678"})
    answer = visitor.post("/travellers/new", KIM | {"phone": "+821099999999"}, follow_redirects=True)
    assert "This reference was known" in answer.get_data(as_text=True)
    assert only_traveller(db).phone == "+821099999999"


def test_reference_of_somebody_else_is_refused_at_its_field(visitor: Visitor, author: Officer, db: Database) -> None:
    with db.transaction() as session:
        make_traveller(session, reference="A-1")
        other = make_traveller(session, reference="A-2").id
    answer = visitor.post(f"/travellers/{other}/edit", KIM | {"phone": "+821012345678"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'id="field-reference-error"' in page
    assert "has this reference already" in page


def test_place_is_set_by_hand_and_a_wrong_one_is_refused(visitor: Visitor, author: Officer, db: Database) -> None:
    with db.transaction() as session:
        traveller_id = make_traveller(session).id
    refused = visitor.post(f"/travellers/{traveller_id}/position", {"lat": "91", "lon": "0", "precision": "exact"})
    assert refused.status_code == 422
    assert "Write degrees from -90 to 90" in refused.get_data(as_text=True)
    visitor.post(f"/travellers/{traveller_id}/position", {"lat": "35.68", "lon": "139.76", "precision": "city"})
    position = position_of(db, traveller_id)
    assert position is not None
    assert (position.lat, position.country, position.precision, position.source) == (35.68, "JP", "city", "console")


def test_wish_for_no_texts_is_kept_shown_and_lifted(visitor: Visitor, author: Officer, db: Database) -> None:
    with db.transaction() as session:
        traveller_id = make_traveller(session).id
    page = visitor.post(f"/travellers/{traveller_id}/opt-out", follow_redirects=True).get_data(as_text=True)
    assert "No text goes to this number, not even in an emergency." in page
    assert only_traveller(db).opted_out_at == NOW
    visitor.post(f"/travellers/{traveller_id}/opt-in")
    assert only_traveller(db).opted_out_at is None


def test_erased_person_is_found_no_more_and_can_get_nothing_new(
    visitor: Visitor, author: Officer, db: Database
) -> None:
    with db.transaction() as session:
        traveller_id = make_traveller(session, name="Somebody Remarkable").id
    visitor.post(f"/travellers/{traveller_id}/erase")
    assert "Remarkable" not in visitor.get("/travellers").get_data(as_text=True)
    page = visitor.get(f"/travellers/{traveller_id}").get_data(as_text=True)
    assert "Erased person" in page
    assert "Remarkable" not in page
    assert visitor.post(f"/travellers/{traveller_id}/opt-out").status_code == 409


@pytest.mark.parametrize("wanted", ["김서", "0101234", "5678", "+82 10-1234", "A-1"])
def test_traveller_is_found_by_name_number_or_reference(
    visitor: Visitor, author: Officer, db: Database, wanted: str
) -> None:
    with db.transaction() as session:
        make_traveller(session, name="김서연", phone="+821012345678", reference="A-1")
        make_traveller(session, name="Other Person", phone="+34612000000")
    page = visitor.get("/travellers", query_string={"q": wanted}).get_data(as_text=True)
    assert "김서연" in page
    assert "Other Person" not in page


def test_pages_show_every_traveller_once(visitor: Visitor, author: Officer, db: Database) -> None:
    with db.transaction() as session:
        names = {make_traveller(session, name=f"Person{number:03d}.").name for number in range(55)}
    first = visitor.get("/travellers").get_data(as_text=True)
    address = first.split('rel="next" href="', 1)[1].split('"', 1)[0]
    second = visitor.get(address.replace("&amp;", "&")).get_data(as_text=True)
    assert 'rel="next"' not in second
    shown_first, shown_second = ({name for name in names if name in page} for page in (first, second))
    assert shown_first | shown_second == names
    assert not shown_first & shown_second


@pytest.mark.parametrize("cursor", ["-1", "0", "x", "9" * 30])
def test_impossible_cursor_shows_the_first_page(visitor: Visitor, author: Officer, cursor: str) -> None:
    assert visitor.get(f"/travellers?cursor={cursor}").status_code == 200


def upload(visitor: Visitor, content: bytes, name: str = "list.csv") -> tuple[int, str]:
    answer = visitor.post(
        "/travellers/import", {"list": (io.BytesIO(content), name)}, content_type="multipart/form-data"
    )
    return answer.status_code, answer.get_data(as_text=True)


def test_list_is_taken_over_and_every_refused_row_is_named(visitor: Visitor, author: Officer, db: Database) -> None:
    content = "name,phone,lat,lon\n김하늘,+821012345678,14.6,121\nJohn,12,14.6,121\n"
    status, page = upload(visitor, content.encode())
    assert status == 200
    assert "Refused rows" in page
    assert '<td class="amount">3</td><td><code>phone</code></td><td>12</td>' in page
    assert only_traveller(db).name == "김하늘"


def test_ndjson_is_known_by_its_name(visitor: Visitor, author: Officer, db: Database) -> None:
    status, _page = upload(visitor, b'{"name": "Kim", "phone": "+821012345678"}\n', "people.ndjson")
    assert (status, only_traveller(db).name) == (200, "Kim")


@pytest.mark.parametrize("content", [b"", b"colour,taste\nred,sweet\n"])
def test_file_without_usable_columns_changes_nothing(
    visitor: Visitor, author: Officer, db: Database, content: bytes
) -> None:
    status, page = upload(visitor, content)
    assert status == 422
    assert "Nothing was changed." in page


def test_upload_without_a_file_is_asked_for_again(visitor: Visitor, author: Officer) -> None:
    answer = visitor.post("/travellers/import", content_type="multipart/form-data")
    assert answer.status_code == 422
    assert "Choose a file." in answer.get_data(as_text=True)


def test_rooms_may_add_parts_to_a_travellers_page(
    visitor: Visitor, author: Officer, app: Any, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.transaction() as session:
        traveller_id = make_traveller(session).id
    part = Panel("Part of a room", "travellers.show_traveller", "travellers.read", 1)
    monkeypatch.setattr(app.extensions["registry"], "traveller_panels", [part])
    real = app.view_functions["travellers.show_traveller"]
    monkeypatch.setitem(
        app.view_functions, "travellers.show_traveller", lambda traveller_id: f"<p>part about {traveller_id}</p>"
    )
    with app.test_request_context():
        from flask import g

        from hotline.auth.officers import actor_of

        g.officer, g.actor = author, actor_of(author, "console")
        page = str(real(traveller_id=traveller_id))
    assert f"<p>part about {traveller_id}</p>" in page


def test_officer_who_may_only_read_changes_nobody(visitor: Visitor, db: Database) -> None:
    with db.transaction() as session:
        make_officer(session, name="approver", roles=("approver",))
        traveller_id = make_traveller(session).id
    visitor.sign_in("approver")
    assert "/edit" not in visitor.get(f"/travellers/{traveller_id}").get_data(as_text=True)
    for path in ("edit", "position", "opt-out", "opt-in", "erase"):
        assert visitor.post(f"/travellers/{traveller_id}/{path}", KIM).status_code == 403
    assert visitor.post("/travellers/new", KIM).status_code == 403
    assert visitor.get("/travellers/import").status_code == 403
