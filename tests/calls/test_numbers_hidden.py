"""Who calls and who answers never learn each other's number: telephones show ours, and nothing spoken names another."""

from __future__ import annotations

import pytest

from hotline.agents.models import Agent
from hotline.core.services import Services
from hotline.queues import callbacks
from tests.calls.centre import Centre
from tests.calls.conftest import CALLER, Hook, Rows, sid
from tests.calls.telephones import Telephones
from tests.calls.test_handling import picks_up

VOLUNTEER = "+821090000077"


@pytest.fixture
def centre(hook: Hook, rows: Rows, services: Services, telephones: Telephones) -> Centre:
    """A centre with a volunteer on their own telephone, who is ready."""
    return Centre(hook, rows, services, telephones)


def ours(services: Services) -> str:
    return services.settings.twilio_from


@pytest.mark.parametrize("via", ["phone", "browser"])
def test_whoever_answers_sees_our_number_and_is_told_no_other(centre: Centre, via: str) -> None:
    with centre.services.db.transaction() as session:
        session.get_one(Agent, centre.agent_id).state = "offline"
    volunteer = centre.add_agent(VOLUNTEER, via=via, role="volunteer")
    centre.caller_waits()
    request, leg_sid = centre.agent_rings()
    assert centre.rows.legs("agent")[-1].agent_id == volunteer
    assert request.sender == centre.services.settings.twilio_from != CALLER
    documents = [centre.hook(request.url, CallSid=leg_sid)]
    if via == "phone":  # answering in the browser is enough
        documents.append(centre.hook.key(documents[0], "1", int(leg_sid[2:], 16)))
    assert "<Conference" in documents[-1].text
    for document in documents:
        assert CALLER.removeprefix("+") not in document.text and CALLER[-4:] not in document.text


def test_a_caller_is_told_nothing_of_the_number_that_answers(centre: Centre) -> None:
    with centre.services.db.transaction() as session:
        session.get_one(Agent, centre.agent_id).state = "offline"
    centre.add_agent(VOLUNTEER, role="volunteer")
    heard = [centre.caller_waits().text]
    request, leg_sid = centre.agent_rings()
    centre.hook.key(centre.hook(request.url, CallSid=leg_sid), "1", int(leg_sid[2:], 16))
    centre.carry_out()
    orders = centre.telephones.ordered(sid(1))
    heard += [centre.hook(each["Url"], CallSid=sid(1)).text for each in orders if "Url" in each]
    assert len(heard) >= 2
    assert not [each for each in [*heard, *map(str, orders)] if VOLUNTEER[-6:] in each]


def test_somebody_who_is_called_back_sees_our_number_whoever_calls(centre: Centre) -> None:
    with centre.services.db.transaction() as session:
        session.get_one(Agent, centre.agent_id).state = "offline"
    centre.add_agent(VOLUNTEER, role="volunteer")
    now = centre.services.clock.now()
    with centre.services.db.transaction() as session:
        callbacks.reserve(session, centre.services.clock, queue="general", phone=CALLER, at=now)
    centre.agent_rings()
    picks_up(centre)
    request, leg_sid, _ = centre.telephones.made[-1]
    assert request.to == CALLER
    assert request.sender == centre.services.settings.twilio_from != VOLUNTEER
    assert VOLUNTEER[-6:] not in centre.hook(request.url, CallSid=leg_sid).text
