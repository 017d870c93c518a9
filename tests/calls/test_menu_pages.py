"""The menu's editor, lines, announcements and the phone book over the client: faults name their mend, nothing typed is lost."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from hotline.calls import book, demo
from hotline.calls.menus import read_menu
from hotline.calls.models import CallLine, CallMenu
from hotline.core.actor import SYSTEM
from hotline.core.services import Services
from tests.auth.conftest import Visitor
from tests.calls.conftest import Hook, said
from tests.calls.staging import Stage
from tests.calls.test_pages import text_of
from tests.factories import make_mission, make_officer


def menu_form(**more: str) -> dict[str, str]:
    """A whole menu of one question, as its form sends it."""
    return {
        "edits": "0", "entry": "main", "danger_key": "9", "person": "general", "note": "night", "node-0": "main",
        "say-0-ko": "상담원은 0번입니다.", "say-0-en": "For a person, press 0.", "target-0-0": "queue:general",
    } | more  # fmt: skip


def test_a_menu_is_written_looked_at_kept_and_published(services: Services, stage: Stage, desk: Visitor) -> None:
    look = desk.post("/menus/draft", data=menu_form(do="look"))
    assert look.status_code == 200 and "What callers would hear" in look.get_data(as_text=True)
    assert stage.value("SELECT count(*) FROM call_menus") == 0, "a look keeps nothing"
    assert desk.post("/menus/draft", data=menu_form()).status_code == 302
    again = desk.post("/menus/draft", data=menu_form(note="an older page"))
    assert again.status_code == 409 and "load the page again" in again.get_data(as_text=True)
    assert "an older page" in again.get_data(as_text=True)
    assert desk.post("/menus/1/publish", data={"edits": "7"}).status_code == 409
    assert desk.post("/menus/1/publish", data={"edits": "1"}).status_code == 302
    page = text_of(desk, "/menus")
    assert page.index("상담원은 0번입니다.") < page.index("For a person, press 0.")
    heard = said(Hook(desk.client, services).ring())
    assert heard.index("상담원은 0번입니다.") < heard.index("For a person, press 0."), (
        "Korean first, whatever the database keeps"
    )
    assert desk.post("/menus/draft", data=menu_form()).status_code == 302
    assert desk.post("/menus/1/restore", data={}).status_code == 409, "there is a draft"
    assert desk.post("/menus/77/restore", data={}).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"entry": "nowhere"}, "What is heard first must be one of the questions."),
        ({"danger_key": "99"}, "The key for danger to life is one digit."),
        ({"person": ""}, "Choose the queue where a person is found."),
        ({"say-0-ko": " "}, "The text in Korean is missing."),
        ({"say-0-en": ""}, "The text in English is missing."),
        ({"say-0-en": "x" * 1501}, "A text has at most 1,500 characters."),
        ({"node-0": "1 main!"}, "The name begins with a letter"),
        ({"target-0-0": ""}, "No key leads anywhere."),
        ({"target-0-9": "voicemail"}, "This key is the one for danger to life; leave it empty."),
        ({"target-0-1": "go:gone"}, "It leads to a question that is not there."),
        ({"target-0-1": "elsewhere"}, "Choose where the key leads."),
        ({"target-0-1": "dial", "number-0-1": "112"}, "Write the number in international form"),
        ({"target-0-1": "voicemail", "skills-0-1": "Visa 3"}, "Write at most 8 skills"),
        ({"target-0-1": "voicemail", "priority-0-1": "12"}, "The priority is 0 to 9."),
        (
            {"node-1": "main", "say-1-ko": "x", "say-1-en": "x", "target-1-1": "voicemail"},
            "Two questions have this name.",
        ),
    ],
)
def test_a_faulty_menu_names_the_fault_and_keeps_what_was_written(
    stage: Stage, desk: Visitor, wrong: dict[str, str], told: str
) -> None:
    answer = desk.post("/menus/draft", data=menu_form(**wrong))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and told in page
    for name, value in wrong.items():
        kept = value.strip() if not name.startswith("target") else value.partition(":")[2]
        assert kept.lower() in page.lower(), f"{name} was lost"
    assert stage.value("SELECT count(*) FROM call_menus") == 0


def test_only_a_menu_whose_queues_are_open_is_published(services: Services, stage: Stage, desk: Visitor) -> None:
    assert desk.post("/menus/draft", data=menu_form(**{"target-0-1": "queue:night"})).status_code == 302
    answer = desk.post("/menus/1/publish", data={"edits": "1"})
    assert answer.status_code == 409 and "these queues are not open: night" in answer.get_data(as_text=True)
    assert "queue night, which is not there" in text_of(desk, "/menus/1") and "night (not there)" in text_of(
        desk, "/menus/draft"
    )
    assert stage.value("SELECT state FROM call_menus") == "draft"


def test_a_kept_menu_is_heard_in_korean_first_and_its_entry_stands_first(stage: Stage, desk: Visitor) -> None:
    """The database gives the keys of what it kept back in an order of its own: the shortest first."""
    first = {
        "entry": "language",
        "node-1": "language",
        "say-1-ko": "한국어",
        "say-1-en": "English",
        "target-1-1": "go:main",
    }
    assert desk.post("/menus/draft", data=menu_form(**first)).status_code == 302
    with stage.services.db.transaction() as session:
        kept = read_menu(session.scalars(select(CallMenu)).one().content)
    assert [list(node.say) for node in kept.nodes.values()] == [["ko", "en"], ["ko", "en"]]
    for path in ("/menus/draft/sounds", "/menus/1"):
        page = text_of(desk, path)
        assert page.index("<h3>language") < page.index("<h3>main"), path
        assert page.index(">한국어<") < page.index(">English<"), path


def test_trying_a_menu_follows_the_rules_of_calls(stage: Stage, desk: Visitor) -> None:
    assert "For English, press 2." in text_of(desk, "/menus/try")
    assert "press 1. Passports, press 2" in text_of(desk, "/menus/try?node=language&key=2")
    assert "waits in the queue Incidents" in text_of(desk, "/menus/try?node=main&key=1&language=en")
    assert "DANGER TO LIFE" in text_of(desk, "/menus/try?node=main&key=9&language=ko")
    assert "No usable key came twice." in text_of(desk, "/menus/try?node=main&key=&misses=1")
    for odd in ("node=none&key=x&misses=999&language=xx", "key=%F0%9F%98%80&node="):
        text_of(desk, f"/menus/try?{odd}")
    assert desk.get("/menus/try?menu=x").status_code == desk.get("/menus/try?menu=5").status_code == 404


@pytest.mark.parametrize(
    ("path", "form", "told"),
    [
        ("/menus/lines", {"form": "line", "number": "12"}, "+82 2 3333 0001"),
        ("/menus/lines", {"form": "line", "number": "+63288569210", "mission": "XYZ"}, "Choose a mission."),
        ("/menus/lines", {"form": "line", "number": "+63288569210", "greeting_ko": "안녕"}, "greeting in English as well"),
        ("/menus/announcements", {"form": "announcement", "ko": "지진", "en": "", "hours": "3"}, "Write the text in English."),
        ("/menus/announcements", {"form": "announcement", "ko": "지진", "en": "Quake", "hours": "900"}, "Use 1 to 336 hours."),
        ("/menus/announcements", {"form": "announcement", "ko": "지진", "en": "Quake", "hours": "3", "country": "XX"},
         "Choose a country"),
        ("/phone-book", {"form": "entry", "kind": "friend", "name_ko": "통역"}, "Choose what kind it is."),
        ("/phone-book", {"form": "entry", "kind": "partner", "name_ko": "통역", "name_en": " "}, "Write the name in English."),
        ("/phone-book", {"form": "entry", "kind": "partner", "name_ko": "통역", "name_en": "I", "phone": "x1"}, "82 2 1588"),
        ("/phone-book", {"form": "entry", "kind": "partner", "name_ko": "통역", "name_en": "I", "phone": "+84901234567",
                         "languages": "Viet namese"}, "Write codes of languages"),
        ("/phone-book/caller-ids", {"form": "rule", "prefix": "81", "caller_id": "+81345670000"}, "a plus sign and"),
        ("/phone-book/caller-ids", {"form": "rule", "prefix": "+81", "caller_id": "no number"}, "Write one of our numbers"),
    ],
)  # fmt: skip
def test_faulty_forms_name_the_mend_and_keep_what_was_typed(
    stage: Stage, desk: Visitor, path: str, form: dict[str, str], told: str
) -> None:
    answer = desk.post(path, data=form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and told in page
    assert "has-error" in page
    typed = [
        value for name, value in form.items() if name not in ("form", "kind", "mission", "country") and value.strip()
    ]
    for value in typed:
        assert value in page


def test_lines_and_announcements_are_kept_changed_and_ended(services: Services, stage: Stage, desk: Visitor) -> None:
    with services.db.transaction() as session:
        make_mission(session, code="MNL")
    form = {
        "number": "+63 2 8856 9210",
        "mission": "MNL",
        "greeting_ko": "대사관입니다.",
        "greeting_en": "The embassy.",
    }
    assert desk.post("/menus/lines", data=form).status_code == 302
    page = text_of(desk, "/menus?line=1")
    assert "The embassy.</textarea>" in page and 'value="MNL" selected' in page
    assert desk.post("/menus/announcements", data={"ko": "지진", "en": "Quake", "hours": "2"}).status_code == 302
    page = text_of(desk, "/menus")
    assert "Quake" in page and "14:00 KST" in page, "its end carries a zone"
    assert desk.post("/menus/announcements/1/end", data={}).status_code == 302
    assert desk.post("/menus/lines/1/delete", data={}).status_code == 302
    assert "Nothing is announced." in text_of(desk, "/menus") and stage.value("SELECT count(*) FROM call_lines") == 0
    assert desk.post("/menus/lines/1/delete", data={}).status_code == 404


def test_the_phone_book_is_searched_and_comes_in_pages(stage: Stage, desk: Visitor) -> None:
    for number in range(26):
        stage.in_book("interpreter", f"+84901{number:06}", name_en=f"Nguyen {number:02}", country="VN")
    stage.in_book("partner", "+82232100404", name_en="Police desk", languages=[], note="open at 100 % of hours")
    page = text_of(desk, "/phone-book")
    assert "1 to 25 of 27" in page and "page=2" in page and "Police desk" not in page
    assert "Police desk" in text_of(desk, "/phone-book?page=2")
    for search, found in (
        ("police", 1),
        ("02-3210", 1),
        ("vi", 26),
        ("vn nguyen 07", 1),
        ("100 %", 1),
        ("_____", 0),
        ("nobody", 0),
    ):
        shown = text_of(desk, f"/phone-book?q={search.replace(' ', '+').replace('%', '%25')}")
        assert (f"of {found}" in shown) if found else ("Nothing like this" in shown), search
    assert "Police desk" not in text_of(desk, "/phone-book?kind=interpreter&q=police")
    for odd in ("page=0", "page=x", "page=99999999999", "kind=x", "entry=x", "entry=9999"):
        text_of(desk, f"/phone-book?{odd}")


def test_entries_and_rules_are_kept_and_taken_out(stage: Stage, desk: Visitor) -> None:
    form = {
        "kind": "interpreter",
        "name_ko": "태국어 통역",
        "name_en": "Thai",
        "phone": "02-1588-1234",
        "languages": "th, TH",
    }
    assert desk.post("/phone-book", data=form).status_code == 302
    again = desk.post("/phone-book", data=form | {"form": "entry", "name_en": "Thai two"})
    assert again.status_code == 409 and "in the book already: Thai." in again.get_data(as_text=True)
    assert desk.post("/phone-book?entry=1", data=form | {"name_en": "Thai, nights"}).status_code == 302
    assert "Thai, nights" in text_of(desk, "/phone-book?entry=1")
    assert desk.post("/phone-book/caller-ids", data={"country": "JP", "caller_id": "+81345670000"}).status_code == 302
    assert "<b>+81</b> Japan" in text_of(desk, "/phone-book")
    assert desk.post("/phone-book/caller-ids", data={"prefix": "+81", "caller_id": ""}).status_code == 302
    assert desk.post("/phone-book/1/delete", data={}).status_code == 302
    assert "The phone book is empty." in text_of(desk, "/phone-book")
    assert desk.post("/phone-book/1/delete", data={}).status_code == 404


def test_the_made_up_phone_book_is_loaded_once(services: Services) -> None:
    demo.load(services, SYSTEM)
    with services.db.transaction() as session:
        assert book.entries(session)[1] == 0, "nobody is there to keep it"
        make_officer(session, roles=("senior_agent",), name="senior-agent")
        make_mission(session, code="MNL")
    for _ in range(2):
        demo.load(services, SYSTEM)
    with services.db.transaction() as session:
        assert book.entries(session, "베트남")[1] == 2 and book.entries(session)[1] == len(demo.BOOK)
        assert len(session.scalars(select(CallLine)).all()) == 1
