"""`hotline statements`: a file by command, its faults in words, and whether the books agree with the bank."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from remittance.deposits import cli
from remittance.deposits.statement import MAX_BYTES
from remittance.ledger.posting import About, Line, post
from remittance.ledger.states import BANK, SUSPENSE
from remittance.money.amounts import Money
from tests.factories import NOW
from tests.remittance.deposits.making import DUE, Bank
from tests.remittance.deposits.test_importing import account_of
from tests.remittance.deposits.writing import camt, table


@pytest.fixture
def run(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Return a runner whose commands meet this test's servers."""
    monkeypatch.setattr(cli, "_services", lambda: bank.services)
    return CliRunner()


def test_a_file_is_taken_over_by_command_and_once(bank: Bank, run: CliRunner, tmp_path: Path) -> None:
    one, file = bank.quoted(), tmp_path / "bank.xml"
    file.write_bytes(camt([bank.statement(bank.entry(DUE, reference=one.reference), bank.entry(5))]))
    done = run.invoke(cli.statements, ["import", str(file)])
    assert done.exit_code == 0 and "1 statements with 2 new entries" in done.output, done.output
    assert bank.state(one) == "deposited"
    assert "taken over before" in run.invoke(cli.statements, ["import", str(file)]).output
    rows = tmp_path / "bank.csv"
    rows.write_bytes(table(bank.statement(bank.entry(6))))
    assert "choose the bank account" in run.invoke(cli.statements, ["import", str(rows)]).output
    assert "no bank account" in run.invoke(cli.statements, ["import", str(rows), "--account", "none"]).output
    taken = run.invoke(cli.statements, ["import", str(rows), "--account", bank.account.code])
    assert taken.exit_code == 0 and "1 new entries" in taken.output, taken.output


def test_a_file_is_as_long_as_by_the_page_and_no_longer(bank: Bank, run: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "bank.xml"
    file.write_bytes(b"x" * (MAX_BYTES + 1))
    refused = run.invoke(cli.statements, ["import", str(file)])
    assert refused.exit_code == 1 and "at most 3 MB" in refused.output and bank.entries() == []


def test_faults_are_told_with_their_lines_and_a_difference_ends_with_one(
    bank: Bank, run: CliRunner, tmp_path: Path
) -> None:
    bank.send(bank.entry(5))
    file = tmp_path / "bank.xml"
    bank.statement(bank.entry(9))
    file.write_bytes(camt([bank.statement(bank.entry(8))]))
    refused = run.invoke(cli.statements, ["import", str(file)])
    assert refused.exit_code == 1 and "opening balance (line 3)" in refused.output, refused.output
    assert run.invoke(cli.statements, ["check"]).exit_code == 0
    with bank.services.db.transaction() as session:
        lines = [
            Line(account_of(session, bank, BANK), Money(1, "KRW")), Line(account_of(session, bank, SUSPENSE), Money(-1, "KRW")),
        ]  # fmt: skip
        post(
            session,
            bank.services.clock,
            bank.officer,
            key="by hand",
            occurred_at=NOW,
            memo="a mistake",
            about=About(),
            lines=lines,
        )
    differs = run.invoke(cli.statements, ["check"])
    assert differs.exit_code == 1 and "1000006 KRW in the books and 1000005 KRW" in differs.output, differs.output
