"""Pickup codes: never kept readable, few tries that count for good, dead when replaced, told by voice only on record."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from hotline.core import audit
from hotline.core.clock import FrozenClock
from hotline.core.errors import Forbidden, InvalidInput, Refused
from hotline.core.services import Services
from hotline.notices.models import Notice
from remittance.payouts import codes, paying
from remittance.payouts.models import PickupCode
from remittance.requests import moving
from tests.remittance.ledger.making import at_once
from tests.remittance.payouts.making import Counter, seen
from tests.remittance.requests.making import make_actor


def wrong(code: str) -> str:
    """Return another code than this one."""
    return f"{(int(code.replace('-', '')) + 1) % 10**8:08d}"


def attempt(counter: Counter, remittance_id: int, code: str) -> str:
    """Try a code; what came of it."""
    try:
        paying.identify(counter.services, counter.cashier, remittance_id, code)
    except Refused as error:
        return error.code
    return "right"


def test_the_code_is_kept_as_a_keyed_hash_and_its_text_is_a_secret(counter: Counter, services: Services) -> None:
    code = counter.code(counter.ready())
    with services.db.transaction() as session:
        known = session.scalars(select(PickupCode)).one()
        notice = session.scalars(select(Notice).order_by(Notice.id.desc())).first()
        trail = [str((each.before, each.after)) for each in session.scalars(select(audit.AuditEntry))]
    assert len(known.code_hash) == 64 and notice is not None and notice.secret
    assert notice.expires_at <= services.clock.now() + timedelta(days=1)
    digits = code.replace("-", "")
    assert not [each for each in trail if digits in each or code in each]


@pytest.mark.parametrize("written", ["{0} {1}", "{0}{1}", " {0}-{1} ", "{0}–{1}"])
def test_a_code_is_right_however_it_is_written(counter: Counter, written: str) -> None:
    remittance_id = counter.ready()
    assert attempt(counter, remittance_id, written.format(*counter.code(remittance_id).split("-"))) == "right"


def test_five_wrong_tries_lock_it_for_good_even_for_the_right_code(counter: Counter) -> None:
    remittance_id = counter.ready()
    code = counter.code(remittance_id)
    assert [attempt(counter, remittance_id, wrong(code)) for _ in range(4)] == ["wrong-code"] * 4
    assert attempt(counter, remittance_id, code) == "right", "a right one in between sets nothing back"
    assert attempt(counter, remittance_id, wrong(code)) == "code-locked"
    assert attempt(counter, remittance_id, code) == "code-locked"


def test_twenty_wrong_tries_at_once_are_five_at_most(counter: Counter, services: Services) -> None:
    remittance_id = counter.ready()
    bad = wrong(counter.code(remittance_id))
    results = at_once([lambda: attempt(counter, remittance_id, bad)] * 20)
    assert results.count("wrong-code") == 4 and results.count("code-locked") == 16
    with services.db.transaction() as session:
        assert session.scalars(select(PickupCode.wrong_tries)).one() == 5


def test_a_try_counts_although_the_payout_is_rolled_back(counter: Counter, services: Services) -> None:
    remittance_id = counter.ready()
    checked = seen(wrong(counter.code(remittance_id)))
    with pytest.raises(Refused) as refused:
        paying.prepare(services, counter.cashier, remittance_id, checked)
    assert refused.value.params == {"left": 4}


def test_a_replaced_code_is_dead_at_once(counter: Counter, services: Services) -> None:
    remittance_id = counter.ready()
    first = counter.code(remittance_id)
    with services.db.transaction() as session:
        codes.replace(services, session, counter.agent, remittance_id, way="text")
    second = counter.code(remittance_id)
    assert first != second
    assert attempt(counter, remittance_id, first) == "wrong-code" and attempt(counter, remittance_id, second) == "right"


def test_a_code_replaced_after_preparing_stops_the_payout(counter: Counter, services: Services) -> None:
    remittance_id = counter.ready()
    payout = counter.prepared(remittance_id)
    with services.db.transaction() as session:
        codes.replace(services, session, counter.agent, remittance_id, way="text")
    with pytest.raises(Refused) as refused, services.db.transaction() as session:
        paying.confirm(session, services.clock, counter.witness, payout.id)
    assert refused.value.code == "no-code"


def test_at_most_five_codes_a_day(counter: Counter, services: Services, clock: FrozenClock) -> None:
    remittance_id = counter.ready()
    for _ in range(4):
        with services.db.transaction() as session:
            codes.replace(services, session, counter.agent, remittance_id, way="text")
    with pytest.raises(Refused) as refused, services.db.transaction() as session:
        codes.replace(services, session, counter.agent, remittance_id, way="text")
    assert refused.value.code == "too-many-codes"
    clock.advance(timedelta(days=1, seconds=1))
    with services.db.transaction() as session:
        codes.replace(services, session, counter.agent, remittance_id, way="text")


def test_ten_replacements_at_once_leave_one_code(counter: Counter, services: Services) -> None:
    remittance_id = counter.ready()

    def replace() -> None:
        with services.db.transaction() as session:
            codes.replace(services, session, counter.agent, remittance_id, way="text")

    results = at_once([replace] * 10)
    assert sum(isinstance(each, Refused) for each in results) == 6
    with services.db.transaction() as session:
        lives = select(func.count()).select_from(PickupCode).where(PickupCode.ended_at.is_(None))
        assert session.scalar(lives) == 1


def test_who_has_no_telephone_is_told_by_voice_on_record(counter: Counter, services: Services) -> None:
    remittance_id = counter.ready(payee_phone="")
    assert attempt(counter, remittance_id, "1234-5678") == "no-code"
    with pytest.raises(Refused), services.db.transaction() as session:
        codes.replace(services, session, counter.agent, remittance_id, way="text")
    with pytest.raises(InvalidInput), services.db.transaction() as session:
        codes.replace(services, session, counter.agent, remittance_id, way="voice")
    with services.db.transaction() as session:
        made, told = codes.replace(services, session, counter.officer, remittance_id, way="voice", proof="questions")
        entry = session.scalars(select(audit.AuditEntry).order_by(audit.AuditEntry.seq.desc())).first()
    assert entry is not None and entry.after == {"nth": 1, "way": "voice", "proof": "questions"}
    payout = paying.prepare(services, counter.cashier, remittance_id, seen(told))
    with pytest.raises(Refused) as refused, services.db.transaction() as session:
        paying.confirm(session, services.clock, counter.officer, payout.id)
    assert refused.value.code == "told-the-code" and made.way == "voice"


def test_only_who_may_write_makes_codes_and_never_who_locked_the_last(counter: Counter, services: Services) -> None:
    remittance_id = counter.ready()
    with services.db.transaction() as session, pytest.raises(Forbidden):
        codes.replace(services, session, counter.cashier, remittance_id, way="text")
    with services.db.transaction() as session:
        from hotline.missions import missions

        both = make_actor(
            session, services.clock, "cashier", "mission_officer", mission=missions.get(session, counter.mission)
        )
    bad = wrong(counter.code(remittance_id))
    for _ in range(5):
        with pytest.raises(Refused):
            paying.identify(services, both, remittance_id, bad)
    with pytest.raises(Refused) as refused, services.db.transaction() as session:
        codes.replace(services, session, both, remittance_id, way="text")
    assert refused.value.code == "same-officer-code"
    with services.db.transaction() as session:
        codes.replace(services, session, counter.agent, remittance_id, way="text")
    assert attempt(counter, remittance_id, counter.code(remittance_id)) == "right"


@pytest.mark.parametrize("duress", ["unsure", "under_pressure"])
def test_no_new_code_is_texted_to_a_telephone_that_others_may_read(
    counter: Counter, services: Services, duress: str
) -> None:
    remittance_id = counter.ready()
    with services.db.transaction() as session:
        moving.get(session, remittance_id).duress = duress
    with services.db.transaction() as session, pytest.raises(Refused) as refused:
        codes.replace(services, session, counter.agent, remittance_id, way="text")
    assert refused.value.code == "by-voice-alone"
    with services.db.transaction() as session:
        made, told = codes.replace(services, session, counter.agent, remittance_id, way="voice", proof="questions")
        texts = session.scalars(select(Notice).where(Notice.purpose == "code")).all()
    assert told and made.way == "voice" and len(texts) == 1, "the release's own, from before"
