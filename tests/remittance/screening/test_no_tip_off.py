"""Whoever waits for money learns nothing of why: texts, own pages and the API are letter for letter those of any other hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.notices.models import Notice
from remittance.own_page import shown
from remittance.own_page.links import relative_link
from remittance.requests import moving, reviewing
from remittance.requests.models import RemittanceChange
from remittance.screening import clearing, holding
from remittance.screening.models import ScreeningFinding
from tests.factories import make_officer, make_token
from tests.remittance.requests.making import make_actor, make_approved
from tests.remittance.screening.making import make_list
from tests.remittance.telling.making import go, make_quote, tell_all


@dataclass
class Told:
    """What the traveller, the relative and an agent's programme read."""

    texts: list[str]
    pages: list[str]
    own: tuple[str, Any]
    story: Any


def same(text: str, *words: str) -> str:
    """Return a text without what is another's by nature: numbers, references and the addresses of own pages."""
    for word in words:
        text = text.replace(word, "#")
    text = re.sub(r"<svg.*?</svg>", "#", text, flags=re.S)  # the reference as a code
    return re.sub(r"/[rp]/[\w.~-]+", "/#", text)


def told(services: Services, app: Any, remittance_id: int) -> Told:
    """Send all texts, and read everything that others than those who see findings can read."""
    tell_all(services)
    client = app.test_client()
    with services.db.transaction() as session:
        one = moving.get(session, remittance_id)
        texts = session.scalars(
            select(Notice.body).where(Notice.dedupe_key.startswith(f"remittance:{one.id}:")).order_by(Notice.id)
        ).all()
        path = "/r/" + relative_link(session, services.settings, one).rpartition("/")[2]
        own = (shown.traveller_words(one), shown.steps_of(one))
        token = make_token(session, make_officer(session, roles=("agent",)))
    names = (one.number, one.reference, f"{one.reference[:4]}-{one.reference[4:]}")
    pages = [client.get(path + more).get_data(as_text=True) for more in ("", "?lang=en")]
    story = client.get(f"/api/v1/remittances/{one.id}", headers={"Authorization": f"Bearer {token}"}).json
    for name in ("id", "number", "reference", "case_id", "mission_id"):
        story.pop(name)
    return Told([same(each, *names) for each in texts], [same(each, *names) for each in pages], own, story)


@pytest.mark.parametrize("lifted", [False, True])
def test_a_hold_by_a_list_reads_as_a_hold_by_hand(
    services: Services, clock: FrozenClock, app: Any, lifted: bool
) -> None:
    found = []
    for by_hand in (True, False):
        with services.db.transaction() as session:
            # By hand first, before there is a list; both have the same name.
            one = make_approved(session, clock, payee_name="OH DEOKSAM", payer_phone="+82 10-2000-0011")
            make_quote(session, clock, one)
        go(services, one.id, "quote")
        with services.db.transaction() as session:
            if by_hand:
                chief = make_actor(session, clock, "duty_chief")
                reviewing.decide(session, clock, chief, one.id, "hold", reason="To be looked into")
            else:
                make_list(session, clock)
        if not by_hand:
            holding.on_moved(services, {"remittance_id": one.id})
        with services.db.transaction() as session:
            fresh = make_actor(session, clock, "duty_chief")
            assert moving.get(session, one.id).held_state == "quoted"
            if lifted and by_hand:
                reviewing.lift(session, clock, fresh, one.id, reason="Fine")
            elif lifted:
                for finding_id in session.scalars(select(ScreeningFinding.id).where(ScreeningFinding.state == "open")):
                    clearing.clear(session, clock, fresh, finding_id, reason="Somebody else")
        with services.db.transaction() as session:
            assert moving.get(session, one.id).state == ("quoted" if lifted else "on_hold")
        found.append(told(services, app, one.id))
    assert found[0].texts == found[1].texts and found[0].texts
    assert found[0].pages == found[1].pages and found[0].own == found[1].own
    assert found[0].story == found[1].story


def test_no_word_of_ours_about_a_remittance_names_a_list(services: Services, clock: FrozenClock, app: Any) -> None:
    with services.db.transaction() as session:
        make_list(session, clock)
        one = make_approved(session, clock)
        one.payee_name = "OH DEOKSAM"
    holding.on_moved(services, {"remittance_id": one.id})
    with services.db.transaction() as session:
        changes = session.scalars(select(RemittanceChange).where(RemittanceChange.event == "hold")).all()
        assert [(each.reason, each.facts) for each in changes] == [("", {})]
