"""Telling a relative once more, what officers see of texts, and that the outbox hands its facts to these handlers."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

import wsgi
from hotline.core import outbox
from hotline.core.clock import FrozenClock
from hotline.core.errors import Forbidden, NotFound, Refused
from hotline.core.services import Services
from remittance.own_page.links import end_relative_links
from remittance.requests.models import Remittance
from remittance.telling import again, telling
from remittance.telling.composing import compose
from tests.auth.conftest import Visitor
from tests.factories import make_officer, make_token
from tests.remittance.requests.making import make_actor, make_approved, make_case, make_hong_kong, make_remittance
from tests.remittance.telling.making import facts, go, make_quote, tell_all, texts

RELATIVE = "+821020000011"


@pytest.fixture
def one(services: Services) -> Remittance:
    """Return a remittance of which the relative was told what to deposit."""
    with services.db.transaction() as session:
        approved = make_approved(session, services.clock)
        make_quote(session, services.clock, approved)
    go(services, approved.id, "quote")
    tell_all(services)
    return approved


def tell(services: Services, remittance_id: int, *roles: str, **more: Any) -> int:
    with services.db.transaction() as session:
        actor = make_actor(session, services.clock, *(roles or ("agent",)), **more)
        return again.tell_again(session, services, actor, remittance_id)


def to_relative(services: Services) -> list[str]:
    return [body for phone, body in texts(services) if phone == RELATIVE]


def test_after_links_were_ended_the_new_text_has_a_new_link(
    services: Services, clock: FrozenClock, one: Remittance
) -> None:
    tell(services, one.id)
    with pytest.raises(Refused, match="a moment ago"):
        tell(services, one.id)
    with services.db.transaction() as session:
        end_relative_links(session, clock, make_actor(session, clock, "duty_chief"), one.id)
    tell(services, one.id)
    links = [body.rpartition("/r/")[2] for body in to_relative(services)]
    assert len(links) == 3 and links[0] == links[1] != links[2]
    clock.advance(timedelta(hours=25))
    with pytest.raises(Refused) as caught:
        tell(services, one.id)
    assert caught.value.code == "nothing-to-tell", "nobody is asked for a deposit after its time"


def test_who_may_not_be_told_or_may_not_tell(services: Services, one: Remittance) -> None:
    with pytest.raises(Forbidden):
        tell(services, one.id, "auditor")
    with services.db.transaction() as session:
        other = make_hong_kong(session, code="elsewhere")
        silent = make_remittance(session, services.clock, payer_phone="", consent=False)
        early = make_remittance(session, services.clock)
        drill = make_remittance(session, services.clock, case=make_case(session, services.clock, drill=True))
    with pytest.raises(NotFound):
        tell(services, one.id, "mission_officer", mission=other)
    for remittance, code in ((silent, "relative-not-told"), (drill, "relative-not-told"), (early, "nothing-to-tell")):
        with pytest.raises(Refused) as caught:
            tell(services, remittance.id)
        assert caught.value.code == code
    go(services, early.id, "cancel")
    with pytest.raises(Refused):
        tell(services, early.id)  # never asked for a deposit, so not told of the end


def test_a_hold_is_told_again_in_the_same_neutral_words(services: Services, one: Remittance) -> None:
    go(services, one.id, "hold")
    tell(services, one.id)
    assert "입금하지 마세요" in to_relative(services)[-1]


def test_officers_see_that_and_not_what_was_told(services: Services, app: Any, one: Remittance) -> None:
    with services.db.transaction() as session:
        agent = make_officer(session, roles=("agent",))
        token = make_token(session, agent)
    visitor = Visitor(app.test_client())
    visitor.sign_in(agent.name)
    panel = visitor.get(f"/remittances/{one.id}/texts").get_data(as_text=True)
    assert "Relative" in panel and "waiting" in panel and "/r/" not in panel and "1,450,000" not in panel
    assert visitor.post(f"/remittances/{one.id}/texts/again").status_code == 302
    page = visitor.get(f"/remittances/{one.id}").get_data(as_text=True)
    assert "The text goes out." in page and "Tell the relative again" in page
    api = app.test_client().post(
        f"/api/v1/remittances/{one.id}/texts/again", headers={"Authorization": f"Bearer {token}"}
    )
    assert api.status_code == 409 and api.json["code"] == "told-just-now"


def test_two_workers_with_one_fact_send_one_text(services: Services, one: Remittance) -> None:
    go(services, one.id, "quote_again")
    fact = facts(services)[-1]
    workers = [threading.Thread(target=telling.tell, args=(services, fact)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert len(to_relative(services)) == 2


def test_the_outbox_hands_every_step_to_the_handlers(services: Services) -> None:
    with services.db.transaction() as session:
        make_approved(session, services.clock)
    handlers = wsgi.build_registry().handlers
    assert {"telling.tell", "telling.timeline"} <= {name for name, _ in handlers["RemittanceMoved"]}
    outbox.deliver_due(services, handlers)
    assert any("승인" in body for _, body in texts(services))


def test_a_death_between_both_texts_leaves_none_and_the_next_try_both(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    with services.db.transaction() as session:
        one = make_approved(session, services.clock)
        make_quote(session, services.clock, one)
    go(services, one.id, "quote")
    fact = facts(services)[-1]

    def dies(*given: Any) -> str | None:
        if given[3] == "relative":
            raise SystemExit("the process died here")
        return compose(*given)

    monkeypatch.setattr(telling, "compose", dies)
    with pytest.raises(SystemExit):
        telling.tell(services, fact)
    assert texts(services) == []
    monkeypatch.setattr(telling, "compose", compose)
    telling.tell(services, fact)
    assert len(texts(services)) == 2
