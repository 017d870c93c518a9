"""The list, the upload, an alert's own page, the acts of two officers, figures and the report."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from alerts import tallies
from alerts.console.reasons import reason
from alerts.models import Alert, Approval, AudienceSnapshot, InboundText, Message
from hotline.core.db import Database
from hotline.providers import faults
from tests.alerts.console.conftest import Officials
from tests.browser.alerts_site import CAP
from tests.factories import NOW, SQUARE, make_traveller

FILLED = {"en": "Flood in Manila 21 Nov 12:00. Call +82232100404"}


def upload(officials: Officials, text: str) -> Any:
    """Upload a CAP file as the page does."""
    visitor = officials["author"]
    form = {"csrf_token": visitor.token(), "file": (io.BytesIO(text.encode()), "x.cap")}
    return visitor.client.post("/alerts/upload", data=form, content_type="multipart/form-data")


def started(db: Database, alert_id: int, counts: dict[tuple[str, str, str], int], state: str = "dispatching") -> None:
    """Give an alert an approval, a snapshot and tallies as if it had been sent."""
    with db.transaction() as session:
        alert = session.get(Alert, alert_id)
        assert alert is not None
        alert.started_at, alert.state = NOW, state
        session.add(
            Approval(
                alert_id=alert_id, officer_id=alert.author_id, at=NOW, areas=SQUARE, texts={"alert": FILLED}, digest="d",
                audience_estimate=5, drill=False, expires=alert.expires,
            )
        )  # fmt: skip
        session.add(
            AudienceSnapshot(
                alert_id=alert_id, taken_at=NOW, total=9, by_country={}, by_language={}, by_precision={},
                excluded={"opted_out": 2, "number_bad": 0},
            )
        )  # fmt: skip
    with db.connection() as connection:
        tallies.add(connection, {(alert_id, *key, ""): count for key, count in counts.items()})


def test_list_filters_searches_and_pages(officials: Officials, add: Callable[..., int]) -> None:
    for number in range(27):
        add(headline=f"Warning {number}", severity="Minor" if number % 2 else "Extreme")
    add(headline="Quake in Tokyo", state="cancelled")
    author = officials["author"]
    first = author.get("/alerts").get_data(as_text=True)
    assert first.count('<th scope="row">') == 25
    assert 'rel="next"' in first
    assert author.get("/alerts?q=tokyo").get_data(as_text=True).count('<th scope="row">') == 1
    assert author.get("/alerts?state=cancelled").get_data(as_text=True).count('<th scope="row">') == 1
    assert author.get("/alerts?severity=Minor").get_data(as_text=True).count('<th scope="row">') == 13
    fragment = author.get("/alerts?q=nothing", headers={"X-Fragment": "1"}).get_data(as_text=True)
    assert "No alert fits" in fragment
    assert "<html" not in fragment


def test_unknown_state_in_the_address_is_refused(officials: Officials) -> None:
    assert officials["author"].get("/alerts?state=flying").status_code == 422


def test_empty_choice_of_a_filter_means_all(officials: Officials, add: Callable[..., int]) -> None:
    add()
    assert officials["author"].get("/alerts?q=&state=&severity=").get_data(as_text=True).count('<th scope="row">') == 1


def test_upload_makes_a_draft_and_opens_the_editor(officials: Officials, stored: Callable[[int], Alert]) -> None:
    answer = upload(officials, CAP.format(status="Actual"))
    assert answer.status_code == 302
    alert_id = int(answer.location.split("/")[-2])
    assert stored(alert_id).severity == "Severe"


def test_upload_of_a_bundle_makes_several_drafts(officials: Officials) -> None:
    alert = CAP.format(status="Actual").split("?>", 1)[1]
    bundle = f"<bundle>{alert}{alert.replace('1121</identifier>', '1122</identifier>')}</bundle>"
    answer = upload(officials, bundle)
    assert answer.location == "/alerts?state=draft"
    assert "2 drafts" in officials["author"].get(answer.location).get_data(as_text=True)


def test_upload_of_a_cancel_opens_the_all_clear_of_ours_and_one_of_something_unknown_is_refused(
    officials: Officials, stored: Callable[[int], Alert]
) -> None:
    first = upload(officials, CAP.format(status="Actual"))
    alert_id = int(first.location.split("/")[-2])
    text = CAP.format(status="Actual").replace("<msgType>Alert", "<msgType>Cancel").replace("1121</id", "1130</id")
    reference = "<references>warnings@example.org,PAGASA-2026-1121,2026-11-21T10:30:00+08:00</references>"
    text = text.replace("<scope>Public</scope>", f"<scope>Public</scope>{reference}")
    answer = upload(officials, text)
    clear = stored(int(answer.location.split("/")[-2]))
    assert (clear.follows_id, clear.msg_type) == (alert_id, "Cancel")
    refused = upload(officials, text.replace("PAGASA-2026-1121,", "PAGASA-1999-1,").replace("1130</id", "1131</id"))
    assert refused.status_code == 409
    assert "no alert here came from that" in refused.get_data(as_text=True)


def test_upload_without_a_file_says_so(officials: Officials) -> None:
    answer = officials["author"].post("/alerts/upload")
    assert answer.status_code == 422
    assert "Choose a CAP file" in answer.get_data(as_text=True)


def test_draft_by_hand_needs_a_headline(officials: Officials) -> None:
    assert officials["author"].post("/alerts/new", {"headline": " ", "status": "Actual"}).status_code == 422
    assert officials["author"].post("/alerts/new", {"headline": "x", "status": "System"}).status_code == 422
    answer = officials["author"].post("/alerts/new", {"headline": "Quake", "status": "Test"})
    assert answer.location.endswith("/edit")


def test_submit_approve_needs_two_people(
    officials: Officials, add: Callable[..., int], stored: Callable[[int], Alert], db: Database
) -> None:
    alert_id = add()
    with db.transaction() as session:
        make_traveller(session)
    answer = officials.send_json("author", f"/alerts/{alert_id}/submit", {"audience": 1})
    assert answer.json == {"page": f"/alerts/{alert_id}"}
    page = officials["approver"].get(f"/alerts/{alert_id}").get_data(as_text=True)
    assert "1 when approval was asked for" in page
    done = officials["approver"].post(f"/alerts/{alert_id}/approve", {"version": "1"})
    assert done.status_code == 302
    alert = stored(alert_id)
    assert alert.state == "approved"
    assert alert.approval is not None
    assert alert.approval.audience_estimate == 1


def test_author_with_both_roles_cannot_approve_and_reads_why(
    officials: Officials, db: Database, stored: Callable[[int], Alert]
) -> None:
    both = officials["author+approver"]
    answer = both.post("/alerts/new", {"headline": "Mine", "status": "Actual"})
    alert_id = int(answer.location.split("/")[-2])
    with db.transaction() as session:
        alert = session.get(Alert, alert_id)
        assert alert is not None
        alert.state, alert.submitted_by_id = "submitted", alert.author_id
    page = both.get(f"/alerts/{alert_id}").get_data(as_text=True)
    assert "You cannot approve this yourself" in page
    assert "approve-dialog" not in page
    refused = both.post(f"/alerts/{alert_id}/approve", {"version": "1"})
    assert refused.status_code == 409
    assert "A second person must approve" in refused.get_data(as_text=True)
    assert stored(alert_id).state == "submitted"


def test_page_that_shows_an_old_version_cannot_approve(
    officials: Officials, add: Callable[..., int], stored: Callable[[int], Alert]
) -> None:
    alert_id = add(state="submitted", version=4)
    assert officials["approver"].post(f"/alerts/{alert_id}/approve", {"version": "3"}).status_code == 422
    assert stored(alert_id).state == "submitted"


@pytest.mark.parametrize(
    ("typed", "status"), [("", 409), ("99", 422), ("many", 422), ("120000", 302), ("120,000", 302), ("120 000", 302)]
)
def test_very_large_audience_must_be_typed(
    officials: Officials, add: Callable[..., int], monkeypatch: pytest.MonkeyPatch, typed: str, status: int
) -> None:
    from alerts import audience

    counts = audience.Counts(120_000, {}, {}, {}, "index", NOW)
    monkeypatch.setattr(audience, "estimate", lambda *_: counts)
    alert_id = add()
    assert officials.send_json("author", f"/alerts/{alert_id}/submit", {}).status_code == 200
    answer = officials["approver"].post(f"/alerts/{alert_id}/approve", {"version": "1", "typed_count": typed})
    assert answer.status_code == status


def test_return_and_reject_need_a_reason(
    officials: Officials, add: Callable[..., int], stored: Callable[[int], Alert]
) -> None:
    alert_id = add(state="submitted")
    assert officials["approver"].post(f"/alerts/{alert_id}/return", {"reason": " "}).status_code == 422
    assert officials["approver"].post(f"/alerts/{alert_id}/return", {"reason": "Name it"}).status_code == 302
    assert (stored(alert_id).state, stored(alert_id).ended_reason) == ("draft", "Name it")
    other = add(state="submitted")
    assert officials["approver"].post(f"/alerts/{other}/reject", {"reason": "No"}).status_code == 302
    assert stored(other).state == "rejected"


@pytest.mark.parametrize(
    ("roles", "status"), [("author", 302), ("approver", 302), ("senior_agent", 302), ("agent", 302), ("auditor", 403)]
)
def test_anyone_on_duty_stops_alone(
    officials: Officials, add: Callable[..., int], roles: str, status: int, stored: Callable[[int], Alert]
) -> None:
    alert_id = add(state="approved")
    assert officials[roles].post(f"/alerts/{alert_id}/cancel", {"reason": ""}).status_code == status
    assert stored(alert_id).state == ("cancelled" if status == 302 else "approved")


@pytest.mark.parametrize("act", ["approve", "return", "reject"])
def test_only_approvers_decide(officials: Officials, add: Callable[..., int], act: str) -> None:
    assert officials["author"].post(f"/alerts/{add(state='submitted')}/{act}", {"reason": "x"}).status_code == 403


def test_finance_sees_no_alert(officials: Officials, add: Callable[..., int]) -> None:
    alert_id = add()
    for path in ("/alerts", f"/alerts/{alert_id}", f"/alerts/{alert_id}/report.csv", "/alerts/map/heat"):
        assert officials["finance_officer"].get(path).status_code == 403


def test_progress_shows_figures_reasons_and_those_left_out(
    officials: Officials, add: Callable[..., int], db: Database
) -> None:
    alert_id = add()
    started(db, alert_id, {("PH", "delivered", ""): 1200, ("PH", "failed", "30005"): 3, ("JP", "queued", ""): 40})
    part = officials["agent"].get(f"/alerts/{alert_id}/progress").get_data(as_text=True)
    assert '<p class="tile-value" data-figure="delivered" data-value="1200">1,200</p>' in part
    assert "Number does not exist" in part
    assert "Asked not to be texted" in part
    assert "Number known not to work" not in part
    assert "Japan" in part
    page = officials["auditor"].get(f"/alerts/{alert_id}").get_data(as_text=True)
    assert FILLED["en"] in page
    assert "stop-dialog" not in page


@pytest.mark.parametrize(("code", "words"), [("config", "No carrier is set up"), ("20003", "code 20003")])
def test_progress_says_why_nothing_leaves(
    officials: Officials, add: Callable[..., int], db: Database, code: str, words: str
) -> None:
    alert_id = add()
    started(db, alert_id, {("PH", "queued", ""): 40})
    assert "Nothing leaves" not in officials["agent"].get(f"/alerts/{alert_id}/progress").get_data(as_text=True)
    with db.connection() as connection:
        faults.raise_fault(connection, NOW, "twilio", code, "in our own words")
    part = officials["agent"].get(f"/alerts/{alert_id}/progress").get_data(as_text=True)
    assert "Nothing leaves:" in part and words in part


def test_answers_are_shown_as_text_and_never_as_markup(
    officials: Officials, add: Callable[..., int], db: Database
) -> None:
    alert_id = add()
    started(db, alert_id, {})
    with db.transaction() as session:
        session.add(
            InboundText(
                provider_sid="SM1", sender="+8210", recipient="+1", body="<b>help", received_at=NOW, alert_id=alert_id
            )
        )
    part = officials["agent"].get(f"/alerts/{alert_id}/side").get_data(as_text=True)
    assert "&lt;b&gt;help" in part


def test_report_is_a_table_by_country_state_and_reason(
    officials: Officials, add: Callable[..., int], db: Database
) -> None:
    alert_id = add()
    started(db, alert_id, {("PH", "delivered", ""): 5, ("PH", "failed", "21610"): 2})
    answer = officials["auditor"].get(f"/alerts/{alert_id}/report.csv")
    lines = answer.get_data(as_text=True).lstrip("\ufeff").splitlines()
    assert lines[1:3] == ["PH,Philippines,Delivered,,,5", "PH,Philippines,Failed,21610,Opted out,2"]
    assert lines[3] == ",,No text was sent,opted_out,Asked not to be texted,2"
    assert "attachment" in answer.headers["Content-Disposition"]


def test_curve_adds_up_and_is_read_only_after_the_sending(
    officials: Officials, add: Callable[..., int], db: Database
) -> None:
    alert_id = add()
    started(db, alert_id, {}, state="dispatching")
    with db.transaction() as session:
        for number in range(6):
            session.add(
                Message(
                    alert_id=alert_id, traveller_id=number, phone=f"+82{number}", country="PH", language="en", parts=1,
                    state="failed" if number == 5 else "delivered", sent_at=NOW + timedelta(seconds=number),
                    settled_at=NOW + timedelta(seconds=10 * number),
                )
            )  # fmt: skip
    assert officials["agent"].get(f"/alerts/{alert_id}/curve.json").json == {
        "t": [], "sent": [], "delivered": [], "failed": [],
    }  # fmt: skip
    with db.transaction() as session:
        alert = session.get(Alert, alert_id)
        assert alert is not None
        alert.state = "finished"
    drawn = officials["agent"].get(f"/alerts/{alert_id}/curve.json").json
    assert drawn is not None
    assert drawn["t"][0] == NOW.timestamp()
    assert (drawn["sent"][0], drawn["sent"][-1], drawn["delivered"][-1], drawn["failed"][-1]) == (0, 6, 5, 1)
    assert drawn["sent"] == sorted(drawn["sent"])


def test_overview_has_live_waiting_and_own_drafts(officials: Officials, add: Callable[..., int], db: Database) -> None:
    started(db, add(headline="Going out"), {("PH", "delivered", ""): 1})
    add(headline="To be decided", state="submitted")
    add(headline="Half written", ended_reason="Name the place")
    author = officials["author"].get("/").get_data(as_text=True)
    assert all(headline in author for headline in ("Going out", "To be decided", "Half written", "Name the place"))
    agent = officials["agent"].get("/").get_data(as_text=True)
    assert "Half written" not in agent


def test_state_tells_an_open_page_to_load_again(officials: Officials, add: Callable[..., int]) -> None:
    alert_id = add(state="submitted", version=2)
    assert officials["agent"].get(f"/alerts/{alert_id}/state.json").json == {
        "state": "submitted", "version": 2, "started": False,
    }  # fmt: skip


def test_alert_that_does_not_exist_is_not_found(officials: Officials) -> None:
    assert officials["agent"].get("/alerts/999").status_code == 404


def test_every_known_code_is_explained_and_unknown_ones_keep_their_number(app: Any) -> None:
    with app.test_request_context():
        for code in ("21211", "21408", "21610", "21614", "30001", "30003", "30004", "30005", "30006", "30007", "30008"):
            assert reason(code).help
            assert code not in reason(code).name
        assert "31999" in reason("31999").name
        assert reason("unknown").name == "No code given"


def test_scripts_that_import_each_other_never_meet_in_two_versions(officials: Officials) -> None:
    module = officials["agent"].get("/static/alerts/js/map.js")
    assert "max-age=0" in module.headers["Cache-Control"]
    again = officials["agent"].get("/static/alerts/js/map.js", headers={"If-None-Match": module.headers["ETag"]})
    assert again.status_code == 304
