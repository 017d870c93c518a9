"""What of a mission's cash is spoken for is found by an index among open ones, however many quotes there ever were."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event, text
from sqlalchemy.orm import Session

from hotline.core.actor import SYSTEM
from hotline.core.clock import Clock, FrozenClock
from hotline.core.services import Services
from remittance.banks.models import BankAccount
from remittance.quotes.models import Quote
from remittance.quotes.standing import reserved
from remittance.requests import moving
from remittance.requests.models import Remittance
from tests.remittance.deposits.making import make_bank, make_quote
from tests.remittance.requests.making import make_approved, make_hong_kong

LONG_AGO = 2_000


def quoted(session: Session, clock: Clock, bank: BankAccount, **more: Any) -> Remittance:
    """Add a quoted remittance of 1,000 dollars."""
    one = make_approved(session, clock, **more)
    make_quote(session, clock, one, bank)
    return moving.move(session, clock, SYSTEM, one, "quote")


def copies(model: type[Remittance] | type[Quote], **changed: str) -> str:
    """Return a statement that makes many rows of a table after one, each column as it is or as SQL says."""
    names = [column.name for column in model.__table__.columns if column.name != "id"]
    values = ", ".join(changed.get(name, f"t.{name}") for name in names)
    return f"INSERT INTO {model.__tablename__} ({', '.join(names)}) SELECT {values}"  # names of our own


def settle_many(session: Session, one: Remittance) -> None:
    """Add remittances of long ago, paid and settled, each with a quote of its own."""
    made = copies(
        Remittance, number="'R-OLD-' || n", reference="'O' || lpad(n::text, 11, '0')", request_key="'old-' || n",
        state="'settled'", ended_at="t.requested_at", due_at="NULL",
    )  # fmt: skip
    session.execute(
        text(f"{made} FROM remittances t, generate_series(1, :count) n WHERE t.id = :id"),
        {"count": LONG_AGO, "id": one.id},
    )
    made = copies(Quote, remittance_id="old.id")
    session.execute(
        text(f"""{made} FROM remittance_quotes t, remittances old
                  WHERE t.remittance_id = :id AND old.state = 'settled'"""),
        {"id": one.id},
    )
    for table in ("remittances", "remittance_quotes"):
        session.execute(text(f"ANALYZE {table}"))


def test_only_the_latest_quote_of_what_is_open_at_the_mission_is_spoken_for(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        mission, bank = make_hong_kong(session), make_bank(session)
        first = quoted(session, clock, bank, mission=mission)
        held, over = (quoted(session, clock, bank, mission=mission) for _ in range(2))
        quoted(session, clock, bank)
        make_quote(session, clock, first, bank, nth=2, paid_minor=70_000)
        moving.move(session, clock, SYSTEM, held, "hold")
        moving.move(session, clock, SYSTEM, over, "expire")
        assert reserved(session, mission.id, "USD") == 170_000
        assert reserved(session, mission.id, "USD", but=first.id) == 100_000
        assert reserved(session, mission.id, "EUR") == 0
        make_quote(session, clock, first, bank, nth=3, currency="EUR", paid_minor=60_000)
        assert reserved(session, mission.id, "USD") == 100_000, "the latest quote is in another currency"


def test_quotes_of_long_ago_are_not_read(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        mission, bank = make_hong_kong(session), make_bank(session)
        settle_many(session, quoted(session, clock, bank, mission=mission))
        asked: list[tuple[str, Any]] = []
        event.listen(session.connection(), "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
        assert reserved(session, mission.id, "USD") == 100_000
        statement, values = asked[0]
        plan = "\n".join(row[0] for row in session.connection().exec_driver_sql(f"EXPLAIN ANALYZE {statement}", values))
    assert "Seq Scan" not in plan, plan
    assert "rows=2000" not in plan and "rows=2001" not in plan, plan
