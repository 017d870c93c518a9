"""Updates, all-clears and corrections refer to what was published before them, whatever order the facts arrive in."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from alerts.cap.model import CapAlert
from alerts.cap.read import read_cap
from alerts.cap.schema import schema_faults
from alerts.follow.correcting import stop_and_correct
from alerts.publish import publishing
from alerts.publish.models import CapDocument
from hotline.auth.officers import actor_of
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from tests.alerts.follow.conftest import Chain
from tests.factories import make_officer

Published = Callable[[], list[CapDocument]]


@pytest.fixture
def chain(services: Services, clock: FrozenClock) -> Chain:
    made = Chain(services, clock)
    made.person()
    return made


def follow(chain: Chain, msg_type: str) -> int:
    """Add and start the next alert of the chain, a minute later."""
    chain.clock.advance(timedelta(minutes=1))
    alert_id = chain.add(msg_type)
    chain.start(alert_id)
    return alert_id


def caps(rows: list[CapDocument]) -> list[CapAlert]:
    assert all(schema_faults(row.body) == [] for row in rows)
    return [read_cap(row.body).alert for row in rows]


def names(cap: CapAlert) -> list[str]:
    return [reference.identifier for reference in cap.references]


def test_an_update_and_an_all_clear_name_everything_before_them(
    chain: Chain, deliver: Callable[[], int], published: Published
) -> None:
    chain.first()
    follow(chain, "Update")
    follow(chain, "Cancel")
    deliver()
    rows = published()
    first, second, third = caps(rows)
    assert [cap.msg_type for cap in (first, second, third)] == ["Alert", "Update", "Cancel"]
    assert (names(first), names(second)) == ([], [first.identifier])
    assert names(third) == [first.identifier, second.identifier]
    for reference, row in zip(third.references, rows, strict=False):
        assert reference.match(sender=row.sender, identifier=row.identifier, sent=row.sent) == "exact"
    assert second.infos[0].description == "alert ko", "an update replaces the warning, so it says all of it"
    assert (third.infos[0].description, third.infos[0].response_types) == ("all_clear ko", ("AllClear",))
    assert third.infos[0].areas == ()


def test_an_update_whose_chain_was_never_public_is_published_as_a_new_alert(
    services: Services, chain: Chain, deliver: Callable[[], int], published: Published
) -> None:
    chain.first(scope="Restricted")
    chain.clock.advance(timedelta(minutes=1))
    chain.start(chain.add("Update"))
    deliver()
    (cap,) = caps(published())
    assert (cap.msg_type, cap.references) == ("Alert", ())


def test_the_all_clear_of_what_was_never_public_is_not_published(
    chain: Chain, deliver: Callable[[], int], published: Published
) -> None:
    chain.first(scope="Restricted")
    follow(chain, "Cancel")
    deliver()
    assert published() == []


def test_what_arrives_after_its_own_update_is_not_published_any_more(chain: Chain, published: Published) -> None:
    first = chain.first()
    second = follow(chain, "Update")
    publishing.on_dispatched(chain.services, {"alert_id": second})
    publishing.on_dispatched(chain.services, {"alert_id": first})
    (cap,) = caps(published())
    assert cap.msg_type == "Alert" and cap.identifier.startswith(f"AL-{second:06d}-")


def test_two_workers_with_two_alerts_of_one_chain_keep_their_order(chain: Chain, published: Published) -> None:
    ids = [chain.first(), follow(chain, "Update")]
    threads = [
        threading.Thread(target=publishing.on_dispatched, args=(chain.services, {"alert_id": each})) for each in ids * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    found = caps(published())
    assert [cap.msg_type for cap in found] in (["Alert"], ["Alert", "Update"])
    assert all(names(cap) == [before.identifier] for before, cap in itertools.pairwise(found))


def test_a_correction_withdraws_the_warning_and_gives_no_all_clear(
    services: Services, chain: Chain, deliver: Callable[[], int], published: Published
) -> None:
    first = chain.first()
    deliver()
    with services.db.transaction() as session:
        officer = actor_of(make_officer(session), "console")
        correction = stop_and_correct(session, chain.clock, officer, first, reason="it was a drill")
    chain.start(correction.id)
    deliver()
    found = caps(published())
    assert (found[0].msg_type, found[-1].msg_type) == ("Alert", "Cancel")
    assert found[-1].infos[0].description == "correction ko"
    assert found[-1].infos[0].response_types == ()
    assert names(found[-1])[0] == found[0].identifier
