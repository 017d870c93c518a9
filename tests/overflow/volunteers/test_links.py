"""Links to a volunteer's own page: what opens, what does not, and how guessing is slowed down."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.errors import NotFound
from hotline.core.services import Services
from hotline.core.web import _path_for_log
from hotline.links.tokens import Claims, LinkMaker
from overflow.volunteers import links
from tests.overflow.volunteers.making import make_volunteer


def _made(services: Services, **more: object) -> int:
    with services.db.transaction() as session:
        return make_volunteer(session, **more).id  # type: ignore[arg-type]


def test_a_link_opens_its_own_persons_page_in_their_language(services: Services, client: FlaskClient) -> None:
    volunteer_id = _made(services, name="Kim Haneul")
    page = client.get(links.link_for(services, volunteer_id).removeprefix(services.settings.public_url))
    assert page.status_code == 200
    assert "Kim Haneul" in page.text and "내 자원봉사 페이지" in page.text
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"


def test_a_link_ends_after_thirty_days(services: Services, clock: FrozenClock) -> None:
    token = links.token_for(services, _made(services))
    clock.advance(links.LIFETIME - timedelta(minutes=1))
    with services.db.transaction() as session:
        assert links.volunteer_of(session, services, token)
    clock.advance(timedelta(minutes=1))
    with services.db.transaction() as session, pytest.raises(NotFound) as refused:
        links.volunteer_of(session, services, token)
    assert refused.value.code == "ended-volunteer-link"


def test_ended_links_stay_ended_and_the_next_one_opens(services: Services, clock: FrozenClock) -> None:
    volunteer_id = _made(services)
    lost = links.token_for(services, volunteer_id)
    with services.db.transaction() as session:
        links.end_links(session, clock, SYSTEM, volunteer_id)
    clock.advance(timedelta(seconds=1))
    found = links.token_for(services, volunteer_id)
    with services.db.transaction() as session:
        with pytest.raises(NotFound):
            links.volunteer_of(session, services, lost)
        assert links.volunteer_of(session, services, found).id == volunteer_id


@pytest.mark.parametrize("state", ["left", "refused"])
def test_who_left_or_was_not_taken_has_no_page(services: Services, client: FlaskClient, state: str) -> None:
    token = links.token_for(services, _made(services, state=state))
    assert client.get(f"/v/{token}").status_code == 404


def test_a_travellers_link_opens_no_volunteers_page(services: Services, clock: FrozenClock) -> None:
    volunteer_id = _made(services)
    token = LinkMaker.of(services.settings).token(Claims(volunteer_id, None, clock.now()))
    with services.db.transaction() as session, pytest.raises(NotFound) as refused:
        links.volunteer_of(session, services, token)
    assert refused.value.code == "unknown-volunteer-link"
    assert token not in refused.value.message, "an error never carries what opens a page"


def test_guesses_are_slowed_down_and_right_links_always_open(services: Services, client: FlaskClient) -> None:
    token = links.token_for(services, _made(services))
    answers = [client.get(f"/v/{'A' * 27}").status_code for _ in range(22)]
    assert answers[:20] == [404] * 20 and answers[-1] == 429
    assert client.get(f"/v/{token}").status_code == 200


def test_no_log_line_holds_a_token(app: object) -> None:
    with app.test_request_context("/v/secret/leave"):  # type: ignore[attr-defined]
        assert _path_for_log() == "/v/.../leave"
    with app.test_request_context("/p/secret"):  # type: ignore[attr-defined]
        assert _path_for_log() == "/p/..."
    with app.test_request_context("/shifts/calendar/secret.ics"):  # type: ignore[attr-defined]
        assert _path_for_log() == "/shifts/calendar/..."
    with app.test_request_context("/shifts/mine"):  # type: ignore[attr-defined]
        assert _path_for_log() == "/shifts/mine"
