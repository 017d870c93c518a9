"""Texts over a message centre's link: the same intake as the HTTP provider's, once each, whole however they are cut."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from alerts import texts_over_links
from alerts.models import InboundText, TextPart
from alerts.replies.models import Answer, UnclearText
from alerts.texts_over_links import JOINED_WITHIN, KEPT_FOR, take, take_what_is_there
from hotline.cases.models import Case
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.people.models import Traveller
from hotline.providers.smpp.incoming import MISSING, Joint, LinkText, Piece
from tests.alerts.test_inbound import PHONE, opted_out, person, warned

OURS = "+15005550006"


def text(body: str, *, sender: str = PHONE, joint: Joint | None = None) -> LinkText:
    return LinkText(sender, OURS, Piece(8, body.encode("utf-16-be")), joint)


def bodies(services: Services) -> list[str]:
    with services.db.transaction() as session:
        return list(session.scalars(select(InboundText.body).order_by(InboundText.id)))


def answers(services: Services) -> list[str]:
    with services.db.transaction() as session:
        return list(session.scalars(select(Answer.status).order_by(Answer.id)))


def count(services: Services, model: type) -> int:
    with services.db.transaction() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


@pytest.fixture
def kim(services: Services) -> int:
    """Somebody who has just been warned."""
    traveller_id = person(services)
    warned(services, traveller_id)
    return traveller_id


def test_safe_and_help_are_answers_and_help_opens_a_case(services: Services, kim: int) -> None:
    take(services, "smpp", text("안전합니다"))
    take(services, "smpp", text("다쳤어요 도와주세요"))
    assert answers(services) == ["safe", "help"]
    assert count(services, Case) == 1


def test_stop_and_start_words_are_obeyed(services: Services, kim: int) -> None:
    take(services, "smpp", text(" stop "))
    assert opted_out(services, kim)
    take(services, "smpp", text("START"))
    assert not opted_out(services, kim)
    assert answers(services) == []


def test_what_nobody_can_understand_waits_for_a_person(services: Services, kim: int) -> None:
    take(services, "smpp", text("where do I go"))
    take(services, "smpp", text("\ufffd\ufffd", sender="MINISTRY"))
    assert count(services, UnclearText) == 2


def test_a_text_that_is_delivered_again_is_kept_once(services: Services, kim: int) -> None:
    for _ in range(3):
        take(services, "smpp", text("2"))
    assert (bodies(services), answers(services)) == (["2"], ["help"])


def test_the_same_words_later_or_from_somebody_else_are_another_text(
    services: Services, clock: FrozenClock, kim: int
) -> None:
    take(services, "smpp", text("2"))
    take(services, "smpp", text("2", sender="+821099990000"))
    clock.advance(timedelta(minutes=5))
    take(services, "smpp", text("2"))
    assert len(bodies(services)) == 3


def test_a_call_for_help_between_other_words_counts_again_and_a_safe_does_not(services: Services, kim: int) -> None:
    for said in ("2", "1", "2"):
        take(services, "smpp", text(said))
    assert answers(services) == ["help", "safe", "help"], "in doubt it is a call for help"
    take(services, "smpp", text("1"))
    assert answers(services)[-1] == "help"
    assert (len(bodies(services)), count(services, UnclearText)) == (4, 1), "a person reads it"


def test_an_old_start_does_not_undo_a_stop(services: Services, kim: int) -> None:
    for said in ("START", "STOP", "START"):
        take(services, "smpp", text(said))
    assert opted_out(services, kim)


@pytest.mark.parametrize("order", list(itertools.permutations((1, 2, 3))))
def test_parts_in_any_order_and_doubled_are_one_text(services: Services, kim: int, order: tuple[int, ...]) -> None:
    parts = {1: "help. we are ", 2: "four people in ", 3: "the red hotel"}
    for number in (*order, *order):
        take(services, "smpp", text(parts[number], joint=Joint(7, 3, number)))
    assert bodies(services) == ["help. we are four people in the red hotel"]
    assert answers(services) == ["help"]


def test_every_part_is_on_the_disk_when_it_is_acknowledged(services: Services, kim: int) -> None:
    take(services, "smpp", text("help ", joint=Joint(7, 2, 1)))
    assert (count(services, TextPart), bodies(services)) == (1, [])
    assert take_what_is_there(services) == 0, "the rest may still come"


def test_what_is_there_is_taken_when_a_part_never_comes(services: Services, clock: FrozenClock, kim: int) -> None:
    take(services, "smpp", text("help me, ", joint=Joint(7, 3, 1)))
    take(services, "smpp", text(" hotel", joint=Joint(7, 3, 3)))
    clock.advance(JOINED_WITHIN)
    assert take_what_is_there(services) == 1
    assert take_what_is_there(services) == 0
    assert (bodies(services), answers(services)) == ([f"help me, {MISSING} hotel"], ["help"])


def test_a_reference_that_comes_round_again_mixes_no_texts(services: Services, clock: FrozenClock, kim: int) -> None:
    take(services, "smpp", text("first, ", joint=Joint(7, 2, 1)))
    take(services, "smpp", text("second, ", joint=Joint(7, 2, 1)))
    take(services, "smpp", text("whole", joint=Joint(7, 2, 2)))
    take(services, "smpp", text("third, ", joint=Joint(7, 2, 1)))
    take(services, "smpp", text("whole too", joint=Joint(7, 2, 2)))
    assert bodies(services) == [f"first, {MISSING}", "second, whole", "third, whole too"]


def test_texts_of_two_handsets_with_one_reference_are_two(services: Services, kim: int) -> None:
    for number, other in itertools.product((1, 2), (PHONE, "+821099990000")):
        take(services, "smpp", text(f"{other[-4:]} {number} ", sender=other, joint=Joint(7, 2, number)))
    assert bodies(services) == ["5678 1 5678 2 ", "0000 1 0000 2 "]


def test_parts_are_forgotten_after_a_while(services: Services, clock: FrozenClock, kim: int) -> None:
    for number in (1, 2):
        take(services, "smpp", text("x", joint=Joint(7, 2, number)))
    clock.advance(KEPT_FOR + timedelta(seconds=1))
    take_what_is_there(services)
    assert count(services, TextPart) == 0


def test_a_text_that_cannot_be_kept_leaves_nothing_behind(
    services: Services, kim: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    take(services, "smpp", text("help ", joint=Joint(7, 2, 1)))
    monkeypatch.setattr(texts_over_links, "take_in", fail)
    with pytest.raises(OSError, match="disk"):
        take(services, "smpp", text("now", joint=Joint(7, 2, 2)))
    monkeypatch.undo()
    assert count(services, TextPart) == 1
    take(services, "smpp", text("now", joint=Joint(7, 2, 2)))
    assert (bodies(services), answers(services)) == (["help now"], ["help"])


def test_everybody_on_the_number_is_opted_out(services: Services, kim: int) -> None:
    child = person(services, name="Kim's child")
    take(services, "smpp", text("stop"))
    with services.db.transaction() as session:
        assert all(session.get_one(Traveller, each).opted_out_at for each in (kim, child))
