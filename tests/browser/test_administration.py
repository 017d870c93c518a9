"""Carriers and signers in a browser: both languages, a desk and a phone, the secret shown once, confirmation asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from playwright.sync_api import expect
from sqlalchemy import select

from hotline.roaming.models import Carrier, RoamingBatch, RoamingDay
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import make_officer
from tests.keypairs import make_pair

pytestmark = pytest.mark.browser
SIZES = [("en", DESK), ("ko", PHONE), ("ko", DESK), ("en", PHONE)]
PEM = make_pair("Weather Service").certificate.public_bytes(Encoding.PEM).decode()


@pytest.mark.parametrize(("language", "size"), SIZES)
def test_a_carrier_is_added_given_a_new_key_and_switched_off(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    with site.services.db.transaction() as session:
        boss = make_officer(session, roles=("administrator",), language=language)
    desk = open_desk(language=language, size=size)
    desk.sign_in(boss)
    page = desk.page
    desk.go("/carriers")
    desk.check(f"carriers-empty-{language}")
    desk.go("/carriers/new")
    page.fill("[name=name]", "한빛 모바일")
    page.fill("[name=code]", "hanbit")
    desk.check(f"carrier-new-{language}")
    page.locator("main button[type=submit]").click()
    expect(page.locator("[data-secret]")).to_be_visible()
    desk.check(f"carrier-secret-{language}")
    now = site.services.clock.now()
    with site.services.db.transaction() as session:
        carrier_id = session.scalars(select(Carrier.id)).one()
        session.add(
            RoamingBatch(carrier_id=carrier_id, call_hash="1", events=[], refused=0, received_at=now, folded_at=now)
        )
        for back in range(4):
            day = now.date() - timedelta(days=back)
            session.add(
                RoamingDay(carrier_id=carrier_id, day=day, known=41_207 + back, unknown=1_930, refused=17 * back)
            )
    desk.go(f"/carriers/{carrier_id}")
    expect(page.locator("[data-secret]")).to_have_count(0)
    page.locator("form[action$='/keys'] button").click()
    page.locator("dialog[open] [data-confirm-yes]").click()
    expect(page.locator("[data-secret]")).to_be_visible()
    expect(page.locator("form[action$='/end']")).to_have_count(2)
    page.locator("form[action$='/close'] button").click()
    desk.check(f"carrier-close-{language}")
    page.locator("dialog[open] [data-confirm-yes]").click()
    expect(page.locator("form[action$='/reopen']")).to_be_visible()
    desk.check(f"carrier-{language}")
    desk.go("/carriers")
    desk.check(f"carriers-{language}")


@pytest.mark.parametrize(("language", "size"), SIZES)
def test_a_signer_is_trusted_and_trust_withdrawn_after_a_question(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    with site.services.db.transaction() as session:
        boss = make_officer(session, roles=("administrator",), language=language)
    desk = open_desk(language=language, size=size)
    desk.sign_in(boss)
    page = desk.page
    desk.go("/alerts/signers")
    desk.check(f"signers-empty-{language}")
    desk.go("/alerts/signers/new")
    page.fill("[name=name]", "필리핀 기상청 PAGASA")
    page.fill("[name=certificate]", PEM)
    desk.check(f"signer-new-{language}")
    page.locator("main button[type=submit]").click()
    expect(page.locator("tbody tr")).not_to_have_count(0)
    desk.check(f"signers-{language}")
    page.locator("form[action$='/withdraw'] button").click()
    page.locator("dialog[open] [data-confirm-yes]").click()
    expect(page.locator("form[action$='/withdraw']")).to_have_count(0)
