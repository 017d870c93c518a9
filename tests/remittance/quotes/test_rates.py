"""Rates are read exactly from the bank's file and a table, refused by line, and crossed only while fresh."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.errors import SeveralFaults
from remittance.quotes.crossing import KnownRate, cross
from remittance.quotes.rate_files import LARGEST, MAX_FAULTS, rate_of, read_rates

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HEAD = b"base,quoted,rate,day\n"
XML = b"""<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
<Cube><Cube time='2026-03-02'>
<Cube currency='USD' rate='1.0812'/>
<Cube currency='KRW' rate='1567.34'/>
</Cube></Cube></gesmes:Envelope>"""


def make_rate(number: int, base: str, quoted: str, value: str, *, hours: float = 1, source: str = "ecb") -> KnownRate:
    return KnownRate(number, base, quoted, Fraction(value), source, NOW - timedelta(hours=hours))


def faults_of(data: bytes) -> list[tuple[object, object]]:
    with pytest.raises(SeveralFaults) as caught:
        read_rates(data)
    return [(fault["line"], fault["mend"]) for fault in caught.value.faults]


def test_the_central_banks_file_is_read_in_both_forms() -> None:
    kind, rates = read_rates(XML)
    assert kind == "ecb" and [(r.base, r.quoted, r.value, r.day, r.line) for r in rates] == [
        ("EUR", "USD", Fraction("1.0812"), date(2026, 3, 2), 4), ("EUR", "KRW", Fraction("1567.34"), date(2026, 3, 2), 5),
    ]  # fmt: skip
    kind, wide = read_rates(b"Date, USD, KRW, RUB,\n02 March 2026, 1.0812, 1567.34, N/A,\n")
    assert kind == "ecb" and [(r.quoted, r.value) for r in wide] == [(r.quoted, r.value) for r in rates]


def test_a_table_of_ones_own_is_read() -> None:
    kind, rates = read_rates(b'base,quoted,rate,day\nUSD,KRW,"1,449.50",2026-03-02\n')
    assert kind == "csv" and rates[0].value == Fraction("1449.5")


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"", 1, "bytes"), (b"<a", 1, "download"), (b"<a/>", 1, "Central Bank"), (b"<!DOCTYPE a><a/>", 1, "has none"),
        (b"a,b\n1,2\n", 1, "begin with"), (b"\xff\xfe", 1, "UTF-8"), (HEAD + b"USD,XQX,1,2026-03-02\n", 2, "ISO 4217"),
        (HEAD + b"USD,KRW,0,2026-03-02\n", 2, "more than zero"), (HEAD + b"USD,KRW,-1,2026-03-02\n", 2, "more than zero"),
        (HEAD + b"USD,KRW,1e5,2026-03-02\n", 2, "more than zero"), (HEAD + b"USD,KRW,1,2.3.26\n", 2, "2026-03-31"),
        (HEAD + b"USD,KRW,1,2026-03-02\nUSD,KRW,2,2026-03-02\n", 3, "once a day"),
        (HEAD + b"USD,USD,1,2026-03-02\n", 2, "once a day"),
    ],
)  # fmt: skip
def test_a_file_with_a_fault_is_refused_whole_with_its_line(data: bytes, line: int, words: str) -> None:
    assert any(at == line and words in str(mend) for at, mend in faults_of(data)), faults_of(data)


def test_faults_are_bounded() -> None:
    assert len(faults_of(HEAD + b"USD,KRW,x,2026-03-02\n" * 300)) == MAX_FAULTS


def test_rates_cross_directly_turned_round_and_over_a_third_currency() -> None:
    assert cross([make_rate(1, "USD", "KRW", "1450")], "USD", "KRW", NOW, DAY) is not None
    turned = cross([make_rate(1, "KRW", "USD", "0.0007")], "USD", "KRW", NOW, DAY)
    assert turned is not None and turned.value == 1 / Fraction("0.0007")
    over = cross([make_rate(1, "EUR", "USD", "1.08"), make_rate(2, "EUR", "KRW", "1566")], "USD", "KRW", NOW, DAY)
    assert over is not None and over.value == Fraction(1450) and set(over.rate_ids) == {1, 2}
    assert cross([], "KRW", "KRW", NOW, DAY) is not None


def test_a_stale_missing_or_future_rate_is_none_and_sources_do_not_mix() -> None:
    assert cross([make_rate(1, "USD", "KRW", "1450", hours=25)], "USD", "KRW", NOW, DAY) is None
    assert cross([make_rate(1, "USD", "KRW", "1450", hours=-1)], "USD", "KRW", NOW, DAY) is None
    assert cross([make_rate(1, "USD", "JPY", "150")], "USD", "KRW", NOW, DAY) is None
    mixed = [make_rate(1, "EUR", "USD", "1.08"), make_rate(2, "EUR", "KRW", "1566", source="manual")]
    assert cross(mixed, "USD", "KRW", NOW, DAY) is None


def test_the_newest_answer_is_taken_and_the_direct_one_of_equally_new() -> None:
    rates = [
        make_rate(1, "USD", "KRW", "1400", hours=5), make_rate(2, "EUR", "USD", "1.08"), make_rate(3, "EUR", "KRW", "1566"),
        make_rate(4, "USD", "KRW", "1455", source="manual"),
    ]  # fmt: skip
    found = cross(rates, "USD", "KRW", NOW, DAY)
    assert found is not None and found.rate_ids == (4,)


@given(there=st.fractions(Fraction(1, 10**6), Fraction(10**6)))
def test_there_and_back_is_where_one_was(there: Fraction) -> None:
    rates = [KnownRate(1, "USD", "KRW", there, "ecb", NOW)]
    one, other = cross(rates, "USD", "KRW", NOW, DAY), cross(rates, "KRW", "USD", NOW, DAY)
    assert one is not None and other is not None and one.value * other.value == 1


@given(text=st.text("0123456789.,-eE ", max_size=20))
def test_a_rate_is_more_than_zero_or_none(text: str) -> None:
    value = rate_of(text)
    assert value is None or 0 < value <= LARGEST


@given(data=st.binary(max_size=300))
def test_whatever_comes_is_read_or_refused(data: bytes) -> None:
    try:
        _, rates = read_rates(data)
    except SeveralFaults as refused:
        assert refused.faults
    else:
        assert rates
