"""What the service says of a feed is kept as a code and said in the reader's language."""

from __future__ import annotations

import pytest

from alerts.cap.faults import CapRefused
from alerts.cap.read import read_cap
from alerts.feeds.saying import MESSAGES, FeedFault, pack, pack_cap, say


def test_a_fault_is_kept_with_its_values_and_said_in_any_language() -> None:
    fault = FeedFault("status", status=503)
    assert str(fault) == say(fault.packed) == "The server answered 503."
    assert say(fault.packed, {MESSAGES["status"]: "응답 %(status)s"}.__getitem__) == "응답 503"


def test_a_finding_of_the_cap_reader_keeps_its_own_words() -> None:
    with pytest.raises(CapRefused) as refused:
        read_cap(b"<nothing/>")
    assert "root is 'nothing'" in say(pack_cap(refused.value.faults[0]))


def test_values_are_bounded_and_percent_signs_in_them_harmless() -> None:
    assert len(say(pack("content_type", kind="x" * 5000))) < 200
    assert say(pack("refused", text="100 % of %(it)s")) == "100 % of %(it)s"
    assert "50 %s" in say(pack("below", severity="50 %s"))


def test_a_message_without_words_is_a_mistake_and_one_of_an_older_version_is_not() -> None:
    with pytest.raises(LookupError):
        pack("no such message")
    assert say('["forgotten", {}]') == "forgotten"
