"""Whatever pieces of an account's movements come, in whatever order: each movement is taken once, or the piece is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from remittance.deposits.aligning import End, Known, Misfit, align
from remittance.deposits.statement import Entry, Statement

FIRST = date(2026, 3, 2)


def make_movements(amounts: list[int], days: list[int], *, named: bool) -> list[Entry]:
    """Return movements in the order of their days; `named` gives each a reference of the bank."""
    rows = zip(sorted(days), amounts, strict=False)
    return [
        Entry(0, amount, FIRST + timedelta(days=day), bank_reference=f"B{nth}" if named else "")
        for nth, (day, amount) in enumerate(rows)
    ]


def piece(movements: list[Entry], start: int, stop: int, opening: int) -> Statement:
    """Return the statement of some movements that follow each other."""
    begins = opening + sum(entry.amount for entry in movements[:start])
    chosen = tuple(movements[start:stop])
    return Statement(
        1,
        "1",
        "KRW",
        "",
        chosen[0].booked_on,
        chosen[-1].booked_on,
        begins,
        begins + sum(entry.amount for entry in chosen),
        chosen,
    )


@given(
    amounts=st.lists(st.sampled_from([5, -5, 7, -2, 10]), min_size=1, max_size=12),
    days=st.lists(st.integers(0, 4), min_size=12, max_size=12),
    cuts=st.lists(st.tuples(st.integers(0, 11), st.integers(1, 12)), max_size=12), named=st.booleans(),
)  # fmt: skip
def test_every_movement_is_taken_once_or_the_piece_is_refused(
    amounts: list[int], days: list[int], cuts: list[tuple[int, int]], *, named: bool
) -> None:
    movements = make_movements(amounts, days, named=named)
    taken: list[Known] = []
    end: End | None = None
    for start, length in [(0, 1), *cuts]:
        stop = min(len(movements), start + length)
        if start >= stop:
            continue
        given_one = piece(movements, start, stop, 100)
        known = [one for one in taken if one.booked_on >= given_one.opened_on]
        count = align(given_one, known, end)
        if isinstance(count, Misfit):
            reached = max((int(one.bank_reference[1:]) for one in taken), default=-1) if named else 0
            assert not named or start > reached or len(taken) <= reached, (
                "with the bank's references only a gap is refused"
            )
            continue
        balance = given_one.closing - sum(entry.amount for entry in given_one.entries[count:])
        for entry in given_one.entries[count:]:
            balance += entry.amount
            taken.append(Known(entry.booked_on, entry.amount, balance, entry.bank_reference))
        if count < len(given_one.entries):
            end = End(given_one.closing, max(given_one.closed_on, end.closed_on if end else given_one.closed_on))
        if named:
            numbers = [int(one.bank_reference[1:]) for one in taken]
            assert numbers == sorted(set(numbers)), "each once, in their order"
            lost = [entry.amount for nth, entry in enumerate(movements[: numbers[-1]]) if nth not in numbers]
            assert sum(lost) == 0, "balances show every gap but one whose movements cancel each other out"


def test_statements_of_one_day_follow_each_other_though_both_open_the_day_before() -> None:
    movements = make_movements([885, -700], [1, 1], named=True)
    first, second = (replace(piece(movements, nth, nth + 1, 1_815), opened_on=FIRST) for nth in (0, 1))
    known = [Known(movements[0].booked_on, 885, 2_700, "B0")]
    assert align(first, [], None) == 0
    assert align(second, known, End(2_700, first.closed_on)) == 0
    assert align(first, known, End(2_700, first.closed_on)) == 1
    assert isinstance(align(second, known, End(2_650, first.closed_on)), Misfit)
