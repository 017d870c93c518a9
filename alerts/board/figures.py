"""How an alert stands with the people: reached, safe, in need of help, silent; read from running counts alone.

Silent is who was sent the text, or has it on the handset, and has not answered: the difference of two running counts. Somebody
who answers although their text failed (a friend showed them the page) is an answer and was never silent; the difference is
therefore never shown below zero.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts.models import Tally
from alerts.replies.models import AnswerTally
from alerts.replies.recording import HELP, SAFE
from alerts.states import DELIVERED, FAILED, IN_DOUBT, LAPSED, QUEUED, SENDING, SENT, WITHDRAWN

WAITING_STATES = (QUEUED, SENDING, IN_DOUBT)
ACCEPTED_STATES = (SENT, DELIVERED)
NOT_REACHED_STATES = (FAILED, WITHDRAWN, LAPSED)


@dataclass
class Standings:
    """People by what is known of them; `accepted` is handed over and not failed, `delivered` the part proved by receipts."""

    people: int = 0
    waiting: int = 0
    accepted: int = 0
    delivered: int = 0
    not_reached: int = 0
    safe: int = 0
    help: int = 0

    @property
    def silent(self) -> int:
        """Return how many have the text, as far as is known, and have not answered."""
        return max(0, self.accepted - self.safe - self.help)

    @property
    def answered(self) -> int:
        """Return how many have said something."""
        return self.safe + self.help


@dataclass(frozen=True)
class Board:
    """The whole alert, and each country of its people, the most people first."""

    total: Standings
    by_country: dict[str, Standings] = field(default_factory=dict)


def board(session: Session, alert_id: int) -> Board:
    """Return how an alert stands; a few dozen rows are read, however many people it has."""
    total, countries = Standings(), defaultdict[str, Standings](Standings)
    sent = select(Tally.country, Tally.state, func.sum(Tally.messages)).where(Tally.alert_id == alert_id)
    for country, state, count in session.execute(sent.group_by(Tally.country, Tally.state)):
        for each in (total, countries[country]):
            _add_messages(each, state, count)
    said = select(AnswerTally.country, AnswerTally.status, func.sum(AnswerTally.people)).where(
        AnswerTally.alert_id == alert_id
    )
    for country, status, count in session.execute(said.group_by(AnswerTally.country, AnswerTally.status)):
        for each in (total, countries[country]):
            each.safe += count if status == SAFE else 0
            each.help += count if status == HELP else 0
    ordered = sorted(countries.items(), key=lambda pair: (-pair[1].help, -pair[1].people, pair[0]))
    return Board(total, dict(ordered))


def _add_messages(standings: Standings, state: str, count: int) -> None:
    standings.people += count
    if state in WAITING_STATES:
        standings.waiting += count
    elif state in ACCEPTED_STATES:
        standings.accepted += count
        standings.delivered += count if state == DELIVERED else 0
    elif state in NOT_REACHED_STATES:
        standings.not_reached += count
