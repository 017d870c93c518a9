"""One silent person over the practice carrier's three doors: a text by HTTP, a second one by SMPP, a call, and a mail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from alerts.dispatch import lanes
from alerts.receipts import fold, links
from alerts.silent import calling, mailing, texting
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.providers.carriers import MORE, ROOM, make_sms_provider
from tests.alerts.dispatch.conftest import start_alert
from tests.alerts.silent.conftest import Stage
from tests.contracts.conftest import SENDER, CarrierProcess, bind, wait_until

ADDRESS = "silent@practice.example"


@pytest.fixture
def connected(services: Services, carrier: CarrierProcess) -> Iterator[Services]:
    """The services with every channel going to the practice carrier: HTTP by default, SMPP for a second text."""
    services.settings = services.settings.model_copy(
        update={
            "twilio_api_base_url": carrier.url, "twilio_account_sid": carrier.account_sid, "twilio_from": SENDER,
            "twilio_auth_token": SecretStr(carrier.auth_token), "voice_calls_per_s": 50.0,
            "smtp_url": SecretStr(f"smtp://{carrier.mail}?tls=none"), "mail_from": "Practice <alerts@practice.example>",
        }
    )  # fmt: skip
    http = services.rooms[ROOM] = make_sms_provider(services.settings)
    smpp = bind(carrier, on_receipt=lambda name, said: links.take(services, name, said))
    services.rooms[MORE] = {smpp.name: smpp}
    with services.db.connection() as connection:
        connection.execute(
            "WITH s AS (INSERT INTO senders (provider, address, created_at, updated_at) VALUES (%s, %s, now(), now())"
            " RETURNING id) INSERT INTO routes (prefix, sender_id, priority, weight, open, created_at, updated_at)"
            " SELECT '', id, 99, 100, false, now(), now() FROM s",
            (smpp.name, SENDER),
        )
    yield services
    http.close()
    smpp.close()


def state_of(services: Services, channel: str) -> str | None:
    with services.db.connection() as connection:
        row = connection.execute("SELECT state FROM outreach WHERE channel = %s", (channel,)).fetchone()
    return None if row is None else str(row[0])


def test_a_text_that_does_not_arrive_is_followed_by_another_route_a_call_and_a_mail(
    connected: Services, carrier: CarrierProcess, clock: FrozenClock
) -> None:
    running = start_alert(connected, clock, people=1, severity="Extreme", started_at=clock.now())
    (phone,) = running.phones
    carrier.control.add_handsets([{"number": phone, "name": "김민준", "email": ADDRESS}])
    with connected.db.connection() as connection:
        connection.execute("UPDATE travellers SET email = %s", (ADDRESS,))
    carrier.control.set_fault("error_code", phone, value=30008, times=1)
    lanes.dispatch_alert(connected, running.alert_id)
    assert running.states() == {"sent": 1}, "what became of it the provider will not say"
    with connected.db.connection() as connection:
        connection.execute("UPDATE routes SET open = true")
    stage = Stage(connected, clock, None, alert_id=running.alert_id)  # type: ignore[arg-type]  # calls are real here
    stage.later(3)
    stage.sweep()
    assert texting.send(connected) == 1
    stage.later(2)
    stage.sweep()
    assert state_of(connected, "voice") == "queued", "the second text has not been reported yet"

    def delivered() -> bool:
        fold.fold(connected)
        return state_of(connected, "sms") == "delivered"

    wait_until(delivered, "the receipt of the second text")
    assert calling.call(connected) == 0, "it has arrived, so nobody rings"
    first, second = carrier.control.messages(phone)
    assert (first["status"], second["status"], first["body"]) == ("undelivered", "delivered", second["body"])
    assert first["callback_url"].startswith("http") and second["callback_url"].startswith("smpp:")
    stage.later(10)
    stage.sweep()
    assert calling.call(connected) == 1
    wait_until(lambda: carrier.control.calls(phone)[-1]["status"] == "ringing", "the call")
    carrier.control.use_handset(phone, "decline")
    stage.later(5)
    stage.sweep()
    assert mailing.send(connected) == 1
    (mail,) = carrier.control.mails(ADDRESS)
    assert mail["number"] == phone and "마닐라 홍수" in mail["body"] and "/p/" in mail["body"]
    stage.later(60)
    stage.sweep()
    texting.send(connected)
    mailing.send(connected)
    assert len(list(carrier.control.messages(phone))) == 2 and len(carrier.control.mails(ADDRESS)) == 1
    channels = [(row.channel, row.whom) for row in stage.rows() if row.state != "skipped"]
    assert channels == [("sms", "not_delivered"), ("voice", "not_answered"), ("mail", "not_answered")]
