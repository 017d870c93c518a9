"""The desk and the list of calls over the client: who may see and do what, what is refused, and nothing typed is lost."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from hotline.agents import presence
from hotline.auth.models import Officer
from hotline.auth.officers import actor_of
from hotline.calls import browser, handling
from hotline.calls.handling import Desk
from hotline.calls.models import CallRecording
from hotline.cases.leaving import leave_message
from hotline.cases.models import Case
from hotline.cases.persons import of_traveller
from hotline.core.phone import readable as phone_shown
from hotline.core.services import Services
from hotline.queues import offering
from tests.auth.conftest import Visitor
from tests.calls.staging import CALLER, Stage, make_stage
from tests.cases.test_contacts import make_contact
from tests.factories import make_officer, make_token, make_traveller

OPEN_DESK = {"X-Fragment": "1"}


def someone(services: Services, *roles: str) -> Officer:
    with services.db.transaction() as session:
        return make_officer(session, roles=roles)


def text_of(visitor: Visitor, path: str) -> str:
    answer = visitor.get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("role", "open_ones"),
    [
        ("agent", {"/desk", "/calls", "/menus", "/menus/try", "/phone-book"}),
        ("senior_agent", {"/desk", "/calls", "/menus", "/menus/try", "/menus/draft", "/phone-book"}),
        ("auditor", {"/calls", "/menus", "/menus/try", "/phone-book"}),
        ("administrator", {"/calls", "/menus", "/menus/try", "/menus/draft", "/phone-book"}),
        ("cashier", set()),
    ],
)
def test_who_may_open_what(services: Services, visitor: Visitor, role: str, open_ones: set[str]) -> None:
    visitor.sign_in(someone(services, role).name)
    for path in ("/desk", "/calls", "/menus", "/menus/try", "/menus/draft", "/phone-book"):
        assert visitor.get(path).status_code == (200 if path in open_ones else 403), path


@pytest.mark.parametrize(
    "path",
    ["/menus/draft", "/menus/1/publish", "/menus/lines", "/menus/announcements", "/phone-book", "/phone-book/caller-ids",
     "/phone-book/1/delete", "/menus/lines/1/delete", "/calls/1/watch"],
)  # fmt: skip
def test_an_agent_changes_neither_menus_nor_the_book_and_listens_to_nobody(
    services: Services, visitor: Visitor, path: str
) -> None:
    visitor.sign_in(someone(services, "agent").name)
    assert visitor.post(path, data={}).status_code == 403


def test_an_officer_who_is_no_agent_is_told_so(services: Services, visitor: Visitor) -> None:
    visitor.sign_in(someone(services, "agent").name)
    assert "You are not set up as an agent" in text_of(visitor, "/desk")
    answer = visitor.post("/desk/state", data={"state": "ready"})
    assert answer.status_code == 422 and "an administrator does that" in answer.get_data(as_text=True)


def test_the_screen_is_filled_before_the_first_word(services: Services, stage: Stage, desk: Visitor) -> None:
    from hotline.cases.contacts import open_case

    with services.db.transaction() as session:
        who = actor_of(make_officer(session, roles=("agent",), display_name="임소라"), "console")
        earlier = make_contact(session, services.clock, phone=CALLER, ref="call:900")
        case = open_case(session, services.clock, who, earlier.id, summary="Passport stolen in Cebu", country="PH")
    call_id = stage.ring(keys=("1", "9"))
    stage.offer()
    page = text_of(desk, "/desk/call")
    for told in (
        "DANGER TO LIFE",
        "your telephone rings",
        "Passport stolen in Cebu",
        "임소라",
        f'data-call="{call_id}"',
    ):
        assert told in page
    assert "first warning" not in page, "nothing can be done before the call is taken"
    assert desk.post(f"/desk/{call_id}/attach", data={"case": str(case.id)}).status_code == 302
    assert f"CS-{case.id:06d}" in text_of(desk, "/desk/call") and "It is about this" not in text_of(desk, "/desk/call")


@pytest.mark.parametrize(("role", "shown"), [("agent", True), ("volunteer", False)])
def test_a_callers_number_is_whole_at_the_desk_only_for_who_may_see_numbers(
    services: Services, visitor: Visitor, role: str, shown: bool
) -> None:
    with services.db.transaction() as session:
        who = make_officer(session, roles=(role,))
    stage = make_stage(services, who)
    visitor.sign_in(who.name)
    stage.talk()
    page = text_of(visitor, "/desk")
    assert (phone_shown(CALLER) in page) is shown
    assert ("+821…34" in page) is not shown
    assert shown or "5550" not in page


def test_the_open_desk_hears_only_what_it_needs(stage: Stage, desk: Visitor) -> None:
    call_id = stage.talk()
    answer = desk.post(f"/desk/{call_id}/hold", data={}, headers=OPEN_DESK)
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Take off hold" in text_of(desk, "/desk/call")
    answer = desk.post("/desk/call-out", data={"phone": "12"}, headers=OPEN_DESK)
    assert answer.status_code == 422
    assert answer.get_json() == {
        "error": "Write the number in international form, such as +82 10 1234 5678.", "field": "phone",
    }  # fmt: skip


def test_without_javascript_what_was_typed_stands_there_again(stage: Stage, desk: Visitor) -> None:
    stage.hang_up(stage.talk())
    answer = desk.post(
        "/desk/write-up", data={"disposition": "x", "note": "was told to wait", "mood": "angry", "risk": "minor"}
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "Choose what the call was about." in page
    assert "was told to wait</textarea>" in page
    assert re.search(r'value="angry" checked', page) and re.search(r'value="minor" checked', page)
    answer = desk.post("/desk/call-out", data={"phone": "not a number"})
    assert answer.status_code == 422 and 'value="not a number"' in answer.get_data(as_text=True)


def test_a_write_up_is_kept_and_a_break_follows_where_it_is_wanted(stage: Stage, desk: Visitor) -> None:
    call_id = stage.talk()
    assert desk.post("/desk/write-up", data={"disposition": "passport"}).status_code == 409, "still talking"
    stage.hang_up(call_id)
    assert f'data-call="{call_id}"' in text_of(desk, "/desk"), "the call stays on the desk until it is written up"
    form = {
        "disposition": "passport",
        "note": "new passport on Monday",
        "mood": "calm",
        "risk": ["minor"],
        "then": "break",
    }
    assert desk.post("/desk/write-up", data=form).status_code == 302
    assert (stage.agent().state, stage.agent().reason) == ("not_ready", "break")
    assert stage.value("SELECT disposition || mood || risks[1] FROM contacts") == "passportcalmminor"
    assert "data-call" not in text_of(desk, "/desk/call")
    again = desk.post("/desk/write-up", data=form)
    assert again.status_code == 409 and "new passport on Monday</textarea>" in again.get_data(as_text=True)


def test_a_call_whose_time_for_the_write_up_ran_out_stays_until_it_is_written_up(stage: Stage, desk: Visitor) -> None:
    call_id = stage.talk()
    stage.hang_up(call_id)
    with stage.services.db.transaction() as session:
        agent = presence.get_agent(session, stage.agent_id, lock=True)
        offering.close_wrap_up(session, stage.services.clock, agent, "other")
        presence.move(session, stage.services.clock, agent, "bench", reason="wrap_up_over")
    page = text_of(desk, "/desk/call")
    assert f'data-call="{call_id}"' in page and "This call is not written up yet." in page
    assert desk.post("/desk/write-up", data={"disposition": "visa"}).status_code == 302
    assert "data-call" not in text_of(desk, "/desk/call") and stage.agent().state == "not_ready"


def test_a_case_is_opened_from_the_call_and_only_from_ones_own(services: Services, stage: Stage, desk: Visitor) -> None:
    call_id = stage.talk()
    answer = desk.post(f"/desk/{call_id}/open-case", data={"summary": " ", "country": "PH"}, headers=OPEN_DESK)
    assert answer.status_code == 422 and answer.get_json()["field"] == "summary"
    answer = desk.post(
        f"/desk/{call_id}/open-case", data={"summary": "Lost in Cebu", "country": "XX"}, headers=OPEN_DESK
    )
    assert answer.get_json() == {"error": "Choose a country.", "field": "country"}
    answer = desk.post(f"/desk/{call_id}/attach", data={"case": "7"}, headers=OPEN_DESK)
    assert answer.get_json()["field"] == "case"
    form = {"summary": "Lost in Cebu", "country": "PH"}
    assert desk.post(f"/desk/{call_id}/open-case", data=form, headers=OPEN_DESK).status_code == 204
    assert stage.value("SELECT country || owner_id FROM cases") == f"PH{stage.officer.id}"
    assert desk.post(f"/desk/{call_id}/open-case", data=form, headers=OPEN_DESK).status_code == 409
    assert desk.post(f"/desk/{call_id + 1}/open-case", data=form, headers=OPEN_DESK).status_code == 403


def test_call_contact_case_and_recording_lead_to_each_other(services: Services, stage: Stage, desk: Visitor) -> None:
    call_id = stage.talk()
    contact_id = stage.value("SELECT contact_id FROM calls")
    assert f'href="/calls/{call_id}"' in text_of(desk, "/desk/call")
    assert f'href="/contacts/{contact_id}"' in text_of(desk, f"/calls/{call_id}")
    assert f'href="/calls/{call_id}"' in text_of(desk, f"/contacts/{contact_id}")
    with services.db.transaction() as session:
        case = leave_message(session, services.clock, int(contact_id), seconds=9, recording_id=1)
        case_id = case.id
    page = text_of(desk, f"/cases/{case_id}")
    assert f'href="/calls/{call_id}">Hear it' in page and f'href="/contacts/{contact_id}"' in page
    assert f'href="/cases/{case_id}"' in text_of(desk, f"/calls/{call_id}")


def test_a_review_of_an_abusive_call_leads_to_the_call(stage: Stage, desk: Visitor) -> None:
    call_id = stage.talk()
    for _step in range(3):
        desk.post(f"/desk/{call_id}/protect", data={}, headers=OPEN_DESK)
    assert f'href="/calls/{call_id}"' in text_of(desk, "/protection")


def test_who_is_called_in_stands_there_by_the_reader_s_language(stage: Stage, desk: Visitor) -> None:
    call_id, entry = stage.talk(), stage.in_book()
    desk.post(f"/desk/{call_id}/invite", data={"entry": str(entry)}, headers=OPEN_DESK)
    name_ko, name_en = stage.value("SELECT name_ko FROM phone_book"), stage.value("SELECT name_en FROM phone_book")
    for path in ("/desk/call", f"/calls/{call_id}"):
        assert str(name_en) in text_of(desk, path)
    desk.post("/language", data={"language": "ko", "next": "/desk"})
    for path in ("/desk/call", f"/calls/{call_id}"):
        page = text_of(desk, path)
        assert str(name_ko) in page and str(name_en) not in page, path


def test_a_colleague_who_is_only_rung_cannot_act_yet(stage: Stage, desk: Visitor) -> None:
    call_id = stage.talk()
    assert "End the call" in text_of(desk, "/desk/call")
    with stage.services.db.transaction() as session:
        session.execute(text("UPDATE call_legs SET role = 'colleague', state = 'ringing' WHERE agent_id IS NOT NULL"))
    page = text_of(desk, "/desk/call")
    assert "your telephone rings" in page and "End the call" not in page and str(call_id) in page


def test_the_desk_follows_calls_and_names_the_agent_s_own_telephone(stage: Stage, desk: Visitor) -> None:
    page = text_of(desk, "/desk")
    assert f'data-live-topic="desk:{stage.agent_id}" data-live-src="/desk/state"' in page
    assert "your telephone:" in page and phone_shown(stage.agent().phone) in page


def test_the_key_for_abusive_calls_says_what_it_does_next(stage: Stage, desk: Visitor) -> None:
    call_id = stage.talk()
    for label in ("Abusive: first warning", "Abusive: last warning", "Abusive: end the call"):
        assert label in text_of(desk, "/desk/call")
        assert desk.post(f"/desk/{call_id}/protect", data={}, headers=OPEN_DESK).status_code == 204
    assert stage.call(call_id).end_reason == "abuse"
    stage.end_legs(call_id)
    assert "Do you want a rest" in text_of(desk, "/desk/call")


def test_somebody_is_called_in_and_takes_the_call_over(stage: Stage, desk: Visitor) -> None:
    call_id, entry = stage.talk(), stage.in_book()
    assert "Vietnamese interpreter" in text_of(desk, "/desk/dialogs")
    assert "Hand over and leave" not in text_of(desk, "/desk/call")
    for wrong in ("", "x", "9" * 30):
        answer = desk.post(f"/desk/{call_id}/invite", data={"entry": wrong}, headers=OPEN_DESK)
        assert answer.get_json() == {"error": "Choose an entry of the phone book.", "field": "entry"}
    assert desk.post(f"/desk/{call_id}/invite", data={"entry": str(entry)}, headers=OPEN_DESK).status_code == 204
    stage.join(call_id, "interpreter")
    assert "Hand over and leave" in text_of(desk, "/desk/call")
    assert (
        desk.post(f"/desk/{call_id}/queue", data={"queue": "nowhere"}, headers=OPEN_DESK).get_json()["field"] == "queue"
    )
    assert desk.post(f"/desk/{call_id}/dance", data={}).status_code == 404


def test_numbers_are_whole_only_for_those_who_may_see_them(services: Services, stage: Stage, visitor: Visitor) -> None:
    call_id = stage.ring()
    visitor.sign_in(someone(services, "auditor").name)
    for path in ("/calls", "/calls/rows", f"/calls/{call_id}", f"/calls/{call_id}/part"):
        page = text_of(visitor, path)
        assert "5501" not in page and "+821…34" in page, path
    assert "CL-000001" in text_of(visitor, "/calls?q=5501"), "no guessing of digits"
    visitor.post("/sign-out", data={})
    visitor.sign_in(stage.officer.name)
    assert "+82 10-5550-1234" in text_of(visitor, "/calls") and "CL-000001" not in text_of(visitor, "/calls?q=99999")


def test_the_number_that_we_called_is_theirs_and_masked_as_well(
    services: Services, stage: Stage, visitor: Visitor
) -> None:
    with services.db.transaction() as session:
        desk = Desk(actor_of(session.merge(stage.officer), "console"), stage.agent_id, services)
        call_id = handling.call_out(session, desk, CALLER).id
    visitor.sign_in(someone(services, "auditor").name)
    for path in (f"/calls/{call_id}", f"/calls/{call_id}/part"):
        assert "5550" not in text_of(visitor, path), path


@pytest.mark.parametrize(("role", "shown"), [("auditor", "+821…34"), ("agent", CALLER)])
def test_programs_see_no_more_of_a_number_than_pages_do(
    services: Services, stage: Stage, client: FlaskClient, role: str, shown: str
) -> None:
    call_id = stage.ring()
    with services.db.transaction() as session:
        token = {"Authorization": f"Bearer {make_token(session, make_officer(session, roles=(role,)))}"}
    assert client.get(f"/api/v1/calls/{call_id}", headers=token).get_json()["phone"] == shown
    assert client.get("/api/v1/calls", headers=token).get_json()["calls"][0]["phone"] == shown
    guessed = client.get("/api/v1/calls?q=5501", headers=token)
    if role == "auditor":
        assert (guessed.status_code, guessed.content_type) == (403, "application/problem+json"), "no guessing of digits"
    else:
        assert [each["id"] for each in guessed.get_json()["calls"]] == [call_id]


def test_past_calls_come_in_pages(stage: Stage, desk: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotline.calls.screen.MAX_LIST", 2)
    for _ in range(3):
        stage.hang_up(stage.ring())
    page = text_of(desk, "/calls?past=1")
    assert "CL-000003" in page and "CL-000001" not in page
    older = re.search(r'rel="next" href="([^"]+)"', page)
    assert older is not None and "CL-000001" in text_of(desk, older[1].replace("&amp;", "&"))


def test_a_recording_is_sent_and_put_on_record(
    services: Services, stage: Stage, desk: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_id = stage.ring()
    with services.db.transaction() as session:
        now = services.clock.now()
        session.add(
            CallRecording(
                call_id=call_id, kind="voicemail", recording_sid="RE1", duration_s=9, created_at=now, delete_after=now
            )
        )  # fmt: skip
    monkeypatch.setattr("hotline.calls.recordings.sound_of", lambda _services, _sid: b"RIFF")
    assert "Fetch and hear" in text_of(desk, f"/calls/{call_id}")
    answer = desk.post("/recordings/1", data={})
    assert (answer.status_code, answer.data, answer.content_type) == (200, b"RIFF", "audio/x-wav")
    assert stage.value("SELECT count(*) FROM audit_entries WHERE action = 'recording.heard'") == 1
    assert desk.post("/recordings/2", data={}).status_code == 404


def test_listening_to_a_call_that_is_over_is_refused_on_its_page(stage: Stage, desk: Visitor) -> None:
    call_id = stage.ring()
    answer = desk.post(f"/calls/{call_id}/watch", data={"mode": "listen"})
    assert answer.status_code == 409 and "nobody talks in it now" in answer.get_data(as_text=True)
    assert desk.post("/calls/999/watch", data={"mode": "listen"}).status_code == 404


def test_one_s_own_state_is_chosen_at_the_desk(stage: Stage, desk: Visitor) -> None:
    assert desk.post("/desk/state", data={"state": "not_ready", "reason": "meal"}).status_code == 302
    assert (stage.agent().state, stage.agent().reason) == ("not_ready", "meal")
    assert "meal" in text_of(desk, "/desk/state") and "Say that you are ready" in text_of(desk, "/desk/call")
    answer = desk.post("/desk/state", data={"state": "asleep"}, headers=OPEN_DESK)
    assert answer.get_json() == {"error": "Choose ready, not ready or off duty.", "field": "state"}
    with stage.services.db.transaction() as session:
        presence.choose(session, stage.services.clock, stage.agent_id, "ready")
    stage.talk()
    desk.post("/desk/state", data={"state": "not_ready", "reason": "break"}, headers=OPEN_DESK)
    assert "short break" in text_of(desk, "/desk/state") and stage.agent().state == "talking"


def test_no_token_is_given_where_browsers_cannot_answer(services: Services, desk: Visitor) -> None:
    assert not browser.offered(services)
    assert desk.get("/desk/token").status_code == 503


def test_somebody_of_a_case_is_called_although_the_page_does_not_show_the_number(stage: Stage, desk: Visitor) -> None:
    clock, phone = stage.services.clock, "+821077778888"
    with stage.services.db.transaction() as session:
        traveller = make_traveller(session, phone=phone, name="박지우")
        person_id = of_traveller(session, clock, traveller.id)
        case = Case(
            person_id=person_id, traveller_id=traveller.id, source="person", state="open", priority=3, country="PH",
            opened_at=clock.now(), updated_at=clock.now(),
        )  # fmt: skip
        session.add(case)
        session.flush()
        case_id = case.id
    page = text_of(desk, f"/cases/{case_id}")
    assert f'<option value="{person_id}:0">' in page and phone not in page
    wrong = desk.post("/desk/call-out", data={"case": case_id, "whom": "99:0"})
    assert wrong.status_code == 422
    assert desk.post("/desk/call-out", data={"case": case_id, "whom": f"{person_id}:0"}).status_code == 302
    assert stage.value("SELECT phone || case_id FROM calls WHERE direction = 'out'") == f"{phone}{case_id}"
