"""Providers, senders and routes in both languages and at two sizes: no policy violation, no error, no accessibility fault."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hotline.core import audit
from hotline.core.actor import SYSTEM
from hotline.providers import faults
from hotline.providers.health import Pulse, note
from hotline.providers.models import Provider, Route, Sender
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import make_officer

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["1280", "360"])
def test_routes_are_accessible_and_clean(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    services = site.services
    now = services.clock.now()
    with services.db.connection() as connection:
        note(connection, now, [Pulse("twilio", 840, 3, 0, 61.0), Pulse("smpp-kt", 400, 80, 4, 20.0)], [])
        faults.raise_fault(connection, now, "smpp-skt", "20003", "The provider refuses our account.")
        faults.note_regions_off(connection, now, {("twilio", "PH", "21408")})
    with services.db.transaction() as session:
        boss = make_officer(session, roles=("administrator",), name="chief", display_name="한지우", language=language)
        provider = session.query(Provider).filter_by(name="smpp-kt").one()
        provider.share, provider.share_at = 70, now
        senders = [
            Sender(provider="twilio", address="+15005550006", parts_per_s=20, created_at=now, updated_at=now),
            Sender(provider="smpp-kt", address="MOFA", created_at=now, updated_at=now),
        ]
        session.add_all(senders)
        session.flush()
        more = {"created_at": now, "updated_at": now}
        session.add(Route(prefix="+82", sender_id=senders[1].id, priority=1, weight=60, cost_micros=7900, **more))
        session.add(Route(sender_id=senders[0].id, priority=10, weight=100, **more))
        session.add(Route(prefix="+1", sender_id=senders[0].id, priority=10, weight=100, open=False, **more))
        session.flush()
        audit.record(
            session, services.clock, SYSTEM, "provider.share_changed", "provider", provider.id,
            before={"share": 80}, after={"share": 70, "why": "fails", "provider": "smpp-kt"},
        )  # fmt: skip
        sender_id = senders[0].id
    desk = open_desk(language=language, size=size)
    desk.sign_in(boss)
    for name, path in {
        "routes": "/routes",
        "route-new": "/routes/new",
        "sender-new": "/routes/senders/new",
        "sender": f"/routes/senders/{sender_id}",
        "overview-providers": "/",
    }.items():
        desk.go(path)
        assert desk.page.locator("html").get_attribute("lang") == language
        desk.check(f"{name}-{language}")
