"""Fetch one document of a stranger: bounded in size, time and redirects, and never from inside our own network.

Whoever may enter an address could otherwise read what only this machine can reach (server-side request forgery). Names are
checked where it matters, on the very address that the connection is opened to, for every redirect anew: a name that is
looked up twice may answer differently the second time.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import certifi
import pycurl

from alerts.feeds.saying import FeedFault

MAX_BYTES: Final = 8 * 1024 * 1024
MAX_HEADER_BYTES: Final = 64 * 1024
CONNECT_TIMEOUT_S: Final = 5.0
TIMEOUT_S: Final = 20.0
MAX_REDIRECTS: Final = 3
MAX_URL_CHARS: Final = 500

_TYPES: Final = ("json", "xml", "text/plain", "application/octet-stream")
"""What a content type has to contain: feeds are served as all of these, and a page for people as none."""
_TUNNELS: Final = tuple(
    ipaddress.ip_network(each) for each in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)
"""Addresses that carry an IPv4 address inside, which may be any."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came: `status` 200 or 304, validators as the server sent them."""

    status: int
    body: bytes
    url: str
    etag: str | None
    last_modified: str | None


def fault_of_url(url: str) -> str | None:
    """Say why an address cannot be a source; None when it can."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "this is no web address"
    if parts.scheme not in ("http", "https") or not host or len(url) > MAX_URL_CHARS:
        return f"give an address that begins with https:// and has at most {MAX_URL_CHARS} characters"
    if parts.username or parts.password or any(each.isspace() or ord(each) < 33 for each in url):
        return "an address holds no name, password or blanks"
    return None


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet, also when it is one inside another."""
    try:
        ip = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        elif any(ip in network for network in _TUNNELS):
            return False
    return ip.is_global and not ip.is_multicast


@dataclass(slots=True)
class _Answer:
    """Collects an answer and stops it when it grows too large."""

    max_bytes: int
    body: bytearray = field(default_factory=bytearray)
    headers: dict[str, str] = field(default_factory=dict)
    header_bytes: int = 0
    refused: FeedFault | None = None

    def write(self, data: bytes) -> int | None:
        if len(self.body) + len(data) > self.max_bytes:
            self.refused = FeedFault("too_large", limit=self.max_bytes)
            return -1
        self.body += data
        return None

    def write_header(self, line: bytes) -> int | None:
        self.header_bytes += len(line)
        if self.header_bytes > MAX_HEADER_BYTES:
            self.refused = FeedFault("headers_too_large", limit=MAX_HEADER_BYTES)
            return -1
        if line.startswith(b"HTTP/"):
            # The headers of a redirect are not those of the answer.
            self.headers.clear()
            self.body.clear()
        name, mark, value = line.decode("latin-1").partition(":")
        if mark:
            self.headers[name.strip().lower()] = value.strip()
        return None


def fetch(
    url: str,
    *,
    etag: str | None = None,
    last_modified: str | None = None,
    allow_private: bool = False,
    max_bytes: int = MAX_BYTES,
    timeout_s: float = TIMEOUT_S,
) -> Fetched:
    """Return the document behind an address, or 304 when it has not changed since `etag` or `last_modified`.

    Raises FeedFault for everything else: addresses inside our network, time-outs, sizes, statuses, content types.
    """
    fault = fault_of_url(url)
    if fault is not None:
        raise FeedFault("bad_address")
    answer = _Answer(max_bytes)
    curl = pycurl.Curl()
    try:
        _prepare(curl, url, answer, allow_private, timeout_s)
        conditions = [f"If-None-Match: {etag}"] if etag else []
        conditions += [f"If-Modified-Since: {last_modified}"] if last_modified else []
        curl.setopt(pycurl.HTTPHEADER, ["Accept: */*", "User-Agent: consular-hotline", *conditions])
        try:
            curl.perform()
        except pycurl.error as error:
            raise (answer.refused or _named(error, max_bytes)) from error
        status, final_url = int(curl.getinfo(pycurl.RESPONSE_CODE)), str(curl.getinfo(pycurl.EFFECTIVE_URL))
    finally:
        curl.close()
    return _judged(status, final_url, answer, conditional=bool(etag or last_modified))


def _prepare(curl: Any, url: str, answer: _Answer, allow_private: bool, timeout_s: float) -> None:
    def open_socket(_purpose: int, target: Any) -> Any:
        """Open the socket of a connection, for redirects too; refuse what is not public."""
        family, kind, protocol, address = target
        if not allow_private and not is_public(str(address[0])):
            answer.refused = FeedFault("private")
            return pycurl.SOCKET_BAD
        return socket.socket(family, kind, protocol)

    schemes = pycurl.PROTO_HTTPS if url.startswith("https:") else pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS
    curl.setopt(pycurl.URL, url)
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.PROXY, "")
    curl.setopt(pycurl.NOPROXY, "*")
    curl.setopt(pycurl.PROTOCOLS, schemes)
    # A feed that is asked for over https is not taken from anywhere without it.
    curl.setopt(pycurl.REDIR_PROTOCOLS, schemes)
    curl.setopt(pycurl.FOLLOWLOCATION, 1)
    curl.setopt(pycurl.MAXREDIRS, MAX_REDIRECTS)
    curl.setopt(pycurl.CAINFO, certifi.where())
    curl.setopt(pycurl.CONNECTTIMEOUT_MS, int(min(CONNECT_TIMEOUT_S, timeout_s) * 1000))
    curl.setopt(pycurl.TIMEOUT_MS, int(timeout_s * 1000))
    curl.setopt(pycurl.MAXFILESIZE, answer.max_bytes)
    curl.setopt(pycurl.OPENSOCKETFUNCTION, open_socket)
    curl.setopt(pycurl.WRITEFUNCTION, answer.write)
    curl.setopt(pycurl.HEADERFUNCTION, answer.write_header)


def _judged(status: int, final_url: str, answer: _Answer, *, conditional: bool) -> Fetched:
    headers = answer.headers
    etag, last_modified = _validator(headers, "etag", 300), _validator(headers, "last-modified", 100)
    if status == 304 and conditional:
        return Fetched(304, b"", final_url, etag, last_modified)
    if status != 200:
        raise FeedFault("status", status=status)
    kind = headers.get("content-type", "").lower()
    if "html" in kind or (kind and not any(each in kind for each in _TYPES)):
        raise FeedFault("content_type", kind=kind[:60])
    return Fetched(200, bytes(answer.body), final_url, etag, last_modified)


def _validator(headers: dict[str, str], name: str, limit_chars: int) -> str | None:
    """Return a validator as it is sent back the next time; a strange one is not kept, and everything is fetched anew."""
    value = headers.get(name, "")
    return value if 0 < len(value) <= limit_chars and value.isascii() and value.isprintable() else None


_FAILURES: Final = {
    pycurl.E_COULDNT_RESOLVE_HOST: "unknown_host",
    pycurl.E_COULDNT_CONNECT: "unreachable",
    pycurl.E_OPERATION_TIMEDOUT: "timed_out",
    pycurl.E_UNSUPPORTED_PROTOCOL: "bad_redirect",
    pycurl.E_PEER_FAILED_VERIFICATION: "bad_certificate",
    pycurl.E_PARTIAL_FILE: "cut_short",
}


def _named(error: pycurl.error, max_bytes: int) -> FeedFault:
    code = error.args[0] if error.args else 0
    if code == pycurl.E_FILESIZE_EXCEEDED:
        return FeedFault("too_large", limit=max_bytes)
    if code == pycurl.E_TOO_MANY_REDIRECTS:
        return FeedFault("redirects", limit=MAX_REDIRECTS)
    return FeedFault(_FAILURES[code]) if code in _FAILURES else FeedFault("connection", number=code)
