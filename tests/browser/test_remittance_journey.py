"""A wallet lost in Hong Kong at night, through every page: case, request, yes, quote, deposit, statement, code, cash, settlement,
and the month closed for good. Each officer sits at a desk of their own; the money ends where the books say.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.models import Officer
from hotline.core import jobs, outbox
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.missions.models import MissionHours, MissionStaff
from hotline.notices.models import Notice
from remittance.deposits import placing
from remittance.deposits.statement import Entry
from remittance.ledger import sealing
from remittance.ledger.checking import check as check_books
from remittance.payouts import releasing
from remittance.quotes.standing import quote_of
from remittance.requests import expiring
from remittance.requests.models import Remittance
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import make_officer
from tests.remittance.deposits.writing import camt, make_statement
from tests.remittance.quotes.making import make_bank, make_rates
from tests.remittance.requests.making import make_case, make_hong_kong

pytestmark = [pytest.mark.browser, pytest.mark.long]
NIGHT = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
"""Half past eleven on a Friday night in Hong Kong."""
NEXT_MORNING = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 2, 1, 0, tzinfo=UTC)
TILL = ((100_000, 10),)
"""Ten notes of a thousand Hong Kong dollars are counted in the end: twelve lay there, two were paid out."""


@dataclass
class Staff:
    """Who has a part, each with the role that the part needs."""

    agent: Officer
    chief: Officer
    cashier: Officer
    witness: Officer
    one: Officer
    two: Officer
    mission_id: int
    case_id: int


def prepare(session: Session, clock: FrozenClock, language: str) -> Staff:
    """Add the consulate with its hours and staff, the bank, rates of the day, and the case of somebody without a wallet."""
    mission = make_hong_kong(session)
    session.add(
        MissionHours(mission_id=mission.id, hours="Mo-Su 09:00-17:00", holiday_hours="off", updated_at=clock.now())
    )

    def officer(name: str, shown: str, *roles: str, there: bool = False) -> Officer:
        made = make_officer(session, roles=roles, name=name, display_name=shown, language=language)
        if there:
            session.add(MissionStaff(officer_id=made.id, mission_id=mission.id, since=clock.now()))
        return made

    make_bank(session, clock)
    make_rates(session, clock)
    case = make_case(session, clock, name="한지민")
    staff = Staff(
        officer("agent", "김하늘", "agent"), officer("chief", "서정은", "duty_chief"),
        officer("cashier", "이보라", "cashier", there=True), officer("witness", "박서준", "mission_officer", there=True),
        officer("finance-1", "최은경", "finance_officer"), officer("finance-2", "오세훈", "finance_officer"),
        mission.id, case.id,
    )  # fmt: skip
    session.flush()
    return staff


@dataclass
class Journey:
    """The desks, and what they have in common."""

    site: Site
    clock: FrozenClock
    staff: Staff
    language: str
    desks: dict[str, Desk]

    @property
    def services(self) -> Services:
        return self.site.services

    def sit(self, open_desk: Callable[..., Desk], who: Officer, size: dict[str, int]) -> None:
        """Sign somebody in."""
        desk = open_desk(language=self.language, size=size)
        desk.sign_in(who)
        desk.speak(self.language)
        self.desks[who.name] = desk

    def go_on(self, at: datetime) -> None:
        """Some time later everybody signs in anew: nobody's session lasts over a night."""
        self.clock.set(at)
        for name, desk in self.desks.items():
            desk.context.clear_cookies()
            desk.sign_in(next(each for each in vars(self.staff).values() if getattr(each, "name", "") == name))

    def send(self, who: Officer, action: str, *, sure: bool = False) -> None:
        """Send the form whose address ends so, and say yes where the page asks; the page that follows has no fault in it."""
        page = self.desks[who.name].page
        with page.expect_navigation():
            page.locator(f'form[action$="{action}"] button[type=submit]').first.click()
            if sure:
                page.locator("#confirm [data-confirm-yes]").click()
        expect(page.locator(".has-error, .notice-warn")).to_have_count(0)

    def look(self, who: Officer, name: str) -> None:
        """Photograph a page and check it."""
        self.desks[who.name].check(f"remittance-journey-{name}-{self.language}")

    def work(self) -> None:
        """What the service does by itself: facts are handled, deposits placed, what is due released or expired.

        In a thread of its own, as in a worker: the browser's driver has an event loop in this one, and signing brings its own.
        """
        with ThreadPoolExecutor(max_workers=1) as worker:
            worker.submit(self._work).result()

    def _work(self) -> None:
        outbox.deliver_due(self.services, jobs.registry().handlers, limit=200)
        placing.place_new(self.services)
        releasing.sweep(self.services)
        expiring.expire(self.services)
        outbox.deliver_due(self.services, jobs.registry().handlers, limit=200)

    def one(self) -> Remittance:
        """Return the remittance as it is now."""
        with self.services.db.transaction() as session:
            found = session.scalars(select(Remittance)).one()
            session.expunge(found)
            return found

    def texts(self, phone: str) -> list[str]:
        """Return what was written to a number, in order."""
        with self.services.db.transaction() as session:
            return list(session.scalars(select(Notice.body).where(Notice.phone == phone).order_by(Notice.id)))


@pytest.mark.parametrize("language", ["ko", "en"])
def test_from_a_lost_wallet_to_a_closed_month(
    site: Site, open_desk: Callable[..., Desk], clock: FrozenClock, language: str
) -> None:
    clock.set(NIGHT)
    with site.services.db.transaction() as session:
        staff = prepare(session, clock, language)
    journey = Journey(site, clock, staff, language, {})
    for who, size in (
        (staff.agent, DESK), (staff.chief, DESK), (staff.one, DESK), (staff.two, DESK), (staff.cashier, PHONE),
        (staff.witness, PHONE),
    ):  # fmt: skip
        journey.sit(open_desk, who, size)
    fill_till(journey)
    ask(journey)
    decide(journey)
    deposit(journey)
    pay(journey)
    settle(journey)
    close(journey)


def fill_till(journey: Journey) -> None:
    """The cashier says which cash was put into the till, the mission's officer books it."""
    staff, desk = journey.staff, journey.desks[journey.staff.cashier.name]
    desk.go(f"/tills/{staff.mission_id}/move")
    for name, value in (
        ("amount", "12,000"), ("currency", "HKD"), ("source", "HSBC, Central"), ("reason", "Float of November"),
    ):  # fmt: skip
        field = desk.page.locator(f'main [name="{name}"]')
        if field.evaluate("node => node.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    journey.send(staff.cashier, "/move")
    journey.desks[staff.witness.name].go(f"/tills/{staff.mission_id}?currency=HKD")
    journey.look(staff.witness, "till-waits")
    journey.send(staff.witness, "/confirm", sure=False)


def ask(journey: Journey) -> None:
    """The agent writes the request down while the traveller is on the telephone."""
    staff, desk = journey.staff, journey.desks[journey.staff.agent.name]
    desk.go(f"/cases/{staff.case_id}")
    desk.page.locator(f'a[href="/remittances/new?case={staff.case_id}"]').click()
    page = desk.page
    for name, value in (
        ("payee_name", "HAN JIMIN"), ("amount", "2,000"), ("payee_phone", "+852 6123 4567"), ("payer_name", "한상우"),
        ("payer_phone", "010-2000-0011"),
    ):  # fmt: skip
        page.fill(f"#field-{name}", value)
    for name, value in (
        ("reason", "lost"),
        ("currency", "HKD"),
        ("mission_id", str(staff.mission_id)),
        ("identity", "passport"),
    ):
        field = page.locator(f'[name="{name}"]')
        if field.first.evaluate("node => node.tagName") == "SELECT":
            field.select_option(value)
        else:
            page.check(f'[name="{name}"][value="{value}"]')
    page.check("input[name=consent]")
    journey.look(staff.agent, "request")
    journey.send(staff.agent, "/remittances")
    assert journey.one().state == "requested"


def decide(journey: Journey) -> None:
    """The duty chief holds the private interview, says yes, and quotes at once."""
    staff, number = journey.staff, journey.one().id
    desk = journey.desks[staff.chief.name]
    desk.go(f"/remittances/{number}")
    journey.send(staff.chief, "/review")
    duress = desk.page.locator('[name="duress"]')
    if duress.first.evaluate("node => node.tagName") == "SELECT":
        duress.select_option("free")
    else:
        desk.page.check('[name="duress"][value="free"]')
    journey.send(staff.chief, "/note")
    journey.send(staff.chief, "/approve", sure=True)
    journey.look(staff.chief, "approved")
    journey.send(staff.chief, "/quote")
    assert journey.one().state == "quoted"
    journey.look(staff.chief, "quoted")
    journey.work()
    told = journey.texts("+821020000011")
    assert any(re.search(r"/r/\S+", body) for body in told), "the relative gets a link that says what to deposit"


def deposit(journey: Journey) -> None:
    """The relative opens the link, deposits, and the bank's statement of the next morning says so."""
    link = next(found[0] for body in journey.texts("+821020000011") if (found := re.search(r"/r/[^\s]+", body)))
    relative = journey.desks[journey.staff.agent.name]
    relative.go(link)
    relative.check(f"remittance-journey-relative-{journey.language}")
    with journey.services.db.transaction() as session:
        found = quote_of(session, journey.one().id)
        assert found is not None, "it was quoted"
        due = found.due_minor
    journey.go_on(NEXT_MORNING)
    one, today = journey.one(), NEXT_MORNING.date()
    statement = make_statement(Entry(1, due, today, None, one.reference, "B1", "한상우", "", "긴급송금"), opening=0)
    data = camt([replace(statement, account="123-910001-45604")])
    desk = journey.desks[journey.staff.one.name]
    desk.go("/remittances/statements/import")
    desk.page.set_input_files("[name=file]", {"name": "statement.xml", "mimeType": "application/xml", "buffer": data})
    journey.send(journey.staff.one, "/remittances/statements/import")
    journey.look(journey.staff.one, "statement-foreseen")
    journey.send(journey.staff.one, "/remittances/statements/import")
    journey.work()
    assert journey.one().state == "ready"
    desk.go("/remittances/statements")
    journey.look(journey.staff.one, "statements")


def pay(journey: Journey) -> None:
    """The traveller comes to the counter with the code; the witness confirms what they see; a signed voucher is there."""
    staff, one = journey.staff, journey.one()
    codes = [re.search(r"\b\d{4}-\d{4}\b", body.replace(one.number, "")) for body in journey.texts("+85261234567")]
    code = next(found[0] for found in codes if found)
    cashier, witness = journey.desks[staff.cashier.name], journey.desks[staff.witness.name]
    cashier.go("/remittances/payouts")
    journey.look(staff.cashier, "counter")
    cashier.page.fill("[name=number]", one.number)
    cashier.page.fill("[name=code]", code)
    journey.send(staff.cashier, "/open")
    cashier.page.fill("[name=document_number]", "M12345678")
    cashier.page.fill("[name=document_name]", "HAN JIMIN")
    journey.look(staff.cashier, "notes")
    journey.send(staff.cashier, f"/of/{one.id}")
    journey.look(staff.cashier, "prepared")
    witness.go("/remittances/payouts")
    witness.page.locator('main a.button[href^="/remittances/payouts/"]').first.click()
    journey.look(staff.witness, "witness")
    journey.send(staff.witness, "/confirm", sure=True)
    assert journey.one().state == "paid"
    journey.work()
    with cashier.page.expect_download() as download:
        witness_page = cashier.page
        witness_page.goto(journey.site.url + f"/remittances/{one.id}")
        witness_page.locator('a[href$="voucher.pdf"]').first.click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")


def settle(journey: Journey) -> None:
    """Headquarters settles with the consulate, by two finance officers."""
    staff = journey.staff
    one, two = journey.desks[staff.one.name], journey.desks[staff.two.name]
    one.go(f"/settlements/new?mission={staff.mission_id}&currency=HKD")
    journey.look(staff.one, "reckoned")
    journey.send(staff.one, "/settlements")
    two.go(one.page.url.removeprefix(journey.site.url))
    journey.look(staff.two, "settlement")
    journey.send(staff.two, "/confirm", sure=True)
    assert journey.one().state == "settled"
    count(journey)


def count(journey: Journey) -> None:
    """The till is counted at the end of the day: as much as the books say."""
    staff = journey.staff
    cashier = journey.desks[staff.cashier.name]
    cashier.go(f"/tills/{staff.mission_id}/count?currency=HKD")
    for value, pieces in TILL:
        cashier.page.locator(f'main [name$="{value}"]').first.fill(str(pieces))
    closing = cashier.page.locator('main [name="kind"]')
    if closing.first.evaluate("node => node.tagName") == "SELECT":
        closing.select_option("closing")
    else:
        cashier.page.check('main [name="kind"][value="closing"]')
    journey.look(staff.cashier, "count")
    journey.send(staff.cashier, "/count")
    witness = journey.desks[staff.witness.name]
    witness.go(f"/tills/{staff.mission_id}?currency=HKD")
    journey.send(staff.witness, "/witness")
    journey.look(staff.witness, "cash-book")


def close(journey: Journey) -> None:
    """In December two finance officers close November, and nothing goes into it any more."""
    staff = journey.staff
    journey.go_on(DECEMBER)
    journey.work()
    sealing.run()
    one, two = journey.desks[staff.one.name], journey.desks[staff.two.name]
    one.go("/ledger/months")
    journey.look(staff.one, "month")
    journey.send(staff.one, "/2026-11/ask")
    two.go("/ledger/months")
    journey.send(staff.two, "/2026-11/close", sure=True)
    journey.look(staff.two, "month-closed")
    with journey.services.db.connection() as connection:
        checked = check_books(connection, journey.clock.now())
    assert checked.sound, checked
    assert journey.one().state == "settled"
