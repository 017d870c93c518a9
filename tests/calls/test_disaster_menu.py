"""A caller while disaster mode is on: asked whether they are there, by signed webhooks, and led where the plan says."""

from __future__ import annotations

import pytest

from hotline.calls import menu_form, menu_store, menus
from hotline.calls.mode_menu import question
from hotline.core.errors import SeveralFaults
from hotline.core.services import Services
from tests.calls.conftest import Hook, Rows, said
from tests.incidents.making import chief

FAULT = "장애가 있습니다"
"""What a caller hears who is sent to the document for emergencies of our own."""


@pytest.fixture
def asking(hook: Hook, services: Services) -> None:
    """Publish the menu as disaster mode makes it of the usual one."""
    texts = {"ko": "마닐라 태풍과 관련하여 전화가 많습니다.", "en": "Many call about the typhoon."}
    content = question(menus.default_menu(), texts, {"ko": "마닐라", "en": "Manila"}, "incident", 8)
    with services.db.transaction() as session:
        keeper = chief(session, "administrator")[1]
        draft = menu_store.save_draft(session, services.clock, keeper, content, edits=0)
        menu_store.publish(session, services.clock, keeper, draft.id, edits=1)


@pytest.mark.usefixtures("asking")
@pytest.mark.parametrize("language", ["1", "2"])
def test_whoever_is_there_goes_to_the_incidents_queue_ahead_of_others(hook: Hook, rows: Rows, language: str) -> None:
    asked = hook.key(hook.ring(), language)
    assert "마닐라" in said(asked) or "Manila" in said(asked)
    answer = hook.key(asked, "1")
    assert FAULT not in said(answer)
    assert (rows.call().state, rows.call().queue, rows.value("SELECT priority FROM queue_entries")) == (
        "waiting", "incident", 8,
    )  # fmt: skip


@pytest.mark.usefixtures("asking")
def test_everybody_else_is_led_on_to_the_usual_menu(hook: Hook, rows: Rows) -> None:
    usual = hook.key(hook.key(hook.ring(), "1"), "2")
    assert "여권은 2번" in said(usual)
    hook.key(usual, "2")
    assert rows.call().queue == "passport"


@pytest.mark.usefixtures("asking")
def test_a_key_that_leads_nowhere_is_asked_again_and_danger_is_heard(hook: Hook, rows: Rows) -> None:
    again = hook.key(hook.key(hook.ring(), "1"), "7")
    assert FAULT not in said(again) and "마닐라" in said(again)
    hook.key(again, "9")
    assert rows.call().danger


def test_menu_is_changed_in_its_editor_while_disaster_mode_is_on() -> None:
    texts = {"ko": "안내", "en": "News"}
    asking = menus.read_menu(question(menus.default_menu(), texts, {"ko": "마닐라", "en": "Manila"}, "incident", 8))
    assert menu_form.faults_of(menu_form.written_of(asking)) == []


@pytest.mark.parametrize("name", ["Main", "2nd", "a b", "x" * 41, ""])
def test_question_is_called_by_what_an_address_can_carry(name: str) -> None:
    content = menus.default_menu().model_dump(mode="json")
    content["nodes"][name] = content["nodes"]["main"]
    with pytest.raises(SeveralFaults):
        menus.read_menu(content)
