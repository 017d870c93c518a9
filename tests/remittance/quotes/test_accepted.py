"""A deposit that comes otherwise than asked buys what it buys by the same rate, and never more cash than was approved."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.errors import Refused
from hotline.core.services import Services
from remittance.money.amounts import Money
from remittance.money.rounding import Rules, for_payout, smallest_note
from remittance.quotes import quoting
from remittance.quotes.models import Quote
from remittance.quotes.standing import reserved
from remittance.requests import moving
from tests.remittance.quotes.making import make_policy, make_quotable
from tests.remittance.quotes.test_quoting import WANTED, quoter, run


def accepted(services: Services, remittance_id: int, used: int) -> Quote:
    with services.db.transaction() as session:
        one = moving.get(session, remittance_id, lock=True)
        return quoting.accepted_quote(session, services.clock, SYSTEM, one, used)


def test_a_smaller_deposit_buys_what_it_buys_and_a_larger_one_no_more_cash(
    services: Services, clock: FrozenClock
) -> None:
    actor = quoter(services)
    with services.db.transaction() as session:
        make_policy(session, clock, spread_basis_points=0)
        one = make_quotable(session, clock)
    assert run(services, actor, one.id) == "quoted"  # 1,453,000 won for 1,000 dollars, with a fee of 3,000
    less = accepted(services, one.id, 1_000_000)
    assert (less.kind, less.nth, less.due_minor, less.paid_minor) == ("accepted", 2, 1_000_000, 68_700)
    assert less.value_minor == 687 * 1_450 and less.residue_minor == 1_000_000 - 3_000 - 687 * 1_450
    assert less.limit_minor == 68_700
    with services.db.transaction() as session:
        assert reserved(session, one.mission_id, "USD") == 68_700, "the rest of the cash is free"
    more = accepted(services, one.id, 1_000_000_000)
    assert (more.due_minor, more.paid_minor, more.residue_minor) == (1_000_000, 68_700, less.residue_minor)


def test_what_lacks_less_than_the_rounding_buys_the_same_cash(services: Services, clock: FrozenClock) -> None:
    actor = quoter(services)
    with services.db.transaction() as session:
        make_policy(session, clock, fee_minor=0, spread_basis_points=7)
        one = make_quotable(session, clock)
    with services.db.transaction() as session:
        made = quoting.quote(session, clock, actor, one.id)
        assert (made.due_minor, made.residue_minor) == (1_451_020, 5)
    same = accepted(services, one.id, 1_451_016)
    assert (same.paid_minor, same.due_minor, same.value_minor, same.residue_minor) == (100_000, 1_451_016, 1_451_015, 1)


@pytest.mark.parametrize("used", [0, -5, 1, 2_999, 3_000, 4_000])
def test_what_buys_no_note_is_refused(services: Services, clock: FrozenClock, used: int) -> None:
    actor = quoter(services)
    with services.db.transaction() as session:
        make_policy(session, clock)
        one = make_quotable(session, clock)
    with pytest.raises(Refused) as never:
        accepted(services, one.id, used)
    assert never.value.code == "not-quoted"
    assert run(services, actor, one.id) == "quoted"
    with pytest.raises(Refused) as caught:
        accepted(services, one.id, used)
    assert caught.value.code == "nothing-to-pay"


@given(
    st.sampled_from(sorted(WANTED)), st.integers(1, 400), st.fractions(Fraction(1, 10_000), 10_000), st.integers(0, 50_000),
    st.integers(0, 1_000), st.fractions(Fraction(0), 2),
)  # fmt: skip
def test_whatever_is_deposited_adds_up_and_buys_no_more_than_was_approved(
    currency: str, notes: int, rate: Fraction, fee: int, spread: int, share: Fraction
) -> None:
    paid = Money(notes * smallest_note(currency), currency)
    asked = for_payout(paid, Rules(rate=rate, fee=Money(fee, "KRW"), spread=Fraction(spread, 10_000)))
    assert asked.due.minor == asked.value.minor + asked.fee.minor + asked.residue.minor
    held = Quote(
        rate=f"{rate.numerator}/{rate.denominator}", spread_basis_points=spread, currency=currency, paid_minor=paid.minor,
        due_currency="KRW", due_minor=asked.due.minor, value_minor=asked.value.minor, fee_minor=fee,
        residue_minor=asked.residue.minor,
    )  # fmt: skip
    used = int(asked.due.minor * share)
    try:
        bought = quoting.buys(held, used)
    except Refused as error:
        assert error.code == "nothing-to-pay"
        return
    assert (
        bought.due.minor == bought.value.minor + bought.fee.minor + bought.residue.minor == min(used, asked.due.minor)
    )
    assert bought.paid <= paid and bought.paid.minor % smallest_note(currency) == 0
    assert min(bought.value.minor, bought.fee.minor, bought.residue.minor) >= 0
    assert bought.paid == paid or used < asked.due.minor
