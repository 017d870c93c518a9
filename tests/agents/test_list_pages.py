"""The list of agents in pages: thousands of volunteers are agents, and every open page fetches its part with each change."""

from __future__ import annotations

import re

from hotline.agents.pages import PAGE_ROWS
from hotline.core.services import Services
from tests.auth.conftest import Visitor, visitor  # noqa: F401 - a fixture by its name
from tests.factories import make_officer
from tests.queues.making import make_agent

_ROW = re.compile(r'id="state-of-(\d+)"')


def _shown(page: str) -> list[int]:
    return [int(each) for each in _ROW.findall(page)]


def test_every_agent_is_on_exactly_one_page_and_an_open_page_fetches_its_own_part(
    services: Services,
    visitor: Visitor,  # noqa: F811
) -> None:
    with services.db.transaction() as session:
        everybody = {make_agent(session, state="offline").id for _ in range(PAGE_ROWS + 20)}
        on_duty = make_agent(session, state="ready").id
        senior = make_officer(session, roles=("senior_agent",)).name
    visitor.sign_in(senior)
    first = visitor.get("/agents").get_data(as_text=True)
    second = visitor.get("/agents?page=2").get_data(as_text=True)
    assert _shown(first)[0] == on_duty, "who is on duty stands before who is off"
    assert len(_shown(first)) == PAGE_ROWS
    assert sorted([*_shown(first), *_shown(second)]) == sorted({*everybody, on_duty})
    assert 'data-live-src="/agents/rows?page=2"' in second and 'href="/agents?page=1"' in second
    assert 'rel="next"' in first and 'rel="next"' not in second
    assert _shown(visitor.get("/agents/rows?page=2").get_data(as_text=True)) == _shown(second)
    narrowed = visitor.get("/agents?state=offline&page=2").get_data(as_text=True)
    assert 'data-live-src="/agents/rows?state=offline&amp;page=2"' in narrowed and len(_shown(narrowed)) == 20


def test_a_page_that_is_no_number_is_the_first_and_one_beyond_the_end_leads_back(
    services: Services,
    visitor: Visitor,  # noqa: F811
) -> None:
    with services.db.transaction() as session:
        agent_id = make_agent(session).id
        senior = make_officer(session, roles=("senior_agent",)).name
    visitor.sign_in(senior)
    for odd in ("0", "-1", "x", "１", "99999999999999999999"):
        assert _shown(visitor.get(f"/agents?page={odd}").get_data(as_text=True)) == [agent_id]
    beyond = visitor.get("/agents?page=9999")
    assert beyond.status_code == 200 and _shown(beyond.get_data(as_text=True)) == []
