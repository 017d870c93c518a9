"""Personal links: short, signed, unreadable, the same each time, and ended on time."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.segments import gsm_units
from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.errors import TooMany
from hotline.core.services import Services
from hotline.links.models import LinkRevocation
from hotline.links.opening import EndedLink, UnknownLink, open_link, read_token, revoke_links
from hotline.links.tokens import (
    BLANK_TOKEN,
    LIFETIME,
    TOKEN_CHARS,
    BadToken,
    Claims,
    LinkMaker,
    blank_url,
    link_for,
)
from hotline.people import travellers
from tests.factories import NOW, make_traveller

MAKER = LinkMaker("a secret", "https://hotline.example.org")
claims = st.builds(
    Claims,
    st.integers(1, 2**40 - 1),
    st.none() | st.integers(1, 2**32 - 1),
    st.integers(0, 2**24 - 1).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
)


@given(claims)
def test_a_token_says_what_it_was_made_of_and_always_has_the_same_length(given_claims: Claims) -> None:
    token = MAKER.token(given_claims)
    assert len(token) == TOKEN_CHARS
    assert MAKER.read(token) == given_claims
    assert MAKER.token(given_claims) == token


@given(claims, st.integers(0, TOKEN_CHARS - 1), st.sampled_from(string.ascii_letters + string.digits))
def test_a_token_with_one_letter_changed_is_none(given_claims: Claims, position: int, letter: str) -> None:
    token = MAKER.token(given_claims)
    changed = token[:position] + letter + token[position + 1 :]
    if changed != token:
        with pytest.raises(BadToken):
            MAKER.read(changed)


@given(st.text(max_size=40))
def test_anything_else_is_no_token(text: str) -> None:
    with pytest.raises(BadToken):
        MAKER.read(text)


@pytest.mark.parametrize("text", ["", "z" * TOKEN_CHARS, BLANK_TOKEN, "０" * TOKEN_CHARS, "a" * (TOKEN_CHARS + 1)])
def test_near_misses_are_no_tokens(text: str) -> None:
    with pytest.raises(BadToken):
        MAKER.read(text)


def test_a_token_of_another_installation_is_none() -> None:
    token = LinkMaker("another secret", "https://hotline.example.org").token(Claims(1, 2, NOW))
    with pytest.raises(BadToken):
        MAKER.read(token)


def test_neighbouring_people_have_nothing_in_common_in_their_tokens() -> None:
    tokens = [MAKER.token(Claims(number, 7, NOW)) for number in range(1, 101)]
    assert len(set(tokens)) == 100
    assert len({token[:4] for token in tokens}) > 90 and len({token[-4:] for token in tokens}) > 90


def test_every_letter_of_a_link_costs_one_unit_in_the_gsm_alphabet() -> None:
    units = gsm_units()
    assert all(units[char] == 1 for char in MAKER.url(Claims(1, 2, NOW)))


def test_the_stand_in_is_as_long_as_a_real_link(services: Services) -> None:
    maker = LinkMaker.of(services.settings)
    assert len(blank_url(services.settings)) == len(maker.url(Claims(1, 2, NOW)))


def test_a_link_opens_the_persons_page_until_it_ends(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        person = make_traveller(session)
        url = link_for(session, clock, person.id, alert_id=12)
        found = read_token(services, url.rsplit("/", 1)[1], "192.0.2.1")
        opened = open_link(session, clock, found)
        assert (opened.traveller.id, opened.alert_id, opened.ends_at) == (person.id, 12, NOW + LIFETIME)
        clock.advance(LIFETIME)
        with pytest.raises(EndedLink):
            open_link(session, clock, found)


def test_revoking_ends_all_links_so_far_and_none_that_come_later(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        person, other = make_traveller(session), make_traveller(session)
        old, others = (link_for(session, clock, each.id, alert_id=1) for each in (person, other))
        clock.advance(timedelta(seconds=30))
        revoke_links(session, clock, SYSTEM, person.id)
        new = link_for(session, clock, person.id, alert_id=1)
        for url, opens in ((old, False), (new, True), (others, True)):
            found = read_token(services, url.rsplit("/", 1)[1], "192.0.2.1")
            if opens:
                open_link(session, clock, found)
            else:
                with pytest.raises(EndedLink):
                    open_link(session, clock, found)
        clock.advance(timedelta(hours=1))
        revoke_links(session, clock, SYSTEM, person.id)
        assert session.get_one(LinkRevocation, person.id).revoked_at == clock.now()


def test_an_erased_persons_link_opens_nothing(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        person = make_traveller(session)
        travellers.erase(session, clock, SYSTEM, person.id)
        with pytest.raises(EndedLink):
            open_link(session, clock, Claims(person.id, None, NOW))
        with pytest.raises(EndedLink):
            open_link(session, clock, Claims(person.id + 1, None, NOW))


def test_whoever_guesses_is_slowed_down_and_right_links_still_open(services: Services) -> None:
    right = LinkMaker.of(services.settings).token(Claims(1, None, NOW))
    for _ in range(20):
        with pytest.raises(UnknownLink):
            read_token(services, "wrong", "192.0.2.1")
    with pytest.raises(TooMany):
        read_token(services, "wrong", "192.0.2.1")
    assert read_token(services, right, "192.0.2.1").traveller_id == 1
    with pytest.raises(UnknownLink):
        read_token(services, "wrong", "192.0.2.2")


def test_without_redis_links_still_open(services: Services) -> None:
    right = LinkMaker.of(services.settings).token(Claims(1, None, NOW))
    services.redis.connection_pool.disconnect()
    services.redis.connection_pool.connection_kwargs["path"] = "/nowhere.sock"
    assert read_token(services, right, "192.0.2.1").traveller_id == 1
    with pytest.raises(UnknownLink):
        read_token(services, "wrong", "192.0.2.1")
