"""CAP feeds: each message is drafted once, what replaces or cancels it is understood, and nothing is fetched for ever."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from alerts.feeds import polling
from alerts.feeds.fetch import Fetched
from alerts.feeds.models import FeedSighting, FeedSource
from alerts.feeds.saying import FeedFault
from alerts.models import Alert
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from tests.alerts.feeds.loopback_feed import LoopbackFeed
from tests.alerts.feeds.makers import atom, cap_message
from tests.alerts.feeds.test_polling import poll_again
from tests.factories import NOW

Add = Callable[..., int]
Drafts = Callable[[], list[Alert]]
SourceOf = Callable[[int], FeedSource]


def cap_source(server: LoopbackFeed, add_source: Add, *documents: tuple[str, bytes], **more: object) -> int:
    for name, data in documents:
        server.serve(f"/{name}", data)
    return add_source(server.serve("/cap", atom(*((name, "1", name) for name, _ in documents))), "cap", **more)


def test_a_cap_feeds_messages_become_drafts_once_each(
    services: Services, clock: FrozenClock, server: LoopbackFeed, add_source: Add, drafts: Drafts
) -> None:
    source_id = cap_source(
        server, add_source, ("a.xml", cap_message("W-1")), ("b.xml", cap_message("W-2", severity="Minor")),
        ("c.xml", cap_message("W-3", status="Exercise")), ("d.xml", b"<broken"),
    )  # fmt: skip
    assert polling.poll(services, source_id) == "read"
    poll_again(services, clock, source_id)
    (alert,) = drafts()
    assert (alert.source, alert.cap_identifier, alert.author_id) == ("feed", "W-1", None)
    assert [path for path, _ in server.asked].count("/a.xml") == 1, "what is known is not fetched again"
    with services.db.transaction() as session:
        notes = dict(session.execute(select(FeedSighting.external_id, FeedSighting.note)).tuples().all())
    assert notes["a.xml"] is None
    assert "below" in (notes["b.xml"] or "") and "Exercise" in (notes["c.xml"] or "") and notes["d.xml"]


def test_a_document_that_cannot_be_fetched_is_tried_again(
    services: Services, clock: FrozenClock, server: LoopbackFeed, add_source: Add, drafts: Drafts, source_of: SourceOf
) -> None:
    source_id = cap_source(server, add_source, ("a.xml", b""))
    server.pages["/cap"].headers["ETag"] = '"1"'
    server.serve("/a.xml", b"", status=503)
    assert polling.poll(services, source_id) == "read"
    assert (source_of(source_id).unreadable, source_of(source_id).etag) == (1, None), "the feed must come again"
    server.serve("/a.xml", cap_message())
    poll_again(services, clock, source_id)
    assert len(drafts()) == 1
    assert source_of(source_id).etag == '"1"'


def test_an_authoritys_update_takes_the_place_of_the_untouched_draft(
    services: Services, clock: FrozenClock, server: LoopbackFeed, add_source: Add, drafts: Drafts
) -> None:
    source_id = cap_source(server, add_source, ("a.xml", cap_message("W-1")))
    polling.poll(services, source_id)
    reference = f"met@example.org,W-1,{NOW.isoformat()}"
    server.serve("/b.xml", cap_message("W-2", msg_type="Update", references=reference, severity="Extreme"))
    server.serve("/cap", atom(("b.xml", "2", "b.xml"), ("a.xml", "1", "a.xml")))
    poll_again(services, clock, source_id)
    old, new = drafts()
    assert (old.state, new.state, new.severity) == ("cancelled", "draft", "Extreme")
    assert "W-2" in (old.ended_reason or "")


def test_an_authoritys_cancel_takes_back_the_untouched_draft_and_makes_no_new_alert(
    services: Services, clock: FrozenClock, server: LoopbackFeed, add_source: Add, drafts: Drafts
) -> None:
    source_id = cap_source(server, add_source, ("a.xml", cap_message("W-1")))
    polling.poll(services, source_id)
    reference = f"met@example.org,W-1,{NOW.isoformat()}"
    server.serve("/b.xml", cap_message("W-2", msg_type="Cancel", references=reference))
    server.serve("/cap", atom(("b.xml", "2", "b.xml")))
    poll_again(services, clock, source_id)
    (alert,) = drafts()
    assert alert.state == "cancelled"


def test_another_feed_takes_back_nothing_by_an_identifier_that_it_shares(
    services: Services, server: LoopbackFeed, add_source: Add, drafts: Drafts
) -> None:
    polling.poll(services, cap_source(server, add_source, ("a.xml", cap_message("W-1"))))
    reference = f"x@example.org,W-1,{NOW.isoformat()}"
    for number, msg_type in enumerate(("Cancel", "Update")):
        message = cap_message(f"X-{number}", msg_type=msg_type, references=reference)
        server.serve("/x.xml", message.replace(b"met@example.org<", b"stranger@example.net<"))
        polling.poll(services, add_source(server.serve(f"/other-{number}", atom(("x.xml", "1", "x.xml"))), "cap"))
    first, update = drafts()
    assert (first.state, update.follows_id) == ("draft", None), "a stranger's Cancel is noted, its Update stands alone"
    with services.db.transaction() as session:
        notes = session.scalars(select(FeedSighting.note).where(FeedSighting.note.isnot(None))).all()
    assert len(notes) == 1 and "AL-" in str(notes[0])


def test_a_feeds_own_cancel_takes_its_draft_back_whatever_sender_it_writes(
    services: Services, clock: FrozenClock, server: LoopbackFeed, add_source: Add, drafts: Drafts
) -> None:
    source_id = cap_source(server, add_source, ("a.xml", cap_message("W-1")))
    polling.poll(services, source_id)
    message = cap_message("W-2", msg_type="Cancel", references=f"x@example.org,W-1,{NOW.isoformat()}")
    server.serve("/b.xml", message.replace(b"met@example.org<", b"desk-2@example.org<"))
    server.serve("/cap", atom(("b.xml", "2", "b.xml")))
    poll_again(services, clock, source_id)
    assert [alert.state for alert in drafts()] == ["cancelled"]


def test_a_feed_over_https_takes_no_message_from_anywhere_without_it(
    services: Services,
    server: LoopbackFeed,
    add_source: Add,
    drafts: Drafts,
    source_of: SourceOf,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever sits on the line could otherwise write the warning that a trusted feed only names."""
    plain, secret = server.serve("/plain.xml", cap_message("W-1")), "https://feed.example/secret.xml"
    source_id = add_source("https://feed.example/cap", "cap")
    asked = []

    def over_https(url: str, **_more: object) -> Fetched:
        asked.append(url)
        body = atom(("plain", "1", plain), ("secret", "1", secret)) if url.endswith("/cap") else cap_message("W-2")
        return Fetched(status=200, url=url, body=body, etag='"1"', last_modified=None)

    monkeypatch.setattr(polling, "fetch", over_https)
    assert polling.poll(services, source_id) == "read"
    assert [alert.cap_identifier for alert in drafts()] == ["W-2"]
    assert asked == ["https://feed.example/cap", secret] and server.asked == []
    assert (source_of(source_id).unreadable, source_of(source_id).etag) == (1, None), "it is seen, and asked for again"


def test_a_long_cap_feed_is_fetched_in_portions(
    services: Services, clock: FrozenClock, server: LoopbackFeed, add_source: Add, drafts: Drafts
) -> None:
    names = [(f"{number}.xml", cap_message(f"W-{number}")) for number in range(polling.MAX_DOCUMENTS_PER_POLL + 2)]
    source_id = cap_source(server, add_source, *names)
    polling.poll(services, source_id)
    assert len(drafts()) == polling.MAX_DOCUMENTS_PER_POLL
    poll_again(services, clock, source_id)
    assert len(drafts()) == len(names)


def test_a_feed_of_documents_inside_our_network_leads_nowhere(
    services: Services, server: LoopbackFeed, add_source: Add, drafts: Drafts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A public feed must not make us fetch from inside: each document's address is judged like the feed's own."""
    source_id = cap_source(server, add_source, ("a.xml", cap_message()))
    real = polling.fetch

    def as_if_public(url: str, **more: object) -> object:
        if url.endswith("/cap"):
            return real(url, allow_private=True)
        return real(url, **more)  # type: ignore[arg-type]

    services.settings.feeds_allow_private = False
    monkeypatch.setattr(polling, "fetch", as_if_public)
    polling.poll(services, source_id)
    assert drafts() == [] and [path for path, _ in server.asked] == ["/cap"]
    with pytest.raises(FeedFault):
        real(server.url + "/a.xml")
