"""The books' pages, API and command: who sees and may do what, in both languages, and whole ways through them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import select

from hotline.auth.models import Officer
from hotline.core.actor import SYSTEM
from hotline.core.services import Services
from hotline.demo.accounts import OFFICERS
from remittance.ledger import cli, demo, sealing
from remittance.ledger.models import LedgerEntry, LedgerMonth
from tests.auth.conftest import Visitor
from tests.factories import make_mission, make_officer, make_token
from tests.remittance.ledger.making import LAST_MONTH, Books

PAGES = (
    "/ledger", "/ledger?kind=bank&currency=KRW", "/ledger?q=Hong", "/ledger/accounts/{bank}",
    "/ledger/accounts/{bank}?period=2026-10", "/ledger/journals", "/ledger/journals?period=2026-10", "/ledger/journals/{journal}",
    "/ledger/trial-balance?period=2026-10", "/ledger/months", "/ledger/entries", "/ledger/entries?all=1",
)  # fmt: skip


@pytest.fixture
def journal(books: Books) -> int:
    """Return a journal of last month; another of this month stands beside it."""
    books.post("d2", (books.till, 12_345, "HKD"), (books.due, -12_345, "HKD"), memo="Float")
    return books.deposit("d1", at=LAST_MONTH).journal_id


def sign_in(app: Any, books: Books, who: Any) -> Visitor:
    visitor = Visitor(app.test_client())
    with books.services.db.transaction() as session:
        name = session.get_one(Officer, who.id).name
    assert visitor.sign_in(name).status_code == 302
    return visitor


def test_every_page_opens_in_both_languages_for_who_may_read(app: Any, books: Books, journal: int) -> None:
    visitor = sign_in(app, books, books.auditor)
    for language in ("en", "ko"):
        visitor.post("/language", {"language": language, "next": "/"})
        for page in PAGES:
            answer = visitor.get(page.format(bank=books.bank, journal=journal))
            text = answer.get_data(as_text=True)
            assert answer.status_code == 200, page
            assert ("회계" in text) == (language == "ko") or "분개" in text
    assert "350,000원" in visitor.get(f"/ledger/journals/{journal}").get_data(as_text=True)
    for path in ("/ledger/entries/new", "/ledger/accounts/999999", "/ledger/journals/999999", "/ledger/entries/999999"):
        assert visitor.get(path).status_code in (403, 404)
    for path in ("/ledger/months/2026-10/ask", "/ledger/months/2026-10/close", f"/ledger/journals/{journal}/reverse"):
        assert visitor.post(path).status_code == 403


def test_who_has_no_business_with_money_sees_nothing(app: Any, books: Books, journal: int) -> None:
    with books.services.db.transaction() as session:
        agent = make_officer(session, roles=("agent",))
        token = make_token(session, agent, clock=books.clock)
    visitor = sign_in(app, books, agent)
    for page in (*PAGES, "/ledger/journal.csv", "/ledger/books.beancount"):
        assert visitor.get(page.format(bank=books.bank, journal=journal)).status_code == 403
    answer = app.test_client().get("/api/v1/ledger/accounts", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403


def test_an_entry_goes_from_the_form_to_the_journal_through_two_officers(app: Any, books: Books) -> None:
    first, second = sign_in(app, books, books.one), sign_in(app, books, books.two)
    key = re.search(r'name="key" value="([^"]+)"', first.get("/ledger/entries/new").get_data(as_text=True))
    assert key is not None
    form = {
        "key": key[1], "memo": "Bank charges", "occurred_at": "2026-11-21T11:00", "reason": "on the statement",
        "account-0": str(books.fees), "debit-0": "1,500원", "account-1": str(books.bank), "credit-1": "1500",
    }  # fmt: skip
    for change, words in (
        ({"debit-0": "1,5"}, "Write digits"), ({"credit-1": "1,400"}, "do not sum to zero"), ({"reason": ""}, "why it is needed"),
        ({"credit-0": "5"}, "either a debit or a credit"), ({"account-1": ""}, "Choose an account"),
        ({"occurred_at": "soon"}, "moment that has come"),
    ):  # fmt: skip
        answer = first.post("/ledger/entries/new", form | change)
        assert answer.status_code == 422, change
        assert words in answer.get_data(as_text=True)
        assert 'value="Bank charges"' in answer.get_data(as_text=True), "what was typed is still there"
    answer = first.post("/ledger/entries/new", form)
    path = answer.headers["Location"]
    assert re.fullmatch(r"/ledger/entries/\d+", path)
    assert first.post("/ledger/entries/new", form).headers["Location"] == path, "a form sent twice is one entry"
    assert "Open a new one" in first.post("/ledger/entries/new", form | {"memo": "Others"}).get_data(as_text=True)
    assert "1 entry by hand waits" in second.get("/ledger").get_data(as_text=True)
    own = first.post(f"{path}/agree")
    assert own.status_code == 403 and "Another one does" in own.get_data(as_text=True)
    assert second.post(f"{path}/agree").status_code == 302
    page = second.get(path).get_data(as_text=True)
    assert "posted" in page and "KRW 1,500" in page
    assert second.post(f"{path}/refuse", {"note": "late"}).status_code == 409


def test_a_reversal_is_asked_for_on_the_journals_page(app: Any, books: Books, journal: int) -> None:
    first, second = sign_in(app, books, books.one), sign_in(app, books, books.two)
    assert first.post(f"/ledger/journals/{journal}/reverse", {"reason": ""}).status_code == 422
    path = first.post(f"/ledger/journals/{journal}/reverse", {"reason": "wrong depositor"}).headers["Location"]
    assert first.post(f"{path}/withdraw").status_code == 302
    path = first.post(f"/ledger/journals/{journal}/reverse", {"reason": "wrong depositor"}).headers["Location"]
    assert second.post(f"{path}/agree").status_code == 302
    page = first.get(f"/ledger/journals/{journal}").get_data(as_text=True)
    assert "Reversed by" in page and "Ask for the reversal" not in page


def test_a_month_is_closed_on_its_page_by_two_officers(app: Any, books: Books, journal: int) -> None:
    first, second = sign_in(app, books, books.one), sign_in(app, books, books.two)
    assert "Next to close: 2026-10" in first.get("/ledger/months").get_data(as_text=True)
    assert first.post("/ledger/months/2026-11/ask").status_code == 409
    assert first.post("/ledger/months/october/ask").status_code == 404
    assert first.post("/ledger/months/2026-10/ask", {"note": "all agrees"}).status_code == 302
    own = first.post("/ledger/months/2026-10/close")
    assert own.status_code == 403 and "Another one does" in own.get_data(as_text=True)
    assert second.post("/ledger/months/2026-10/return", {"note": "count Hong Kong"}).status_code == 302
    assert "Given back: count Hong Kong" in first.get("/ledger/months").get_data(as_text=True)
    first.post("/ledger/months/2026-10/ask")
    assert second.post("/ledger/months/2026-10/close").status_code == 302
    with books.services.db.transaction() as session:
        assert session.get_one(LedgerMonth, "2026-10").state == "closed"
    page = first.get("/ledger/months").get_data(as_text=True)
    assert "2026-11 is not over yet" in page


def test_statements_and_lists_are_read_page_by_page(app: Any, books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    from remittance.ledger import pages

    monkeypatch.setattr(pages, "STATEMENT_ROWS", 2)
    monkeypatch.setattr(pages, "PAGE_ROWS", 2)
    for nth in range(3):
        books.deposit(f"d{nth}", 100 + nth)
    visitor = sign_in(app, books, books.auditor)
    first = visitor.get(f"/ledger/accounts/{books.bank}").get_data(as_text=True)
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following is not None and "303" not in re.findall(r'data-label="Balance">([^<]+)<', first)
    rest = visitor.get(following[1].replace("&amp;", "&")).get_data(as_text=True)
    assert re.findall(r'data-label="Balance">([^<]+)<', rest) == ["303"]
    older = re.search(r'rel="next" href="([^"]+)"', visitor.get("/ledger/journals").get_data(as_text=True))
    assert older is not None and "before=" in older[1]


def test_the_api_tells_the_same_figures(client: FlaskClient, books: Books, journal: int) -> None:
    with books.services.db.transaction() as session:
        token = make_token(session, session.get_one(Officer, books.auditor.id), clock=books.clock)
    headers = {"Authorization": f"Bearer {token}"}

    def get(path: str) -> Any:
        return client.get(f"/api/v1/ledger/{path}", headers=headers)

    first = get("accounts?limit=2").get_json()
    rest = get(f"accounts?after={first['next_after']}&limit=200").get_json()
    assert len(first["accounts"]) == 2 and len(rest["accounts"]) == 5 and rest["next_after"] is None
    bank = next(each for each in first["accounts"] + rest["accounts"] if each["id"] == books.bank)
    assert bank["balance"] == {"minor": 350_000, "currency": "KRW", "amount": "350000"}
    till = get(f"accounts?mission={books.mission}").get_json()["accounts"][0]
    assert till["balance"]["amount"] == "123.45"
    month = get(f"accounts/{books.bank}/postings?period=2026-11").get_json()
    assert (month["opening"], month["closing"], month["lines"]) == (350_000, 350_000, [])
    listed = get("journals?limit=1").get_json()
    assert listed["next_before"] and get(f"journals?before={listed['next_before']}").get_json()["next_before"] is None
    about = get("journals?about_kind=remittance&about_id=1").get_json()["journals"]
    assert len(about) == 2
    sealing.run()
    shown = get(f"journals/{journal}").get_json()
    assert (
        shown["postings"][0]["value"]["minor"] == 350_000
        and len(shown["seal_hash"]) == 64
        and shown["reversed_by"] is None
    )
    trial = get("trial-balance?period=2026-10").get_json()
    assert trial["state"] == "open" and trial["totals"][0]["agrees"]
    assert [each["period"] for each in get("months").get_json()["months"]] == ["2026-11", "2026-10"]
    for wrong in ("accounts?limit=0", "accounts?kind=purse", "accounts?currency=XAU", "journals?period=2026-13",
                  "journals?about_kind=x", "accounts?after=x"):  # fmt: skip
        assert get(wrong).status_code == 422, wrong
    assert get("accounts/999999/postings").status_code == get("journals/999999").status_code == 404


def test_files_are_given_to_who_may_read(app: Any, books: Books, journal: int) -> None:
    visitor = sign_in(app, books, books.auditor)
    table = visitor.get("/ledger/journal.csv?period=2026-10")
    assert table.headers["Content-Disposition"] == 'attachment; filename="journal-2026-10.csv"'
    assert table.get_data(as_text=True).count("\r\n") == 3
    assert visitor.get("/ledger/journal.csv?period=x").status_code == 422
    assert b"open Assets:Bank:Main:KRW KRW" in visitor.get("/ledger/books.beancount").get_data()


def test_the_command_says_whether_the_books_are_sound(
    books: Books, journal: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", books.services.settings.database_url)
    monkeypatch.setenv("HOTLINE_REDIS_URL", books.services.settings.redis_url)
    monkeypatch.setenv("HOTLINE_SECRET_KEY", "a secret for tests only")
    run = CliRunner().invoke
    assert "Sealed 2 journals." in run(cli.ledger, ["seal"]).output
    sound = run(cli.ledger, ["check"])
    assert sound.exit_code == 0 and "The books are sound" in sound.output
    for kind, begins in (("csv", "\ufeffjournal"), ("beancount", "option")):
        assert run(cli.ledger, ["export", str(tmp_path / kind), "--format", kind]).exit_code == 0
        assert (tmp_path / kind).read_text().startswith(begins)
    assert run(cli.ledger, ["export", str(tmp_path / "x"), "--period", "x"]).exit_code == 2
    books.behind_the_back("UPDATE ledger_postings SET minor = minor + 1 WHERE id = 1")
    wrong = run(cli.ledger, ["check"])
    assert wrong.exit_code == 1 and "does not balance" in wrong.output and "Traceback" not in wrong.output


def test_the_demo_has_books_to_look_at_and_loads_once(services: Services) -> None:
    with services.db.transaction() as session:
        for code in ("hong-kong", "bangkok"):
            make_mission(session, code=code)
        make_officer(session, name=demo.ASKS, roles=("finance_officer",))
    assert {name for name, (_, roles, _) in OFFICERS.items() if "finance_officer" in roles} == {
        demo.ASKS,
        "finance-officer-2",
    }
    for _ in range(2):
        demo.load(services, SYSTEM)
    with services.db.transaction() as session:
        assert session.scalars(select(LedgerEntry)).one().state == "waiting"
    with services.db.connection() as connection:
        from remittance.ledger.checking import check

        checked = check(connection, services.clock.now())
    assert checked.sound and checked.journals == 8
