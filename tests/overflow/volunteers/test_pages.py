"""The roster's console pages and API: who sees and does what."""

from __future__ import annotations

import io
from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import select

from hotline.core.services import Services
from hotline.notices.models import Notice
from overflow.volunteers.models import Volunteer
from tests.auth.conftest import Visitor
from tests.factories import NOW, make_officer, make_token
from tests.overflow.volunteers.making import make_certificate, make_volunteer

API = "/api/v1/volunteers"
BODY = {"name": "Kim Haneul", "phone": "010-9000-0001", "languages": ["ko", "en"], "skills": {"visa": 2}}


def _token(services: Services, role: str = "duty_chief") -> dict[str, str]:
    with services.db.transaction() as session:
        return {"Authorization": f"Bearer {make_token(session, make_officer(session, roles=(role,)))}"}


def test_the_list_is_narrowed_by_state_skill_language_and_certificates_that_end(
    services: Services, chief: Visitor
) -> None:
    with services.db.transaction() as session:
        make_volunteer(session, name="Kim", languages=["ko", "es"], skills={"visa": 1})
        ending = make_volunteer(session, name="Lee", state="applied", phone="+821090000077", skills={"legal": 1})
        make_certificate(session, ending, skill="legal", expires_at=NOW + timedelta(days=29))
    for asked, shown in (
        ("", {"Kim", "Lee"}), ("q=kI", {"Kim"}), ("q=010-9000-0077", {"Lee"}), ("state=applied", {"Lee"}),
        ("skill=%00", set()), ("language=%00x", set()),
        ("skill=visa", {"Kim"}), ("language=es", {"Kim"}), ("expiring=1", {"Lee"}),
        ("q=nobody", set()),
    ):  # fmt: skip
        page = chief.get(f"/volunteers?{asked}")
        assert {name for name in ("Kim", "Lee") if f">{name}</a>" in page.text} == shown, asked


def test_a_planner_sees_and_narrows_by_where_people_can_come_to(
    services: Services, chief: Visitor, client: FlaskClient
) -> None:
    with services.db.transaction() as session:
        make_volunteer(session, name="Kim", site="서울 종로 Annex")
        make_volunteer(session, name="Lee", site="Busan 100%")
        make_volunteer(session, name="Park")
    everybody = chief.get("/volunteers").text
    assert "서울 종로 Annex</td>" in everybody and "from home only</td>" in everybody
    names = {"Kim", "Lee", "Park"}
    for asked, shown in (
        ("종로", {"Kim"}), ("annex", {"Kim"}), ("BUSAN", {"Lee"}), ("100%25", {"Lee"}), ("%25", {"Lee"}), ("_", set()),
        ("", names), ("x" * 5000, set()),
    ):  # fmt: skip
        page = chief.get(f"/volunteers?site={asked}")
        assert {name for name in names if f">{name}</a>" in page.text} == shown, asked
    assert chief.get("/volunteers?site=%00").status_code == 422
    table = chief.get("/volunteers/export.csv?site=busan").text
    assert "Lee" in table and "Kim" not in table and "Park" not in table
    key = _token(services)
    for asked, answer in (("종로", ["Kim"]), ("", ["Park", "Lee", "Kim"])):
        found = client.get(API, query_string={"site": asked}, headers=key).json
        assert [each["name"] for each in found["volunteers"]] == answer


def test_a_chief_gives_a_certificate_suspends_and_takes_back(services: Services, chief: Visitor) -> None:
    with services.db.transaction() as session:
        volunteer_id = make_volunteer(session, name="Kim").id
    page = f"/volunteers/{volunteer_id}"
    given = {"skill": "trauma", "level": "2", "source": "paper", "expires": "2027-05-01"}
    assert "trauma:2" in chief.post(f"{page}/certificates", data=given, follow_redirects=True).text
    for reason in ("", "x" * 600):
        refused = chief.post(f"{page}/decide", data={"event": "suspend", "reason": reason}, follow_redirects=True)
        assert "Give the reason in 1 to 500 characters." in refused.text
    for event, word in (("suspend", "volunteer suspended: late"), ("reinstate", "volunteer taken back: late")):
        done = chief.post(f"{page}/decide", data={"event": event, "reason": "late"}, follow_redirects=True)
        assert word in done.text


def test_a_roster_is_looked_at_first_and_taken_over_then(services: Services, chief: Visitor) -> None:
    data = "이름,전화번호,언어\n김하늘,010-9000-0001,ko\n박가람,1,ko\n".encode("cp949")
    looked = chief.post("/volunteers/import", data={"list": (io.BytesIO(data), "roster.csv"), "invite": "1"})
    assert "Nothing is changed yet" in looked.text and "김하늘" in looked.text
    with services.db.transaction() as session:
        assert session.scalars(select(Volunteer)).all() == []
    text = "이름,전화번호,언어\r\n김하늘,010-9000-0001,ko\r\n박가람,1,ko\r\n"
    taken = chief.post("/volunteers/import", data={"text": text, "step": "take", "invite": "1"})
    assert "Refused rows" in taken.text
    with services.db.transaction() as session:
        assert [each.name for each in session.scalars(select(Volunteer))] == ["김하늘"]
        assert len(session.scalars(select(Notice)).all()) == 1


def test_the_table_sent_is_read_again_and_holds_no_formula(services: Services, chief: Visitor) -> None:
    with services.db.transaction() as session:
        make_volunteer(session, name="=HYPERLINK(1)", phone="+821090000001", skills={"visa": 2}, languages=["ko", "en"])
    sent = chief.get("/volunteers/export.csv")
    assert "'=HYPERLINK(1)" in sent.text and "(+821090000001)" in sent.text and "visa:2" in sent.text
    again = chief.post("/volunteers/import", data={"list": (io.BytesIO(sent.data), "roster.csv")})
    assert "Refused rows" in again.text and "could" not in again.text
    assert '<p class="tile-label">Refused rows</p><p class="tile-value">0</p>' in again.text


def test_a_volunteer_sees_no_roster(services: Services, visitor: Visitor) -> None:
    with services.db.transaction() as session:
        name = make_officer(session, roles=("volunteer",)).name
    visitor.sign_in(name)
    assert visitor.get("/volunteers").status_code == 403
    assert visitor.get("/volunteers/export.csv").status_code == 403


def test_the_api_adds_shows_changes_and_decides(services: Services, client: FlaskClient) -> None:
    key = _token(services)
    made = client.post(API, json=BODY, headers=key)
    assert made.status_code == 201 and made.json["phone"] == "+821090000001" and made.json["state"] == "applied"
    assert client.post(API, json=BODY, headers=key).status_code == 409
    address = f"{API}/{made.json['id']}"
    assert client.post(f"{address}/decisions", json={"event": "approve"}, headers=key).json["code"] == (
        "volunteer-not-verified"
    )
    hours = [{"weekday": 6, "from": "22:00", "to": "06:00"}]
    away = [{"first": "2026-12-01", "last": "2026-12-03"}]
    changed = client.patch(address, json={"hours": hours, "away": away, "max_hours_day": 4}, headers=key)
    assert changed.json["hours"] == hours and changed.json["away"] == away and changed.json["max_hours_day"] == 4
    assert client.get(address, headers=key).json == changed.json
    found = client.get(f"{API}?search=haneul&state=applied&language=en", headers=key).json
    assert [each["id"] for each in found["volunteers"]] == [made.json["id"]] and found["next_cursor"] is None
    assert client.get(f"{API}?state=nothing", headers=key).status_code == 422


def test_the_api_imports_and_refuses_who_may_not_write(services: Services, client: FlaskClient) -> None:
    data, kind = b"name,phone,languages\nKim,010-9000-0001,ko\nLee,1,ko\n", "text/csv"
    key = _token(services)
    looked = client.post(f"{API}/import?dry=true", data=data, content_type=kind, headers=key).json
    assert (looked["created_count"], looked["refused_count"]) == (1, 1)
    assert client.get(API, headers=key).json["volunteers"] == []
    assert client.post(f"{API}/import", data=data, content_type=kind, headers=key).json == looked
    assert client.post(f"{API}/import", data=data, content_type="text/plain", headers=key).status_code == 415
    reader = _token(services, "auditor")
    assert client.post(API, json=BODY, headers=reader).status_code == 403
    assert client.get(API, headers=reader).status_code == 200
