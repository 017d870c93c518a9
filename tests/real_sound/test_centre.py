"""The same walk through the service itself, served on loopback with the menu that comes with it, judged by its rows."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import select
from werkzeug.serving import make_server

from hotline.core.services import Services
from hotline.queues.models import QueueEntry
from tests.queues.making import make_queue
from tests.real_sound.conftest import CALLER, NUMBER, Dial
from tests.real_sound.houses import HOLD_SOUND, VOICE, Key
from tests.real_sound.processes import Exchange
from tests.real_sound.walking import pressed, walk

calls_models = pytest.importorskip("hotline.calls.models", reason="the voice room is not in this tree yet")
hands = pytest.importorskip("hotline.calls.hands", reason="the voice room is not in this tree yet")

pytestmark = pytest.mark.long


class Centre:
    """The service as a house: English, and then a person before the long list of the menu is read out."""

    keys = (Key("2"), Key("0", at_once=True))
    hold_sound = HOLD_SOUND

    def __init__(self, services: Services, url: str) -> None:
        """``url`` is where the service takes webhooks in."""
        self.services = services
        self.account_sid = services.settings.twilio_account_sid
        self.auth_token = services.settings.twilio_auth_token.get_secret_value()
        self.line = {
            "number": NUMBER, "voice_url": f"{url}{VOICE}/inbound", "fallback_url": f"{url}{VOICE}/fallback",
            "status_callback": f"{url}{VOICE}/status",
        }  # fmt: skip

    def states(self, call_sid: str) -> tuple[str, str]:
        """Return the state of the call and of its place in the queue, empty where there is none."""
        with self.services.db.transaction() as session:
            call = session.scalar(select(calls_models.Call).where(calls_models.Call.provider_sid == call_sid))
            entry = None
            if call is not None and call.queue_ref:
                entry = session.scalar(select(QueueEntry).where(QueueEntry.call_ref == call.queue_ref))
            return (call.state if call is not None else ""), (entry.state if entry is not None else "")

    def waits(self, call_sid: str) -> bool:
        """Whether the rows say that the caller waits."""
        return self.states(call_sid) == ("waiting", "waiting")

    def has_left(self, call_sid: str) -> bool:
        """Whether the rows say that the caller hung up while waiting."""
        return self.states(call_sid) == ("ended", "left")


@pytest.fixture
def house(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[Centre]:
    """The service on a free port of loopback, with its queues; a busy machine must not send the caller elsewhere."""
    from wsgi import create_app

    monkeypatch.setattr(hands, "DEADLINE_S", 60.0)
    with services.db.transaction() as session:
        for code in ("general", "incident", "passport"):
            make_queue(session, code=code)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, lambda _environ, _start: [], threaded=True)
    url = f"http://127.0.0.1:{server.server_port}"
    services.settings = services.settings.model_copy(update={"public_url": url})
    server.app = create_app(services=services)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield Centre(services, url)
    hands.hands(services).settle()
    server.shutdown()
    server.server_close()
    thread.join(5)


def test_a_telephone_walks_through_the_services_own_menu_to_its_queue(
    house: Centre, exchange: Exchange, dial: Dial
) -> None:
    call = walk(house, exchange, dial(), CALLER)
    assert pressed(call) == "20"
    with house.services.db.transaction() as session:
        (row,) = session.scalars(select(calls_models.Call)).all()
        assert (row.provider_sid, row.phone, row.called, row.language) == (call["sid"], CALLER, NUMBER, "en")
