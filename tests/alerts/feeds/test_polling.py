"""From a feed to a draft, once, and never further: polls, updates, duplicates, faults and crashes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from alerts import approval, drafting
from alerts.draft_fields import DraftChanges
from alerts.feeds import intake, polling, sources
from alerts.feeds.models import FeedHazard, FeedSighting, FeedSource
from alerts.feeds.saying import say
from alerts.feeds.sources import SourceFields, wait_after
from alerts.models import Alert, Message
from hotline.auth.officers import actor_of
from hotline.core.actor import SYSTEM
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.notices.models import Notice
from tests.alerts.feeds.loopback_feed import LoopbackFeed
from tests.alerts.feeds.makers import QUAKE_AT, gdacs, item, quake, usgs
from tests.factories import NOW, make_mission, make_officer

Add = Callable[..., int]
Drafts = Callable[[], list[Alert]]
SourceOf = Callable[[int], FeedSource]
MINUTE = timedelta(minutes=1)


def poll_again(services: Services, clock: FrozenClock, source_id: int) -> str:
    clock.advance(2 * MINUTE)
    return polling.poll(services, source_id)


def test_a_strong_earthquake_becomes_a_draft_with_area_and_texts(
    services: Services, server: LoopbackFeed, add_source: Add, drafts: Drafts
) -> None:
    with services.db.transaction() as session:
        mission_id = make_mission(session).id
    source_id = add_source(server.serve("/usgs", usgs(quake(mag=6.4), quake("small", mag=4.0, lat=-30.0))))
    assert polling.poll(services, source_id) == "read"
    (alert,) = drafts()
    assert (alert.state, alert.source, alert.author_id, alert.status) == ("draft", "feed", None, "Actual")
    assert (alert.event, alert.severity, alert.onset) == ("Earthquake", "Severe", QUAKE_AT)
    assert alert.areas == [
        {"description": alert.place, "polygons": [], "circles": [{"center": [14.8, 121.0], "radius_km": 132.0}]}
    ]
    assert alert.mission_id == mission_id
    bodies = alert.bodies()
    assert set(bodies) == {"ko", "en"} and all("{place}" in body and "{time}" in body for body in bodies.values())
    assert "지진" in bodies["ko"]
    with services.db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Message)) == 0
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "alert.drafted")).one()
        assert (entry.actor_kind, entry.after["event"] if entry.after else None) == ("system", "us7000abcd")


def test_a_feeds_draft_can_be_submitted_by_one_and_approved_by_another(
    services: Services, server: LoopbackFeed, add_source: Add, drafts: Drafts
) -> None:
    with services.db.transaction() as session:
        make_mission(session)
    polling.poll(services, add_source(server.serve("/usgs", usgs(quake()))))
    (alert,) = drafts()
    with services.db.transaction() as session:
        author = actor_of(make_officer(session, roles=("author", "approver")), "console")
        approver = actor_of(make_officer(session, roles=("approver",)), "console")
        approval.submit(session, services.clock, services.settings, author, alert.id)
    for who, allowed in ((author, False), (approver, True)):
        with services.db.transaction() as session:
            if not allowed:
                with pytest.raises(approval.Refused):
                    approval.approve(session, services.clock, services.settings, who, alert.id, audience_estimate=1)
            else:
                approval.approve(session, services.clock, services.settings, who, alert.id, audience_estimate=1)


def test_the_same_answer_again_changes_nothing(
    services: Services, clock: FrozenClock, server: LoopbackFeed, add_source: Add, drafts: Drafts
) -> None:
    source_id = add_source(server.serve("/usgs", usgs(quake())))
    polling.poll(services, source_id)
    assert polling.poll(services, source_id) == "skipped", "it is not due"
    assert poll_again(services, clock, source_id) == "read"
    (alert,) = drafts()
    assert alert.version == 1


def test_a_feed_that_has_not_changed_is_asked_with_its_validators(
    services: Services, clock: FrozenClock, server: LoopbackFeed, add_source: Add, source_of: SourceOf
) -> None:
    source_id = add_source(server.serve("/usgs", usgs(quake()), headers={"ETag": '"1"'}))
    polling.poll(services, source_id)
    assert poll_again(services, clock, source_id) == "unchanged"
    row = source_of(source_id)
    assert (row.etag, row.failures, row.succeeded_at) == ('"1"', 0, clock.now())
    assert row.entries == 1, "the figures of the last answer stay"


def test_an_update_reaches_the_untouched_draft(
    services: Services, clock: FrozenClock, server: LoopbackFeed, add_source: Add, drafts: Drafts
) -> None:
    source_id = add_source(server.serve("/usgs", usgs(quake(mag=6.4))))
    polling.poll(services, source_id)
    server.serve("/usgs", usgs(quake(mag=7.1, lat=14.9, place="Quezon City")))
    poll_again(services, clock, source_id)
    (alert,) = drafts()
    assert (alert.severity, alert.place, alert.version) == ("Extreme", "Quezon City", 2)
    assert alert.areas[0]["circles"][0] == {"center": [14.9, 121.0], "radius_km": 214.0}
    with services.db.transaction() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.seq)).all()
    assert actions[-2:] == ["alert.drafted", "alert.refreshed"]


def test_an_update_leaves_an_edited_draft_alone_and_is_kept_beside_it(
    services: Services, clock: FrozenClock, server: LoopbackFeed, add_source: Add, drafts: Drafts
) -> None:
    source_id = add_source(server.serve("/usgs", usgs(quake(mag=6.4))))
    polling.poll(services, source_id)
    (alert,) = drafts()
    with services.db.transaction() as session:
        author = actor_of(make_officer(session), "console")
        drafting.edit(session, services.clock, author, alert.id, 1, DraftChanges(headline="As we see it"))
    server.serve("/usgs", usgs(quake(mag=7.1)))
    poll_again(services, clock, source_id)
    (alert,) = drafts()
    assert (alert.headline, alert.severity, alert.version) == ("As we see it", "Severe", 2)
    with services.db.transaction() as session:
        assert session.scalars(select(FeedSighting)).one().magnitude == 7.1


def test_two_feeds_that_report_one_earthquake_make_one_draft_with_both_on_record(
    services: Services, server: LoopbackFeed, add_source: Add, drafts: Drafts
) -> None:
    first = add_source(server.serve("/usgs", usgs(quake(mag=6.4))))
    second = add_source(
        server.serve("/gdacs", gdacs(item(at=QUAKE_AT + timedelta(seconds=8), severity="6.1"))), "gdacs"
    )
    polling.poll(services, first)
    polling.poll(services, second)
    (alert,) = drafts()
    assert alert.version == 1, "the second feed does not rewrite what the first one said"
    with services.db.transaction() as session:
        rows = session.scalars(select(FeedSighting).order_by(FeedSighting.id)).all()
        hazard = session.scalars(select(FeedHazard)).one()
        assert [(row.source_id, row.hazard_id) for row in rows] == [(first, hazard.id), (second, hazard.id)]
        assert hazard.alert_id == alert.id


def test_a_second_feed_that_finds_it_graver_is_listened_to(
    services: Services, server: LoopbackFeed, add_source: Add, drafts: Drafts
) -> None:
    polling.poll(services, add_source(server.serve("/usgs", usgs(quake(mag=6.4)))))
    polling.poll(services, add_source(server.serve("/gdacs", gdacs(item(level="Red"))), "gdacs"))
    (alert,) = drafts()
    assert (alert.severity, alert.version) == ("Extreme", 2)


def test_two_earthquakes_in_one_place_are_two_drafts(
    services: Services, server: LoopbackFeed, add_source: Add, drafts: Drafts
) -> None:
    second = quake("us7000wxyz", at=QUAKE_AT + timedelta(minutes=5), mag=6.1)
    polling.poll(services, add_source(server.serve("/usgs", usgs(quake(), second))))
    assert len(drafts()) == 2


@pytest.mark.parametrize(
    "old", [quake(at=NOW - timedelta(hours=25)), quake(at=NOW - timedelta(days=900)), quake(mag=5.9), quake(mag=None)]
)
def test_old_and_weak_events_are_not_drafted(
    services: Services, server: LoopbackFeed, add_source: Add, drafts: Drafts, old: dict[str, object]
) -> None:
    polling.poll(services, add_source(server.serve("/usgs", usgs(old))))
    assert drafts() == []


def test_an_event_that_grows_over_the_threshold_is_drafted_then(
    services: Services, clock: FrozenClock, server: LoopbackFeed, add_source: Add, drafts: Drafts
) -> None:
    source_id = add_source(server.serve("/usgs", usgs(quake(mag=5.8))))
    polling.poll(services, source_id)
    server.serve("/usgs", usgs(quake(mag=6.0)))
    poll_again(services, clock, source_id)
    assert len(drafts()) == 1


def test_a_withdrawn_draft_comes_back_only_when_the_event_is_graver(
    services: Services, clock: FrozenClock, server: LoopbackFeed, add_source: Add, drafts: Drafts
) -> None:
    source_id = add_source(server.serve("/usgs", usgs(quake(mag=6.1))))
    polling.poll(services, source_id)
    with services.db.transaction() as session:
        approval.cancel(session, services.clock, SYSTEM, drafts()[0].id, reason="far from anybody")
    for mag, expected in ((6.3, 1), (7.2, 2), (7.3, 2)):
        server.serve("/usgs", usgs(quake(mag=mag)))
        poll_again(services, clock, source_id)
        assert len(drafts()) == expected, mag


def test_polls_at_the_same_time_fetch_once(
    services: Services, server: LoopbackFeed, add_source: Add, drafts: Drafts
) -> None:
    source_id = add_source(server.serve("/usgs", usgs(quake())))
    results: list[str] = []
    threads = [threading.Thread(target=lambda: results.append(polling.poll(services, source_id))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(results) == ["read", "skipped", "skipped"]
    assert len(server.asked) == 1 and len(drafts()) == 1


def test_two_feeds_at_the_same_time_still_make_one_draft(
    services: Services, server: LoopbackFeed, add_source: Add, drafts: Drafts
) -> None:
    first = add_source(server.serve("/usgs", usgs(quake())))
    second = add_source(server.serve("/gdacs", gdacs(item())), "gdacs")
    both = threading.Barrier(2, timeout=10)
    server.before_answer = lambda: both.wait() and None
    threads = [threading.Thread(target=polling.poll, args=(services, source_id)) for source_id in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(drafts()) == 1


def test_a_poller_that_died_leaves_a_lease_that_runs_out(
    services: Services, clock: FrozenClock, server: LoopbackFeed, add_source: Add, drafts: Drafts
) -> None:
    source_id = add_source(server.serve("/usgs", usgs(quake())))
    with services.db.transaction() as session:
        session.execute(update(FeedSource).values(lease_until=clock.now() + polling.LEASE))
    assert polling.sweep(services) == 0
    assert polling.poll(services, source_id) == "skipped"
    clock.advance(polling.LEASE)
    assert polling.sweep(services) == 1
    assert polling.poll(services, source_id) == "read"
    assert len(drafts()) == 1


def test_a_death_between_draft_and_record_makes_no_second_draft(
    services: Services,
    clock: FrozenClock,
    server: LoopbackFeed,
    add_source: Add,
    drafts: Drafts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source_id = add_source(server.serve("/usgs", usgs(quake())))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(polling, "_record", die)
        with pytest.raises(KeyboardInterrupt):
            polling.poll(services, source_id)
    clock.advance(polling.LEASE)
    assert polling.poll(services, source_id) == "read"
    assert len(drafts()) == 1


def test_failures_in_a_row_double_the_wait_and_a_success_ends_it(
    services: Services, clock: FrozenClock, server: LoopbackFeed, add_source: Add, source_of: SourceOf
) -> None:
    source_id = add_source(server.serve("/usgs", b"", status=500))
    for failures, wait_s in ((1, 120), (2, 240), (3, 480)):
        polling.poll(services, source_id)
        row = source_of(source_id)
        assert (row.failures, row.next_poll_at) == (failures, clock.now() + timedelta(seconds=wait_s))
        assert say(row.last_error or "") == "The server answered 500."
        clock.set(row.next_poll_at)
    server.serve("/usgs", usgs())
    assert polling.poll(services, source_id) == "read"
    row = source_of(source_id)
    assert (row.failures, row.last_error, row.next_poll_at) == (0, None, clock.now() + MINUTE)


def test_the_wait_is_bounded() -> None:
    assert wait_after(60, 1_000_000) == timedelta(hours=1)
    assert wait_after(86_400, 3) == timedelta(days=1)


@pytest.mark.parametrize("body", [b"{", b"<html/>", b"[]", b"\x1f\x8b"])
def test_a_malformed_feed_is_a_failure_and_not_an_end(
    services: Services, server: LoopbackFeed, add_source: Add, source_of: SourceOf, body: bytes
) -> None:
    source_id = add_source(server.serve("/usgs", body))
    assert polling.poll(services, source_id) not in ("read", "skipped")
    assert source_of(source_id).failures == 1
    assert source_of(source_id).lease_until is None


def test_a_fault_of_our_own_is_recorded_and_raised(
    services: Services, server: LoopbackFeed, add_source: Add, source_of: SourceOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    source_id = add_source(server.serve("/usgs", usgs(quake())))

    def break_down(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(polling, "take", break_down)
    with pytest.raises(ZeroDivisionError):
        polling.poll(services, source_id)
    row = source_of(source_id)
    assert (row.failures, row.lease_until) == (1, None)
    assert "ZeroDivisionError" in (row.last_error or "")


def test_an_answer_to_the_old_settings_is_not_recorded_under_the_new_ones(
    services: Services, clock: FrozenClock, server: LoopbackFeed, add_source: Add, source_of: SourceOf
) -> None:
    url = server.serve("/usgs", usgs(), headers={"ETag": '"old"'})
    source_id = add_source(url)

    def change() -> None:
        fields = SourceFields(name="other", url=url, kind="usgs", threshold="5.0", interval_s=60)
        with services.db.transaction() as session:
            sources.change(session, clock, SYSTEM, source_id, fields, allow_private=True)

    server.before_answer = change
    polling.poll(services, source_id)
    row = source_of(source_id)
    assert (row.etag, row.polled_at, row.version, row.next_poll_at) == (None, None, 2, clock.now())


def test_a_source_that_is_switched_off_is_left_alone(services: Services, server: LoopbackFeed, add_source: Add) -> None:
    source_id = add_source(server.serve("/usgs", usgs(quake())), enabled=False)
    assert polling.sweep(services) == 0
    assert polling.poll(services, source_id) == "skipped"
    assert server.asked == []


def test_private_addresses_are_not_polled_unless_the_settings_allow_it(
    services: Services, server: LoopbackFeed, add_source: Add, source_of: SourceOf
) -> None:
    source_id = add_source(server.serve("/usgs", usgs(quake())))
    services.settings.feeds_allow_private = False
    assert "private network" in polling.poll(services, source_id)
    assert server.asked == []
    assert source_of(source_id).failures == 1


def test_a_flood_of_disasters_is_drafted_in_portions(
    services: Services, clock: FrozenClock, server: LoopbackFeed, add_source: Add, drafts: Drafts
) -> None:
    many = [quake(f"q{number}", lat=-80.0 + 5 * number, lon=3.0 * number) for number in range(25)]
    source_id = add_source(server.serve("/usgs", usgs(*many)))
    polling.poll(services, source_id)
    assert len(drafts()) == intake.MAX_DRAFTS_PER_POLL
    poll_again(services, clock, source_id)
    assert len(drafts()) == 25


def test_the_duty_officer_is_rung_once_for_each_draft(
    services: Services, clock: FrozenClock, server: LoopbackFeed, add_source: Add
) -> None:
    services.settings.duty_numbers = "+821012345678, +821087654321"
    source_id = add_source(server.serve("/usgs", usgs(quake())))
    polling.poll(services, source_id)
    server.serve("/usgs", usgs(quake(mag=6.5)))
    poll_again(services, clock, source_id)
    with services.db.transaction() as session:
        rows = session.scalars(select(Notice).order_by(Notice.id)).all()
        assert [(row.phone, row.purpose) for row in rows] == [("+821012345678", "duty"), ("+821087654321", "duty")]
        assert "M 6.4" in rows[0].body and "[당직] AL-" in rows[0].body and "/alerts/" in rows[0].body
