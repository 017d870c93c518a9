"""Every command of the API is given twice, as a programme does that lost the answer: in the books once, and one answer.

A command is known by its own key (a request, a count, a move of cash, a file's digest), by the version that was read, or by the
state that it leaves. The second time it answers as the first time (SAME) or is refused with the code that says so, and nothing
is booked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import func, select

from hotline.auth.models import Officer
from hotline.core.actor import Actor
from hotline.core.clock import FrozenClock
from hotline.core.errors import HotlineError
from hotline.core.services import Services
from remittance.deposits.models import BankEntry
from remittance.ledger import closing
from remittance.ledger.models import LedgerJournal
from remittance.requests import policies
from remittance.requests.models import RemittanceChange
from remittance.screening import thresholds
from remittance.screening.rules import DEFAULTS
from remittance.screening.states import NOTE
from tests.factories import make_token
from tests.remittance.requests.making import make_actor, noted
from tests.remittance.screening.making import make_finding
from tests.remittance.service.acts import fill, release
from tests.remittance.service.invariants import Memory, check
from tests.remittance.service.world import NOTES, World, later

SAME = "the same answer"
ANOTHER = "another one"
"""What is meant to be made anew each time: a code (the one before is dead) and leave to pay while the mission is shut."""
PREFIX = "/api/v1"
WHY = {"reason": "told by the bank"}


@dataclass
class Twice:
    """Gives commands twice and remembers which."""

    world: World
    client: Any
    done: set[str] = field(default_factory=set)
    tokens: dict[int, str] = field(default_factory=dict)

    def post(self, who: Actor, rule: str, json: Any, numbers: tuple[int, ...]) -> Any:
        """Call a rule such as `/remittances/#/quote` with its numbers."""
        assert who.id is not None
        if who.id not in self.tokens:
            with self.world.services.db.transaction() as session:
                self.tokens[who.id] = make_token(session, session.get_one(Officer, who.id))
        path = rule
        for number in numbers:
            path = path.replace("#", str(number), 1)
        body = {"data": json, "content_type": "application/xml"} if isinstance(json, bytes) else {"json": json}
        return self.client.post(PREFIX + path, headers={"Authorization": f"Bearer {self.tokens[who.id]}"}, **body)

    def booked(self) -> tuple[int, int]:
        """Return how many journals and how many changes of remittances there are."""
        with self.world.services.db.transaction() as session:
            return (
                session.scalar(select(func.count()).select_from(LedgerJournal)) or 0,
                session.scalar(select(func.count()).select_from(RemittanceChange)) or 0,
            )

    def __call__(self, who: Actor, rule: str, *numbers: int, again: str = SAME, **json: Any) -> Any:
        """Give a command twice; return the first answer. `raw` stands for the whole body."""
        given = json.get("raw", json)
        first = self.post(who, rule, given, numbers)
        assert first.status_code in (200, 201), (rule, first.json)
        booked = self.booked()
        second = self.post(who, rule, given, numbers)
        assert self.booked() == booked, f"{rule} is in the books once"
        if again == SAME:
            assert second.status_code in (200, 201) and _id(second.json) == _id(first.json), (rule, second.json)
        elif again == ANOTHER:
            assert second.status_code == first.status_code, (rule, second.json)
        else:
            assert (second.status_code in (404, 409, 422), second.json.get("code")) == (True, again), (
                rule,
                second.json,
            )
        self.done.add(rule)
        return first.json


def _id(answer: Any) -> Any:
    """Return what an answer is about, without when and whether it was new."""
    return {name: value for name, value in answer.items() if name not in ("new", "entries", "statements", "known")}


def _now(twice: Twice, one: int) -> int:
    return twice.world.get(one).version


def ask(twice: Twice, nth: int, **more: Any) -> int:
    """Ask for a remittance, review it and approve it."""
    world = twice.world
    wish = {
        "key": f"twice-{nth}", "case_id": world.cases[nth], "mission_id": world.missions[0].id, "wanted_minor": 20_000,
        "currency": "USD", "reason": "robbed", "payee_name": f"KIM MINSU {nth}", "payee_phone": f"+852 6123 456{nth}",
        "identity": "passport", "payer_name": f"PARK JISOO {nth}", "payer_phone": f"+82 10-2000-001{nth}", "consent": True,
    }  # fmt: skip
    one: int = twice(world.agent, "/remittances", **(wish | more))["id"]
    return one


def approved(twice: Twice, nth: int) -> int:
    world, one = twice.world, ask(twice, nth)
    twice(world.chief, "/remittances/#/review", one, again="wrong-state")
    found = noted(payer_name=f"PARK JISOO {nth}", payer_phone=f"+82 10-2000-001{nth}")
    twice(world.chief, "/remittances/#/note", one, again=SAME, **found)
    twice(world.chief, "/remittances/#/approve", one, again="remittance-changed", version=_now(twice, one))
    return one


def quoted(twice: Twice, nth: int) -> tuple[int, int]:
    one = approved(twice, nth)
    made = twice(
        twice.world.chief, "/remittances/#/quote", one, again="remittance-changed", version=_now(twice, one)
    )  # fmt: skip
    return one, made["due_minor"]


def statement(twice: Twice, one: int, amount: int, *, reference: bool = True) -> int:
    """Send the bank's next file with one entry for a remittance; the entry's id."""
    world = twice.world
    found = world.get(one)
    entry = world.entry(
        amount, payer=found.payer_name if reference else "", reference=found.reference if reference else ""
    )
    twice(world.one, "/statements", raw=world.file([entry]))
    with world.services.db.transaction() as session:
        return session.scalars(select(BankEntry.id).order_by(BankEntry.id.desc()).limit(1)).one()


def tills(twice: Twice) -> None:
    world = twice.world
    mission, till = world.missions[0], "/missions/#/till/"
    move = {
        "currency": "USD",
        "kind": "replenish",
        "amount_minor": 100_000,
        "source": "HSBC",
        "reason": "Float",
        "key": "m",
    }
    made = twice(mission.cashiers[0], till + "moves", mission.id, **move)
    twice(mission.officer, "/tills/moves/#", made["id"], again="wrong-state", act="confirm")
    count = {"currency": "USD", "kind": "spot", "key": "c", "pieces": {str(NOTES["USD"]): 99}}
    made = twice(mission.cashiers[0], till + "counts", mission.id, **count)
    twice(mission.cashiers[1], "/tills/counts/#", made["id"], again="wrong-state", act="witness")
    book = twice.client.get(
        f"{PREFIX}/missions/{mission.id}/till?currency=USD",
        headers={"Authorization": f"Bearer {_token(twice, world.one)}"},
    ).json
    difference = book["differences"][0]["id"]
    twice(world.one, "/tills/differences/#", difference, again="wrong-state", act="ask", note="stuck")
    twice(world.two, "/tills/differences/#", difference, again="wrong-state", act="explain")


def _token(twice: Twice, who: Actor) -> str:
    twice.post(who, "/rates", {}, ())
    return twice.tokens[who.id or 0]


def rates(twice: Twice) -> None:
    world, at = twice.world, twice.world.clock.now().isoformat()
    for source, rule in (("hand", "/rates/#/agree"), ("other", "/rates/#/refuse")):
        typed = twice(
            world.one, "/rates", again="rate-known", base="EUR", quoted="MNT", value="4.5", source=source, at=at
        )  # fmt: skip
        twice(world.two, rule, typed["id"], again="wrong-state")


def deposits(twice: Twice) -> None:
    """A part is accepted; another is sent back; an entry without a reference is given, taken back, and asked about."""
    world = twice.world
    part, due = quoted(twice, 0)
    statement(twice, part, due // 2)
    release(world, 0, 0)
    twice(
        world.three, "/remittances/#/deposit/accept", part, again="remittance-changed", version=_now(twice, part), **WHY
    )
    other, due = quoted(twice, 1)
    twice(world.agent, "/remittances/#/texts/again", other, again="told-just-now")
    entry = statement(twice, other, due, reference=False)
    release(world, 0, 0)
    twice(world.two, "/suspense/#/assign", entry, again="wrong-state", remittance_id=other, **WHY)
    twice(
        world.three,
        "/remittances/#/deposit/refund",
        other,
        again="remittance-changed",
        version=_now(twice, other),
        **WHY,
    )


def ready(twice: Twice, nth: int) -> tuple[int, int]:
    """Take one to where its cash is ready; its id, and the entry that was its deposit."""
    one, due = quoted(twice, nth)
    entry = statement(twice, one, due)
    release(twice.world, 0, 0)
    assert twice.world.get(one).state == "ready"
    return one, entry


def undoing(twice: Twice) -> None:
    """An assignment is to be taken back: once it is refused, once another officer agrees."""
    world = twice.world
    _, entry = ready(twice, 2)
    twice(world.two, "/suspense/#/undo", entry, again="undo-asked", **WHY)
    twice(world.three, "/suspense/#/undo/refuse", entry, again="no-undo-asked", **WHY)
    twice(world.two, "/suspense/#/undo", entry, again="undo-asked", **WHY)
    twice(world.three, "/suspense/#/undo/agree", entry, again="not-assigned")


def paid(twice: Twice, nth: int) -> int:
    """One is deposited, released and paid; the first payout was withdrawn."""
    world = twice.world
    mission = world.missions[0]
    one, _ = ready(twice, nth)
    twice(world.agent, "/remittances/#/pickup-code", one, again=ANOTHER)
    twice(mission.officer, "/remittances/#/outside-hours", one, again=ANOTHER, **WHY)
    seen = {
        "document_kind": "passport", "document_name": f"KIM MINSU {nth}", "document_number": "M12345678",
        "notes": [{"value_minor": NOTES["USD"], "count": 2}],
    }  # fmt: skip
    release(world, 0, 0)
    twice(mission.cashiers[0], "/remittances/#/payout", one, again="payout-standing", code=world.code(one), **seen)
    twice(mission.cashiers[0], "/remittances/#/payout/withdraw", one, again="not-found")
    twice.post(mission.cashiers[0], "/remittances/#/payout", {"code": world.code(one), **seen}, (one,))
    twice(mission.officer, "/remittances/#/payout/confirm", one, again="already-paid")
    return one


def settling(twice: Twice) -> None:
    """A settlement is prepared and called off, prepared anew, agreed to and paid by the bank; a payout of it is disputed."""
    world = twice.world
    one = paid(twice, 3)
    run = {"mission_id": world.missions[0].id, "currency": "USD", "last_day": "2026-11-21", "way": "transfer"}
    made = twice(world.one, "/settlements", again="settlement-waiting", **run)
    twice(world.one, "/settlements/#/withdraw", made["id"], again="wrong-state", note="counted anew")
    made = twice(world.one, "/settlements", again="settlement-waiting", **run)
    twice(world.two, "/settlements/#/confirm", made["id"], again="wrong-state", digest=made["digest"])
    entry = statement(twice, one, -290_000, reference=False)
    release(world, 0, 0)
    twice(world.two, "/settlements/#/pay", made["id"], again="no-transfer-awaited", bank_entry_id=entry)
    twice(world.one, "/remittances/#/dispute", one, again="wrong-state", event="dispute", **WHY)
    twice(world.two, "/remittances/#/dispute", one, again="not-disputed", event="uphold", **WHY)


def deciding(twice: Twice) -> None:
    """One is held and lifted, given to another mission, and called off; findings about others are decided."""
    world = twice.world
    one = approved(twice, 4)
    twice(world.chief, "/remittances/#/decide", one, again="wrong-state", event="hold", **WHY)
    twice(world.other_chief, "/remittances/#/lift", one, again="not-held", **WHY)
    twice(world.chief, "/remittances/#/reroute", one, again="invalid-input", mission_id=world.missions[1].id, **WHY)
    twice(
        world.chief,
        "/remittances/#/decide",
        one,
        again="remittance-changed",
        version=_now(twice, one),
        event="cancel",
        **WHY,
    )
    with world.services.db.transaction() as session:
        found = [make_finding(session, world.clock, world.get(one)).id for _ in range(2)]
    twice(world.three, "/screening/findings/#/clear", found[0], again="wrong-state", **WHY)
    twice(world.three, "/screening/findings/#/confirm", found[1], again="wrong-state", **WHY)


def policy(twice: Twice) -> None:
    """A policy is kept by the version that was read."""
    world = twice.world
    with world.services.db.transaction() as session:
        keeper = make_actor(session, world.clock, "administrator")
        version = policies.current(session, world.clock.now()).id
    rules = {
        "limit_minor": 300_000, "limit_currency": "USD", "reasons": ["robbed"], "deposit_currency": "KRW",
        "payout_currencies": ["USD"], "version": version,
    }  # fmt: skip
    twice(keeper, "/remittance-policies", again="policy-changed", **rules)


def month(twice: Twice) -> None:
    """Closing a month has no door of the API; asked for and closed twice it is closed once, with the same figures."""
    world = twice.world
    later(world, days=20)
    asked = [world.do(closing.ask, world.clock, world.one, "2026-11", "counted").digest for _ in range(2)]
    assert asked[0] == asked[1]
    closed = world.do(closing.close, world.clock, world.two, "2026-11")
    booked = twice.booked()
    with pytest.raises(HotlineError) as told:
        world.do(closing.close, world.clock, world.two, "2026-11")
    assert told.value.code == "wrong-state" and closed.closed_by_id == world.two.id and twice.booked() == booked


@pytest.mark.long
@pytest.mark.timeout(900)  # many calls: a machine that is shared needs more than the usual five minutes
def test_every_command_given_twice_is_in_the_books_once(app: Any, services: Services, clock: FrozenClock) -> None:
    world = World(services, clock)
    world.begin()
    fill(world)
    with services.db.transaction() as session:  # so many strangers at one mission in a day would be looked into first
        looked = {rule: {**numbers, "severity": NOTE} for rule, numbers in DEFAULTS.items()}
        thresholds.keep(session, clock, make_actor(session, clock, "administrator"), looked)
    twice, memory = Twice(world, app.test_client()), Memory()
    for part in (tills, rates, deposits, undoing, settling, deciding, policy, month):
        part(twice)
        check(world, memory)
    assert twice.done == commands(app), "each command of the API has its line here"


def commands(app: Any) -> set[str]:
    """Return the API's commands of remittance, with # for each number."""
    found = set[str]()
    for rule in app.url_map.iter_rules():
        room = app.view_functions[rule.endpoint].__module__.partition(".")[0]
        if rule.rule.startswith(PREFIX) and room == "remittance" and rule.methods - {"GET", "HEAD", "OPTIONS"}:
            shown = rule.rule.removeprefix(PREFIX)
            for argument in rule.arguments:
                shown = shown.replace(f"<int:{argument}>", "#")
            found.add(shown)
    return found
