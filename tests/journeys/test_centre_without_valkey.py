"""The centre as real processes while Valkey is stopped in mid-service: nobody waits for an agent whom nothing would find.

After it the service's own mistakes, as the practice carrier keeps them with the provider's numbers, must be none.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from hotline.sandbox.client import SandboxClient
from tests.journeys.centre import AGENT, Centre, Handset, wait_until
from tests.journeys.conftest import DUTY, RunningService

pytestmark = pytest.mark.long

OUTAGE_S = 45
"""Longer than five starts of a worker take that finds no Valkey."""


@pytest.fixture
def centre(service: RunningService) -> Iterator[Centre]:
    """The centre; the agent's and the duty officer's telephones are picked up and answered with a 1."""
    carrier = SandboxClient(service.sandbox_url, *service.sandbox_credentials)
    for number in (AGENT, DUTY):
        carrier.set_habit(to=number, way="answer", keys="1")
    yield Centre(service, carrier)
    assert carrier.record("alerts") == [], "the service made a mistake that its provider would report"
    carrier.close()


def test_with_valkey_stopped_a_caller_reaches_the_duty_officer_and_the_next_one_an_agent(centre: Centre) -> None:
    centre.only("agent")
    before = centre.talking(served := Handset(centre.carrier).dial("10"))
    centre.service.valkey.stop()
    stranger = Handset(centre.carrier).dial()
    stranger.hears("system has a fault")
    wait_until(lambda: centre.carrier.calls(DUTY), "the duty officer is rung")
    officer = Handset(centre.carrier, DUTY)
    officer.hears("press 1")
    stranger.hears(f"connected {DUTY}")
    stranger.says("지진이 났어요. 어디로 가야 하나요?")
    officer.hears("지진이 났어요")
    officer.says("건물 밖 넓은 곳으로 나가십시오.")
    stranger.hears("넓은 곳으로")
    served.says("아직 듣고 계세요?")
    Handset(centre.carrier, AGENT).hears("아직 듣고 계세요?")  # whoever talks goes on talking
    officer.hangs_up()
    wait_until(lambda: stranger.now()["status"] == "completed", f"the call is over: {stranger.now()}")
    for worker in wait_until(lambda: centre.service.children("rq:worker"), "workers are there"):
        os.kill(worker, signal.SIGKILL)
    time.sleep(OUTAGE_S)  # no worker can start meanwhile; the rest must go on without them
    later = Handset(centre.carrier).dial()
    later.hears("system has a fault")
    later.hangs_up()
    centre.service.valkey.start()
    wait_until(
        lambda: (
            centre.rows(f"SELECT state, fallback FROM calls WHERE phone = '{stranger.number}'")  # noqa: S608
            == [("ended", True)]
        ),
        "the call of the outage is written down",
    )
    # The word that they were put through stands in the same file, so that no callback is made in the first place.
    assert centre.rows(f"SELECT state FROM callbacks WHERE phone = '{stranger.number}'") == []  # noqa: S608
    assert centre.call_of(served, "talking")["id"] == before["id"]
    served.hangs_up()
    centre.call_of(served, "ended")
    centre.write_up()
    centre.set_state("agent", "not_ready", "meal")
    following = Handset(centre.carrier).dial("10")
    assert centre.call_of(following, "waiting")["queue"] == "general", "queued as always"
    centre.set_state("agent", "ready")
    assert centre.talking(following)["agent_id"] == centre.agent_id("agent")
    following.hangs_up()
    centre.call_of(following, "ended")
    centre.write_up()
