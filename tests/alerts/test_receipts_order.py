"""Any order, doubling or batching of receipts, mixed with the recording of results in any order, ends the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from alerts.dispatch.results import Settlement, record
from alerts.models import Alert, Message, Receipt
from alerts.receipts.fold import fold
from alerts.states import IN_DOUBT, SENT
from hotline.core.services import Services
from hotline.providers.ranks import RANKS, word
from tests.alerts.senders import counted, make_approved, make_message, tallies_of
from tests.factories import NOW, make_traveller

PEOPLE = 3
CODES = ("30003", "30005", "30008")


@dataclass(frozen=True)
class Came:
    """A receipt about the n-th message; a failure comes with its code."""

    nth: int
    status: str
    code: str | None


@dataclass(frozen=True)
class Recorded:
    """The worker writes down what the hand-over of the n-th message came to: accepted, or no answer."""

    nth: int
    state: str


@dataclass(frozen=True)
class Folded:
    """The fold job runs."""


Event = Came | Recorded | Folded

failures = st.builds(
    Came, st.integers(0, PEOPLE - 1), st.sampled_from(["undelivered", "failed"]), st.sampled_from(CODES)
)
others = st.builds(
    Came, st.integers(0, PEOPLE - 1), st.sampled_from([name for name in RANKS if name not in ("undelivered", "failed")]),
    st.none(),
)  # fmt: skip
receipts = st.lists(failures | others, max_size=12)


@st.composite
def happenings(draw: st.DrawFn) -> tuple[list[Came], list[Event], list[Event]]:
    """A set of receipts with the results of all hand-overs, and two histories of it: shuffled, doubled, folded anywhere."""
    came = draw(receipts)
    results: list[Event] = [Recorded(nth, draw(st.sampled_from([SENT, IN_DOUBT]))) for nth in range(PEOPLE)]
    histories = []
    for _ in range(2):
        doubled = draw(st.lists(st.sampled_from(came), max_size=4)) if came else []
        folds = draw(st.integers(0, 4))
        histories.append(draw(st.permutations([*came, *doubled, *results, *[Folded()] * folds])))
    return came, histories[0], histories[1]


@pytest.fixture
def alert_id(services: Services) -> int:
    with services.db.transaction() as session:
        return make_approved(session, state="dispatching").id


def begin(services: Services, alert_id: int) -> list[int]:
    """Hand over a fresh set of messages; their ids."""
    with services.db.transaction() as session:
        session.execute(
            text("SET LOCAL session_replication_role = replica")
        )  # vouchers, which hang on cases, refuse to be emptied
        session.execute(text("TRUNCATE messages, attempts, receipts, tallies, positions, travellers CASCADE"))
        session.execute(text("SET LOCAL session_replication_role = origin"))
        alert = session.get_one(Alert, alert_id)
        travellers = [make_traveller(session, phone=f"+82101111000{nth}") for nth in range(PEOPLE)]
        return [make_message(session, alert, phone=each.phone, traveller_id=each.id).id for each in travellers]


def play(services: Services, alert_id: int, history: Sequence[Event]) -> list[tuple[str, str | None, str | None]]:
    """Let a history happen from the start; what every message says at the end.

    The provider's last word short of a final one may differ with the order (whoever records the hand-over first names it);
    nobody reads it, so it is not compared.
    """
    ids = begin(services, alert_id)
    for event in [*history, Folded()]:
        if isinstance(event, Folded):
            fold(services)
        elif isinstance(event, Came):
            with services.db.transaction() as session:
                session.add(
                    Receipt(
                        message_id=ids[event.nth], provider_sid=f"SM{event.nth}", provider_status=event.status,
                        error_code=event.code, recipient=f"+82101111000{event.nth}", received_at=NOW,
                    )
                )  # fmt: skip
        else:
            accepted = event.state == SENT
            with services.db.transaction() as session:
                record(
                    session, services.clock,
                    [Settlement(ids[event.nth], 1, alert_id, "accepted" if accepted else "unanswered", event.state,
                                f"SM{event.nth}" if accepted else None, "queued" if accepted else None, None, None)],
                )  # fmt: skip
    with services.db.transaction() as session:
        assert tallies_of(session, alert_id) == counted(session, alert_id)
        rows = session.scalars(select(Message).order_by(Message.id)).all()
        return [(row.state, row.provider_sid, row.error_code) for row in rows]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happenings())
def test_the_end_does_not_depend_on_order_or_doubling(
    services: Services, alert_id: int, drawn: tuple[list[Came], list[Event], list[Event]]
) -> None:
    came, first, second = drawn
    one, other = play(services, alert_id, first), play(services, alert_id, second)
    assert one == other
    for nth, (state, _, code) in enumerate(one):
        words = [word(each.status, each.code) for each in came if each.nth == nth]
        if words:
            assert (state, code or "") == (max(words).state, max(words).reason)
        else:
            assert (state, code) in ((SENT, None), (IN_DOUBT, None))
