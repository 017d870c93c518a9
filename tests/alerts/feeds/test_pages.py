"""The pages of the sources: who may change them, what they say of a poll, and what officers see beside a draft."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select

from alerts import drafting
from alerts.draft_fields import DraftChanges
from alerts.feeds import polling, sources
from alerts.feeds.models import FeedSource
from alerts.feeds.sources import THRESHOLDS, SourceFields
from alerts.models import Alert
from hotline.auth.officers import actor_of
from hotline.core.actor import SYSTEM
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.errors import InvalidInput, Refused
from hotline.core.services import Services
from tests.alerts.console.conftest import Officials
from tests.alerts.feeds.loopback_feed import LoopbackFeed
from tests.alerts.feeds.makers import quake, usgs

Add = Callable[..., int]
FORM = {
    "name": "USGS", "url": "https://earthquake.example/all_day.geojson", "kind": "usgs", "threshold": "6.5",
    "interval_s": "60", "enabled": "1",
}  # fmt: skip


def page(officials: Officials, path: str = "/alerts/feeds", role: str = "author") -> str:
    answer = officials[role].client.get(path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_without_sources_the_page_offers_to_add_one(officials: Officials) -> None:
    shown = page(officials)
    assert "No sources yet" in shown and "Add a source" in shown
    assert "Add a source" not in page(officials, role="auditor")


def test_an_author_adds_a_source_and_it_is_polled_at_once(officials: Officials, services: Services) -> None:
    answer = officials["author"].post("/alerts/feeds/new", data=FORM)
    assert answer.status_code == 302
    with services.db.transaction() as session:
        row = session.scalars(select(FeedSource)).one()
        assert (row.name, row.kind, row.threshold, row.interval_s, row.enabled) == ("USGS", "usgs", "6.5", 60, True)
        assert row.next_poll_at == services.clock.now()
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "feed.added")).one()
        assert entry.actor_id == officials.people["author"].id
    shown = page(officials)
    assert "Not asked yet" in shown and "Magnitude 6.5" in shown


@pytest.mark.parametrize("role", ["approver", "agent", "auditor", "mission_officer"])
def test_others_may_look_and_not_change(officials: Officials, role: str) -> None:
    assert officials[role].client.get("/alerts/feeds").status_code == 200
    assert officials[role].client.get("/alerts/feeds/new").status_code == 403
    assert officials[role].post("/alerts/feeds/new", data=FORM).status_code == 403


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": " "}, "Give a name"), ({"url": "ftp://x.example/"}, "public address"),
        ({"url": "http://127.0.0.1/x"}, "public address"), ({"url": "http://localhost/x"}, "public address"),
        ({"url": "http://[::1]/x"}, "public address"), ({"url": "http://10.0.0.1/x"}, "public address"),
        ({"kind": "rss"}, "what kind of feed"), ({"threshold": "Orange"}, "does not belong"),
        ({"interval_s": "5"}, "30 to 86400"), ({"interval_s": "soon"}, "30 to 86400"), ({"interval_s": "1e9"}, "30 to"),
    ],
)  # fmt: skip
def test_a_bad_field_is_named_and_what_was_typed_stays(
    officials: Officials, services: Services, change: dict[str, str], words: str
) -> None:
    answer = officials["author"].post("/alerts/feeds/new", data=FORM | {"name": "My feed"} | change)
    assert answer.status_code == 422
    shown = answer.get_data(as_text=True)
    assert words in shown and 'aria-invalid="true"' in shown
    if "name" not in change:
        assert "My feed" in shown
    with services.db.transaction() as session:
        assert session.scalar(select(FeedSource.id)) is None


def test_the_same_address_twice_is_refused(officials: Officials) -> None:
    officials["administrator"].post("/alerts/feeds/new", data=FORM)
    answer = officials["administrator"].post("/alerts/feeds/new", data=FORM | {"name": "again"})
    assert answer.status_code == 409 and "a source already" in answer.get_data(as_text=True)


def test_a_change_starts_afresh_and_is_on_the_trail(
    officials: Officials, services: Services, server: LoopbackFeed, add_source: Add
) -> None:
    url = server.serve("/usgs", b"", status=500)
    source_id = add_source(url)
    polling.poll(services, source_id)
    answer = officials["author"].post(f"/alerts/feeds/{source_id}", data=FORM | {"url": url, "threshold": "5.0"})
    assert answer.status_code == 302
    with services.db.transaction() as session:
        row = session.get_one(FeedSource, source_id)
        assert (row.threshold, row.failures, row.last_error, row.version) == ("5.0", 0, None, 2)
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "feed.changed")).one()
        assert entry.before is not None and entry.before["threshold"] == "6.0"


def test_a_failing_source_says_so(
    officials: Officials, services: Services, server: LoopbackFeed, add_source: Add
) -> None:
    polling.poll(services, add_source(server.serve("/usgs", b"", status=503)))
    shown = page(officials)
    assert "Failing" in shown and "The server answered 503." in shown


def test_the_list_shows_what_came_in_and_what_came_of_it(
    officials: Officials, services: Services, server: LoopbackFeed, add_source: Add
) -> None:
    polling.poll(services, add_source(server.serve("/usgs", usgs(quake(mag=6.4), {"id": "broken"}))))
    shown = page(officials)
    assert "Responding" in shown and "2 entries" in shown and "1 of them unreadable" in shown
    assert "M 6.4 - 20 km N of Manila, Philippines" in shown and "/alerts/1" in shown
    fragment = officials["author"].client.get("/alerts/feeds", headers={"X-Fragment": "1"}).get_data(as_text=True)
    assert "<html" not in fragment and "M 6.4" in fragment


def test_an_incident_is_opened_from_a_feeds_draft(
    officials: Officials, services: Services, server: LoopbackFeed, add_source: Add
) -> None:
    polling.poll(services, add_source(server.serve("/usgs", usgs(quake(mag=6.4)))))
    assert "/incidents/new?from=alert:1" in page(officials, role="duty_chief")
    form = page(officials, "/incidents/new?from=alert:1", "duty_chief")
    assert 'value="alert:1"' in form and 'value="14.8"' in form and 'value="121.0"' in form
    assert re.search(r'<option value="earthquake"[^>]* selected', form), "the feed's hazard is its kind"


def test_the_overview_shows_drafts_that_wait_for_somebody(
    officials: Officials, services: Services, server: LoopbackFeed, add_source: Add
) -> None:
    assert "No draft of a feed waits for anybody." in page(officials, "/alerts/feeds/panel")
    polling.poll(services, add_source(server.serve("/usgs", usgs(quake(mag=6.4)))))
    assert "20 km N of Manila" in page(officials, "/alerts/feeds/panel")
    assert "Drafts from feeds" in page(officials, "/")


def test_an_edited_draft_shows_what_its_source_says_now(
    officials: Officials, services: Services, clock: FrozenClock, server: LoopbackFeed, add_source: Add
) -> None:
    source_id = add_source(server.serve("/usgs", usgs(quake(mag=6.4))), name="Survey")
    polling.poll(services, source_id)
    assert officials["author"]
    who = actor_of(officials.people["author"], "console")
    with services.db.transaction() as session:
        alert = session.scalars(select(Alert)).one()
        drafting.edit(session, clock, who, alert.id, 1, DraftChanges(headline="As we see it"))
    for path in (f"/alerts/{alert.id}", f"/alerts/{alert.id}/edit"):
        shown = page(officials, path)
        assert "Survey" in shown and "Differs from the draft" not in shown
    server.serve("/usgs", usgs(quake(mag=7.1)))
    clock.set(next_poll_of(services, source_id))
    polling.poll(services, source_id)
    for path in (f"/alerts/{alert.id}", f"/alerts/{alert.id}/edit"):
        shown = page(officials, path)
        assert "Differs from the draft" in shown and "<del>6.4</del>" in shown and "<ins>7.1</ins>" in shown


def next_poll_of(services: Services, source_id: int) -> datetime:
    with services.db.transaction() as session:
        return session.get_one(FeedSource, source_id).next_poll_at


def test_every_kind_has_its_thresholds_in_order() -> None:
    assert THRESHOLDS["gdacs"] == ("Orange", "Red")
    assert THRESHOLDS["cap"] == ("Minor", "Moderate", "Severe", "Extreme")
    assert [float(each) for each in THRESHOLDS["usgs"]] == sorted(float(each) for each in THRESHOLDS["usgs"])


def test_there_is_an_end_to_sources(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_SOURCES", 1)
    for number, expected in ((1, None), (2, Refused)):
        fields = SourceFields(f"feed {number}", f"https://feed.example/{number}", "usgs", "6.0", 60)
        with services.db.transaction() as session:
            if expected is None:
                sources.add(session, services.clock, SYSTEM, fields, allow_private=False)
            else:
                with pytest.raises(expected):
                    sources.add(session, services.clock, SYSTEM, fields, allow_private=False)


def test_a_name_of_the_inner_network_is_refused_like_its_address(services: Services) -> None:
    fields = SourceFields("feed", "https://db.localhost/x", "usgs", "6.0", 60)
    with services.db.transaction() as session, pytest.raises(InvalidInput):
        sources.add(session, services.clock, SYSTEM, fields, allow_private=False)
