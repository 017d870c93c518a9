"""The API is what its description says: every operation is called with what the description allows, and with what it forbids.

schemathesis makes the calls out of /api/v1/openapi.json. Each call meets rows of its own, so that no call depends on those before
it, and many bodies are given values that mean something, so that calls also succeed. Whatever comes, the service
never fails, answers as described, and refuses with a problem document.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from alerts.text_templates import stages
from hotline.auth.officers import actor_of
from hotline.auth.tokens import officer_of_token
from hotline.core.actor import Actor
from hotline.core.services import Services
from hotline.core.web import PROBLEM_TYPE
from tests.factories import make_officer, make_token
from tests.hostile.conftest import Things
from tests.hostile.meant import LISTS, MEANT
from tests.hostile.rows import Rows

TAGS = (
    "Agents", "Alerts", "Bank accounts", "Call-outs", "Calls", "Cases", "Drills", "Exchange rates", "Hand-overs",
    "Incidents", "Ledger", "Missions", "Overflow", "Queues", "Remittance policies", "Remittances", "Screening", "Settlements",
    "Shifts", "Staffing", "Statements", "Templates", "Tills", "Travellers", "Volunteers",
)  # fmt: skip
SPEC = "/api/v1/openapi.json"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture
def description(app: Any) -> Any:
    """Return the description as schemathesis reads it over the application."""
    return schemathesis.openapi.from_wsgi(SPEC, app)


@pytest.fixture
def almighty(services: Services, things: Things) -> Actor:
    """Return the officer whose token the calls carry, for rows that are made by acts."""
    with services.db.transaction() as session:
        officer = officer_of_token(session, services.clock, things.token)
        assert officer is not None
        return actor_of(officer, "api")


def operations_of(description: Any, tag: str | None = None) -> list[APIOperation[Any, Any, Any, Any]]:
    """Return the described operations, all or those of one tag."""
    found = [each.ok() for each in description.get_all_operations()]
    return [each for each in found if tag is None or tag in (each.tags or ())]


NEVER = {
    "POST /api/v1/alerts/{alert_id}/correct",
    "PATCH /api/v1/travellers/{traveller_id}/itineraries/{itinerary_id}",
    "POST /api/v1/suspense/{bank_entry_id}/undo",
    "POST /api/v1/suspense/{bank_entry_id}/undo/agree",
    "POST /api/v1/suspense/{bank_entry_id}/undo/refuse",
}
"""Calls that need more than chance: a correction an alert that is being sent (tests/alerts/follow), a change of a journey
legs that follow one another and the version of the moment (tests/people/test_itinerary_api.py), taking an assignment back an
entry that was given to a remittance and another officer's asking (tests/remittance/deposits/test_pages.py)."""


def meaningful(value: Any, draw: st.DrawFn, tag: str, wholly: bool) -> Any:
    """Return a body in which half of the known fields have a value that means something, or all and nothing else is left."""
    if not isinstance(value, dict):
        return [meaningful(each, draw, tag, wholly) for each in value] if isinstance(value, list) else value
    kept = {}
    for name, each in value.items():
        known = MEANT.get(f"{tag}.{name}", MEANT.get(name))
        if known is not None and (wholly or draw(st.booleans())):
            kept[name] = draw(st.sampled_from(known))
        elif not wholly or isinstance(each, (dict, list)):
            kept[name] = meaningful(each, draw, tag, wholly)
    return kept


HOW = {"forbidden": 5, "described": 5, "half meant": 5, "meant": 3}
"""Kinds of bodies, and of how many calls one is such. Drawn by chance they came in clumps, and one kind never."""


@st.composite
def calls(draw: st.DrawFn, operation: APIOperation[Any, Any, Any, Any], how: str) -> tuple[Case, int | None]:
    """Draw a call, and what has become of the rows it meets (None: those it names by chance)."""
    case: Case = draw(operation.as_strategy(GenerationMode.NEGATIVE if how == "forbidden" else GenerationMode.POSITIVE))
    if how in ("half meant", "meant"):
        tag = (operation.tags or [""])[0]
        media = case.media_type or ""
        case.body = LISTS.get(f"{tag}.{media}") or LISTS.get(media) or meaningful(case.body, draw, tag, how == "meant")
    return case, draw(st.sampled_from([0, 1, 2, 3, None]))


def check_refusal(response: Any) -> None:
    """Hold a refusal to RFC 9457."""
    if response.status_code < 400:
        return
    assert response.headers["content-type"] == [PROBLEM_TYPE], response.headers
    told = response.json()
    assert told["status"] == response.status_code
    assert told["detail"] and told["title"] and told["code"]
    assert told["type"].startswith("/problems/")
    if response.status_code == 422:
        assert told["errors"], told
        assert all(each["field"] is not None and each["mend"] for each in told["errors"]), told


def hold_to_description(
    operation: APIOperation[Any, Any, Any, Any], rows: Rows, token: str, examples: int
) -> Counter[int]:
    """Call one operation many times, and count its answers by status."""
    answers: Counter[int] = Counter()
    for how, share in HOW.items():
        answers += _hold(operation, rows, token, how, -(-examples // share))
    return answers


def _hold(operation: APIOperation[Any, Any, Any, Any], rows: Rows, token: str, how: str, examples: int) -> Counter[int]:
    answers: Counter[int] = Counter()

    @settings(
        max_examples=examples, deadline=None, derandomize=True, database=None, phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(calls(operation, how))
    def hold(drawn: tuple[Case, int | None]) -> None:
        case, state = drawn
        if state is not None:
            case.path_parameters = rows.fresh(case.path_parameters or {}, state, operation.label)
        case.body = rows.filled(case.body)
        response = case.call(headers={"Authorization": f"Bearer {token}"})
        answers[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)
        check_refusal(response)

    hold()
    return answers


def run(description: Any, tag: str, rows: Rows, token: str, examples: int) -> dict[str, Counter[int]]:
    """Hold every operation of one tag to the description and name all that are not as described; answers are counted."""
    counted: dict[str, Counter[int]] = {}
    wrong: list[Exception] = []
    for operation in operations_of(description, tag):
        try:
            counted[operation.label] = hold_to_description(operation, rows, token, examples)
        except (AssertionError, ExceptionGroup) as error:
            error.add_note(f"while calling {operation.label}")
            wrong.append(error)
    if wrong:
        raise ExceptionGroup(f"{len(wrong)} operations are not as described", wrong)
    return counted


@pytest.mark.parametrize("tag", TAGS)
def test_every_call_is_answered_as_described(
    description: Any, services: Services, things: Things, almighty: Actor, tag: str
) -> None:
    run(description, tag, Rows(services, almighty), things.token, examples=8)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("tag", TAGS)
def test_every_call_is_answered_as_described_through_the_night(
    description: Any, services: Services, things: Things, almighty: Actor, tag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "MAX_TEMPLATES", 100_000)  # A night writes more of them than an installation may have.
    counted = run(description, tag, Rows(services, almighty), things.token, examples=150)
    failed = {name for name, answers in counted.items() if not any(status < 300 for status in answers)}
    assert failed <= NEVER, {name: counted[name] for name in failed - NEVER}


def test_the_tags_cover_every_route_of_the_api(description: Any, app: Any) -> None:
    described = {(each.method.upper(), each.full_path) for tag in TAGS for each in operations_of(description, tag)}
    routes = {
        (method, rule.rule.replace("<int:", "{").replace("<", "{").replace(">", "}"))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/") and rule.rule != SPEC
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert described == routes


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Bearer ", "Basic YTpi", "Bearer \x7f"])
def test_nobody_without_a_token_is_answered(description: Any, app: Any, header: str | None) -> None:
    client = app.test_client()
    for operation in operations_of(description):
        path = re.sub(r"{\w+}", "1", operation.full_path)
        headers = {} if header is None else {"Authorization": header}
        answer = client.open(path, method=operation.method.upper(), headers=headers)
        assert answer.status_code == 401, (operation.label, answer.status_code)
        assert answer.content_type == PROBLEM_TYPE
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_every_permission_is_asked(description: Any, app: Any, services: Services) -> None:
    with services.db.transaction() as session:
        token = make_token(session, make_officer(session, roles=()))
    client = app.test_client()
    for operation in operations_of(description):
        path = re.sub(r"{\w+}", "1", operation.full_path)
        answer = client.open(path, method=operation.method.upper(), headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 403, (operation.label, answer.status_code)
        assert answer.content_type == PROBLEM_TYPE
