"""The personal page on a phone, with and without script; the board and the cases on a desk; both languages, both widths."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from alerts.board.sampling import sample
from alerts.inbound import IncomingText, receive
from alerts.models import Alert
from alerts.replies.models import Answer
from alerts.replies.phrases import phrases
from alerts.replies.recording import notify
from hotline.cases.models import Case
from hotline.core.clock import FrozenClock
from hotline.links.tokens import link_for
from tests.alerts.replies.people import Warned, make_warned, warn
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import NOW, make_officer, make_traveller

pytestmark = [pytest.mark.browser, pytest.mark.long]
MANILA = {"latitude": 14.6, "longitude": 121.0, "accuracy": 15}


@pytest.fixture
def warned(site: Site) -> Warned:
    """A flood in Manila that was sent to eight people; this one speaks Korean."""
    texts = {
        "ko": "[외교부] 마닐라 홍수 경보 (11월 21일 12:00 현지시각). 즉시 고지대로 대피하시기 바랍니다. 문의: 주필리핀 대사관 "
        "+63 917 817 5703, 영사콜센터 +82 2-3210-0404",
        "en": "[MOFA Korea] Flood: Manila, 21 Nov 12:00 local time. Go to high ground at once. Help: Embassy in Manila "
        "+63 917 817 5703, call centre +82 2-3210-0404",
    }
    more = {
        "started_at": NOW,
        "texts": texts,
        "severity": "Severe",
        "instruction": "Move to an upper floor. Take water.",
    }
    first = make_warned(site.services, alert=more, name="김민수", language="ko")
    with site.services.db.transaction() as session:
        for nth, state in enumerate(["delivered"] * 4 + ["sent", "failed", "queued"]):
            person = make_traveller(session, name=f"Park Jiwoo {nth}", language="en")
            warn(session, first.alert_id, person, state=state, country="JP" if nth > 4 else "PH")
    return first


def page_of(warned: Warned) -> str:
    with warned.services.db.transaction() as session:
        url = link_for(session, warned.services.clock, warned.traveller_id, alert_id=warned.alert_id)
    return "/p/" + url.rsplit("/", 1)[1]


@pytest.mark.parametrize(("language", "scheme"), [("ko", "light"), ("en", "dark")])
def test_a_person_without_script_says_what_they_need(
    warned: Warned, open_desk: Callable[..., Desk], language: str, scheme: str
) -> None:
    desk = open_desk(language=language, size=PHONE, java_script_enabled=False, color_scheme=scheme)
    desk.go(f"{page_of(warned)}?lang={language}")
    say = phrases(language)
    expect(desk.page.get_by_role("button", name=say["safe"])).to_be_visible()
    desk.page.get_by_text(say["more"]).click()
    desk.page.fill("#people", "3")
    desk.page.get_by_label(say["yes"]).check()
    desk.page.fill("#place", "SM Mall, 3층 주차장")
    desk.page.get_by_role("button", name=say["help"]).click()
    expect(desk.page.locator("h1")).to_have_text(say["said_help"])
    expect(desk.page.locator(".case")).to_contain_text(say["case_open"])
    desk.page.reload()
    assert warned.answers() == ["help"]


@pytest.mark.parametrize(
    ("language", "scheme", "size"), [("ko", "light", PHONE), ("en", "dark", PHONE), ("en", "light", DESK)]
)
def test_the_page_is_clean_in_every_state(
    warned: Warned, open_desk: Callable[..., Desk], language: str, scheme: str, size: dict[str, int]
) -> None:
    desk = open_desk(language=language, size=size, color_scheme=scheme)
    desk.expected_statuses = {404}
    path = f"{page_of(warned)}?lang={language}"
    desk.go(path)
    desk.check(f"personal-{language}-{scheme}")
    desk.page.locator("summary").first.click()
    desk.page.locator(".more summary").click()
    desk.check(f"personal-open-{language}-{scheme}")
    desk.page.locator("[data-locate]").uncheck()
    desk.page.get_by_role("button", name=phrases(language)["help"]).click()
    expect(desk.page.locator("h1")).to_have_text(phrases(language)["said_help"])
    desk.check(f"personal-help-{language}-{scheme}")
    # The latest answer counts by when it was pressed; on a clock that stands still a slower press would lie before the first.
    assert isinstance(warned.services.clock, FrozenClock)
    warned.services.clock.advance(timedelta(minutes=1))
    desk.page.locator("[data-locate]").uncheck()
    desk.page.get_by_role("button", name=phrases(language)["safe"]).click()
    expect(desk.page.locator("h1")).to_have_text(phrases(language)["said_safe"])
    desk.check(f"personal-safe-{language}-{scheme}")
    desk.go("/p/nothing?lang=" + language)
    desk.check(f"personal-unknown-{language}-{scheme}")


def test_a_press_carries_the_location_where_it_is_allowed(warned: Warned, open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(size=PHONE, geolocation=MANILA, permissions=["geolocation"])
    desk.go(page_of(warned) + "?lang=en")
    desk.page.get_by_role("button", name="I am safe").click()
    expect(desk.page.locator("h1")).to_have_text("Thank you. We know that you are safe.")
    with warned.services.db.transaction() as session:
        kept = session.scalars(select(Answer)).one()
        assert (kept.lat, kept.lon, kept.accuracy_m) == (14.6, 121.0, 15)


def test_a_bad_line_carries_the_answer_once_when_it_is_back(warned: Warned, open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(size=PHONE)
    desk.go(page_of(warned) + "?lang=en")
    lost = {"left": 2}

    def route(handler: object) -> None:
        """Lose the first request on its way, and the answer to the second one on its way back."""
        lost["left"] -= 1
        if lost["left"] == 1:
            handler.abort()  # type: ignore[attr-defined]  # playwright's Route
        elif lost["left"] == 0:
            handler.fetch()  # type: ignore[attr-defined]
            handler.abort()  # type: ignore[attr-defined]
        else:
            handler.continue_()  # type: ignore[attr-defined]

    desk.page.route(
        "**/p/*", lambda handler: route(handler) if handler.request.method == "POST" else handler.continue_()
    )
    desk.page.locator("[data-locate]").uncheck()
    desk.page.get_by_role("button", name="I need help").click()
    expect(desk.page.locator(".progress")).to_contain_text("No connection")
    desk.page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(desk.page.locator("h1")).to_have_text("We have your call for help.", timeout=20_000)
    desk.faults = [fault for fault in desk.faults if "ERR_FAILED" not in fault]
    assert warned.answers() == ["help"]


@pytest.mark.parametrize(("language", "size"), [("en", DESK), ("ko", PHONE), ("ko", DESK)])
def test_the_board_follows_answers_by_itself(
    warned: Warned, site: Site, clock: FrozenClock, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    with site.services.db.transaction() as session:
        agent = make_officer(session, roles=("agent",), language=language)
        others = session.scalars(select(Alert.id)).all()
        people = [row for row in session.execute(select(Answer.id))]
    assert others == [warned.alert_id] and people == []
    sample(site.services)
    receive(site.services, IncomingText("SM1", warned.phone, "+15005550006", "물이 차오르는데 어떻게 하죠?"))
    clock.advance(timedelta(minutes=2))
    desk = open_desk(language=language, size=size)
    desk.sign_in(agent)
    desk.go(f"/alerts/{warned.alert_id}/board")
    desk.page.wait_for_selector("html[data-board=ready]")
    expect(desk.page.locator("[data-board=help]")).to_have_attribute("data-value", "0")
    notify(site.services, warned.say("help", lat=14.6, lon=121.0, accuracy_m=20, people=4, injured=True))
    expect(desk.page.locator("[data-board=help]")).to_have_attribute("data-value", "1")
    expect(desk.page.locator(".answer-help")).to_have_count(1)
    desk.check(f"board-{language}", exclude=(".leaflet-control-container",))
    desk.page.locator("[data-board=help] a").click()
    expect(desk.page.get_by_role("link", name="김민수")).to_be_visible()
    desk.check(f"board-people-{language}")


@pytest.mark.parametrize(("language", "size"), [("en", DESK), ("ko", PHONE)])
def test_an_agent_takes_a_case_and_closes_it(
    warned: Warned, site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    with site.services.db.transaction() as session:
        agent = make_officer(session, roles=("agent",), language=language)
        make_officer(session, roles=("agent",), display_name="Lee Hana")
    warned.say("help", people=4, injured=True, lat=14.6, lon=121.0, accuracy_m=20, place="학교 옥상")
    desk = open_desk(language=language, size=size)
    desk.sign_in(agent)
    desk.go("/cases")
    desk.check(f"cases-{language}")
    desk.page.get_by_role("link", name="김민수").click()
    desk.page.wait_for_selector("[data-drawn=yes]")
    desk.page.locator("form[action$='/take'] button").click()
    expect(desk.page.locator(".notice-good")).to_be_visible()
    warned.say("help", "k2", place="물이 2층까지 찼습니다")
    desk.page.reload()
    desk.page.fill("#field-note", "대사관에 연락함")
    desk.page.locator(".note-form button").click()
    expect(desk.page.locator(".history li")).to_have_count(4)
    desk.check(f"case-{language}")
    desk.page.locator("[data-opens=close-dialog]").click()
    desk.page.fill("#close-dialog textarea", "Found and brought to the embassy")
    desk.page.locator("#close-dialog button[type=submit]").click()
    expect(desk.page.locator(".history li").first).to_contain_text("Found and brought")
    with site.services.db.transaction() as session:
        assert session.scalars(select(Case.state)).one() == "closed"


def test_empty_lists_say_what_they_are_for(site: Site, desk: Desk) -> None:
    with site.services.db.transaction() as session:
        agent = make_officer(session, roles=("agent",))
    desk.sign_in(agent)
    desk.go("/cases")
    expect(desk.page.locator(".empty-title")).to_have_text("Nobody needs help now")
    desk.check("cases-empty")
