"""From an approved text to a case and back: the link in the handset, the answer, the board, the case, the relative; and out."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from alerts import approval, materialise
from alerts.board.figures import board
from alerts.dispatch import lanes
from alerts.models import Alert
from alerts.replies.erasure import forget
from alerts.replies.models import Answer, Relative, Standing
from hotline.auth.officers import actor_of
from hotline.cases import working
from hotline.cases.models import Case
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.services import Services
from hotline.notices.models import Notice
from hotline.providers.carriers import make_sms_provider
from tests.alerts.replies.people import make_warned
from tests.auth.conftest import Visitor
from tests.factories import make_alert, make_mission, make_officer, make_traveller
from tests.providers.loopback_twilio import LoopbackTwilio, running_twilio


@pytest.fixture
def twilio(services: Services, clock: FrozenClock) -> Iterator[LoopbackTwilio]:
    """A provider on loopback to which the services hand their texts."""
    with running_twilio(now=clock.now) as running:
        services.settings = services.settings.model_copy(update={"twilio_api_base_url": running.url})
        provider = services.rooms["sms_provider"] = make_sms_provider(services.settings)
        yield running
        provider.close()


def approved(services: Services, clock: FrozenClock) -> tuple[int, str]:
    """Approve an alert with a link for one person, and return its id and the person's number."""
    with services.db.transaction() as session:
        author, approver = make_officer(session), make_officer(session, roles=("approver",))
        body = "[MOFA] {event} in {place}, {time}. Help: {mission_phone}. Safe or need help? Tell us: {link}"
        mission_id = make_mission(session).id
        alert = make_alert(session, author=author, mission_id=mission_id, severity="Extreme", texts={"en": body})
        person = make_traveller(session, language="en")
        approval.submit(session, clock, services.settings, actor_of(author, "console"), alert.id)
        approval.approve(
            session, clock, services.settings, actor_of(approver, "console"), alert.id, audience_estimate=1
        )
        return alert.id, person.phone


def test_from_the_text_on_the_handset_to_the_case_and_the_relative(
    services: Services, clock: FrozenClock, twilio: LoopbackTwilio, client: FlaskClient
) -> None:
    alert_id, phone = approved(services, clock)
    assert materialise.materialise(services, alert_id) == "dispatching"
    lanes.dispatch_alert(services, alert_id)
    (text,) = twilio.texts_to(phone)
    found = re.search(re.escape(services.settings.public_url) + r"(/p/\w+)$", text.body)
    assert found is not None
    page = client.get(found[1]).get_data(as_text=True)
    assert "Flood in Manila" in page and "EachPerson" not in page
    assert page.count(found[1]) == page.count(f'href="{found[1]}/money'), (
        "its own address is nowhere but in the way to the money"
    )
    client.post(found[1], data={"say": "help", "people": "2"})
    client.post(found[1], data={"say": "safe", "relative": "yes", "relative_phone": "+821098765432"})
    with services.db.transaction() as session:
        total = board(session, alert_id).total
        assert (total.people, total.safe, total.help, total.silent) == (1, 1, 0, 0)
        case = session.scalars(select(Case)).one()
        assert (case.priority, case.says, case.source) == (2, "safe", f"alert:{alert_id}")
        assert session.scalars(select(Notice.phone)).all() == ["+821098765432"]


def test_officers_and_answers_at_once_never_wait_for_each_other_in_a_circle(
    services: Services, clock: FrozenClock, db: Database
) -> None:
    warned = make_warned(services)
    case = warned.say("help").case
    assert case is not None
    with db.transaction() as session:
        agent = actor_of(make_officer(session, roles=("agent",)), "console")
        working.take(session, clock, agent, case.id)
    failures: list[BaseException] = []

    def repeatedly(act: object) -> None:
        try:
            for nth in range(8):
                act(nth)  # type: ignore[operator]  # a function of the turn
        except BaseException as failure:  # noqa: BLE001 - shown by the test itself
            failures.append(failure)

    def note(nth: int) -> None:
        with db.transaction() as session:
            working.note(session, clock, agent, case.id, body=f"note {nth}")

    def answer(nth: int) -> None:
        warned.say("help" if nth % 2 else "safe", f"r{nth}", lat=14.0 + nth / 100, lon=121.0, accuracy_m=5)

    threads = [threading.Thread(target=repeatedly, args=(act,)) for act in (note, answer, note)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failures == []


def test_erasing_a_person_empties_their_answers_and_keeps_the_counts(services: Services) -> None:
    from alerts.replies.relatives import Wish

    warned = make_warned(services)
    warned.say("safe", lat=14.6, lon=121.0, accuracy_m=5, place="Hotel Nine", relative=Wish("+821098765432", "ko"))
    for _ in range(2):
        forget(services, {"traveller_id": warned.traveller_id})
    with services.db.transaction() as session:
        kept = session.scalars(select(Answer)).one()
        assert (kept.status, kept.lat, kept.lon, kept.accuracy_m, kept.place) == ("safe", None, None, None, "")
        assert session.scalars(select(Standing.cell)).one() is None
        assert session.scalars(select(Relative)).all() == []
    assert warned.counts() == {("PH", "safe"): 1}


def test_a_lost_phones_links_are_ended_from_the_persons_page(
    services: Services, client: FlaskClient, db: Database
) -> None:
    from tests.alerts.replies.test_page import path_of

    warned = make_warned(services)
    path = path_of(warned)
    visitor = Visitor(client)
    with db.transaction() as session:
        visitor_name = make_officer(session, roles=("agent",)).name
        reader = make_officer(session, roles=("auditor",)).name
    visitor.sign_in(reader)
    assert visitor.post(f"/answers/of-traveller/{warned.traveller_id}/end-links").status_code == 403
    visitor.post("/sign-out")
    visitor.sign_in(visitor_name)
    assert "End personal links" in visitor.get(f"/travellers/{warned.traveller_id}").get_data(as_text=True)
    assert visitor.post(f"/answers/of-traveller/{warned.traveller_id}/end-links").status_code == 302
    assert client.get(path).status_code == 410
    with db.transaction() as session:
        assert session.get_one(Alert, warned.alert_id).state == "finished"
