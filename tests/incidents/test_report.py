"""Figures, the report as a page, a table and a PDF, incidents opened from alerts, and the demo's content."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from alerts import incident_links
from alerts.models import Tally
from alerts.replies.models import AnswerTally
from hotline.calls.models import Call
from hotline.cases.opening import Word, open_or_join
from hotline.core import jobs
from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.demo import incidents as demo
from hotline.incidents import carrying, log, opening, plans, prefill, reporting, switching, team
from hotline.incidents.mode_models import ModePlan
from hotline.incidents.models import Incident
from hotline.incidents.plans import PlanFields
from tests.auth.conftest import Visitor
from tests.factories import NOW, make_alert, make_mission, make_officer, make_traveller
from tests.incidents.making import chief, make_incident
from tests.incidents.steps_for_tests import Board

CIRCLE = [{"description": "Fukushima", "polygons": [], "circles": [{"center": [37.4, 141.0], "radius_km": 200.0}]}]


def busy(services: Services, clock: FrozenClock, *, drill: bool = False) -> int:
    """Return an incident with an alert, calls, a case, a team, a correction and disaster mode that is over."""
    with services.db.transaction() as session:
        author, first, second = make_officer(session), chief(session)[1], chief(session)[1]
        alert = make_alert(session, author=author, areas=CIRCLE)
        session.add_all(
            [
                Tally(alert_id=alert.id, country="JP", state="delivered", reason="", provider="x", messages=70),
                Tally(alert_id=alert.id, country="JP", state="sent", reason="", provider="x", messages=5),
                AnswerTally(alert_id=alert.id, country="JP", provider="x", status="help", slot=0, people=3),
            ]
        )
        made = make_incident(session, services, first, source=f"alert:{alert.id}", drill=drill)
        tokyo = make_mission(session, country="JP", countries=["JP"]).id
        for number in range(4):
            at = NOW + timedelta(minutes=40 * number)
            session.add(
                Call(
                    provider_sid=f"CA{number:032x}", direction="in", state="ended", mission_id=tokyo, drill=drill or number == 3,
                    started_at=at, heard_at=at, connected_at=at if number < 2 else None, ended_at=at,
                )
            )  # fmt: skip
        traveller = make_traveller(session).id
        word = Word(traveller_id=traveller, source="alert:1", says="help", channel="link", country="JP")
        open_or_join(session, clock, SYSTEM, word)
        if first.id is not None:
            team.add(session, clock, first, made.id, first.id, "lead")
        wrong = log.note(session, clock, first, made.id, "=12 missing")
        log.note(session, clock, first, made.id, "21 missing", corrects_id=wrong.id)
        fields = PlanFields(name_ko="지진", name_en="Quake", steps=[("flag", {"word": "red"})])
        plan = plans.save(session, clock, first, jobs.registry().mode_steps, fields)
        run = switching.ask(session, clock, first, made.id, plan.id)
        switching.agree(session, clock, second, made.id, run.digest)
    carrying.carry_out(services)
    clock.advance(timedelta(hours=3))
    with services.db.transaction() as session:
        switching.ask_off(session, clock, first, made.id)
        switching.agree_off(session, clock, second, made.id)
    carrying.carry_out(services)
    return made.id


def test_rooms_count_what_belongs_to_the_incident(services: Services, clock: FrozenClock, board: Board) -> None:
    number = busy(services, clock)
    with services.db.transaction() as session:
        report = reporting.report(session, clock, number)
    counted = {label: count for each in report.figures for label, count in each.rows}
    assert (counted["Texts sent"], counted["Texts delivered"], counted["Answered: need help"]) == (75, 70, 3)
    assert (counted["Calls"], counted["Connected"], counted["Ended unanswered"]) == (3, 2, 1), "drills are apart"
    assert (counted["Cases"], counted["Open cases"], counted["Need help"]) == (1, 1, 1)
    plot = next(each for each in report.plots if sum(each.bars) == 3)
    assert (plot.start, plot.hours, plot.bars) == (NOW, 1, [2, 1, 0, 0])
    assert [step.state for step, _ in report.runs[0].steps] == ["reverted"]
    assert report.lines[0].words == "Incident opened" and any(each.corrected for each in report.lines)


def test_a_long_incident_is_plotted_by_several_hours_to_a_bar() -> None:
    counted = [(NOW, 2), (NOW + timedelta(days=9), 5)]
    plot = reporting._plot("x", counted, NOW, NOW + timedelta(days=10))
    assert (plot.hours, len(plot.bars), sum(plot.bars), plot.bars[0]) == (4, 61, 7, 2)


def test_the_report_is_a_page_a_table_and_a_pdf(
    services: Services, clock: FrozenClock, flags: Board, visitor: Visitor
) -> None:
    number = busy(services, clock)
    with services.db.transaction() as session:
        name = make_officer(session, roles=("duty_chief",), language="ko").name
    visitor.sign_in(name)
    page = visitor.get(f"/incidents/{number}/report").text
    assert "결과 보고: 후쿠시마 지진" in page and "원상 복구됨" in page and "21 missing" in page and "<rect" in page
    assert "전화·사건" in visitor.get(f"/incidents/{number}").text
    csv = visitor.get(f"/incidents/{number}/report.csv")
    assert csv.data.startswith(b"\xef\xbb\xbf") and "'=12 missing" in csv.text, "no cell is a formula"
    pdf = visitor.get(f"/incidents/{number}/report.pdf")
    assert pdf.data.startswith(b"%PDF") and b"Pretendard" in pdf.data
    assert pdf.headers["Content-Disposition"].endswith(f'"incident-{number}.pdf"')
    assert visitor.get("/incidents/999/report").status_code == 404


def test_a_drills_report_says_so(services: Services, clock: FrozenClock, flags: Board, visitor: Visitor) -> None:
    number = busy(services, clock, drill=True)
    with services.db.transaction() as session:
        name = make_officer(session, roles=("duty_chief",)).name
    visitor.sign_in(name)
    page = visitor.get(f"/incidents/{number}/report").text
    assert "[DRILL] Report: Earthquake off Fukushima" in page and "strip-drill" in page
    assert "[DRILL]" in visitor.get(f"/incidents/{number}/report.csv").text


def test_an_incident_is_opened_from_an_alert(services: Services, visitor: Visitor) -> None:
    with services.db.transaction() as session:
        name = make_officer(session, roles=("duty_chief",), zone="Asia/Seoul").name
        author = make_officer(session)
        alert = make_alert(session, author=author, areas=CIRCLE, event="Earthquake", headline="M 9.0 off Fukushima")
        other = make_alert(
            session, author=author, mission_id=make_mission(session, country="VN").id, event="Odd", headline="Odd"
        )
        found = prefill.values(session, f"alert:{alert.id}")
        assert (found["kind"], found["lat"], found["radius_km"]) == ("earthquake", 37.4, 200.0)
        odd = prefill.values(session, f"alert:{other.id}")
        assert (odd["kind"], odd["countries"], odd.get("lat")) == ("other", ("VN",), None)
        assert incident_links.values(session, 999) is None
    visitor.sign_in(name)
    assert f"/incidents/new?from=alert:{alert.id}" in visitor.get(f"/alerts/{alert.id}").text
    form = visitor.get(f"/incidents/new?from=alert:{alert.id}").text
    assert 'value="M 9.0 off Fukushima"' in form and f'value="alert:{alert.id}"' in form


def test_the_demo_has_a_plan_and_a_drill_that_is_over(services: Services) -> None:
    with services.db.transaction() as session:
        make_officer(session, roles=("duty_chief",), name=demo.CHIEF)
        make_officer(session, roles=("duty_chief",), name=demo.OTHER_CHIEF)
    for _ in range(2):
        demo.load(services, SYSTEM)
    with services.db.transaction() as session:
        (made,) = session.scalars(select(Incident)).all()
        assert made.drill and made.state == "closed" and len(log.lines(session, made.id)) >= 7
        assert len(session.scalars(select(ModePlan)).all()) == 1
        assert opening.of_source(session, "") is None
