"""How an alert stands with the people: reached, safe, in need of help, silent; read from running counts alone.

Silent is who was sent the text, or has it on the handset, and has not answered: the difference of two running counts. Somebody
who answers although their text failed (a friend showed them the page) is an answer and was never silent; the difference is
therefore never shown below zero.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, fields

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

    def add(self, other: Standings) -> None:
        """Add the people of another part."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    @property
    def silent(self) -> int:
        """Return how many have the text, as far as is known, and have not answered."""
        return max(0, self.accepted - self.safe - self.help)

    @property
    def answered(self) -> int:
        """Return how many have said something."""
        return self.safe + self.help


@dataclass(frozen=True)
class Split:
    """The part of an alert's people that is looked at: of one country, of one provider, of both, or everybody (None)."""

    country: str | None = None
    provider: str | None = None


EVERYBODY = Split()


@dataclass(frozen=True)
class Board:
    """The whole alert or a part of it; each country and each provider of its people, whoever needs help first.

    `countries` and `providers` are all that the alert has, whatever part is looked at. The provider is empty for people whose
    text has not been handed to any.
    """

    total: Standings
    by_country: dict[str, Standings] = field(default_factory=dict)
    by_provider: dict[str, Standings] = field(default_factory=dict)
    countries: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()


def board(session: Session, alert_id: int, split: Split = EVERYBODY) -> Board:
    """Return how an alert stands; a few hundred rows are read, however many people it has."""
    pairs: dict[tuple[str, str], Standings] = defaultdict(Standings)
    sent = select(Tally.country, Tally.provider, Tally.state, func.sum(Tally.messages)).where(
        Tally.alert_id == alert_id
    )
    for country, provider, state, count in session.execute(sent.group_by(Tally.country, Tally.provider, Tally.state)):
        _add_messages(pairs[country, provider], state, count)
    by = (AnswerTally.country, AnswerTally.provider, AnswerTally.status)
    said = select(*by, func.sum(AnswerTally.people)).where(AnswerTally.alert_id == alert_id).group_by(*by)
    for country, provider, status, count in session.execute(said):
        pairs[country, provider].safe += count if status == SAFE else 0
        pairs[country, provider].help += count if status == HELP else 0
    total, countries, providers = (
        Standings(),
        defaultdict[str, Standings](Standings),
        defaultdict[str, Standings](Standings),
    )
    known = {pair: each for pair, each in pairs.items() if each.people or each.answered}
    for (country, provider), each in known.items():
        if split.country in (None, country) and split.provider in (None, provider):
            for whole in (total, countries[country], providers[provider]):
                whole.add(each)
    return Board(
        total, _ordered(countries), _ordered(providers),
        tuple(sorted({country for country, _ in known})), tuple(sorted({provider for _, provider in known if provider})),
    )  # fmt: skip


def _ordered(parts: dict[str, Standings]) -> dict[str, Standings]:
    return dict(sorted(parts.items(), key=lambda pair: (-pair[1].help, -pair[1].people, pair[0])))


def _add_messages(standings: Standings, state: str, count: int) -> None:
    standings.people += count
    if state in WAITING_STATES:
        standings.waiting += count
    elif state in ACCEPTED_STATES:
        standings.accepted += count
        standings.delivered += count if state == DELIVERED else 0
    elif state in NOT_REACHED_STATES:
        standings.not_reached += count
