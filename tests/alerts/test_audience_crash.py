"""SIGKILL anywhere in the writing of an audience leaves nothing half: all of it is there, or none of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from alerts.materialise import claim, materialise
from alerts.models import Alert, AudienceSnapshot, Message, Tally
from hotline.core.audit import AuditEntry
from hotline.core.services import Services
from tests.alerts.senders import counted, make_approved, tallies_of
from tests.factories import NOW, SQUARE

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parent.parent.parent
PEOPLE = 2_000
POINTS = ("gather.load_cells", "gather.people_inside", "gather.count", "gather.write_messages", "outbox.publish",
          "tallies.add", "audit.record", "jobs.enqueue")  # fmt: skip
"""The steps of the stage in their order; the process is killed as soon as the step is done. The last is after the commit."""
WORKER = """
import os, signal, sys
from datetime import datetime
from hotline.core import jobs
from hotline.core.clock import FrozenClock
from hotline.core.config import load_settings
from hotline.core.services import make_services
from alerts import materialise
from wsgi import build_registry

jobs.set_registry(build_registry())

def die_after(step):
    def wrapped(*args, **kwargs):
        step(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)
    return wrapped

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        module, name = line.strip().split(".")
        module = getattr(materialise, module)
        setattr(module, name, die_after(getattr(module, name)))
        services = make_services(load_settings(), clock=FrozenClock(datetime.fromisoformat(sys.argv[2])))
        materialise.materialise(services, int(sys.argv[1]))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else "survived", flush=True)
"""


def crowd(services: Services) -> int:
    """Many people in the square, half of them in cells at its edge, and an approved alert for it."""
    with services.db.transaction() as session:
        session.execute(
            text(
                "INSERT INTO travellers (name, phone, phone_region, created_at, updated_at)"
                " SELECT 'T', '+8210' || lpad(n::text, 8, '0'), 'KR', :at, :at FROM generate_series(1, :people) n"
            ),
            {"at": NOW, "people": PEOPLE},
        )
        session.execute(
            text(
                "INSERT INTO positions (traveller_id, lat, lon, cell, source, observed_at)"
                # 0.1° and 5.1° north, 5.1° east: a cell at the square's southern edge, and one in its middle.
                " SELECT n, 0.1 + 5 * (n % 2), 5.1, (360 + 20 * (n % 2)) * 1440 + 740, 'test', :at"
                " FROM generate_series(1, :people) n"
            ),
            {"at": NOW, "people": PEOPLE},
        )
        return make_approved(session, areas=SQUARE).id


def start_worker(services: Services, alert_id: int) -> subprocess.Popen[str]:
    """A process that forks a child for each step named on its input, and says what its child died of."""
    settings = services.settings
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(alert_id), NOW.isoformat()],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        env=os.environ | {
            "HOTLINE_DATABASE_URL": settings.database_url, "HOTLINE_REDIS_URL": settings.redis_url,
            "HOTLINE_SECRET_KEY": "a secret for tests only",
        },
    )  # fmt: skip


def wait_for_the_dead(services: Services, alert_id: int) -> None:
    """Until the server has noticed that its client is gone, and its transaction is over."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with services.db.transaction() as session:
            if claim(session, alert_id):
                return
        time.sleep(0.02)
    raise AssertionError("the transaction of a killed process is still open")


def assert_all_or_nothing(services: Services, alert_id: int, *, whole: bool) -> None:
    with services.db.transaction() as session:
        numbers = [
            session.scalar(select(func.count()).select_from(Message)),
            session.scalar(select(func.coalesce(func.sum(Tally.messages), 0))),
            session.scalar(select(func.coalesce(func.sum(AudienceSnapshot.total), 0))),
        ]
        started = session.scalar(select(func.count()).where(AuditEntry.action == "alert.started"))
        assert session.get_one(Alert, alert_id).state == ("dispatching" if whole else "approved")
        assert tallies_of(session, alert_id) == counted(session, alert_id)
    assert numbers == [PEOPLE if whole else 0] * 3
    assert started == int(whole)


def test_a_worker_killed_at_any_step_leaves_all_or_nothing(services: Services) -> None:
    alert_id = crowd(services)
    with start_worker(services, alert_id) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        for point in POINTS:
            print(point, file=worker.stdin, flush=True)
            assert worker.stdout.readline() == f"{int(signal.SIGKILL)}\n", point
            wait_for_the_dead(services, alert_id)
            assert_all_or_nothing(services, alert_id, whole=point == POINTS[-1])
        worker.stdin.close()
        worker.wait(timeout=20)
    assert materialise(services, alert_id) == "dispatching"
    assert_all_or_nothing(services, alert_id, whole=True)
