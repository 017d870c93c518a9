"""Answers: all are kept, the latest counts in whatever order they arrive, a repetition is none, and help opens a case."""

from __future__ import annotations

import itertools
import threading
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from alerts.replies.models import Answer, Standing
from alerts.replies.recording import MAX_PER_HOUR, Said, record_answer
from alerts.replies.relatives import MAX_A_DAY, Wish
from hotline.cases.models import Case, CaseEntry
from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.errors import InvalidInput, Refused, TooMany
from hotline.core.services import Services
from hotline.notices.models import Notice
from hotline.people import travellers
from hotline.people.models import Position
from tests.alerts.replies.people import PERSON, Warned, counts_of, make_warned, warn
from tests.alerts.senders import make_approved
from tests.factories import NOW, make_traveller

_keys = itertools.count(1)


@pytest.fixture
def warned(services: Services) -> Warned:
    return make_warned(services, alert={"severity": "Severe"})


def cases(services: Services) -> list[Case]:
    with services.db.transaction() as session:
        return list(session.scalars(select(Case).order_by(Case.id)))


def relatives_told(services: Services) -> list[str]:
    with services.db.transaction() as session:
        return list(session.scalars(select(Notice.phone).order_by(Notice.id)))


def test_the_latest_word_counts_and_all_are_kept(warned: Warned, clock: FrozenClock) -> None:
    for nth, status in enumerate(["safe", "help", "safe"]):
        assert warned.say(status, f"k{nth}").counts
        clock.advance(timedelta(minutes=1))
    assert warned.answers() == ["safe", "help", "safe"]
    assert warned.standing() == "safe"
    assert warned.counts() == {("PH", "safe"): 1}


def test_the_same_press_twice_is_one_answer(warned: Warned) -> None:
    first, second = warned.say("help"), warned.say("help")
    assert (first.fresh, second.fresh, second.answer.id) == (True, False, first.answer.id)
    assert warned.answers() == ["help"] and warned.counts() == {("PH", "help"): 1}
    assert len(cases(warned.services)) == 1


def test_a_press_repeated_after_another_answer_changes_nothing(warned: Warned) -> None:
    warned.say("safe", "k1")
    warned.say("help", "k2")
    assert not warned.say("safe", "k1").fresh
    assert not warned.say("safe", "k1", sure=False).fresh
    assert warned.standing() == "help"


def test_help_from_a_form_gone_back_to_counts_again_but_only_once(warned: Warned) -> None:
    warned.say("help", "form", sure=False)
    warned.say("safe", "other", sure=False)
    assert warned.say("help", "form", sure=False).fresh
    assert not warned.say("help", "form", sure=False).fresh
    assert warned.standing() == "help" and warned.answers() == ["help", "safe", "help"]


def test_one_form_with_two_buttons_pressed_one_after_the_other_is_two_answers(warned: Warned) -> None:
    warned.say("safe", "form:safe", sure=False)
    warned.say("help", "form:help", sure=False)
    assert warned.standing() == "help"


def test_an_answer_that_comes_late_does_not_replace_what_was_said_after_it(warned: Warned, clock: FrozenClock) -> None:
    warned.say("safe", "k2")
    late = warned.say("help", "k1", said_at=NOW - timedelta(minutes=5))
    assert (late.fresh, late.counts) == (True, False)
    assert warned.standing() == "safe" and cases(warned.services) == []
    assert warned.answers() == ["help", "safe"]


def test_nobody_speaks_from_the_future_or_from_long_ago(warned: Warned) -> None:
    assert warned.say("safe", "k1", said_at=NOW + timedelta(hours=1)).answer.said_at == NOW
    assert warned.say("safe", "k2", said_at=NOW - timedelta(days=9)).answer.said_at == NOW - timedelta(days=1)


orders = st.lists(st.tuples(st.sampled_from(["safe", "help"]), st.integers(0, 30)), min_size=1, max_size=6)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(orders, st.randoms(use_true_random=False))
def test_in_whatever_order_answers_arrive_the_last_one_said_counts(
    services: Services, said: list[tuple[str, int]], random: object
) -> None:
    """Arrival is shuffled and every answer is delivered twice; the outcome follows from what was said alone."""
    with services.db.transaction() as session:
        person = make_traveller(session)
        alert_id = make_approved(session, state="finished").id
        warn(session, alert_id, person)
    # Of two answers of one minute the one that arrives later counts, so each is said in a minute of its own.
    told = [(status, minute * 10 + nth, f"h{next(_keys)}") for nth, (status, minute) in enumerate(said)]
    arriving = told * 2
    random.shuffle(arriving)  # type: ignore[attr-defined]  # hypothesis' own random
    for status, minute, key in arriving:
        with services.db.transaction() as session:
            record_answer(
                session, services.clock, PERSON,
                Said(traveller_id=person.id, alert_id=alert_id, status=status, channel="link", key=key,
                     said_at=NOW - timedelta(minutes=400 - minute)),
            )  # fmt: skip
    last = max(told, key=lambda each: each[1])[0]
    with services.db.transaction() as session:
        assert session.get_one(Standing, (alert_id, person.id)).status == last
        assert counts_of(session, alert_id) == {("PH", last): 1}
        assert session.scalar(select(func.count()).where(Answer.alert_id == alert_id)) == len(told)


def test_many_people_answering_at_once_are_counted_exactly_and_open_one_case_each(services: Services) -> None:
    warned = make_warned(services)
    with services.db.transaction() as session:
        people = [make_traveller(session) for _ in range(6)]
        for each in people:
            warn(session, warned.alert_id, each)
    failures: list[BaseException] = []

    def answer(traveller_id: int, nth: int) -> None:
        other = Warned(services, traveller_id, warned.alert_id, "")
        try:
            for turn, status in enumerate(["help", "safe", "help"]):
                other.say(status, f"{nth}-{turn}")
        except BaseException as failure:  # noqa: BLE001 - shown by the test itself
            failures.append(failure)

    threads = [threading.Thread(target=answer, args=(each.id, nth)) for each in people for nth in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failures == []
    assert warned.counts() == {("PH", "help"): 6}
    assert sorted(case.traveller_id for case in cases(services)) == [each.id for each in people]


def test_help_opens_a_case_with_what_was_said_and_the_alerts_severity(warned: Warned) -> None:
    said = warned.say("help", people=4, injured=False, lat=14.6, lon=121.0, place="Roof of the school")
    (case,) = cases(warned.services)
    assert said.case is not None and said.case.fresh
    assert (case.state, case.priority, case.people, case.injured) == ("open", 2, 4, False)
    assert (case.source, case.severity, case.country, case.place) == (
        f"alert:{warned.alert_id}", "Severe", "PH", "Roof of the school",
    )  # fmt: skip
    assert said.topics == (f"alert:{warned.alert_id}", "cases", f"case:{case.id}")


def test_further_words_join_the_case_and_safety_does_not_close_it(warned: Warned) -> None:
    warned.say("help", "k1")
    warned.say("help", "k2", injured=True)
    warned.say("safe", "k3")
    (case,) = cases(warned.services)
    assert (case.state, case.priority, case.says) == ("open", 1, "safe")
    with warned.services.db.transaction() as session:
        told = session.scalars(select(CaseEntry).order_by(CaseEntry.id)).all()
        assert [entry.details["says"] for entry in told] == ["help", "help", "safe"]


def test_a_person_who_was_never_in_need_has_no_case(warned: Warned) -> None:
    warned.say("safe")
    assert cases(warned.services) == []


def test_an_update_of_the_alert_joins_the_case_of_the_first(warned: Warned, services: Services) -> None:
    warned.say("help")
    with services.db.transaction() as session:
        update = make_approved(session, state="finished", follows_id=warned.alert_id, chain_id=warned.alert_id)
    again = warned.say("help", "k2", alert_id=update.id)
    assert again.case is not None and not again.case.fresh and len(cases(services)) == 1


def test_an_answer_outside_any_alert_is_kept_and_opens_a_case(services: Services) -> None:
    warned = make_warned(services)
    warned.say("help", alert_id=None)
    assert [case.source for case in cases(services)] == ["person"]
    assert warned.counts() == {}


def test_a_location_becomes_the_persons_exact_position(warned: Warned) -> None:
    warned.say("safe", lat=15.5, lon=120.7, accuracy_m=12)
    with warned.services.db.transaction() as session:
        position = session.get_one(Position, warned.traveller_id)
        assert (position.lat, position.lon, position.precision, position.source) == (15.5, 120.7, "exact", "checkin")
        assert session.get_one(Standing, (warned.alert_id, warned.traveller_id)).cell is not None


@pytest.mark.parametrize("vague", [{"lat": 0.0, "lon": 0.0}, {"lat": 15.0, "lon": 120.0, "accuracy_m": 90_000}])
def test_a_location_that_tells_nothing_moves_nobody_and_costs_no_answer(
    warned: Warned, vague: dict[str, float]
) -> None:
    assert warned.say("help", **vague).counts
    with warned.services.db.transaction() as session:
        assert session.get_one(Position, warned.traveller_id).source == "test"


def test_answers_count_under_the_country_of_the_message(services: Services) -> None:
    warned = make_warned(services, country="JP")
    warned.say("safe", lat=35.0, lon=139.0)
    assert warned.counts() == {("PH", "safe"): 1}


@pytest.mark.parametrize(
    "wrong",
    [{"status": "fine"}, {"people": 0}, {"people": 501}, {"place": "x" * 301}, {"lat": 1.0}, {"lat": 91.0, "lon": 0.0},
     {"lat": float("nan"), "lon": 0.0}, {"key": ""}, {"key": "x" * 61}, {"channel": "fax"}],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_and_nothing_kept(warned: Warned, wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        warned.say(**({"status": "help"} | wrong))  # type: ignore[arg-type]
    assert warned.answers() == []


def test_an_erased_person_answers_nothing(warned: Warned, clock: FrozenClock) -> None:
    with warned.services.db.transaction() as session:
        travellers.erase(session, clock, SYSTEM, warned.traveller_id)
    with pytest.raises(Refused):
        warned.say("help")


def test_somebody_who_answers_without_end_is_slowed_down(warned: Warned, clock: FrozenClock) -> None:
    for nth in range(MAX_PER_HOUR):
        warned.say("safe", f"k{nth}")
    with pytest.raises(TooMany):
        warned.say("help", "one more")
    clock.advance(timedelta(minutes=61))
    assert warned.say("help", "later").counts


def test_a_relative_is_told_once_for_each_change_to_safe(warned: Warned) -> None:
    warned.say("safe", "k1", relative=Wish("010-9876-5432", "ko"))
    warned.say("safe", "k2")
    assert relatives_told(warned.services) == ["+821098765432"]
    warned.say("help", "k3")
    warned.say("safe", "k4")
    warned.say("safe", "k4")
    assert relatives_told(warned.services) == ["+821098765432"] * 2


def test_no_relative_is_told_of_help_or_without_permission(warned: Warned) -> None:
    warned.say("help", "k1", relative=Wish("+821098765432", "ko"))
    warned.say("help", "k2", relative=Wish("", "ko"))
    warned.say("safe", "k3")
    assert relatives_told(warned.services) == []


def test_a_text_to_a_relative_says_no_name_and_no_place(warned: Warned) -> None:
    warned.say("safe", relative=Wish("+821098765432", "fr"), lat=14.6, lon=121.0, place="Hotel Nine")
    with warned.services.db.transaction() as session:
        body = session.scalars(select(Notice.body)).one()
    assert "securite" in body and "Traveller" not in body and "Nine" not in body


def test_one_number_is_not_pestered_through_anybodys_page(warned: Warned) -> None:
    for turn in range(MAX_A_DAY + 3):
        warned.say("help", f"h{turn}")
        warned.say("safe", f"s{turn}", relative=Wish("+821098765432", "ko"))
    assert len(relatives_told(warned.services)) == MAX_A_DAY


def test_a_relatives_number_that_cannot_be_dialled_is_named(warned: Warned) -> None:
    with pytest.raises(InvalidInput, match="relative_phone"):
        warned.say("safe", relative=Wish("mother", "ko"))
    assert warned.answers() == []


def test_an_exercise_tells_no_relative(services: Services) -> None:
    warned = make_warned(services, drill=True)
    warned.say("safe", relative=Wish("+821098765432", "ko"))
    assert relatives_told(services) == []
