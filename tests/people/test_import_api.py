"""`POST /api/v1/travellers/import`: lists over HTTP, their report, and the ways a list is refused as a whole."""

from __future__ import annotations

from flask.testing import FlaskClient
from sqlalchemy import select

from hotline.core.db import Database
from hotline.core.web import MAX_BODY_BYTES
from hotline.people.models import Position, Traveller
from tests.factories import make_officer, make_token

LIST = "reference,name,phone,language,lat,lon\nA-1,홍길동,+821020000001,ko,14.5,121.0\nA-2,Jane Roe,12,en,14.5,121.0\n"


def _headers(db: Database, role: str = "author", kind: str = "text/csv") -> dict[str, str]:
    with db.transaction() as session:
        return {
            "Authorization": f"Bearer {make_token(session, make_officer(session, roles=(role,)))}",
            "Content-Type": kind,
        }


def test_a_list_is_taken_over_and_its_bad_row_named(client: FlaskClient, db: Database) -> None:
    answer = client.post("/api/v1/travellers/import", data=LIST.encode(), headers=_headers(db))
    assert answer.status_code == 200, answer.text
    report = answer.get_json()
    assert (report["accepted_count"], report["updated_count"], report["refused_count"]) == (1, 0, 1)
    assert report["refused"][0]["line"] == 3
    assert report["refused"][0]["field"] == "phone"
    assert report["refused"][0]["value"] == "12"
    with db.transaction() as session:
        traveller = session.scalars(select(Traveller)).one()
        position = session.get_one(Position, traveller.id)
        assert (traveller.name, traveller.phone_region, traveller.drill) == ("홍길동", "KR", False)
        assert (position.country, position.precision, position.language, position.source) == (
            "PH",
            "exact",
            "ko",
            "import",
        )


def test_a_list_that_is_too_large_is_sent_to_the_command_line(client: FlaskClient, db: Database) -> None:
    answer = client.post("/api/v1/travellers/import", data=b"x" * (MAX_BODY_BYTES + 1), headers=_headers(db))
    assert answer.status_code == 413
    assert answer.content_type == "application/problem+json"
    assert "hotline travellers import" in answer.get_json()["detail"]


def test_only_csv_and_ndjson_are_read(client: FlaskClient, db: Database) -> None:
    answer = client.post("/api/v1/travellers/import", data=b"{}", headers=_headers(db, kind="application/json"))
    assert (answer.status_code, answer.get_json()["code"]) == (415, "unsupported-media-type")


def test_a_header_without_a_number_is_refused_by_name(client: FlaskClient, db: Database) -> None:
    answer = client.post("/api/v1/travellers/import", data=b"name;lat\nA;1\n", headers=_headers(db))
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["field"] == "header"
    assert "phone" in answer.get_json()["errors"][0]["mend"]
