"""The console: policies with their history, an alert's calls, the people behind a figure, and stopping."""

from __future__ import annotations

from sqlalchemy import select

from alerts.models import Alert
from alerts.silent import policies
from alerts.silent.erasure import forget
from hotline.auth.models import Officer
from hotline.core.audit import AuditEntry
from hotline.core.errors import Conflict
from tests.alerts.console.conftest import Officials, officials  # noqa: F401 - a fixture
from tests.alerts.silent.conftest import Stage
from tests.factories import make_alert

FORM = {
    "version": "0", "on_not_delivered_voice": "1", "after_not_delivered_voice": "7", "after_not_answered_voice": "20",
}  # fmt: skip


def test_an_administrator_changes_a_policy_and_the_history_keeps_it(stage: Stage, officials: Officials) -> None:  # noqa: F811
    chief = officials["administrator"]
    assert chief.post("/silent/Severe", FORM).status_code == 302
    page = chief.client.get("/silent").text
    assert "v1" in page and "7 min" in page and officials.people["administrator"].display_name in page
    with stage.services.db.transaction() as session:
        version, steps = policies.steps_at(session, "Severe", stage.clock.now())
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "silent_policy.changed")).one()
    assert (version, [step.after_minutes for step in steps]) == (1, [7])
    assert entry.before is not None and entry.before["steps"] == []
    assert chief.post("/silent/Severe", FORM).status_code == 409, "made on the version before"
    for change in (
        {"after_not_delivered_voice": "0"},
        {"after_not_delivered_voice": "x"},
        {"after_not_delivered_voice": "99999"},
    ):
        assert chief.post("/silent/Severe", FORM | {"version": "1"} | change).status_code == 422


def test_others_read_the_policies_and_change_nothing(stage: Stage, officials: Officials) -> None:  # noqa: F811
    assert stage.alert_id
    reader = officials["author"]
    assert "Nobody has changed anything yet" in reader.client.get("/silent").text
    assert reader.post("/silent/Extreme", FORM).status_code == 403


def test_approver_reads_area_and_texts_before_what_follows_for_the_silent(stage: Stage, officials: Officials) -> None:  # noqa: F811
    with stage.services.db.transaction() as session:
        author = session.get_one(Alert, stage.alert_id).author_id
        assert author is not None
        waiting = make_alert(session, author=session.get_one(Officer, author), state="submitted", severity="Extreme")
        number = waiting.id
    page = officials["approver"].client.get(f"/alerts/{number}").text
    assert page.index('id="texts-title"') < page.index("The silent, by step")
    page = officials["agent"].client.get(f"/alerts/{stage.alert_id}").text
    assert page.index("The silent, by step") < page.index('id="texts-title"'), "while it is sent, figures come first"


def test_figures_people_and_the_button_that_stops_everything(stage: Stage, officials: Officials) -> None:  # noqa: F811
    stage.person("김민준")
    stage.later(6)
    stage.sweep()
    agent = officials["agent"]
    page = agent.client.get(f"/alerts/{stage.alert_id}/calls").text
    assert 'data-outreach="1-queued">1<' in page and "Stop other channels" in page
    assert 'data-outreach="1-queued">1<' in agent.client.get(f"/alerts/{stage.alert_id}/calls/figures").text
    assert "The silent, by step" in agent.client.get(f"/alerts/{stage.alert_id}").text
    listed = agent.client.get(f"/alerts/{stage.alert_id}/calls/people?step=1&state=queued").text
    assert "김민준" in listed
    for odd in ("step=x&state=queued", "step=1&state=sleeping", "step=1&state=queued&after=-1"):
        assert agent.client.get(f"/alerts/{stage.alert_id}/calls/people?{odd}").status_code == 422
    assert agent.post(f"/alerts/{stage.alert_id}/calls/stop", {}).status_code == 302
    assert "were stopped" in agent.client.get(f"/alerts/{stage.alert_id}/calls").text
    assert stage.call() == 0


def test_an_erased_person_leaves_no_number_behind(stage: Stage) -> None:
    traveller = stage.person("gone")
    stage.later(6)
    stage.sweep()
    stage.call()
    try:
        forget(stage.services, {"traveller_id": traveller})
    except Conflict:
        stage.execute("UPDATE outreach SET state = 'heard'")
    forget(stage.services, {"traveller_id": traveller})
    assert [row.phone.startswith("x") for row in stage.rows()] == [True]


def test_every_channel_can_be_chosen_and_what_is_not_set_up_says_so(stage: Stage, officials: Officials) -> None:  # noqa: F811
    chief = officials["administrator"]
    form = {
        "version": "0", "on_not_delivered_sms": "1", "after_not_delivered_sms": "4", "on_not_answered_mail": "1",
        "after_not_answered_mail": "30", "on_number_bad_mail": "1", "after_number_bad_mail": "1",
        "on_opted_out_sms": "1", "after_opted_out_sms": "1",
    }  # fmt: skip
    assert chief.post("/silent/Severe", form).status_code == 302
    with stage.services.db.transaction() as session:
        _, steps = policies.steps_at(session, "Severe", stage.clock.now())
    assert [tuple(step) for step in steps] == [
        ("mail", 1, "number_bad"), ("sms", 4, "not_delivered"), ("mail", 30, "not_answered"),
    ], "a second text to who wants none is not on offer"  # fmt: skip
    page = chief.client.get("/silent").text
    assert "Not set up: E-mail" in page and "HOTLINE_SMTP_URL" in page
    assert "Not set up: Second text" in page and "only one sender" in page


def test_a_travellers_page_and_the_board_say_which_channel_reached_them(stage: Stage, officials: Officials) -> None:  # noqa: F811
    person = stage.person("김민준")
    stage.later(6)
    stage.sweep()
    stage.execute("UPDATE outreach SET channel = 'mail', state = 'failed', reason = '5.1.1'")
    agent = officials["agent"]
    for address in (f"/travellers/{person}", f"/alerts/{stage.alert_id}/board/people?state=silent"):
        page = agent.client.get(address).text
        assert "E-mail" in page and "Did not get through" in page and "there is no such mailbox" in page
