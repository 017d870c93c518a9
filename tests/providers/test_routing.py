"""Which way a text takes: longest prefix, then priority, then cost, then weight; a provider's health moves a part elsewhere."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.providers.models import Provider, Route, Sender
from hotline.providers.routing import RouteTable, Way, load, pick, portions, table_of

DEFAULT = Way(None, "twilio", "+15005550006", False)
KOREA, JAPAN = "+821012345678", "+819012345678"


def way(address: str, provider: str = "twilio", **more: object) -> Way:
    return Way(hash(address) % 1000, provider, address, False)._replace(**more)


def anything(_: Way) -> bool:
    return True


def spread(table: RouteTable, phone: str = KOREA, texts: int = 20_000) -> Counter[str]:
    chosen = (table.choose(number, phone, None, anything) for number in range(texts))
    return Counter(each.address for each in chosen if each is not None)


def test_without_routes_everything_goes_through_the_settings_own_sender() -> None:
    table = table_of(DEFAULT, [])
    assert table.plain
    assert table.choose(1, KOREA, None, anything) == DEFAULT


def test_the_longest_prefix_that_fits_wins() -> None:
    table = table_of(DEFAULT, [way("any"), way("kr", prefix="+82"), way("mobile", prefix="+8210")])
    assert set(spread(table, KOREA, 50)) == {"mobile"}
    assert set(spread(table, "+82212345678", 50)) == {"kr"}
    assert set(spread(table, "+14155550100", 50)) == {"any"}


def test_a_number_without_a_route_takes_the_default() -> None:
    table = table_of(DEFAULT, [way("jp", prefix="+81")])
    assert table.choose(1, KOREA, None, anything) == DEFAULT


def test_where_no_route_of_a_number_is_usable_the_default_is_taken() -> None:
    table = table_of(DEFAULT, [way("smpp", "smpp", prefix="+82")])
    assert table.choose(1, KOREA, None, lambda each: each.provider != "smpp") == DEFAULT
    assert table.choose(1, KOREA, None, lambda each: False) is None


def test_priority_goes_before_cost_and_cost_before_weight() -> None:
    ways = [
        way("dear", priority=1, cost_micros=90_000),
        way("cheap", priority=2, cost_micros=1_000),
        way("cheaper first", priority=1, cost_micros=50_000),
    ]
    assert set(spread(table_of(DEFAULT, ways), texts=100)) == {"cheaper first"}


def test_an_unknown_cost_counts_as_dearest() -> None:
    table = table_of(DEFAULT, [way("unknown"), way("known", cost_micros=1_000_000)])
    assert set(spread(table, texts=100)) == {"known"}


def test_equal_routes_share_by_weight() -> None:
    shares = spread(table_of(DEFAULT, [way("a", weight=75), way("b", weight=25)]))
    assert shares["a"] / shares.total() == pytest.approx(0.75, abs=0.02)


def test_a_provider_that_does_badly_passes_its_share_on_to_the_next_priority() -> None:
    shares = spread(table_of(DEFAULT, [way("a", priority=1, share=70), way("b", "smpp", priority=2)]))
    assert shares["a"] / shares.total() == pytest.approx(0.70, abs=0.02)


def test_what_nobody_takes_by_share_is_taken_in_proportion() -> None:
    assert portions([way("a", share=50)]) == [1.0]
    assert portions([way("a", share=0), way("b", share=0)]) == [0.5, 0.5]
    assert portions([way("a", share=60), way("b", share=100)]) == pytest.approx([0.375, 0.625])


def test_a_filtered_text_avoids_its_sender_where_there_is_another() -> None:
    table = table_of(DEFAULT, [way("a"), way("b")])
    chosen = {table.choose(number, KOREA, "twilio/a", anything) for number in range(100)}
    assert {each.address for each in chosen if each} == {"b"}
    alone = table_of(DEFAULT, [way("a")]).choose(1, KOREA, "twilio/a", anything)
    assert alone is not None and alone.address == "a"


def test_a_text_takes_the_same_way_whenever_it_is_asked() -> None:
    table = table_of(DEFAULT, [way("a"), way("b"), way("c")])
    first = [table.choose(number, KOREA, None, anything) for number in range(200)]
    assert first == [table.choose(number, KOREA, None, anything) for number in range(200)]


@given(
    st.lists(
        st.builds(
            lambda name, priority, weight, share, cost: way(
                name, priority=priority, weight=weight, share=share, cost_micros=cost
            ),
            st.text(min_size=1, max_size=5), st.integers(1, 3), st.integers(1, 1000), st.integers(0, 100),
            st.none() | st.integers(0, 3),
        ),
        min_size=1, max_size=6,
    ),
    st.floats(0, 1, exclude_max=True),
)  # fmt: skip
def test_portions_are_whole_and_every_fraction_finds_a_way(ways: list[Way], fraction: float) -> None:
    ranked = table_of(DEFAULT, ways).by_prefix[""]
    shares = portions(ranked)
    assert sum(shares) == pytest.approx(1.0)
    assert all(share >= 0 for share in shares)
    assert pick(ranked, fraction) in ranked


def test_the_table_is_read_with_the_shares_and_without_closed_or_unknown_ones(db: Database, clock: FrozenClock) -> None:
    now = clock.now()
    with db.transaction() as session:
        senders = {
            name: Sender(provider=provider, address=name, parts_per_s=pace, created_at=now, updated_at=now)
            for name, provider, pace in (("a", "twilio", 20), ("b", "smpp", None), ("c", "gone", None))
        }
        session.add_all(senders.values())
        session.add(Provider(name="smpp", share=40, seen_at=now))
        session.flush()
        more = {"created_at": now, "updated_at": now}
        session.add_all(
            [
                Route(prefix="+82", sender_id=senders["b"].id, priority=1, weight=50, cost_micros=7, **more),
                Route(prefix="+82", sender_id=senders["c"].id, priority=1, weight=50, **more),
                Route(prefix="", sender_id=senders["a"].id, priority=1, weight=50, open=False, **more),
            ]
        )
    with db.connection() as connection:
        table = load(connection, ["twilio", "smpp"], "twilio", "a")
    assert table.default == Way(senders["a"].id, "twilio", "a", True)
    assert table.by_prefix == {"+82": (Way(senders["b"].id, "smpp", "b", False, "+82", 1, 50, 7, 40),)}
    assert not table.plain


def test_a_second_text_takes_another_provider_before_another_sender_and_never_the_same_way() -> None:
    table = table_of(
        DEFAULT,
        [way("kr-1", "kt", prefix="+82"), way("kr-2", "kt", prefix="+82", priority=20), way("any", "skt", priority=5)],
    )
    used: list[str] = []
    taken = []
    for number in range(5):
        assert table.has_second(KOREA, used) == (number < 4)
        chosen = table.choose_second(number, KOREA, used, anything)
        if chosen is not None:
            taken.append(chosen.name)
            used.append(chosen.name)
    assert taken == ["kt/kr-1", "skt/any", "twilio/+15005550006", "kt/kr-2"]
    assert table.choose_second(1, KOREA, ["kt/kr-1"], lambda each: each.provider == "kt") == way(
        "kr-2", "kt", prefix="+82", priority=20
    ), "the same provider's other sender, while no other provider takes anything"


def test_an_attempt_whose_sender_is_not_known_may_have_used_any_of_its_provider() -> None:
    assert not table_of(DEFAULT, [way("two")]).has_second(KOREA, ["twilio/"])
    assert table_of(DEFAULT, [way("two")]).has_second(KOREA, ["twilio/+15005550006"])
