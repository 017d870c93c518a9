"""Every bank's file of the folder has its line in a table here: taken over with these sums, or refused with these faults."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy import select

from hotline.core.errors import SeveralFaults
from hotline.core.services import Services
from remittance.deposits.models import BankStatement
from tests.real_world.material import DATA, load_bytes
from tests.remittance.deposits.making import Bank
from tests.remittance.deposits.test_importing import sound

FOLDER = DATA / "statements"
NUMBER = "NL26VAYB8060476890"
NO_MORE = "give the three letters of ISO 4217, such as USD or KRW"
"""The German mark, in which the file is, ended in 2002."""


@dataclass(frozen=True)
class Accepted:
    """A file that is taken over: by statement its opening, its closing, and the amounts of its entries, in minor units.

    `reference` is what the bank says of the first entry.
    """

    statements: tuple[tuple[int, int, tuple[int, ...]], ...]
    reference: str


@dataclass(frozen=True)
class Refused:
    """A file that is refused whole: what is to be mended, by line."""

    lines: dict[int, str]


MUST: dict[str, Accepted | Refused] = {
    "camt053.v2.multi.statement.xml": Accepted(((1_815, 2_700, (885,)), (2_700, 2_000, (-700,))), "000000001"),
    "camt053.v2.minimal.xml": Refused({54: "the account is kept in EUR"}),
    "camt053.v8.xml": Refused({74: "the account is kept in EUR"}),
    "mt940.sta": Refused(dict.fromkeys((4, *range(5, 27, 2), 27), NO_MORE)),
    "amount_formats.sta": Refused({1: "choose the bank account whose table it is"}),
}


def test_every_file_of_the_folder_is_in_the_table() -> None:
    if not FOLDER.is_dir():
        pytest.skip(f"the real material is not here: {FOLDER} is missing")
    assert {each.name for each in FOLDER.iterdir()} == set(MUST)


@pytest.mark.parametrize("name", sorted(MUST))
def test_a_file_is_in_the_books_as_the_table_says_or_not_at_all(services: Services, name: str) -> None:
    data, must = load_bytes(f"statements/{name}"), MUST[name]
    bank = Bank(services, currency="EUR", number=NUMBER, balance=2_000)
    if isinstance(must, Refused):
        with pytest.raises(SeveralFaults) as caught:
            bank.take(data)
        assert {fault["line"]: fault["mend"] for fault in caught.value.faults} == must.lines
        assert bank.entries() == [] and bank.books() == {}
        return
    amounts = [amount for _, _, entries in must.statements for amount in entries]
    taken = bank.take(data)
    assert (taken.statements, taken.entries) == (len(must.statements), len(amounts))
    assert [each.amount_minor for each in bank.entries()] == amounts
    assert bank.entries()[0].reference == must.reference
    with services.db.transaction() as session:
        kept = session.scalars(select(BankStatement).order_by(BankStatement.id)).all()
        assert [(each.opening_minor, each.closing_minor) for each in kept] == [each[:2] for each in must.statements]
    again, written_anew = bank.take(data), bank.take(data + b"\n")
    assert (again.new, written_anew.known) == (False, len(amounts)) and len(bank.entries()) == len(amounts), "once"
    assert bank.books()["bank"] == sum(amounts)
    sound(bank)
