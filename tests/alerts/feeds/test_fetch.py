"""Fetching from strangers: bounded in every direction, and never from inside our own network."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from alerts.feeds import fetch as module
from alerts.feeds.fetch import MAX_REDIRECTS, Fetched, fault_of_url, fetch, is_public
from alerts.feeds.saying import FeedFault
from tests.alerts.feeds.loopback_feed import LoopbackFeed, loopback_feed


@pytest.fixture
def server() -> Iterator[LoopbackFeed]:
    with loopback_feed() as feed:
        yield feed


def get(url: str, **more: object) -> Fetched:
    return fetch(url, allow_private=True, **{"timeout_s": 30.0, **more})  # type: ignore[arg-type]


def test_a_document_comes_with_its_validators(server: LoopbackFeed) -> None:
    headers = {"ETag": '"v1"', "Last-Modified": "Sat, 21 Nov 2026 03:00:00 GMT", "Content-Type": "application/json"}
    url = server.serve("/feed", b"{}", headers=headers)
    assert get(url) == Fetched(200, b"{}", url, '"v1"', "Sat, 21 Nov 2026 03:00:00 GMT")


def test_what_has_not_changed_is_not_sent_again(server: LoopbackFeed) -> None:
    url = server.serve("/feed", b"{}", headers={"ETag": '"v1"'})
    answer = get(url, etag='"v1"', last_modified="yesterday")
    assert (answer.status, answer.body, answer.etag) == (304, b"", '"v1"')
    assert server.asked[0][1]["if-none-match"] == '"v1"'
    assert server.asked[0][1]["if-modified-since"] == "yesterday"


@pytest.mark.parametrize("status", [204, 304, 400, 404, 410, 429, 500, 503])
def test_every_other_status_is_a_fault(server: LoopbackFeed, status: int) -> None:
    with pytest.raises(FeedFault, match=str(status)):
        get(server.serve("/feed", b"", status=status))


def test_redirects_are_followed_a_few_times(server: LoopbackFeed) -> None:
    url = server.serve("/last", b"{}")
    for number in range(MAX_REDIRECTS):
        url = server.serve(f"/{number}", b"moved", status=302, headers={"Location": url, "Content-Type": "text/html"})
    answer = get(url)
    assert (answer.body, answer.url) == (b"{}", server.url + "/last")
    with pytest.raises(FeedFault, match="redirects"):
        get(server.serve("/more", b"", status=302, headers={"Location": url}))


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1:6379/_FLUSHALL"])
def test_a_redirect_to_anything_but_the_web_is_refused(server: LoopbackFeed, target: str) -> None:
    with pytest.raises(FeedFault):
        get(server.serve("/feed", b"", status=302, headers={"Location": target}))


def test_a_huge_answer_is_cut_off_whether_it_says_so_or_not(server: LoopbackFeed) -> None:
    said = server.serve("/said", b"x" * 5000)
    unsaid = server.serve("/unsaid", b"x", endless=True)
    for url in (said, unsaid):
        with pytest.raises(FeedFault, match="bytes"):
            get(url, max_bytes=4096)


def test_endless_headers_are_cut_off(server: LoopbackFeed) -> None:
    headers = {f"X-{number}": "y" * 1000 for number in range(90)}
    with pytest.raises(FeedFault, match="headers"):
        get(server.serve("/feed", b"{}", headers=headers))


def test_a_server_that_never_answers_is_left(server: LoopbackFeed) -> None:
    with pytest.raises(FeedFault, match="too long"):
        get(server.serve("/feed", b"", stall=True), timeout_s=0.3)


def test_half_an_answer_is_none(server: LoopbackFeed) -> None:
    with pytest.raises(FeedFault, match="too early"):
        get(server.serve("/feed", b"{}", cut_short=True))


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/xhtml+xml", "image/png", "video/mp4"])
def test_a_page_for_people_is_no_feed(server: LoopbackFeed, kind: str) -> None:
    with pytest.raises(FeedFault, match="instead of a feed"):
        get(server.serve("/feed", b"<html/>", headers={"Content-Type": kind}))


@pytest.mark.parametrize("kind", ["application/geo+json", "text/xml", "application/cap+xml", "text/plain", ""])
def test_feeds_are_taken_under_all_the_names_they_are_served_as(server: LoopbackFeed, kind: str) -> None:
    assert get(server.serve("/feed", b"x", headers={"Content-Type": kind} if kind else {})).body == b"x"


def test_a_packed_answer_is_not_unpacked(server: LoopbackFeed) -> None:
    headers = {"Content-Encoding": "gzip", "Content-Type": "text/xml"}
    assert get(server.serve("/feed", b"\x1f\x8b\x08rest", headers=headers)).body == b"\x1f\x8b\x08rest"
    assert "accept-encoding" not in server.asked[0][1], "nothing packed is asked for"


def test_strange_validators_are_not_sent_back(server: LoopbackFeed) -> None:
    url = server.serve("/feed", b"{}", headers={"ETag": '"\xe9"', "Last-Modified": "x" * 101})
    answer = get(url)
    assert (answer.etag, answer.last_modified) == (None, None)


def test_nothing_is_fetched_from_our_own_network(server: LoopbackFeed) -> None:
    url = server.serve("/feed", b"{}")
    port = url.rsplit(":", 1)[1]
    for inside in (url, f"http://localhost:{port}", f"http://[::ffff:127.0.0.1]:{port}", f"http://0x7f000001:{port}"):
        with pytest.raises(FeedFault, match="private network"):
            fetch(inside, timeout_s=30.0)
    assert server.asked == [], "not even a connection was opened"


def test_a_redirect_into_our_network_is_refused_when_it_is_opened(
    server: LoopbackFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first address counts as public here, the second one does not: as with a public server that redirects inside."""
    with loopback_feed() as inside:
        inside.serve("/secret", b"{}")
        public_port = server.url.rsplit(":", 1)[1]
        opened: list[str] = []

        def only_first(address: str) -> bool:
            opened.append(address)
            return len(opened) == 1

        monkeypatch.setattr(module, "is_public", only_first)
        location = {"Location": inside.url + "/secret"}
        url = server.serve("/feed", b"", status=302, headers=location)
        assert public_port in url
        with pytest.raises(FeedFault, match="private network"):
            fetch(url, timeout_s=30.0)
        assert inside.asked == [] and len(opened) == 2


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.1", "100.64.0.1", "224.0.0.1",
     "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:10.0.0.1",
     "64:ff9b::a00:1", "2002:a00:1::1", "2001::1", "192.0.2.1", "nonsense", ""],
)  # fmt: skip
def test_private_addresses_in_every_disguise_are_known(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "137.227.224.97", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    ["", "x", "ftp://example.org/", "file:///etc/passwd", "http://", "https://u:p@example.org/", "http://a b/",
     "http://example.org/\n", "http://[::1", "http://example.org:99999/", "https://example.org/" + "x" * 500],
)  # fmt: skip
def test_what_is_no_public_web_address_is_refused_before_anything_is_opened(url: str) -> None:
    assert fault_of_url(url) is not None
    with pytest.raises(FeedFault):
        fetch(url)


def test_a_closed_port_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(FeedFault, match="cannot be reached"):
        get(f"http://127.0.0.1:{port}/")


def test_many_at_once_do_not_mix(server: LoopbackFeed) -> None:
    urls = [server.serve(f"/{number}", str(number)) for number in range(20)]
    found: dict[str, bytes] = {}
    threads = [threading.Thread(target=lambda url=url: found.update({url: get(url).body})) for url in urls]  # type: ignore[misc]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert found == {url: str(number).encode() for number, url in enumerate(urls)}
