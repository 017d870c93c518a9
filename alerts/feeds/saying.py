"""What the service says about a poll or a report: kept as a code with its values, said in the reader's language when shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from alerts.cap import faults as cap_faults
from alerts.cap.faults import CapFault
from alerts.msgid import gettext_noop as _

MAX_VALUE_CHARS: Final = 120
_CAP: Final = "cap:"

MESSAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Why a feed could not be fetched or read.
        "bad_address": _("The address cannot be used."),
        "private": _("The address leads into a private network."),
        "too_large": _("The answer has more than %(limit)s bytes."),
        "headers_too_large": _("The answer's headers have more than %(limit)s bytes."),
        "unknown_host": _("The name of the server is not known."),
        "unreachable": _("The server cannot be reached."),
        "timed_out": _("The server took too long."),
        "redirects": _("The server redirects more than %(limit)s times."),
        "bad_redirect": _("It redirects to an address that is not fetched."),
        "bad_certificate": _("The server's certificate is not valid."),
        "cut_short": _("The server ended the answer too early."),
        "connection": _("The connection failed (code %(number)s)."),
        "status": _("The server answered %(status)s."),
        "content_type": _("The server sent %(kind)s instead of a feed."),
        "not_json": _("The answer is not JSON."),
        "not_geojson": _("The answer is not GeoJSON: it has no list of features."),
        "not_rss": _("The answer is not an RSS feed."),
        "not_a_feed": _("The answer is neither an Atom nor an RSS feed."),
        "too_many": _("The answer has more than %(limit)s entries."),
        "without_https": _("The feed is read over https and names a message without it."),
        "internal": _("A fault of this service (%(error)s); tell the administrator."),
        # Why no draft was made of a message.
        "several": _("It holds several messages; upload it by hand."),
        "not_public": _("%(status)s, %(scope)s, %(msg_type)s: not a warning for the public."),
        "below": _("Its severity (%(severity)s) is below the source's threshold."),
        "no_severity": _("It says no severity."),
        "refused": "%(text)s",
    }
)


class FeedFault(Exception):
    """A feed could not be fetched or read; `packed` says why, for the page of its source."""

    def __init__(self, code: str, **params: object) -> None:
        self.packed = pack(code, **params)
        super().__init__(say(self.packed))

    @classmethod
    def of_cap(cls, fault: CapFault) -> FeedFault:
        """Return what the reader of XML found as the fault of a feed."""
        return cls(_CAP + fault.problem, **fault.params)


def pack(code: str, **params: object) -> str:
    """Return a message as it is kept: its code and its values, shortened."""
    if template_of(code) is None:
        raise LookupError(f"no message is defined for {code!r}")
    return json.dumps(
        [code, {name: str(value)[:MAX_VALUE_CHARS] for name, value in params.items()}], ensure_ascii=False
    )


def pack_cap(fault: CapFault) -> str:
    """Return a finding of the CAP reader as it is kept."""
    return pack(_CAP + fault.problem, **fault.params)


def template_of(code: str) -> str | None:
    """Return the message id of a code, or None when there is none."""
    if code.startswith(_CAP):
        return cap_faults.MESSAGES.get(code.removeprefix(_CAP))
    return MESSAGES.get(code)


def say(packed: str, gettext: Callable[[str], str] = str) -> str:
    """Return the sentence, in English or as `gettext` translates it."""
    code, params = json.loads(packed)
    template = template_of(code)
    if template is None:
        return str(code)  # written by an older version that had other words
    if code == "refused":
        return str(params["text"])
    sentence: str = gettext(template) % params
    return sentence
