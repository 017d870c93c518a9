"""The personal page: opens with the link alone, takes an answer in one form, says what became of it, and stays small."""

from __future__ import annotations

import gzip
import re
import traceback
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from alerts.models import Alert, Message
from alerts.replies.models import Answer, Relative
from alerts.replies.phrases import LANGUAGES, phrases
from hotline.auth.officers import actor_of
from hotline.cases import escalating, working
from hotline.cases.known import who_is
from hotline.cases.models import Case
from hotline.core.actor import SYSTEM
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.links.opening import revoke_links
from hotline.links.tokens import LIFETIME, blank_url, link_for
from hotline.people.models import Traveller
from tests.alerts.replies.people import Warned, make_warned
from tests.factories import NOW, make_officer

MAX_PAGE_BYTES = 30 * 1024
MAX_LETTERS_BYTES = 12 * 1024
"""The sheet of the letters that a device may lack, as the reverse proxy sends it; it blocks nothing."""


@pytest.fixture
def warned(services: Services) -> Warned:
    return make_warned(services, alert={"instruction": "Go to high ground. " * 400}, language="ko")


@pytest.fixture
def path(warned: Warned) -> str:
    return path_of(warned)


def path_of(warned: Warned, alert_id: int | None = None) -> str:
    with warned.services.db.transaction() as session:
        url = link_for(session, warned.services.clock, warned.traveller_id, alert_id=alert_id or warned.alert_id)
    return "/p/" + url.rsplit("/", 1)[1]


def text_of(answer: TestResponse) -> str:
    return answer.get_data(as_text=True)


def key_in(answer: TestResponse) -> str:
    found = re.search(r'name="key" value="([^"]+)"', text_of(answer))
    assert found is not None
    return found[1]


class _Loaded(HTMLParser):
    """Collects what a page makes a browser fetch by itself before it shows anything, and what only afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.afterwards: list[str] = []
        self._shown = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        address = given.get("src") or (given.get("href") if tag == "link" else None)
        if address and not address.startswith("data:"):
            (self.afterwards if self._shown else self.addresses).append(address)

    def handle_endtag(self, tag: str) -> None:
        self._shown = self._shown or tag == "main"


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_the_page_loads_is_under_thirty_kilobytes(client: FlaskClient, path: str, language: str) -> None:
    client.post(path, data={"say": "help", "place": "Ω" * 300})
    page = client.get(f"{path}?lang={language}")
    loaded = _Loaded()
    loaded.feed(text_of(page))
    assert len(loaded.addresses) == 2
    total = len(page.data) + sum(len(client.get(address).data) for address in loaded.addresses)
    assert total < MAX_PAGE_BYTES
    (letters,) = loaded.afterwards
    assert len(gzip.compress(client.get(letters).data)) < MAX_LETTERS_BYTES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_phrase(language: str) -> None:
    assert phrases(language).keys() == phrases("en").keys()
    assert all(words.strip() for words in phrases(language).values())
    for name in ("said_at", "request"):
        assert set(re.findall(r"\{\w+\}", phrases(language)[name])) == set(re.findall(r"\{\w+\}", phrases("en")[name]))


def test_the_page_shows_the_alert_whom_to_call_and_two_buttons(client: FlaskClient, path: str) -> None:
    page = client.get(path)
    shown = text_of(page)
    assert page.status_code == 200 and 'lang="ko"' in shown
    assert "[외교부] 마닐라 홍수. 고지대로 대피하세요." in shown
    assert "Go to high ground." not in shown, "nobody agreed to what the alert says beside its texts"
    assert 'href="tel:+639178175703"' in shown and 'href="tel:+82232100404"' in shown
    assert 'value="safe"' in shown and 'value="help"' in shown
    assert "Set-Cookie" not in page.headers
    assert page.headers["Referrer-Policy"] == "no-referrer" and page.headers["Cache-Control"] == "no-store"


def test_the_alerts_text_is_shown_without_the_way_to_this_page(services: Services, client: FlaskClient) -> None:
    link = blank_url(services.settings)
    texts = {"en": f"Flood in Manila. Safe or need help? Tell us: {link}", "ko": f"홍수 {link} 대피"}
    with services.db.transaction() as session:
        from tests.alerts.replies.people import warn
        from tests.alerts.senders import make_approved
        from tests.factories import make_traveller

        alert, person = make_approved(session, state="finished", texts=texts), make_traveller(session, language="en")
        warn(session, alert.id, person, language="en")
        warned = Warned(services, person.id, alert.id, person.phone)
    english, korean = (text_of(client.get(path_of(warned) + f"?lang={each}")) for each in ("en", "ko"))
    assert "Flood in Manila.</p>" in english and "EachPerson" not in english + korean and "홍수 대피" in korean


def test_an_answer_needs_one_form_and_no_script_and_the_page_says_what_was_understood(
    client: FlaskClient, path: str, warned: Warned
) -> None:
    form = {
        "say": "help",
        "key": key_in(client.get(path)),
        "people": "3",
        "injured": "yes",
        "place": "3층 옥상",
        "lang": "ko",
    }
    answered = client.post(path, data=form)
    assert answered.status_code == 200
    assert phrases("ko")["said_help"] in text_of(answered) and phrases("ko")["case_open"] in text_of(answered)
    with warned.services.db.transaction() as session:
        kept = session.scalars(select(Answer)).one()
        assert (kept.status, kept.people, kept.injured, kept.place, kept.said_at) == ("help", 3, True, "3층 옥상", NOW)
        assert session.scalars(select(Case.priority)).one() == 1


def test_the_same_form_sent_twice_is_one_answer_and_the_other_button_another(
    client: FlaskClient, path: str, warned: Warned
) -> None:
    key = key_in(client.get(path))
    for say in ("safe", "safe", "help", "help"):
        assert client.post(path, data={"say": say, "key": key}).status_code == 200
    assert warned.answers() == ["safe", "help"] and warned.standing() == "help"


def test_an_answer_that_waited_for_a_line_counts_from_when_it_was_pressed(
    client: FlaskClient, path: str, warned: Warned
) -> None:
    client.post(path, data={"say": "help", "key": "j" + "b" * 12, "waited": "1000"})
    client.post(path, data={"say": "safe", "key": "j" + "a" * 12, "waited": str(10 * 60_000)})
    assert warned.standing() == "help" and warned.answers() == ["safe", "help"]


def test_the_person_sees_what_becomes_of_their_case(
    client: FlaskClient, path: str, warned: Warned, clock: FrozenClock
) -> None:
    warned.say("help")
    with warned.services.db.transaction() as session:
        who = actor_of(make_officer(session, roles=("agent",)), "console")
        case = session.scalars(select(Case)).one()
        working.take(session, clock, who, case.id)
    assert phrases("en")["case_in_hand"] in text_of(client.get(path + "?lang=en"))
    with warned.services.db.transaction() as session:
        working.close(session, clock, who, case.id, reason="Brother-in-law of the ambassador")
    shown = text_of(client.get(path + "?lang=en"))
    assert phrases("en")["case_closed"].split("“", maxsplit=1)[0] in shown and "ambassador" not in shown


@pytest.mark.parametrize(
    ("field", "value", "remark"),
    [("people", "many", "bad_people"), ("people", "0", "bad_people"), ("people", "999", "bad_people"),
     ("place", "x" * 301, "cut_place"), ("relative_phone", "mother", "bad_phone")],
)  # fmt: skip
def test_an_answer_is_never_refused_for_a_detail(
    client: FlaskClient, path: str, warned: Warned, field: str, value: str, remark: str
) -> None:
    answered = client.post(path, data={"say": "help", "lang": "en", "relative": "yes", field: value})
    assert answered.status_code == 200 and phrases("en")[remark] in text_of(answered)
    assert warned.standing() == "help"


@pytest.mark.parametrize(
    "place", [("999", "0"), ("14.6", ""), ("nan", "nan"), ("1e5", "2"), ("14.6; DROP", "121")], ids=str
)
def test_a_location_that_cannot_be_is_left_out(
    client: FlaskClient, path: str, warned: Warned, place: tuple[str, str]
) -> None:
    assert client.post(path, data={"say": "safe", "lat": place[0], "lon": place[1], "accuracy": "x"}).status_code == 200
    with warned.services.db.transaction() as session:
        assert session.scalars(select(Answer.lat)).one() is None


def test_words_of_a_person_are_words_wherever_they_are_shown(client: FlaskClient, path: str, warned: Warned) -> None:
    evil = "<script>alert(1)</script>{{ 7*7 }}"
    shown = text_of(client.post(path, data={"say": "help", "place": evil, "people": evil, "key": evil, "lang": evil}))
    assert "<script>alert" not in shown and "49" not in re.sub(r"key|value=\S+", "", shown.split("<main>")[1][:400])
    with warned.services.db.transaction() as session:
        assert session.scalars(select(Answer.place)).one() == evil


def test_a_relative_is_kept_on_consent_and_forgotten_without_and_never_shown(
    client: FlaskClient, path: str, warned: Warned
) -> None:
    client.post(path, data={"say": "safe", "relative": "yes", "relative_phone": "010-9876-5432"})
    page = text_of(client.get(path))
    assert "9876" not in page and 'name="relative" value="yes" checked' in page
    client.post(path, data={"say": "safe", "relative": "yes", "relative_phone": "", "relative_known": "yes"})
    with warned.services.db.transaction() as session:
        assert session.scalars(select(Relative.phone)).one() == "+821098765432"
    client.post(path, data={"say": "safe", "relative_known": "yes"})
    with warned.services.db.transaction() as session:
        assert session.scalars(select(Relative)).all() == []
        trail = session.scalars(select(AuditEntry).where(AuditEntry.action.like("traveller.relative%"))).all()
        assert [entry.action.rsplit("_", 1)[1] for entry in trail] == ["allowed", "withdrawn"]
        assert "9876" not in str([(entry.before, entry.after) for entry in trail])


def test_texts_can_be_ended_and_wanted_again_from_the_page(client: FlaskClient, path: str, warned: Warned) -> None:
    for act, gone in (("optout", True), ("optout", True), ("optin", False)):
        assert client.post(path, data={"act": act}).status_code == 200
        with warned.services.db.transaction() as session:
            assert (session.get_one(Traveller, warned.traveller_id).opted_out_at is not None) is gone
    assert warned.answers() == []


def test_a_form_without_an_answer_changes_nothing(client: FlaskClient, path: str, warned: Warned) -> None:
    for form in ({}, {"say": "maybe"}, {"act": "erase"}):
        assert client.post(path, data=form).status_code == 200
    assert warned.answers() == []


def test_an_ended_link_says_so_and_whom_to_call(
    client: FlaskClient, path: str, warned: Warned, clock: FrozenClock
) -> None:
    clock.advance(LIFETIME)
    for answer in (client.get(path + "?lang=fr"), client.post(path, data={"say": "help", "lang": "fr"})):
        assert answer.status_code == 410
        assert phrases("fr")["ended"].split("'")[0] in text_of(answer) and "tel:+82232100404" in text_of(answer)
    clock.set(NOW)
    with warned.services.db.transaction() as session:
        revoke_links(session, clock, SYSTEM, warned.traveller_id)
    assert client.get(path).status_code == 410
    assert warned.answers() == []


def test_wrong_links_are_unknown_and_many_of_them_wait(client: FlaskClient, path: str) -> None:
    wrong = [path[:-1] + ("A" if path[-1] != "A" else "B"), "/p/x", "/p/" + "%F0%9F%9A%A8" * 30, "/p/'or1=1--"]
    assert [client.get(each).status_code for each in wrong] == [404] * 4
    for _ in range(16):
        client.get("/p/guess")
    waiting = client.get("/p/guess?lang=en")
    assert waiting.status_code == 429 and phrases("en")["many"] in text_of(waiting)
    assert client.get(path).status_code == 200


def test_a_form_that_is_too_large_is_refused_unread(client: FlaskClient, path: str, warned: Warned) -> None:
    answer = client.post(path, data={"say": "help", "place": "x" * 20_000})
    assert answer.status_code == 413 and "tel:" in text_of(answer)
    assert warned.answers() == []


def test_without_the_database_the_page_still_says_whom_to_call(
    client: FlaskClient, path: str, services: Services
) -> None:
    services.db.dispose()
    broken = services.db
    services.db = type(broken)("postgresql://nobody@127.0.0.1:9/nothing")
    try:
        answer = client.post(path, data={"say": "help", "lang": "en"})
    finally:
        services.db = broken
    assert answer.status_code == 503 and phrases("en")["away"] in text_of(answer) and "tel:" in text_of(answer)


def test_a_token_is_never_in_a_log(client: FlaskClient, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from alerts.replies import page

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("something unexpected")

    monkeypatch.setattr(page, "what_is_shown", fail)
    with capture_logs() as heard:
        assert client.get(path).status_code == 500
        client.get("/p/a-wrong-token")
    (entry,) = [each for each in heard if each["event"] == "web.unexpected_error"]
    assert entry["path"] == "/p/..."
    told = str(heard) + "".join(traceback.format_exception(entry["exc_info"]))
    assert path.rsplit("/", 1)[1] not in told and "a-wrong-token" not in told


def test_an_officers_session_adds_nothing_and_their_cookie_is_not_touched(client: FlaskClient, path: str) -> None:
    client.set_cookie("hotline", "garbage")
    assert client.get(path).status_code == 200
    assert client.post(path, data={"say": "safe"}).status_code == 200


def test_a_drill_says_that_it_is_one(services: Services, client: FlaskClient) -> None:
    warned = make_warned(services, drill=True, alert={"status": "Exercise"})
    assert phrases("en")["drill"] in text_of(client.get(path_of(warned) + "?lang=en"))


def test_an_alert_that_a_later_one_replaced_is_over(client: FlaskClient, path: str, warned: Warned) -> None:
    with warned.services.db.transaction() as session:
        session.get_one(Alert, warned.alert_id).superseded_by_id = warned.alert_id
    assert phrases("en")["over"] in text_of(client.get(path + "?lang=en"))


def test_an_alert_that_is_over_says_so(client: FlaskClient, path: str, clock: FrozenClock) -> None:
    assert phrases("en")["over"] not in text_of(client.get(path + "?lang=en"))
    clock.advance(timedelta(hours=7))
    assert phrases("en")["over"] in text_of(client.get(path + "?lang=en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_person_reads_the_officials_answer_and_opens_a_closed_case_again(
    client: FlaskClient, services: Services, warned: Warned, path: str, language: str
) -> None:
    warned.say("help")
    with services.db.transaction() as session:
        agent, official = (make_officer(session, roles=(role,)) for role in ("agent", "official"))
        who = actor_of(agent, "console")
        rule = {"country": "", "risk": "", "level": 1, "deadline_minutes": 60, "phone": ""}
        escalating.set_rule(session, services.clock, who, official_id=official.id, **rule)
        case = session.scalars(select(Case)).one()
        working.take(session, services.clock, who, case.id)
        asked = escalating.escalate(session, services.clock, who, case.id, question="inner matter")
        case_id, asked_id = case.id, asked.id
    shown = client.get(f"{path}?lang={language}")
    assert phrases(language)["asked"] in text_of(shown) and "inner matter" not in text_of(shown)
    with services.db.transaction() as session:
        escalating.answer(session, services.clock, actor_of(official, "console"), asked_id, words="버스 <b>40</b>석")
        working.close(session, services.clock, who, case_id, reason="done")
    shown = client.get(f"{path}?lang={language}")
    assert "버스 &lt;b&gt;40" in text_of(shown) and len(shown.data) < MAX_PAGE_BYTES
    assert phrases(language)["reopen"] in text_of(shown)
    client.post(f"{path}?lang={language}", data={"act": "reopen", "reason": " ", "lang": language})
    again = client.post(f"{path}?lang={language}", data={"act": "reopen", "reason": "No bus came", "lang": language})
    assert again.status_code == 200 and phrases(language)["reopen"] not in text_of(again)
    with services.db.transaction() as session:
        case = session.scalars(select(Case)).one()
        assert (case.state, case.owner_id) == ("in_hand", agent.id)


def test_a_case_that_was_closed_long_ago_is_not_opened_from_the_page(
    client: FlaskClient, services: Services, warned: Warned, path: str, clock: FrozenClock
) -> None:
    warned.say("help")
    with services.db.transaction() as session:
        who = actor_of(make_officer(session, roles=("agent",)), "console")
        working.close(session, clock, who, session.scalars(select(Case.id)).one(), reason="done")
    clock.advance(timedelta(days=15))
    assert client.post(path, data={"act": "reopen", "reason": "x"}).status_code == 200
    with services.db.transaction() as session:
        assert session.scalars(select(Case.state)).one() == "closed"


def test_the_agents_screen_names_the_alert_that_the_number_got(services: Services, warned: Warned) -> None:
    with services.db.transaction() as session:
        phone = session.get_one(Traveller, warned.traveller_id).phone
        known = who_is(session, phone)
        message = session.scalars(select(Message).where(Message.phone == phone)).one()
        message.state, message.sent_at = "delivered", services.clock.now()
        session.flush()
        assert known.alert is None or known.alert.id == warned.alert_id
        found = who_is(session, phone).alert
        assert found is not None and found.id == warned.alert_id
