"""A deposit finds its remittance by reference, then by amount and name; what is not certain is left to people."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from remittance.deposits import matching
from remittance.deposits.matching import Awaited, match
from remittance.deposits.statement import Entry
from remittance.requests.reference import check_character, shown

ONE, TWO = ("7Q2M9AB", "3XK8D1C")


def reference(body: str) -> str:
    return body + check_character(body)


def make_awaited(
    *,
    number: int = 1,
    body: str = ONE,
    due: int = 100_000,
    received: int = 0,
    names: tuple[str, ...] = ("김민수",),
    waiting: bool = True,
) -> Awaited:
    return Awaited(number, reference(body), due, received, names, waiting)


def make_entry(
    amount: int = 100_000, *, text: str = "", payer: str = "김민수", details: str = "", returned: bool = False
) -> Entry:
    return Entry(1, amount, date(2026, 3, 2), reference=text, payer=payer, details=details, returned=returned)


def test_the_reference_decides_and_the_amount_says_what_it_is() -> None:
    one, two = make_awaited(), make_awaited(number=2, body=TWO, names=("이영희",))
    for amount, event in ((100_000, "deposit"), (40_000, "deposit_part"), (100_001, "deposit_over")):
        found = match(make_entry(amount, text=shown(one.reference).lower()), [one, two])
        assert (found.remittance_id, found.event, found.how) == (1, event, "reference")
    rest = match(make_entry(60_000, details=f"송금 {one.reference} 감사"), [make_awaited(received=40_000), two])
    assert rest.event == "deposit"


def test_somebody_else_depositing_is_told_apart_in_any_script() -> None:
    one = make_awaited(names=("김민수", "KIM MINSU"))
    assert match(make_entry(text=one.reference, payer="MIN-SU KIM"), [one]).event == "deposit"
    assert match(make_entry(text=one.reference, payer="PARK JISUNG"), [one]).event == "deposit_other"
    assert match(make_entry(text=one.reference, payer=""), [one]).event == "deposit", "a bank that names nobody"


def test_without_a_reference_one_amount_and_one_name_must_fit() -> None:
    one, two = make_awaited(), make_awaited(number=2, body=TWO, names=("이영희",))
    found = match(make_entry(payer="KIM MIN SOO"), [one, two])
    assert (found.remittance_id, found.how) == (1, "amount_and_name")
    twice = match(make_entry(), [one, make_awaited(number=3, body=TWO)])
    assert twice.remittance_id is None and twice.why == "several_alike" and set(twice.suggestions) == {1, 3}
    other = match(make_entry(payer="PARK JISUNG"), [one])
    assert other.remittance_id is None and other.why == "no_reference" and other.suggestions == (1,)
    assert match(make_entry(99_999), [one]).why == "unknown"


def test_two_references_in_one_text_and_one_that_is_over_are_for_people() -> None:
    one, two = make_awaited(), make_awaited(number=2, body=TWO)
    assert match(make_entry(text=f"{one.reference} {two.reference}"), [one, two]).why == "several_references"
    over = match(make_entry(text=one.reference), [make_awaited(waiting=False)])
    assert over.remittance_id is None and over.why == "not_waiting" and over.suggestions == (1,)


def test_money_that_leaves_is_never_a_deposit() -> None:
    one = make_awaited()
    assert match(make_entry(-100_000, text=one.reference), [one]) == matching.Match(
        None, why="outgoing", suggestions=(1,)
    )
    assert match(make_entry(-100_000, text=one.reference, returned=True), [one]).why == "returned"


@given(
    amounts=st.lists(st.integers(-200_000, 200_000).filter(bool), max_size=5), texts=st.lists(st.text(max_size=30), max_size=3),
    dues=st.lists(st.integers(1, 200_000), max_size=4),
)  # fmt: skip
def test_whatever_comes_money_goes_to_one_that_waits_or_to_nobody(
    amounts: list[int], texts: list[str], dues: list[int]
) -> None:
    bodies = [f"{number}234567" for number in range(len(dues))]
    awaited = [
        make_awaited(number=number, body=body, due=due)
        for number, (body, due) in enumerate(zip(bodies, dues, strict=True))
    ]
    for amount in amounts:
        for text in [*texts, *(each.reference for each in awaited), ""]:
            found = match(make_entry(amount, text=text), awaited)
            assert (found.remittance_id is None) == (found.event == "") and (found.remittance_id is None or amount > 0)
            assert found.remittance_id is not None or found.why
