"""The page and the API of rates, the quote on a remittance's page, and the command."""

from __future__ import annotations

import io
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from remittance.banks import demo as banks_demo
from remittance.money.amounts import Money
from remittance.quotes import cli, demo, qr, quoting, rates
from remittance.quotes.models import ExchangeRate
from remittance.quotes.standing import quote_of
from remittance.quotes.wording import shown_rate
from remittance.requests.reference import shown
from tests.factories import make_officer, make_token
from tests.remittance.banks.test_pages import visit
from tests.remittance.quotes.making import fill_till, make_bank, make_quotable, make_rates
from tests.remittance.requests.making import make_actor, make_approved, make_case, make_hong_kong, make_remittance

ECB = b"Date, USD, KRW,\n20 November 2026, 1.0812, 1567.34,\n"
TABLE = b"base,quoted,rate,day\nUSD,KRW,1450.5,2026-11-20\nUSD,JPY,150.1,2026-11-20\n"
TYPED = {"base": "usd", "quoted": "KRW", "value": "1,450.25", "source": "hana-bank", "at": "2026-11-21T11:30"}


def upload(data: bytes, name: str = "rates.csv") -> dict[str, Any]:
    return {"file": (io.BytesIO(data), name)}


def test_a_file_is_brought_in_on_the_page_or_refused_with_its_lines(app: Any, services: Services) -> None:
    visitor = visit(app, services, "finance_officer")
    assert "No rate yet" in visitor.get("/rates").get_data(as_text=True)
    for _ in range(2):
        assert visitor.post("/rates/file", upload(ECB)).status_code == 302
    page = visitor.get("/rates").get_data(as_text=True)
    assert "1 EUR = 1.0812 USD" in page and "European Central Bank" in page and "Nothing new" in page
    assert "2026-11-21 00:00 KST" in page and "2026-11-20 16:00 CET" in page, "in Seoul's time and in Frankfurt's"
    wrong = visitor.post("/rates/file", upload(b"base,quoted,rate,day\nUSD,KRW,0,2026-11-20\n"))
    assert wrong.status_code == 422 and "rate (line 2)" in wrong.get_data(as_text=True)
    empty = visitor.post("/rates/file", {})
    assert empty.status_code == 422 and "Choose a file" in empty.get_data(as_text=True)
    large = visitor.post("/rates/file", upload(b"base,quoted,rate,day\n" + b" " * 500_001))
    assert large.status_code == 422 and "500000 bytes" in large.get_data(as_text=True)


def test_a_table_and_a_typed_rate_wait_for_another_officer(app: Any, services: Services) -> None:
    one, two = visit(app, services, "finance_officer"), visit(app, services, "finance_officer")
    one.post("/rates/file", upload(TABLE))
    page = two.get("/rates").get_data(as_text=True)
    assert page.count("Agree to the whole file</button>") == 1
    for change, field in (({"value": "0"}, "more than zero"), ({"at": "soon"}, "last seven days"), ({"base": "US"}, "ISO 4217"),
                          ({"source": "ecb"}, "Name where it is from"), ({"quoted": "USD"}, "another currency")):  # fmt: skip
        wrong = one.post("/rates", TYPED | change)
        assert wrong.status_code == 422 and field in wrong.get_data(as_text=True), change
        assert f'value="{(TYPED | change)["source"]}"' in wrong.get_data(as_text=True)
    assert one.post("/rates", TYPED).status_code == 302
    again = one.post("/rates", TYPED)
    assert again.status_code == 409 and "on record for that moment" in again.get_data(as_text=True)
    with services.db.transaction() as session:
        typed = session.scalars(select(ExchangeRate).where(ExchangeRate.source == "hana-bank")).one()
        assert typed.at.isoformat() == "2026-11-21T02:30:00+00:00", "Seoul's time was typed"
        table = session.scalars(select(ExchangeRate).where(ExchangeRate.source == "csv")).first()
        assert table is not None
    one.post(f"/rates/{typed.id}/agree")
    assert "Another one does" in one.get("/rates").get_data(as_text=True)
    for number in (typed.id, table.id):
        two.post(f"/rates/{number}/agree")
    page = one.get("/rates").get_data(as_text=True)
    assert "Waiting for the second officer" not in page and page.count("Take out of use</button>") == 3
    one.post(f"/rates/{typed.id}/refuse")
    assert "out of use" in one.get("/rates").get_data(as_text=True)
    assert one.post("/rates/999999/refuse").status_code == 404


def test_rates_are_read_page_by_page_and_old_ones_are_marked(
    app: Any, services: Services, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from remittance.quotes import rate_pages

    monkeypatch.setattr(rate_pages, "PAGE_ROWS", 2)
    with services.db.transaction() as session:
        make_rates(session, clock, at=clock.now() - timedelta(hours=25))
    visitor = visit(app, services, "auditor")
    page = visitor.get("/rates").get_data(as_text=True)
    assert page.count("too old") == 2 and "before=" in page and "Type a rate" not in page
    assert "Previous" in visitor.get("/rates?before=3").get_data(as_text=True)
    assert visitor.get("/rates?before=x").status_code == 200


@pytest.mark.parametrize(("role", "reads"), [("auditor", True), ("duty_chief", True), ("agent", False)])
def test_only_finance_brings_rates(app: Any, services: Services, role: str, reads: bool) -> None:
    visitor = visit(app, services, role)
    assert visitor.get("/rates").status_code == (200 if reads else 403)
    for path in ("/rates", "/rates/file", "/rates/1/agree", "/rates/1/refuse"):
        assert visitor.post(path, TYPED).status_code == 403, path


def test_a_remittance_is_quoted_on_its_page(app: Any, services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        one = make_quotable(session, clock)
    chief, auditor = visit(app, services, "duty_chief"), visit(app, services, "auditor")
    path = f"/remittances/{one.id}"
    assert "Quote it" not in auditor.get(path).get_data(as_text=True), "who may not quote sees nothing to press"
    page = chief.get(path).get_data(as_text=True)
    assert "KRW 1,450,000 are to be deposited for USD 1,000.00" in page and "1 USD = 1,450.00 KRW" in page
    chief.post(f"{path}/quote", {"version": "1"})
    assert "Look at it again" in chief.get(path).get_data(as_text=True)
    chief.post(f"{path}/quote", {"version": str(one.version)})
    page = chief.get(path).get_data(as_text=True)
    assert "Deposit awaited" in page and "Quote it again" in page and "123-910001-45604" in page
    assert "2026-11-22 12:00 KST" in page and "2026-11-22 11:00 UTC+8" in page, "in Seoul's time and in the mission's"
    assert shown(one.reference) in page and "<svg" in page and "QR code of the deposit" in page
    chief.post(f"{path}/quote", {"version": str(one.version + 1)})
    assert "Quotes before" in chief.get(path).get_data(as_text=True)
    read = auditor.get(path).get_data(as_text=True)
    assert "KRW 1,450,000" in read and "Quote it again" not in read
    assert auditor.post(f"{path}/quote").status_code == 403
    clock.advance(timedelta(hours=24))
    page = visit(app, services, "duty_chief").get(path).get_data(as_text=True)
    assert "This quote is over" in page and "No rate of the last 24 hours" in page


def test_the_page_says_why_there_can_be_no_quote(app: Any, services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        mission = make_hong_kong(session)
        drill = make_approved(session, clock, mission=mission, case=make_case(session, clock, drill=True))
        one = make_approved(session, clock, mission=mission)
        asked = make_remittance(session, clock, mission=mission)
    chief = visit(app, services, "duty_chief")

    def page(number: int) -> str:
        return str(chief.get(f"/remittances/{number}").get_data(as_text=True))

    assert "In a drill no money moves" in page(drill.id) and "No rate of the last 24 hours" in page(one.id)
    assert chief.get(f"/remittances/{asked.id}/quote").get_data(as_text=True) == "", "nothing before the yes"
    with services.db.transaction() as session:
        make_rates(session, clock)
    assert "No bank account is chosen" in page(one.id)
    with services.db.transaction() as session:
        make_bank(session, clock)
    assert "has USD 0.00 free" in page(one.id)
    chief.post(f"/remittances/{one.id}/quote", {"version": str(one.version)})
    assert "Give it to another mission" in page(one.id)
    with services.db.transaction() as session:
        fill_till(session, clock, mission, Money(100_000, "USD"))
    assert "Quote it" in page(one.id)
    assert chief.post("/remittances/999999/quote").status_code == 404


def test_another_missions_quote_is_nobodys(app: Any, services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        one = make_quotable(session, clock)
    assert visit(app, services, "mission_officer").get(f"/remittances/{one.id}/quote").status_code == 404


def test_the_api_quotes_and_lists(app: Any, services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        one = make_quotable(session, clock)
        tokens = [make_token(session, make_officer(session, roles=(role,))) for role in ("duty_chief", "agent")]
    client = app.test_client()

    def call(method: str, path: str, token: str, **more: Any) -> Any:
        return client.open(f"/api/v1{path}", method=method, headers={"Authorization": f"Bearer {token}"}, **more)

    path = f"/remittances/{one.id}/quote"
    assert call("GET", f"{path}s", tokens[1]).get_json() == {"quotes": []}
    assert call("POST", path, tokens[1], json={}).status_code == 403
    assert call("POST", path, tokens[0], json={"version": 1}).status_code == 409
    made = call("POST", path, tokens[0], json={}).get_json()
    assert (made["due_minor"], made["rate"], made["kind"], made["nth"]) == (1_450_000, "1450/1", "quote", 1)
    assert call("POST", path, tokens[0], json={"version": one.version + 1}).get_json()["nth"] == 2
    assert [each["nth"] for each in call("GET", f"{path}s", tokens[1]).get_json()["quotes"]] == [2, 1]
    assert call("POST", "/remittances/999999/quote", tokens[0], json={}).status_code == 404


def test_the_api_types_rates_and_has_another_agree(app: Any, services: Services) -> None:
    with services.db.transaction() as session:
        one, two = (make_token(session, make_officer(session, roles=("finance_officer",))) for _ in range(2))
    client = app.test_client()

    def call(method: str, path: str, token: str, **more: Any) -> Any:
        return client.open(f"/api/v1/rates{path}", method=method, headers={"Authorization": f"Bearer {token}"}, **more)

    given = {
        "base": "USD",
        "quoted": "KRW",
        "value": "1450.25",
        "source": "hana-bank",
        "at": "2026-11-21T11:30:00+09:00",
    }
    assert call("POST", "", one, json=given | {"at": "2026-11-21T11:30:00"}).status_code == 422, "a moment has a zone"
    assert call("POST", "", one, json=given | {"value": "-1"}).status_code == 422
    made = call("POST", "", one, json=given)
    assert made.status_code == 201 and made.get_json()["state"] == "waiting"
    number = made.get_json()["id"]
    assert call("POST", "", one, json=given).status_code == 409
    assert [each["id"] for each in call("GET", "?waiting=1", two).get_json()["rates"]] == [number]
    assert call("POST", f"/{number}/agree", one).status_code == 403
    assert call("POST", f"/{number}/agree", two).get_json()["rates"][0]["state"] == "counts"
    assert call("POST", f"/{number}/refuse", one).get_json()["rates"][0]["state"] == "refused"
    assert call("GET", "?waiting=1", two).get_json() == {"rates": [], "next_before": None}


def test_the_command_takes_a_file_or_says_what_is_wrong(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", services.settings.database_url)
    monkeypatch.setenv("HOTLINE_REDIS_URL", services.settings.redis_url)
    monkeypatch.setenv("HOTLINE_SECRET_KEY", "a secret for tests only")
    file = tmp_path / "rates"

    def run(data: bytes) -> Any:
        file.write_bytes(data)
        return CliRunner().invoke(cli.rates, ["import", str(file)])

    old = b"Date, USD,\n20 November 2020, 1.2,\n"  # the command's clock is the machine's
    assert run(old).output == "1 new, 0 on record before.\n"
    assert run(old).output == "0 new, 1 on record before.\n"
    assert "when an officer agrees" in run(b"base,quoted,rate,day\nUSD,KRW,1450,2020-11-20\n").output
    wrong = run(b"base,quoted,rate,day\nUSD,KRW,x,2020-11-20\n")
    assert wrong.exit_code == 1 and "rate (line 2)" in wrong.output and "Nothing was changed." in wrong.output


def test_the_demo_has_rates_that_count_and_what_a_quote_needs(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        for name in (demo.TYPES, demo.AGREES):
            make_officer(session, name=name, roles=("finance_officer",))
    for _ in range(2):
        banks_demo.load(services, SYSTEM)
        demo.load(services, SYSTEM)
    with services.db.transaction() as session:
        assert len(rates.counting(session, clock.now(), timedelta(hours=24))) == len(demo.WON)
        mission = make_hong_kong(session)
        fill_till(session, clock, mission, Money(200_000, "HKD"))
        one = make_approved(session, clock, mission=mission, wanted=Money(200_000, "HKD"))
        made = quoting.quote(session, clock, make_actor(session, clock, "duty_chief"), one.id)
        assert made.limit_minor == 25_702 and made.due_minor == 372_800, "weighed over the won"


def test_the_code_says_where_to_deposit_how_much(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        one = make_quotable(session, clock)
        actor = make_actor(session, clock, "duty_chief")
        quoting.quote(session, clock, actor, one.id)
        held = quote_of(session, one.id)
        bank = make_bank(session, clock, code="second")
        assert held is not None
        bank.bank_ko = "<b>은행</b>"
        assert qr.words(held, bank, one.reference).splitlines() == [
            "<b>은행</b> (Hana Bank)", "123-910001-45604", "외교부", "1450000 KRW", shown(one.reference),
        ]  # fmt: skip
        drawn = qr.svg(held, bank, one.reference, "<script>")
        assert drawn.startswith("<svg") and "<b>" not in drawn and "<script>" not in drawn


@pytest.mark.parametrize(
    ("value", "words"),
    [(Fraction(1450), "1,450.00"), (Fraction(1566) / Fraction("162.5"), "9.63692"), (Fraction(1, 1450), "0.000689655"),
     (Fraction(10**9), "1,000,000,000"), (Fraction(1, 10**10), "0.000000000100")],
)  # fmt: skip
def test_a_rate_is_shown_with_six_figures(value: Fraction, words: str) -> None:
    assert shown_rate(value, "en") == words
