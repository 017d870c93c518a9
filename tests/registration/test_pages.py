"""Registration as a traveller meets it: form, code, own page, change, opt-out, erasure."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from hotline.core import audit
from hotline.core.audit import AuditEntry
from hotline.core.errors import Unavailable
from hotline.notices.models import Notice
from hotline.people.models import Position
from hotline.registration import people
from hotline.registration.models import PhoneCheck
from tests.factories import make_traveller
from tests.registration.conftest import FORM, PHONE, Registering

MANILA = {"country": "PH", "city": "Manila", "first_date": "2026-11-20", "last_date": "2026-11-25"}


def test_a_verified_number_becomes_a_traveller(visitor: Registering) -> None:
    page = visitor.register()
    assert page.status_code == 200
    assert "You are registered." in page.get_data(as_text=True)
    (person,) = visitor.people()
    assert (person.name, person.phone, person.phone_region, person.language) == ("김하늘", PHONE, "KR", "ko")
    with visitor.services.db.transaction() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.seq)).all()
        actors = set(session.scalars(select(AuditEntry.actor_kind)))
        assert audit.verify(session).broken_at_seq is None
    assert actions == ["traveller.added", "traveller.verified"]
    assert actors == {"person"}


def test_nobody_is_on_record_before_the_code(visitor: Registering) -> None:
    visitor.ask()
    assert visitor.people() == []
    assert visitor.get("/register/me").location == "/register/change"
    assert len(visitor.codes()) == 1


def test_the_code_is_written_in_the_language_of_the_texts(visitor: Registering) -> None:
    visitor.ask({"language": "ko"})
    visitor.ask({"language": "vi", "phone": "010-1111-2222"})
    with visitor.services.db.transaction() as session:
        bodies = session.scalars(select(Notice.body).order_by(Notice.id)).all()
    assert bodies[0].startswith("[외교부] 인증번호")
    assert bodies[1].startswith("Consular hotline: your code is")


def test_a_journey_places_the_traveller_on_its_days(visitor: Registering) -> None:
    page = visitor.register(MANILA).get_data(as_text=True)
    assert "Philippines, Manila" in page
    (person,) = visitor.people()
    with visitor.services.db.transaction() as session:
        position = session.get_one(Position, person.id)
    assert (position.country, position.precision, position.source) == ("PH", "city", "itinerary")


def test_a_country_alone_counts_on_the_whole_of_its_days_and_the_same_stay_is_kept_once(visitor: Registering) -> None:
    stay = MANILA | {"city": "", "first_date": "2026-11-23", "last_date": ""}
    visitor.register(stay)
    visitor.register(stay)
    with visitor.services.db.transaction() as session:
        legs = session.execute(text("SELECT precision, starts_at, ends_at - starts_at FROM itinerary_legs")).all()
    assert len(legs) == 1
    assert (legs[0][0], legs[0][1].isoformat(), legs[0][2]) == (
        "country", "2026-11-22T16:00:00+00:00", timedelta(hours=24),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": " "}, "Give your name"),
        ({"name": "x" * 161}, "Give your name"),
        ({"phone": "12"}, "Give a mobile number"),
        ({"phone": "02-2100-0404"}, "Give a mobile number"),
        ({"phone": "060-700-1234"}, "Give a mobile number"),
        ({"phone": "1" * 300}, "Give a mobile number"),
        ({"region": "XX"}, "Choose the country of your number"),
        ({"language": "한국어"}, "Choose one of the languages"),
        ({"agreed": ""}, "Without your consent"),
        (MANILA | {"country": "QQ"}, "Choose the country you travel to"),
        (MANILA | {"city": "Atlantis"}, "This city is not known"),
        (MANILA | {"first_date": ""}, "Give the first day"),
        (MANILA | {"first_date": "soon"}, "Give the first day"),
        (MANILA | {"first_date": "2026-12-01"}, "Give the last day"),
        (MANILA | {"first_date": "2026-01-01", "last_date": "2026-01-02"}, "Give the last day"),
        (MANILA | {"last_date": "2028-11-25"}, "Give the last day"),
    ],
)
def test_a_fault_is_explained_and_no_code_goes_out(visitor: Registering, change: dict[str, str], words: str) -> None:
    answer = visitor.ask(change)
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert words in page
    assert 'aria-invalid="true"' in page or "has-error" in page
    with visitor.services.db.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM notices")) == 0


def test_who_is_known_already_is_brought_up_to_date_and_not_doubled(visitor: Registering) -> None:
    with visitor.services.db.transaction() as session:
        make_traveller(session, phone=PHONE, name="Kim H.", reference="AGENCY-7", opted_out_at=visitor.clock.now())
    visitor.register({"language": "en"})
    (person,) = visitor.people()
    assert (person.name, person.language, person.reference, person.opted_out_at) == ("김하늘", "en", "AGENCY-7", None)


def test_on_a_shared_number_the_same_name_is_the_same_person(visitor: Registering) -> None:
    with visitor.services.db.transaction() as session:
        for name in ("김하늘", "김바다"):
            make_traveller(session, phone=PHONE, name=name)
    visitor.register({"language": "en"})
    assert [(each.name, each.language) for each in visitor.people()] == [("김하늘", "en"), ("김바다", "ko")]
    page = visitor.register({"name": "김별"}).get_data(as_text=True)
    assert [each.name for each in visitor.people()] == ["김하늘", "김바다", "김별"]
    assert all(name in page for name in ("김하늘", "김바다", "김별"))


def test_the_code_sent_twice_acts_once(visitor: Registering) -> None:
    visitor.ask()
    code = visitor.codes()[-1]
    for _ in range(2):
        assert visitor.post("/register/code", {"code": code}).location == "/register/me"
    assert len(visitor.people()) == 1


def test_registration_that_broke_off_after_the_code_is_finished_by_the_own_page(
    visitor: Registering, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.ask()
    code = visitor.codes()[-1]
    with monkeypatch.context() as broken:
        broken.setattr(people, "enrol", _away)
        assert visitor.post("/register/code", {"code": code}).status_code == 503
    assert visitor.people() == []
    visitor.get("/register/me")
    assert [person.name for person in visitor.people()] == ["김하늘"]


def _away(*_: object) -> None:
    raise Unavailable("The database cannot be reached right now.")


def test_one_can_change_stop_and_resume_with_a_code(visitor: Registering) -> None:
    visitor.register()
    person = visitor.people()[0]
    assert "김하늘" in visitor.come_back().get_data(as_text=True)
    visitor.post("/register/me", {"act": "save", "traveller": person.id, "name": "Kim", "language": "en", **MANILA})
    visitor.post("/register/me", {"act": "opt_out"})
    changed = visitor.people()[0]
    assert (changed.name, changed.language, changed.opted_out_at) == ("Kim", "en", visitor.clock.now())
    assert "gets no texts" in visitor.get("/register/me").get_data(as_text=True)
    visitor.post("/register/me", {"act": "opt_in"})
    assert visitor.people()[0].opted_out_at is None
    answer = visitor.post("/register/me", {"act": "save", "traveller": person.id, "name": "", "language": "en"})
    assert answer.status_code == 422 and "Give your name" in answer.get_data(as_text=True)


def test_everything_is_erased_by_the_same_code(visitor: Registering) -> None:
    visitor.register(MANILA)
    person = visitor.people()[0]
    visitor.services.settings = visitor.services.settings
    with visitor.services.db.transaction() as session:
        session.execute(text("UPDATE notices SET state = 'delivered'"))
    visitor.post("/register/me", {"act": "erase", "traveller": person.id})
    assert len(visitor.people()) == 1, "the box was not ticked"
    page = visitor.post("/register/me", {"act": "erase", "traveller": person.id, "sure": "1"}).get_data(as_text=True)
    assert "Nothing that names you is kept any more." in page
    assert visitor.people() == []
    with visitor.services.db.transaction() as session:
        for table in ("travellers", "notices", "phone_checks", "outbox_events", "audit_entries", "positions"):
            rows = "".join(str(row) for row in session.execute(text(f"SELECT * FROM {table}")))  # noqa: S608
            assert PHONE not in rows and "김하늘" not in rows, table
    assert visitor.get("/register/me").location == "/register/change"


def test_nobody_acts_for_another_number(visitor: Registering) -> None:
    with visitor.services.db.transaction() as session:
        other = make_traveller(session, phone="+821099990000", name="Other").id
    visitor.register()
    for act in ({"act": "save", **FORM}, {"act": "erase", "sure": "1"}):
        assert visitor.post("/register/me", {**act, "traveller": other}).status_code == 404
    assert [each.name for each in visitor.people()] == ["Other", "김하늘"]


def test_leaving_and_half_an_hour_close_the_page(visitor: Registering) -> None:
    visitor.register()
    visitor.post("/register/me", {"act": "leave"})
    assert visitor.get("/register/me").location == "/register/change"
    visitor.come_back()
    assert visitor.get("/register/me").status_code == 200
    visitor.clock.advance(timedelta(minutes=31))
    assert visitor.get("/register/me").location == "/register/change"
    assert visitor.post("/register/me", {"act": "opt_out"}).location == "/register/change"
    assert visitor.people()[0].opted_out_at is None


def test_pages_are_in_korean_too_and_forms_need_their_token(visitor: Registering) -> None:
    page = visitor.get("/register", headers={"Accept-Language": "ko"}).get_data(as_text=True)
    assert 'lang="ko"' in page and "경보" in page
    assert visitor.client.post("/register", data=FORM).status_code == 403
    assert visitor.get("/register/code").location == "/register"


def test_old_checks_are_forgotten(visitor: Registering) -> None:
    from hotline.registration import checks

    visitor.ask()
    assert checks.forget_old(visitor.services) == 0
    visitor.clock.advance(timedelta(days=3))
    assert checks.forget_old(visitor.services) == 1
    with visitor.services.db.transaction() as session:
        assert session.scalars(select(PhoneCheck)).all() == []
