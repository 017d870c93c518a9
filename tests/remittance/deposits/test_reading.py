"""Banks' files in three forms are read to the same values, and refused whole with the line of what is wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.errors import SeveralFaults, TooLarge
from remittance.deposits import statement as limits
from remittance.deposits.reading import CAMT, MT940, TABLE, read_file
from remittance.deposits.statement import Entry, Statement
from tests.remittance.deposits.writing import camt, make_statement, mt940, table

DAY = date(2026, 3, 2)


def make_entry(*, amount: int = 3_000, on: date = DAY, **more: object) -> Entry:
    values: dict[str, object] = {"reference": "HK7Q2M9A", "bank_reference": "B1", "payer": "김민수", "details": "송금"}
    return Entry(line=0, amount=amount, booked_on=on, **(values | more))  # type: ignore[arg-type]  # checked by the dataclass's users


def plain(entries: tuple[Entry, ...]) -> list[tuple[object, ...]]:
    """What must come through every form."""
    return [(e.amount, e.booked_on, e.reference, e.bank_reference, e.payer, e.details) for e in entries]


def faults_of(data: bytes, **more: str) -> list[tuple[object, str]]:
    """Return line and words of each fault."""
    with pytest.raises(SeveralFaults) as caught:
        read_file(data, **more)
    return [(fault["line"], f"{fault['field']}: {fault['mend']}") for fault in caught.value.faults]


WORD = st.text("ABCDEFGHJKMNPQRSTUVWXYZ23456789", min_size=4, max_size=12)
NAMES = st.sampled_from(["김민수", "Anna Mueller", "李小龙", "O'Brien", "Łukasz"])
ENTRIES = st.lists(
    st.builds(
        make_entry, amount=st.integers(-(10**9), 10**9).filter(bool), reference=WORD, bank_reference=WORD, payer=NAMES,
        details=WORD, on=st.integers(0, 27).map(lambda days: DAY + timedelta(days=days)),
    ), min_size=1, max_size=12,
)  # fmt: skip


@given(
    entries=ENTRIES, opening=st.integers(-(10**9), 10**9), currency=st.sampled_from(["KRW", "JPY", "EUR", "USD", "KWD"])
)
def test_the_same_statement_is_read_alike_from_every_form(entries: list[Entry], opening: int, currency: str) -> None:
    written = make_statement(*sorted(entries, key=lambda e: e.booked_on), opening=opening, currency=currency)
    files = {
        (CAMT, "2"): camt([written]), (CAMT, "8"): camt([written], "08"), (MT940, ""): mt940([written]),
        (TABLE, "utf-8"): table(written, encoding="utf-8-sig"),
        (TABLE, "newest first"): table(written, newest_first=True, encoding="utf-8"),
    }  # fmt: skip
    for (form, _), data in files.items():
        reading = read_file(data, account=written.account, currency=currency)
        (found,) = reading.statements
        assert reading.form == form and (found.opening, found.closing) == (written.opening, written.closing)
        assert plain(found.entries) == plain(written.entries)
        assert (found.account, found.currency) == (written.account, currency)


@pytest.mark.parametrize("form", [CAMT, MT940, TABLE])
def test_a_line_that_is_missing_is_noticed_and_nothing_is_taken(form: str) -> None:
    whole = make_statement(make_entry(), make_entry(amount=700, bank_reference="B2"), make_entry(bank_reference="B3"))
    short = replace(whole, entries=(whole.entries[0], whole.entries[2]))
    if form == TABLE:
        rows = table(whole, encoding="utf-8").split(b"\r\n")
        (fault,) = faults_of(b"\r\n".join(rows[:4] + rows[5:]), account="a", currency="KRW")
        assert fault[0] == 5 and "missing, doubled or changed" in fault[1]
        return
    ((line, words),) = faults_of(camt([short]) if form == CAMT else mt940([short]))
    assert line in (2, 3) and "ask the bank for the whole statement" in words


def test_the_korean_code_page_is_read_and_won_have_no_hundredths() -> None:
    reading = read_file(table(make_statement(make_entry(amount=1_234_567))), account="a", currency="KRW")
    assert reading.statements[0].entries[0].payer == "김민수" and reading.statements[0].entries[0].amount == 1_234_567
    bad = table(make_statement(make_entry()), encoding="utf-8").replace(b",3000,", b",3000.50,")
    assert any(
        line == 4 and words.startswith("money in") for line, words in faults_of(bad, account="a", currency="KRW")
    )


def test_only_what_is_booked_is_money_and_several_payments_of_one_entry_are_several() -> None:
    entry = make_entry(amount=3_000)
    data = camt([make_statement(entry)]).decode()
    pending = data.replace(
        "</Stmt>", data[data.index("<Ntry>") : data.index("</Ntry>") + 7].replace("BOOK", "PDNG") + "\n</Stmt>"
    )
    assert len(read_file(pending.encode()).statements[0].entries) == 1
    two = "".join(
        f'<TxDtls><Refs><EndToEndId>{name}</EndToEndId></Refs><Amt Ccy="KRW">{amount}</Amt></TxDtls>'
        for name, amount in (("ONE", 1_000), ("TWO", 2_000))
    )
    start, end = data.index("<TxDtls>"), data.index("</TxDtls>") + 9
    entries = read_file((data[:start] + two + data[end:]).encode()).statements[0].entries
    assert [(e.reference, e.amount) for e in entries] == [("ONE", 1_000), ("TWO", 2_000)]
    odd = two.replace("2000", "1500")
    entries = read_file((data[:start] + odd + data[end:]).encode()).statements[0].entries
    assert [(e.reference, e.amount) for e in entries] == [("ONE", 3_000)], "parts that do not add up stay one entry"


def test_a_payment_taken_back_says_so_and_moves_the_other_way() -> None:
    back = make_entry(amount=-3_000)
    data = mt940([make_statement(make_entry(), back)]).replace(b"0302D3000", b"0302RC3000")
    entries = read_file(data).statements[0].entries
    assert [(e.amount, e.returned) for e in entries] == [(3_000, False), (-3_000, True)]


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"", 1, "download it"), (b"\n \n", 1, "download it"), (b"<html><body>Sign in</body></html>", 1, "send CAMT.053"),
        (b"<Document>", 1, "download it"), (b"hello there", 1, "choose the bank account"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', 1, "a statement has none"),
        (b":20:A\n:25:1\n:28C:1\n", 1, "needs its opening balance"),
        (b":20:A\n:60F:C2603EUR1,\n:62F:C260302EUR1,\n", 2, "write it as C260331EUR1234,56"),
        (b":20:A\n:60F:C260302EUR1,\n:61:garbage\n:62F:C260302EUR1,\n", 3, "write it as 260331C1234"),
        (b":20:A\n:60F:C260302EUR1,\n:61:260332C1,NTRFNONREF\n:62F:C260302EUR1,\n", 3, "write days as YYMMDD"),
        (b":20:A\n:60F:C260302EUR1,\n:62F:C260302USD1,\n", 1, "the account is kept in EUR"),
        (b":20:A\n:60F:C260302XQX1,\n:62F:C260302XQX1,\n", 2, "ISO 4217"),
        (b"\xff\xfe\xff\xff\n", 1, "save the file as UTF-8"),
    ],
)  # fmt: skip
def test_what_is_no_statement_is_refused_with_its_line(data: bytes, line: int, words: str) -> None:
    assert any(at == line and words in said for at, said in faults_of(data)), faults_of(data)


@pytest.mark.parametrize("amount", ["1E-999999999", "-5.00", "1_000", "NaN", "٣.00", ""])
def test_an_amount_is_digits_and_a_point(amount: str) -> None:
    data = camt([make_statement(make_entry(), currency="EUR")]).replace(b">30.00<", f">{amount}<".encode())
    assert any("write amounts" in words or "incomplete" in words for _, words in faults_of(data))


def test_a_table_without_known_headings_or_rows_says_what_it_needs() -> None:
    ((line, words),) = faults_of("가,나\n1,2\n".encode(), account="a", currency="KRW")
    assert line == 1 and "거래일자, 입금액, 잔액" in words
    ((line, words),) = faults_of("거래일자,입금액,잔액\n".encode(), account="a", currency="KRW")
    assert "no movement" in words
    ((line, words),) = faults_of("거래일자,입금액,잔액\n2026-99-01,5,5\n".encode(), account="a", currency="KRW")
    assert (line, words) == (2, "day (line 2): write days as 2026-03-31"), "a row with a fault is no missing row"


def test_a_file_has_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TooLarge, match="at most 3 MB"):
        read_file(b":20:" + b"x" * limits.MAX_BYTES)
    many = make_statement(*[make_entry(amount=1) for _ in range(limits.MAX_ENTRIES + 1)])
    for data in (camt([many]), mt940([many]), table(many, encoding="utf-8")):
        if len(data) <= limits.MAX_BYTES:
            assert "send at most" in faults_of(data, account="a", currency="KRW")[0][1]
    broken = b":20:A\n:60F:C260302EUR1,\n" + b":61:x\n" * 500 + b":62F:C260302EUR1,\n"
    assert len(faults_of(broken)) == limits.MAX_FAULTS


@given(data=st.binary(max_size=400) | st.text(":2065FCDEUR,./-\n1<>", max_size=300).map(str.encode))
def test_whatever_comes_is_read_or_refused_and_never_an_error(data: bytes) -> None:
    try:
        reading = read_file(data, account="a", currency="EUR")
    except SeveralFaults as refused:
        assert refused.faults
    else:
        assert all(isinstance(each, Statement) for each in reading.statements)
