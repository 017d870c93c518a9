"""Volunteers in a browser: the roster at a desk, registration and the own page on a telephone, in both languages."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from hotline.core.actor import SYSTEM
from hotline.core.services import Services
from hotline.notices.models import Notice
from overflow.volunteers import demo, links
from overflow.volunteers.models import Volunteer
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import make_officer

pytestmark = pytest.mark.browser
BOTH = pytest.mark.parametrize(
    ("language", "size"), [("ko", PHONE), ("en", PHONE), ("ko", DESK), ("en", DESK)],
    ids=["ko-360", "en-360", "ko-1280", "en-1280"],
)  # fmt: skip


def _one(services: Services, *conditions: object) -> int:
    with services.db.transaction() as session:
        found = session.scalars(select(Volunteer.id).where(*conditions).order_by(Volunteer.id)).first()  # type: ignore[arg-type]
    assert found is not None
    return found


@BOTH
def test_the_roster_one_volunteer_and_a_list_taken_over(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    services = site.services
    demo.load(services, SYSTEM)
    with services.db.transaction() as session:
        chief = make_officer(session, roles=("duty_chief",), display_name="박상현", language=language)
    desk = open_desk(language=language, size=size)
    desk.sign_in(chief)
    desk.go("/volunteers")
    desk.check(f"roster-{language}")
    with_paper = _one(services, Volunteer.state == "approved", Volunteer.skills.has_key("legal"))
    desk.go(f"/volunteers/{with_paper}")
    desk.check(f"volunteer-{language}")
    desk.go(f"/volunteers/{_one(services, Volunteer.consent_at.is_(None))}")
    desk.check(f"waiting-{language}")
    desk.go(f"/volunteers/{with_paper}/edit")
    desk.check(f"edit-{language}")
    desk.go("/volunteers/import")
    desk.check(f"import-{language}")
    table = "이름,전화번호,언어\n김새봄,010-9000-0001,ko|en\n박가을,12,ko\n최여름,010-9000-0003,한국어\n".encode(
        "cp949"
    )
    desk.page.set_input_files(
        "input[type=file]", files=[{"name": "roster.csv", "mimeType": "text/csv", "buffer": table}]
    )
    desk.page.get_by_role("button", name="미리 보기" if language == "ko" else "Look first").click()
    desk.page.get_by_role(
        "button", name="정상 행 가져오기" if language == "ko" else "Take over the good rows"
    ).wait_for()
    desk.check(f"import-look-{language}")
    desk.page.get_by_role("button", name="정상 행 가져오기" if language == "ko" else "Take over the good rows").click()
    desk.page.locator("input[type=file]").wait_for()
    assert _one(services, Volunteer.name == "김새봄")
    desk.assert_clean()


@pytest.mark.parametrize("language", ["ko", "en"])
def test_somebody_registers_on_a_telephone_and_keeps_their_own_page(
    site: Site, open_desk: Callable[..., Desk], language: str
) -> None:
    desk = open_desk(language=language, size=PHONE)
    korean = language == "ko"
    desk.go("/volunteer")
    desk.check(f"join-{language}")
    desk.page.fill("[name=name]", "김새봄" if korean else "Sae-bom Kim")
    desk.page.fill("[name=phone]", "010-9000-0001")
    desk.page.check("[name=languages][value=es]")
    desk.page.check("[name=agreed]")
    desk.page.locator("main form button.button-main").click()
    desk.page.locator("[name=code]").wait_for()
    desk.check(f"join-code-{language}")
    with site.services.db.transaction() as session:
        body = session.scalars(select(Notice.body)).one()
    code = re.search(r"\d{6}", body)
    assert code is not None
    desk.page.fill("[name=code]", code[0])
    desk.page.locator("main form button.button-main").click()
    desk.page.wait_for_url("**/v/**")
    desk.check(f"own-{language}")
    desk.page.get_by_role("link", name="고치기" if korean else "Change").first.click()
    desk.page.check("[name=weekday][value='4']")
    desk.page.check("[name=weekday][value='5']")
    desk.page.fill("[name=to]", "02:00")
    desk.page.locator("button[value=add_hours]").click()
    desk.page.locator("button[value=drop_hours]").first.wait_for()
    desk.check(f"own-times-{language}")
    path = desk.page.url.removeprefix(site.url).removesuffix("/times")
    for name in ("profile", "phone", "leave"):
        desk.go(f"{path}/{name}")
        desk.check(f"own-{name}-{language}")
    desk.page.check("[name=data][value=erase]")
    desk.page.check("[name=sure]")
    desk.page.locator("button.button-grave").click()
    desk.page.get_by_text("명부에서 탈퇴했습니다" if korean else "Nothing that names you").first.wait_for()
    desk.check(f"own-gone-{language}")
    desk.assert_clean()


def test_a_page_of_somebody_on_the_roster(site: Site, open_desk: Callable[..., Desk]) -> None:
    demo.load(site.services, SYSTEM)
    volunteer_id = _one(site.services, Volunteer.not_before.is_not(None))
    desk = open_desk(language="ko", size=PHONE)
    desk.go(f"/v/{links.token_for(site.services, volunteer_id)}")
    desk.check("own-not-now-ko")
    desk.assert_clean()
