"""The rules of the house that a reader cannot see at one glance: routes, queues, sizes, secrets, addresses."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from hotline.auth.permissions import ALL_PERMISSIONS
from hotline.core.registry import QUEUES
from hotline.core.services import Services
from hotline.core.web import PUBLIC, SIGNED, SIGNED_IN, permission_of
from wsgi import LIVE_BLUEPRINTS, build_registry, create_app

ROOT = Path(__file__).resolve().parents[2]
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 70
PUBLIC_ENDPOINTS = {
    "voucher_check.check": "whoever holds a voucher asks whether it is genuine; it tells no name",
    "health.healthz": "load balancers ask without credentials",
    "health.readyz": "load balancers ask without credentials",
    "health.metrics": "Prometheus scrapes it; only counts are in it",
    "openapi.spec": "the description of the API holds no secret",
    "cap.document": "published warnings are for everybody",
    "cap.feed": "the list of published warnings is for everybody",
    "call_sounds.play": "the carrier fetches a recording of the menu without a login; the key cannot be guessed",
    "console.static": "style, script and font",
    "personal.show": "the signed token in the address says whose page it is",
    "own_money.show": "the signed token in the address says whose page it is",
    "own_money.take": "as above",
    "relative_page.show": "the signed token in the address says which remittance its relative follows",
    "personal.answer": "the signed token in the address says who answers",
    "auth.sign_in": "nobody is signed in yet",
    "auth.check_sign_in": "the sign-in form",
    "auth.check_sign_in_code": "the second step of the sign-in form",
    "auth.sign_out": "ending a session that has ended already is no error",
    "auth.language": "the language is chosen before signing in too",
    "auth.theme": "light and dark are chosen before signing in too",
    "handover_check.form": "whoever holds a hand-over checks it; it tells nothing that was not given to it",
    "handover_check.check": "as above",
    "registration.form": "travellers register themselves; they have no account",
    "registration.ask": "the registration form; a code by text follows, within limits",
    "registration.change": "travellers come back with their number; they have no account",
    "registration.ask_change": "asks for a code; the answer tells nobody whether the number is known",
    "registration.code": "the field for the code, for the browser that asked for it",
    "registration.check_code": "the code itself is what authorises; few tries, short life",
    "registration.me": "shows only what the proved number owns; without a proof it leads back to the form",
    "registration.act": "acts only for the proved number; without a proof it leads back to the form",
    "own_shifts.calendar": "the signed address says whose calendar it is; a new one ends it",
    "own_shifts.volunteer_act": "the signed token in the address says whose shift it is",
    "own_callouts.answer": "the signed token in the address says who answers",
    "own_callouts.be": "as above",
    "own_callouts.answer_survey": "as above",
    "volunteer_page.show": "the signed token in the address says whose page it is",
    "own_briefings.show": "the signed token in the address says whose page it is",
    "own_briefings.answer": "the signed token in the address says whose page it is",
    "own_tests.show": "the signed token in the address says whose page it is",
    "own_tests.answer": "the signed token in the address says whose page it is",
    "volunteer_page.times": "as above",
    "volunteer_page.profile": "as above",
    "volunteer_page.phone": "as above",
    "volunteer_page.leave_form": "as above",
    "volunteer_page.act": "the signed token in the address says who acts",
    "volunteer_page.save_profile": "as above",
    "volunteer_page.change_phone": "as above; another number proves itself by a code",
    "volunteer_page.leave": "as above",
    "volunteer_page.own": "the signed token in the address says whose hours they are",
    "volunteer_joining.form": "volunteers register themselves; they have no account",
    "volunteer_joining.ask": "the registration form; a code by text follows, within limits",
    "volunteer_joining.link": "volunteers whose link is lost; they have no account",
    "volunteer_joining.ask_link": "asks for a code; the answer tells nobody whether the number is known",
    "volunteer_joining.code": "the field for the code, for the browser that asked for it",
    "volunteer_joining.check_code": "the code itself is what authorises; few tries, short life",
    "volunteer_desk.form": "volunteers come to the desk with a code by text; they have no account",
    "volunteer_desk.ask": "asks for a code; the answer tells nobody whether the number is known",
    "volunteer_desk.ask_own": "the signed token in the address says to whose number the code goes",
    "volunteer_desk.code": "the field for the code, for the browser that asked for it",
    "volunteer_desk.check": "the code itself is what authorises; few tries, short life",
    "beside.own_act": "the signed token in the address says whose page it is",
}


def sources(*roots: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = [ROOT / line for line in listed.stdout.splitlines()]
    return [file for file in files if file.exists() and (not roots or file.relative_to(ROOT).parts[0] in roots)]


@pytest.fixture(params=["web", "live"])
def app(request: pytest.FixtureRequest, services: Services) -> Any:
    """Return the application of each kind of web process in turn."""
    return create_app(services=services, kind=request.param)


def test_every_route_declares_a_permission_that_exists(app: Any) -> None:
    for rule in app.url_map.iter_rules():
        declared = permission_of(app, rule.endpoint)
        assert declared in ALL_PERMISSIONS | {PUBLIC, SIGNED, SIGNED_IN}, f"{rule.rule} declares {declared!r}"


def test_public_routes_are_few_and_each_has_its_reason(app: Any) -> None:
    public = {rule.endpoint for rule in app.url_map.iter_rules() if permission_of(app, rule.endpoint) == PUBLIC}
    assert not public - set(PUBLIC_ENDPOINTS), f"without a reason: {sorted(public - set(PUBLIC_ENDPOINTS))}"


def test_no_reason_outlives_its_public_route(services: Services) -> None:
    rules = create_app(services=services).url_map.iter_rules()
    assert set(PUBLIC_ENDPOINTS) <= {rule.endpoint for rule in rules}


def test_live_process_serves_the_stream_and_no_room_of_the_console(services: Services) -> None:
    rooms = {rule.endpoint.split(".")[0] for rule in create_app(services=services, kind="live").url_map.iter_rules()}
    assert rooms == {*LIVE_BLUEPRINTS, "openapi"}


def test_signed_routes_are_the_webhooks_and_refuse_without_a_signature(services: Services) -> None:
    app = create_app(services=services)
    signed = [rule for rule in app.url_map.iter_rules() if permission_of(app, rule.endpoint) == SIGNED]
    assert signed, "there are webhooks"
    for rule in signed:
        assert rule.rule.startswith("/webhooks/")
        assert app.test_client().post(rule.rule, data={"MessageSid": "SM1"}).status_code == 403


def test_everything_else_refuses_a_stranger(app: Any) -> None:
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        if permission_of(app, rule.endpoint) in (PUBLIC, SIGNED):
            continue
        path = re.sub(r"<(?:[^:>]+:)?[^>]+>", "1", rule.rule)
        method = "GET" if "GET" in (rule.methods or ()) else sorted((rule.methods or set()) - {"OPTIONS", "HEAD"})[0]
        answer = client.open(path, method=method)
        assert answer.status_code in (302, 401, 403), f"{method} {path} answered {answer.status_code} to a stranger"
        if answer.status_code == 302:
            assert "/sign-in" in answer.headers["Location"]


def test_every_job_queue_has_a_consumer_and_every_schedule_a_job(settings: Any) -> None:
    registry = build_registry()
    served = set(settings.worker_queues.split(","))
    assert served == set(QUEUES)
    assert registry.jobs
    for job in registry.jobs.values():
        assert job.queue in served
        assert 0 < job.timeout_s <= 3600
    for schedule in registry.schedules:
        assert schedule.job in registry.jobs


def test_every_job_can_be_called_as_the_worker_calls_it() -> None:
    """The worker passes the services first; who schedules passes nothing else. Tests that call a job by hand do not see it."""
    registry = build_registry()
    for job in registry.jobs.values():
        first = next(iter(inspect.signature(job.function).parameters.values()), None)
        assert first is not None and first.name == "services", f"{job.name} does not take the services"
    for schedule in registry.schedules:
        inspect.signature(registry.jobs[schedule.job].function).bind(None)


def test_every_menu_entry_leads_to_a_route_with_its_permission(services: Services) -> None:
    app = create_app(services=services)
    for entry in build_registry().menu:
        assert permission_of(app, entry.endpoint) == entry.permission


@pytest.mark.parametrize(
    "file",
    sources("hotline", "alerts", "overflow", "remittance", "benchmarks", "scripts", "tests", "wsgi.py"),
    ids=lambda f: str(f.relative_to(ROOT)),
)
def test_files_and_functions_stay_small(file: Path) -> None:
    text = file.read_text()
    if "migrations/versions" not in str(file):
        assert text.count("\n") <= MAX_FILE_LINES, f"{file} wants dividing"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert (node.end_lineno or 0) - node.lineno < MAX_FUNCTION_LINES, f"{file}: {node.name} is too long"


def test_no_two_models_of_the_api_share_a_name(app: Any) -> None:
    """The description keeps each under its name: of two alike the later would stand for both."""
    names = Counter(
        node.name
        for file in sorted(ROOT.glob("*/**/*.py"))
        if file.relative_to(ROOT).parts[0] in ("hotline", "alerts", "overflow", "remittance")
        and ("api" in file.stem.split("_"))
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and node.bases
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_no_file_is_named_for_nothing() -> None:
    assert not [file for file in sources() if file.stem in {"utils", "util", "helpers", "helper", "misc", "common"}]


def test_packages_begin_with_a_docstring_and_nothing_else() -> None:
    for file in sources("hotline", "alerts", "overflow", "remittance"):
        if file.name == "__init__.py":
            body = ast.parse(file.read_text()).body
            assert len(body) == 1 and isinstance(body[0], ast.Expr), f"{file} holds more than a docstring"


def test_nobody_reads_the_clock_but_the_clock() -> None:
    allowed = {"hotline/core/clock.py"}
    for file in sources("hotline", "alerts", "overflow", "remittance"):
        name = str(file.relative_to(ROOT))
        if name in allowed or name.startswith(("hotline/sandbox/", "hotline/platform/")):
            continue
        assert not re.search(r"datetime\.(now|utcnow|today)\(", file.read_text()), f"{name} reads the time by itself"


def test_lock_files_carry_no_addresses() -> None:
    for name in ("requirements.lock", "requirements-dev.lock", "package-lock.json"):
        text = (ROOT / name).read_text()
        assert not re.search(r'"resolved"|index-url|@ https?://', text), f"{name} names an address"
