"""The public addresses: caching, conditional requests, pages of the feed, and no cookie anywhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from lxml import etree

from alerts.publish import pages
from alerts.publish.models import CapDocument
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from tests.factories import NOW, make_alert, make_officer
from tests.keypairs import make_pair

ATOM = {"a": "http://www.w3.org/2005/Atom"}
Published = Callable[[], list[CapDocument]]


@pytest.fixture
def one(send: Callable[..., int], deliver: Callable[[], int], published: Published) -> CapDocument:
    send(texts={"en": "Flood in Manila 12:00 & more"})
    deliver()
    return published()[0]


def add_documents(services: Services, count: int) -> None:
    with services.db.transaction() as session:
        officer = make_officer(session)
        for number in range(count):
            alert = make_alert(session, author=officer)
            session.add(
                CapDocument(
                    alert_id=alert.id, msg_type="Alert", identifier=f"id-{number}", sender="s@example.org",
                    sent=NOW + timedelta(minutes=number), expires=None, title=f"Title {number}", summary="",
                    body=b"<alert/>", sha256="0" * 64,
                )
            )  # fmt: skip


def test_a_document_is_served_byte_for_byte_and_kept_by_caches(client: FlaskClient, one: CapDocument) -> None:
    answer = client.get(f"/cap/{one.identifier}.xml")
    assert (answer.status_code, answer.data) == (200, one.body)
    assert answer.content_type == "application/cap+xml; charset=utf-8"
    assert answer.headers["ETag"] == f'"{one.sha256}"'
    assert answer.headers["Last-Modified"] == "Sat, 21 Nov 2026 03:00:00 GMT"
    assert answer.headers["Cache-Control"] == "public, max-age=86400, immutable"
    assert "Set-Cookie" not in answer.headers and "Cookie" not in answer.headers.get("Vary", "")


@pytest.mark.parametrize("path", ["document", "feed"])
def test_whoever_has_it_gets_304_without_a_body(client: FlaskClient, one: CapDocument, path: str) -> None:
    address = f"/cap/{one.identifier}.xml" if path == "document" else "/cap/feed.atom"
    first = client.get(address)
    for headers in (
        {"If-None-Match": first.headers["ETag"]},
        {"If-Modified-Since": first.headers["Last-Modified"]},
    ):
        again = client.get(address, headers=headers)
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    other = client.get(address, headers={"If-None-Match": '"something else"'})
    assert other.status_code == 200


def test_head_says_the_same_without_the_body(client: FlaskClient, one: CapDocument) -> None:
    for address in (f"/cap/{one.identifier}.xml", "/cap/feed.atom"):
        head, get = client.head(address), client.get(address)
        assert (head.status_code, head.data) == (200, b"")
        for name in ("ETag", "Last-Modified", "Cache-Control", "Content-Type", "Content-Length"):
            assert head.headers[name] == get.headers[name]


def test_a_document_that_never_was_is_not_found(client: FlaskClient) -> None:
    assert client.get("/cap/AL-000001-alert-20260101T000000Z.xml").status_code == 404
    assert client.get("/cap/" + "x" * 5000 + ".xml").status_code == 404


def test_the_feed_lists_each_document_with_its_address(client: FlaskClient, one: CapDocument) -> None:
    answer = client.get("/cap/feed.atom")
    assert answer.content_type == "application/atom+xml; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=30"
    assert "Set-Cookie" not in answer.headers and "Cookie" not in answer.headers.get("Vary", "")
    root = etree.fromstring(answer.data)
    (entry,) = root.findall("a:entry", ATOM)
    link = entry.find("a:link", ATOM)
    assert link is not None and link.get("type") == "application/cap+xml"
    assert link.get("href") == f"http://127.0.0.1:5000/cap/{one.identifier}.xml"
    assert entry.findtext("a:summary", namespaces=ATOM) == "Flood in Manila 12:00 & more"
    assert entry.findtext("a:updated", namespaces=ATOM) == "2026-11-21T03:00:00Z"
    for required in ("id", "title", "updated", "author"):
        assert root.find(f"a:{required}", ATOM) is not None, "RFC 4287 asks for it"


def test_an_empty_feed_is_a_feed(client: FlaskClient) -> None:
    first, again = client.get("/cap/feed.atom"), client.get("/cap/feed.atom")
    assert etree.fromstring(first.data).findall("a:entry", ATOM) == []
    assert first.headers["ETag"] == again.headers["ETag"]


def test_a_long_feed_comes_in_bounded_pages_that_meet_without_gap(client: FlaskClient, services: Services) -> None:
    add_documents(services, 2 * pages.PAGE_ENTRIES + 1)
    seen: list[str] = []
    address: str | None = "/cap/feed.atom"
    sizes = []
    while address and len(sizes) < 10:
        root = etree.fromstring(client.get(address).data)
        titles = [entry.findtext("a:title", namespaces=ATOM) or "" for entry in root.findall("a:entry", ATOM)]
        seen, sizes = seen + titles, [*sizes, len(titles)]
        older = root.find("a:link[@rel='next']", ATOM)
        address = None if older is None else str(older.get("href")).removeprefix("http://127.0.0.1:5000")
    assert sizes == [50, 50, 1]
    assert seen == [f"Title {number}" for number in reversed(range(101))]


def test_a_new_document_changes_the_feeds_etag(client: FlaskClient, one: CapDocument, services: Services) -> None:
    before = client.get("/cap/feed.atom").headers["ETag"]
    add_documents(services, 1)
    assert client.get("/cap/feed.atom", headers={"If-None-Match": before}).status_code == 200


@pytest.mark.parametrize("before", ["0", "-1", "x", "9" * 30, "١", ""])
def test_an_impossible_page_is_named(client: FlaskClient, before: str) -> None:
    assert client.get("/cap/feed.atom", query_string={"before": before}).status_code == 422


def test_a_signed_in_officer_gets_the_same_cacheable_answer(client: FlaskClient, one: CapDocument) -> None:
    client.set_cookie("hotline", "anything at all")
    answer = client.get(f"/cap/{one.identifier}.xml", headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


def test_a_pair_knows_when_it_is_time_for_a_new_one(clock: FrozenClock) -> None:
    assert not make_pair().expires_soon(clock.now())
    assert make_pair(valid_until=NOW + timedelta(days=29)).expires_soon(clock.now())
