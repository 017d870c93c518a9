"""Every page of the frame, in both languages and at two sizes: no policy violation, no error, no accessibility fault."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import make_officer

pytestmark = pytest.mark.browser
SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["1280", "360"])
LANGUAGES = pytest.mark.parametrize("language", ["en", "ko"])


@LANGUAGES
@SIZES
def test_pages_for_administrators_are_accessible_and_clean(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    with site.services.db.transaction() as session:
        boss = make_officer(session, roles=("administrator",), name="chief", display_name="한지우", language=language)
        other = make_officer(session, roles=("author", "agent"), display_name="김서연", language="ko")
    desk = open_desk(language=language, size=size)
    desk.go("/sign-in")
    desk.check(f"sign-in-{language}")
    desk.sign_in(boss)
    for name, path in {
        "overview": "/",
        "audit": "/audit",
        "audit-search": "/audit?actor=nobody-at-all",
        "officers": "/officers",
        "officers-none": "/officers?q=nobody-at-all",
        "officer": f"/officers/{other.id}",
        "officer-own": f"/officers/{boss.id}",
        "officer-new": "/officers/new",
        "profile": "/profile",
        "second-factor": "/profile/second-factor",
    }.items():
        desk.go(path)
        assert desk.page.locator("html").get_attribute("lang") == language
        desk.check(f"{name}-{language}")
