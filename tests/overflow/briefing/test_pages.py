"""The pages: the editor and its preview, answering in the console and on one's own phone, and who sees what."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hotline.core.audit import AuditEntry
from hotline.core.services import Services
from overflow.briefing.models import BriefingPass, BriefingTry, BriefingVersion, KnowledgeTest
from overflow.volunteers.links import token_for
from overflow.volunteers.models import Certificate
from tests.auth.conftest import Visitor
from tests.factories import make_officer
from tests.overflow.briefing.making import form_of, make_incident, make_version, make_volunteer
from tests.overflow.briefing.test_answering import fields
from tests.overflow.briefing.test_knowledge import FORM
from tests.queues.making import make_agent


def signed(services: Services, visitor: Visitor, *roles: str, agent: bool = False) -> Any:
    with services.db.transaction() as session:
        officer = make_officer(session, roles=roles)
        if agent:
            make_agent(session, officer=officer, state="not_ready")
    visitor.sign_in(officer.name)
    return officer


def test_a_briefing_is_written_seen_published_and_passed_in_the_console(services: Services, visitor: Visitor) -> None:
    with services.db.transaction() as session:
        incident = make_incident(session).id
    signed(services, visitor, "senior_agent", agent=True)
    page = f"/briefings/{incident}/edit"
    assert visitor.get(page).status_code == 200
    wrong = visitor.post(page, form_of(q1_right="", body_ko="") | {"edited": "0"})
    assert wrong.status_code == 422 and "Name the line of the right answer." in wrong.text
    assert visitor.post(page, form_of() | {"edited": "0"}).status_code == 302
    seen = visitor.get(page).text
    assert "첫 줄" in seen and "What people will see" in seen and "pass again?" not in seen
    assert visitor.post(f"/briefings/{incident}/publish", {"edited": "1"}).status_code == 302
    assert "version 1" in visitor.get("/briefings").text
    assert "Briefing: version 1 is published" in visitor.get(f"/incidents/{incident}").text
    with services.db.transaction() as session:
        version = session.query(BriefingVersion).one()
        agent = session.query(BriefingPass).count()
        assert agent == 0
    shown = visitor.get(f"/briefings/{incident}").text
    assert "Three questions" in shown and "First line" in shown
    one = re.search(r'name="version" value="(\d+)"', shown)
    assert one is not None and one[1] == str(version.id)
    with services.db.transaction() as session:
        from hotline.agents.models import Agent

        mine = session.query(Agent).one().id
    given = {"version": str(version.id), "try": "1"}
    missing = visitor.post(f"/briefings/{incident}", given)
    assert missing.status_code == 422 and "Choose one of the answers." in missing.text
    sent = visitor.post(f"/briefings/{incident}", given | fields(version, mine, 1, [0, 1, 2]), follow_redirects=True)
    assert "you have passed this briefing" in sent.text and "Who passed" in sent.text


def test_a_later_version_asks_whether_all_pass_again(services: Services, visitor: Visitor) -> None:
    with services.db.transaction() as session:
        incident = make_incident(session)
        make_version(session, incident)
    signed(services, visitor, "duty_chief")
    visitor.post(f"/briefings/{incident.id}/edit", form_of() | {"edited": "0"})
    undecided = visitor.post(f"/briefings/{incident.id}/publish", {"edited": "1"})
    assert undecided.status_code == 422 and "Say whether everybody must pass again." in undecided.text
    assert visitor.post(f"/briefings/{incident.id}/publish", {"edited": "1", "again": "no"}).status_code == 302
    with services.db.transaction() as session:
        assert [each.counts_from for each in session.query(BriefingVersion).order_by(BriefingVersion.number)] == [1, 1]


@pytest.mark.parametrize(("language", "heading"), [("ko", "내용을 읽어 주십시오"), ("en", "Read this page")])
def test_a_volunteer_reads_and_answers_by_their_link(
    services: Services,
    visitor: Visitor,
    language: str,
    heading: str,
) -> None:
    with services.db.transaction() as session:
        volunteer = make_volunteer(session, speaks=language)
        incident = make_incident(session)
        version = make_version(session, incident)
    token = token_for(services, volunteer.id)
    own = visitor.get(f"/v/{token}")
    assert own.status_code == 200 and f"/v/{token}/briefings/{incident.id}" in own.text
    page = f"/v/{token}/briefings/{incident.id}"
    shown = visitor.get(page)
    assert heading in shown.text and shown.headers["X-Robots-Tag"] == "noindex, nofollow"
    given = {"version": str(version.id), "try": "1"}
    assert volunteer.agent_id is not None
    wrong = visitor.post(page, given | fields(version, volunteer.agent_id, 1, [3, 3, 3]))
    assert wrong.status_code == 302 and wrong.location == page
    right = given | {"try": "2"} | fields(version, volunteer.agent_id, 2, [0, 1, 2])
    assert visitor.post(page, right).location == f"/v/{token}"
    assert visitor.post(page, right).location == f"/v/{token}", "a second tap says the same"
    with services.db.transaction() as session:
        assert session.query(BriefingPass).count() == 1
        line = session.query(AuditEntry).filter_by(action="briefing.passed").one()
        assert line.actor_name == f"volunteer {volunteer.id}", "the trail names nobody who may want to be erased"


def test_a_link_opens_ones_own_kind_of_incident_only(services: Services, visitor: Visitor) -> None:
    with services.db.transaction() as session:
        volunteer = make_volunteer(session)
        drill = make_incident(session, drill=True)
        make_version(session, drill)
        bare = make_incident(session)
    token = token_for(services, volunteer.id)
    for incident in (drill.id, bare.id, 999_999):
        assert visitor.get(f"/v/{token}/briefings/{incident}").status_code == 404
    assert visitor.get(f"/v/{token[:-2]}xx/briefings/{bare.id}").status_code == 404


def test_a_version_of_another_incident_is_not_answered_on_this_ones_page(services: Services, visitor: Visitor) -> None:
    with services.db.transaction() as session:
        volunteer, incident = make_volunteer(session), make_incident(session)
        make_version(session, incident)
        drill = make_version(session, make_incident(session, drill=True))
    assert volunteer.agent_id is not None
    given = {"version": str(drill.id), "try": "1"} | fields(drill, volunteer.agent_id, 1, [0, 1, 2])
    assert visitor.post(f"/v/{token_for(services, volunteer.id)}/briefings/{incident.id}", given).status_code == 404
    signed(services, visitor, "agent", agent=True)
    assert visitor.post(f"/briefings/{incident.id}", given).status_code == 404
    with services.db.transaction() as session:
        assert session.query(BriefingTry).count() == session.query(BriefingPass).count() == 0


def test_forms_without_their_numbers_are_told_to_open_the_page_again(services: Services, visitor: Visitor) -> None:
    with services.db.transaction() as session:
        volunteer, incident = make_volunteer(session, speaks="en"), make_incident(session)
        make_version(session, incident)
    page = f"/v/{token_for(services, volunteer.id)}/briefings/{incident.id}"
    for odd in ({}, {"version": "x", "try": "1"}, {"version": "1" * 30, "try": "1"}):
        assert visitor.post(page, odd).status_code == 422


def test_a_senior_gives_three_more_tries_from_the_page(services: Services, visitor: Visitor) -> None:
    with services.db.transaction() as session:
        volunteer, incident = make_volunteer(session), make_incident(session)
        version = make_version(session, incident)
    token = token_for(services, volunteer.id)
    page = f"/v/{token}/briefings/{incident.id}"
    for number in (1, 2, 3):
        given = {"version": str(version.id), "try": str(number)}
        visitor.post(page, given | fields(version, volunteer.agent_id or 0, number, [3, 3, 3]))
    assert "선임 상담원이" in visitor.get(page).text
    signed(services, visitor, "senior_agent")
    listed = visitor.get("/briefings").text
    assert "Give three more tries" in listed
    given = {"version": str(version.id), "agent": str(volunteer.agent_id), "note": ""}
    assert visitor.post("/briefings/lift", given).status_code == 422
    assert visitor.post("/briefings/lift", given | {"note": "Talked it through"}).status_code == 302
    assert "Nobody waits for a senior." in visitor.get("/briefings").text


def test_a_test_is_kept_and_taken_on_the_own_page(services: Services, visitor: Visitor) -> None:
    signed(services, visitor, "duty_chief")
    bad = visitor.post("/knowledge-tests/new", FORM | {"level": "9", "version": "0"})
    assert bad.status_code == 422 and "Use a whole number within the bounds." in bad.text
    assert visitor.post("/knowledge-tests/new", FORM | {"version": "0"}).status_code == 302
    with services.db.transaction() as session:
        test = session.query(KnowledgeTest).one()
        volunteer = make_volunteer(session, speaks="en")
    assert "Passports, first level" in visitor.get("/knowledge-tests").text
    assert visitor.get(f"/knowledge-tests/{test.id}").status_code == 200
    token = token_for(services, volunteer.id)
    page = f"/v/{token}/tests/{test.id}"
    assert "Passports, first level" in visitor.get(f"/v/{token}").text
    assert visitor.get(page).status_code == 200
    assert visitor.post(page, {"version": "1", "try": "1", "q0": "0"}).status_code == 422
    everything_first = {f"q{number}": "0" for number in range(4)}
    answered = visitor.post(page, {"version": "1", "try": "1"} | everything_first, follow_redirects=True)
    assert "of 4 were right" in answered.text
    with services.db.transaction() as session:
        given = session.query(Certificate).count()
    waits = visitor.get(page)
    assert waits.status_code == (200 if given else 302)


def test_who_may_what(services: Services, visitor: Visitor) -> None:
    with services.db.transaction() as session:
        incident = make_incident(session).id
    signed(services, visitor, "agent", agent=True)
    assert visitor.get("/briefings").status_code == 200
    for page in (f"/briefings/{incident}/edit", "/knowledge-tests", "/briefings/panel", "/knowledge-tests/new",
                 "/briefings/of-volunteer/1", "/knowledge-tests/of-volunteer/1"):  # fmt: skip
        assert visitor.get(page).status_code == 403, page
    assert visitor.post("/briefings/lift", {"version": "1", "agent": "1", "note": "x"}).status_code == 403


def test_a_volunteer_is_an_agent_of_the_first_level_once_approved(services: Services, clock: Any) -> None:
    from hotline.agents.models import Agent
    from overflow.volunteers import approving
    from overflow.volunteers.models import Volunteer
    from tests.factories import NOW
    from tests.overflow.briefing.making import acting

    with services.db.transaction() as session:
        volunteer = Volunteer(
            name="홍길동", phone="+821077770001", phone_verified_at=NOW, consent_at=NOW, skills={"passport": 4, "senior": 5},
            languages=["ko"], created_at=NOW, updated_at=NOW,
        )  # fmt: skip
        session.add(volunteer)
        session.flush()
        approving.approve(session, clock, acting(session, "duty_chief"), volunteer.id)
        agent = session.get_one(Agent, volunteer.agent_id)
        assert agent.first_level and agent.marks == sorted([f"agent:{agent.id}", "lang:ko", "passport:1"])
