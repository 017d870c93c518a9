"""The board by country and by provider: figures, curves, lists and reports of a part, all from the same running counts."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from alerts.board.figures import Split, board
from alerts.board.models import BoardSplit
from alerts.board.people import people_in
from alerts.board.places import places
from alerts.board.sampling import curve, sample
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.services import Services
from tests.alerts.replies.people import Warned, make_warned, warn
from tests.auth.conftest import Visitor
from tests.factories import NOW, make_officer, make_traveller

PEOPLE = [  # country, provider, state of the text
    ("PH", "twilio", "delivered"),
    ("PH", "twilio", "sent"),
    ("PH", "kt", "delivered"),
    ("JP", "kt", "delivered"),
    ("JP", "kt", "failed"),
    ("JP", "kt", "queued"),
]


@pytest.fixture
def split(services: Services) -> list[Warned]:
    """One alert, six people in two countries, their texts with two providers; the last waits to be tried again."""
    first = make_warned(services, alert={"started_at": NOW}, message={"provider": "twilio"}, name="Person 0")
    made = [first]
    with services.db.transaction() as session:
        for nth, (country, provider, state) in enumerate(PEOPLE[1:], start=1):
            person = make_traveller(session, name=f"Person {nth}", phone=f"+8210300000{nth:02d}")
            warn(session, first.alert_id, person, state=state, country=country, provider=provider)
            made.append(Warned(services, person.id, first.alert_id, person.phone))
    return made


def test_each_part_has_its_own_figures_and_they_add_up(services: Services, split: list[Warned]) -> None:
    split[0].say("safe")
    split[2].say("help")
    split[3].say("help")
    with services.db.transaction() as session:
        whole = board(session, split[0].alert_id)
        kt = board(session, split[0].alert_id, Split(provider="kt"))
        both = board(session, split[0].alert_id, Split("PH", "kt"))
        nobody = board(session, split[0].alert_id, Split("DE"))
    assert (whole.countries, whole.providers) == (("JP", "PH"), ("kt", "twilio"))
    by_provider = {
        name: (each.people, each.delivered, each.safe, each.help, each.silent)
        for name, each in whole.by_provider.items()
    }
    assert by_provider == {"kt": (3, 2, 0, 2, 0), "twilio": (2, 1, 1, 0, 1), "": (1, 0, 0, 0, 0)}
    assert list(whole.by_provider) == ["kt", "twilio", ""], "whoever needs help stands first"
    for parts in (whole.by_country, whole.by_provider):
        assert sum(each.people for each in parts.values()) == whole.total.people == 6
    assert (kt.total.people, kt.total.help, list(kt.by_country)) == (3, 2, ["JP", "PH"])
    assert (both.total.people, both.total.help, both.total.silent) == (1, 1, 0)
    assert (nobody.total.people, nobody.countries) == (0, ("JP", "PH")), "the choice stays as it was"


def test_curves_of_parts_are_true_whichever_pair_moved_when(
    services: Services, split: list[Warned], clock: FrozenClock
) -> None:
    sample(services)
    clock.advance(timedelta(minutes=1))
    split[2].say("help")
    sample(services)
    clock.advance(timedelta(minutes=2))
    split[3].say("help")
    split[0].say("safe")
    sample(services)
    with services.db.transaction() as session:
        rows = session.scalar(select(func.count()).select_from(BoardSplit))
        lines = {
            name: curve(session, split[0].alert_id, each)
            for name, each in {"PH": Split("PH"), "kt": Split(provider="kt"), "both": Split("PH", "kt")}.items()
        }
    start = int(NOW.timestamp())
    assert lines["PH"] == {
        "t": [start, start + 60, start + 180], "delivered": [2, 2, 2], "safe": [0, 0, 1], "help": [0, 1, 1], "silent": [3, 2, 1],
    }  # fmt: skip
    assert (lines["kt"]["t"], lines["kt"]["help"]) == ([start, start + 60, start + 180], [0, 1, 2])
    assert (lines["both"]["t"], lines["both"]["silent"]) == ([start, start + 60], [1, 0])
    assert rows == 3 + 1 + 2, "a pair that did not move has no row of that minute, one that never moved has none"


def test_parts_lead_to_their_people_and_places(services: Services, split: list[Warned]) -> None:
    split[2].say("help", lat=14.6, lon=121.0, accuracy_m=9)
    split[3].say("help", lat=35.0, lon=139.0, accuracy_m=9)
    alert_id = split[0].alert_id

    def names(state: str, part: Split) -> list[str]:
        with services.db.transaction() as session:
            return [person.name for person in people_in(session, alert_id, state, split=part).people]

    assert names("help", Split("PH")) == ["Person 2"]
    assert names("help", Split(provider="kt")) == ["Person 2", "Person 3"]
    assert names("silent", Split("PH", "twilio")) == ["Person 0", "Person 1"]
    assert names("not_reached", Split(provider="kt")) == ["Person 4"]
    assert names("waiting", Split(provider="kt")) == [], "what waits is nobody's, as the counts have it"
    assert names("waiting", Split("JP")) == ["Person 5"]
    with services.db.transaction() as session:
        assert len(places(session, alert_id)) == 2
        assert [round(float(str(each["lat"]))) for each in places(session, alert_id, Split("JP"))] == [35]


@pytest.fixture
def visitor(client: FlaskClient, db: Database) -> Visitor:
    with db.transaction() as session:
        name = make_officer(session, roles=("agent",), language="en").name
    made = Visitor(client)
    made.sign_in(name)
    return made


def test_pages_and_reports_follow_the_choice(services: Services, split: list[Warned], visitor: Visitor) -> None:
    split[3].say("help")
    sample(services)
    base = f"/alerts/{split[0].alert_id}/board"
    page = visitor.get(base + "?country=JP&provider=kt").get_data(as_text=True)
    assert 'data-board="help" data-value="1"' in page and 'data-board="delivered" data-value="1"' in page
    assert "board.csv?country=JP&amp;provider=kt" in page and "curve.json?country=JP" in page
    assert "people?state=help&amp;country=JP&amp;provider=kt" in page
    listed = visitor.get(base + "/people?state=help&country=JP").get_data(as_text=True)
    assert "Person 3" in listed and "Person 1" not in listed
    table = visitor.get(base + ".csv").get_data(as_text=True).lstrip("\ufeff")
    rows = list(csv.reader(io.StringIO(table)))
    assert ["kt", "3", "0", "2", "0", "1", "1", "1"] in rows, "a line for each provider"
    assert ["JP", "kt", "1", "0", "1", "0", "1"] in [row[1:] for row in rows], "and minutes by both"
    part = visitor.get(base + ".csv?provider=twilio").get_data(as_text=True)
    assert "kt" not in part and "twilio" in part
    assert visitor.get(base + ".pdf?country=JP&provider=kt").data.startswith(b"%PDF")


@pytest.mark.parametrize("query", ["country=' OR 1", "country=jp", "provider=%C3%A9", "provider=" + "x" * 500])
def test_a_choice_that_is_no_name_shows_everybody(split: list[Warned], visitor: Visitor, query: str) -> None:
    base = f"/alerts/{split[0].alert_id}/board"
    for path in ("", "/figures", "/curve.json", "/places.json", "/people", ".csv"):
        assert visitor.get(f"{base}{path}?{query}").status_code == 200
    assert 'data-board="waiting" data-value="1"' in visitor.get(f"{base}?{query}").get_data(as_text=True)
