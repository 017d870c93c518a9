"""A volunteer's own page: everything they can do there, and nothing for anybody else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from hotline.agents.models import Agent
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.notices.models import Notice
from overflow.volunteers import inviting, links, reading
from overflow.volunteers.models import Volunteer
from tests.overflow.volunteers.making import make_volunteer


@dataclass
class Own:
    """Somebody with their link open in a browser without an account."""

    services: Services
    client: FlaskClient
    volunteer_id: int

    @property
    def path(self) -> str:
        """Return the page's address."""
        return f"/v/{links.token_for(self.services, self.volunteer_id)}"

    def do(self, act: str, **form: Any) -> TestResponse:
        """Press a button and return the page that follows."""
        return self.client.post(f"{self.path}/do", data={"act": act, **form}, follow_redirects=True)

    def row(self) -> Volunteer:
        """Return what is kept."""
        with self.services.db.transaction() as session:
            return session.get_one(Volunteer, self.volunteer_id)


@pytest.fixture
def own(services: Services, client: FlaskClient) -> Own:
    """Return the page of somebody on the roster who reads English."""
    with services.db.transaction() as session:
        return Own(services, client, make_volunteer(session, speaks="en", zone="Asia/Seoul", languages=["ko"]).id)


def test_not_now_and_again(own: Own, clock: FrozenClock) -> None:
    assert "I can be asked again" in own.do("not_now", hours="12").text
    assert own.row().not_before is not None
    own.do("again")
    assert own.row().not_before is None
    assert "Choose a moment within the coming year." in own.do("not_now", hours="5").text


def test_hours_of_the_week_and_days_away_come_and_go(own: Own, services: Services) -> None:
    page = own.do("add_hours", weekday=["4", "5"], **{"from": "22:00", "to": "06:00"})
    assert "Friday" in page.text and "22:00–06:00" in page.text
    assert "quarter of an hour" in own.do("add_hours", weekday="1", **{"from": "x", "to": "06:00"}).text
    own.do("drop_hours", row="4-1320-480")
    own.do("add_away", first="2026-12-01", last="2026-12-03")
    with services.db.transaction() as session:
        assert [(each.weekday, each.minutes) for each in reading.hours_of(session, own.volunteer_id)] == [(5, 480)]
        assert [str(each.last) for each in reading.away_of(session, own.volunteer_id)] == ["2026-12-03"]
    own.do("drop_away", row="2026-12-01_2026-12-03")
    with services.db.transaction() as session:
        assert reading.away_of(session, own.volunteer_id) == []
    assert "first and last day" in own.do("add_away", first="2026-12-03", last="2026-12-01").text


def test_the_profile_is_saved_and_faults_stand_beside_their_fields(own: Own) -> None:
    form = {
        "languages": "ko ja", "speaks": "en", "zone": "Asia/Tokyo", "site": "", "max_hours_day": "3", "max_hours_week": "9",
        "quiet_from": "23:00", "quiet_to": "06:00", "email": "",
    }  # fmt: skip
    saved = own.client.post(f"{own.path}/profile", data=form, follow_redirects=True)
    assert "Saved." in saved.text and own.row().languages == ["ja", "ko"] and own.row().max_hours_day == 3
    wrong = own.client.post(f"{own.path}/profile", data=form | {"zone": "Moon", "max_hours_day": "99"})
    assert wrong.status_code == 422 and "Choose 1 to 12 hours." in wrong.text and own.row().zone == "Asia/Tokyo"


def test_a_new_number_is_taken_only_with_the_code_sent_to_it(own: Own, services: Services) -> None:
    own.client.post(f"{own.path}/phone", data={"region": "KR", "phone": "010-7777-0001"})
    assert own.client.post(f"{own.path}/phone", data={"code": "12"}).status_code == 422
    with services.db.transaction() as session:
        body = session.scalars(select(Notice.body).where(Notice.phone == "+821077770001")).one()
    code = re.search(r"\d{6}", body)
    assert code is not None
    own.client.post(f"{own.path}/phone", data={"code": code[0]})
    with services.db.transaction() as session:
        volunteer = session.get_one(Volunteer, own.volunteer_id)
        assert volunteer.phone == session.get_one(Agent, volunteer.agent_id).phone == "+821077770001"


def test_leaving_asks_first_and_erases_where_that_is_wished(own: Own) -> None:
    path = own.path
    assert own.client.post(f"{path}/leave", data={"data": "erase"}).status_code == 422
    assert own.row().state == "approved"
    gone = own.client.post(f"{path}/leave", data={"data": "erase", "sure": "1"})
    assert "Nothing that names you is kept any more." in gone.text
    assert (own.row().state, own.row().name) == ("left", "") and own.client.get(path).status_code == 404


def test_who_was_invited_confirms_number_and_consent(services: Services, client: FlaskClient) -> None:
    with services.db.transaction() as session:
        volunteer = make_volunteer(session, state="applied", phone_verified_at=None, consent_at=None, speaks="en")
    invited = Own(services, client, volunteer.id)
    assert "Please confirm" in client.get(invited.path).text
    assert "Tick the box first" in invited.do("confirm").text and invited.row().consent_at is None
    invited.do("confirm", agreed="1")
    assert invited.row().consent_at and invited.row().phone_verified_at


def test_an_approval_is_told_by_text_once_and_not_to_drill_people(services: Services) -> None:
    with services.db.transaction() as session:
        real, made_up = make_volunteer(session).id, make_volunteer(session, drill=True).id
    for _ in range(2):
        inviting.welcome(services, {"volunteer_id": real})
        inviting.welcome(services, {"volunteer_id": made_up})
    with services.db.transaction() as session:
        assert len(session.scalars(select(Notice)).all()) == 1


def test_nothing_is_done_with_a_wrong_link(client: FlaskClient, own: Own) -> None:
    wrong = own.path[:-1] + ("A" if own.path[-1] != "A" else "B")
    for path, data in (("do", {"act": "not_now", "hours": "4"}), ("leave", {"sure": "1"}), ("profile", {})):
        assert client.post(f"{wrong}/{path}", data=data).status_code == 404
    assert client.post(f"{own.path}/do", data={"act": "x" * 20_000}).status_code == 413
    assert own.row().state == "approved" and own.row().not_before is None
