"""`hotline up`: the whole service on one machine, from an empty directory to `READY`."""

from __future__ import annotations

import contextlib
import ctypes
import ipaddress
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit

from hotline.platform import preflight
from hotline.platform.data_dir import DataDirLock, Secrets, load_secrets
from hotline.platform.embedded import EmbeddedPostgres, EmbeddedValkey
from hotline.platform.forked import can_fork, read_ahead
from hotline.platform.problem import SetupProblem
from hotline.platform.servers import EmbeddedServer
from hotline.platform.supervisor import GivenUp, Program, Supervisor
from hotline.platform.terminal import Terminal
from hotline.platform.tether import PR_SET_PDEATHSIG

PROJECT = Path(__file__).resolve().parent.parent.parent
VENDOR = PROJECT / "hotline" / "console" / "static" / "vendor"
SANDBOX_NUMBER = "+15005550006"  # The number that Twilio's own test credentials send from.
WORKERS = (("worker-urgent", ["worker", "--queues", "urgent"]), ("worker", ["worker"]))
"""One worker keeps itself free for what is urgent: a stop or a receipt must not wait behind a lane of dispatch."""
READY_LIMIT_S = 180.0
STEP_LIMIT_S = 600.0
ASK_LIMIT_S = 5.0
STOP_LIMIT_S = 15.0
WORKER_STOP_LIMIT_S = 30.0
GIVEN_UP = 1


@dataclass(frozen=True, kw_only=True)
class UpOptions:
    """What the user asked `hotline up` for."""

    host: str
    port: int
    data_dir: Path
    demo: bool
    servers_only: bool
    verbose: bool
    with_parent: bool


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Where the processes listen. `sandbox` is empty when a real provider is configured."""

    web: str
    live: str
    sandbox: str


def run(options: UpOptions) -> int:
    """Start everything, keep it running until SIGTERM or Ctrl-C, stop it; the exit status.

    Raises SetupProblem when something outside must be mended first.
    """
    terminal = Terminal(verbose=options.verbose)
    _check_before(options)
    data_dir = options.data_dir.resolve()
    lock = DataDirLock(data_dir)
    lock.take()
    supervisor: Supervisor | None = None
    try:
        # Until READY a signal breaks off whatever step is running; afterwards it ends the watching.
        with _signals_raise():
            supervisor = Supervisor(lock, terminal)
            if options.with_parent:
                _stop_with_parent()
            said = _start(supervisor, terminal, options, data_dir)
        terminal.announce(said)
        with _signals_call(supervisor.request_stop):
            supervisor.watch()
    except KeyboardInterrupt:
        return 0
    except GivenUp as given_up:
        terminal.hush()
        terminal.say(f"gave up: {given_up}. The logs are in {data_dir / 'log'}")
        return GIVEN_UP
    finally:
        terminal.hush()
        # A second, impatient Ctrl-C must not leave half of the children behind; every stop has its own limit.
        with _signals_call(lambda: None):
            if supervisor is not None:
                supervisor.stop_all()
        lock.release()
    terminal.say("stopped")
    return 0


def _check_before(options: UpOptions) -> None:
    preflight.check_python()
    if options.demo and not _is_loopback(options.host):
        mend = "Leave --demo away, or let --host be 127.0.0.1"
        raise SetupProblem(f"demo accounts may not be reachable from outside ({options.host})", mend)
    preflight.check_data_dir(options.data_dir)
    if options.servers_only:
        return
    preflight.check_port(options.host, options.port)
    if not VENDOR.is_dir():
        raise SetupProblem("the pages' assets are missing", "Run `make setup`")


def _start(supervisor: Supervisor, terminal: Terminal, options: UpOptions, data_dir: Path) -> list[str]:
    """Start the servers and, unless they are all that is wanted, the service; the lines that announce it."""
    env = dict(os.environ) | {"HOTLINE_DATA_DIR": str(data_dir), "PYTHONUNBUFFERED": "1"}
    if can_fork() and not options.servers_only:
        read_ahead()  # While the servers start, on another core.
    _add_servers(supervisor, terminal, data_dir, env)
    if options.servers_only:
        return [f"DATABASE {env['HOTLINE_DATABASE_URL']}", f"REDIS {env['HOTLINE_REDIS_URL']}", "READY"]
    env["HOTLINE_DEMO"] = "1" if options.demo else "0"
    addresses = _settle_addresses(options, load_secrets(data_dir), env)
    if addresses.sandbox:  # First, so that it listens before the workers look for it.
        supervisor.add(_carrier(addresses.sandbox, env, data_dir / "log", terminal))
    _step(terminal, ["db", "upgrade"], env, data_dir / "log")
    if options.demo:
        _step(terminal, ["demo", "load"], env, data_dir / "log")
        terminal.say(f"demo accounts with their passwords are in {data_dir / 'demo.json'}")
    for program in _programs(options, addresses, env, data_dir / "log", terminal):
        supervisor.add(program)
    pages = [f"{addresses.web}/readyz", f"{addresses.live}/readyz", *([addresses.sandbox] if addresses.sandbox else [])]
    if not supervisor.watch(until=lambda: all(_answers(page) for page in pages), limit_s=READY_LIMIT_S):
        raise KeyboardInterrupt
    return [*([f"SANDBOX {addresses.sandbox}"] if addresses.sandbox else []), f"READY {addresses.web}"]


def _add_servers(supervisor: Supervisor, terminal: Terminal, data_dir: Path, env: dict[str, str]) -> None:
    """Start the embedded servers whose addresses the environment does not name, and check the ones it names."""
    if url := env.get("HOTLINE_DATABASE_URL"):
        preflight.ensure_database(url)
    else:
        postgres = EmbeddedPostgres(data_dir, on_line=terminal.listener("postgres"))
        supervisor.add(EmbeddedServer("postgres", postgres))
        env["HOTLINE_DATABASE_URL"] = postgres.url_for()
    if url := env.get("HOTLINE_REDIS_URL"):
        preflight.check_redis(url)
    else:
        valkey = EmbeddedValkey(data_dir, on_line=terminal.listener("valkey"))
        supervisor.add(EmbeddedServer("valkey", valkey))
        env["HOTLINE_REDIS_URL"] = valkey.url


def _settle_addresses(options: UpOptions, secrets: Secrets, env: dict[str, str]) -> Addresses:
    """Choose the children's ports, and write addresses and secrets into their environment."""
    web = _http(options.host, options.port)
    live = _http(options.host, preflight.free_port(options.host, options.port + 1))
    env.setdefault("HOTLINE_PUBLIC_URL", web)
    env.setdefault("HOTLINE_LIVE_URL", live)
    env.setdefault("HOTLINE_SECRET_KEY", secrets.secret_key)
    # Demo data may never reach a real network, so with it the practice carrier is used whatever is configured.
    if not options.demo and env.get("TWILIO_ACCOUNT_SID"):
        return Addresses(web=web, live=live, sandbox="")
    sandbox = _http("127.0.0.1", preflight.free_port("127.0.0.1", options.port + 2))
    smsc_port = preflight.free_port("127.0.0.1", options.port + 3)
    mail_port = preflight.free_port("127.0.0.1", options.port + 4)
    env.pop("TWILIO_MESSAGING_SERVICE_SID", None)
    env |= {
        # Whatever the environment names is somebody's real network; practice has a message centre and mail server of its own.
        "SMPP_URL": f"smpp://practice:practice@127.0.0.1:{smsc_port}",
        "HOTLINE_SANDBOX_SMSC_PORT": str(smsc_port),
        "HOTLINE_SMTP_URL": f"smtp://127.0.0.1:{mail_port}?tls=none",
        "HOTLINE_MAIL_FROM": "Practice hotline <alerts@practice.example>",
        "HOTLINE_SANDBOX_MAIL_PORT": str(mail_port),
        "TWILIO_ACCOUNT_SID": secrets.sandbox_account_sid,
        "TWILIO_AUTH_TOKEN": secrets.sandbox_auth_token,
        "TWILIO_API_BASE_URL": sandbox,
        "TWILIO_FROM": SANDBOX_NUMBER,
        "HOTLINE_SANDBOX_URL": sandbox,
    }
    return Addresses(web=web, live=live, sandbox=sandbox)


def _carrier(address: str, env: dict[str, str], log_dir: Path, terminal: Terminal) -> Program:
    """The practice carrier. It is somebody else's machine: it gets its own credentials and nothing of the service's."""
    carrier_env = {key: value for key, value in env.items() if not key.startswith("HOTLINE_")}
    command = [sys.executable, "-m", "hotline.sandbox", "--host", "127.0.0.1", "--port", _port(address)]
    command += ["--vendor-dir", str(VENDOR), "--smsc-port", env["HOTLINE_SANDBOX_SMSC_PORT"]]
    command += ["--mail-port", env["HOTLINE_SANDBOX_MAIL_PORT"], "--data-dir", env["HOTLINE_DATA_DIR"]]
    command += ["--public-url", env["HOTLINE_PUBLIC_URL"]]
    return Program(
        "sandbox", command, carrier_env, log_dir, terminal, stage="carrier", stop_limit_s=STOP_LIMIT_S, cwd=PROJECT
    )


def _programs(
    options: UpOptions, addresses: Addresses, env: dict[str, str], log_dir: Path, terminal: Terminal
) -> Iterator[Program]:
    """The service's processes in the order they start; they stop in the opposite one."""

    def program(name: str, stage: str, words: Sequence[str]) -> Program:
        limit_s = WORKER_STOP_LIMIT_S if stage == "background" else STOP_LIMIT_S
        return _own_program(name, words, env, log_dir, terminal, stage=stage, stop_limit_s=limit_s)

    yield program("live", "pages", ["live", "--host", options.host, "--port", _port(addresses.live)])
    yield program("web", "pages", ["web", "--host", options.host, "--port", _port(addresses.web)])
    for name, words in WORKERS:
        yield program(name, "background", words)
    yield program("scheduler", "background", ["scheduler"])


def _own_program(
    name: str, words: Sequence[str], env: dict[str, str], log_dir: Path, terminal: Terminal,
    *, stage: str = "", stop_limit_s: float = STOP_LIMIT_S,
) -> Program:  # fmt: skip
    """One of our own commands: forked where that is possible, because reading the code is most of a start."""
    command = list(words) if can_fork() else _hotline(*words)
    return Program(
        name, command, env, log_dir, terminal, stage=stage, stop_limit_s=stop_limit_s, cwd=PROJECT, forked=can_fork()
    )


def _hotline(*words: str) -> list[str]:
    installed = Path(sys.executable).with_name("hotline")
    return [str(installed), *words] if installed.exists() else [sys.executable, "-m", "hotline", *words]


def _step(terminal: Terminal, words: Sequence[str], env: dict[str, str], log_dir: Path) -> None:
    """Run one of our own commands to its end; raises SetupProblem with its last line when it fails."""
    name = f"hotline {' '.join(words)}"
    terminal.say(f"running `{name}`")
    step = _own_program(words[0], words, env, log_dir, terminal)
    step.start()
    try:
        child = step.process()
        status = child.wait(STEP_LIMIT_S) if child is not None else 1
        last_words = step.last_words() if status else ""
    except subprocess.TimeoutExpired as error:
        raise SetupProblem(f"`{name}` did not end within {STEP_LIMIT_S:.0f} s", "Run it by hand to see why") from error
    finally:
        step.stop()
    if status != 0:
        why = last_words.removeprefix("hotline: ")
        raise SetupProblem(f"`{name}` failed: {why}", "Run it by hand to see everything")


def _answers(url: str) -> bool:
    # A proxy from the environment must not be asked for our own loopback addresses.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=ASK_LIMIT_S) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _http(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _port(url: str) -> str:
    return str(urlsplit(url).port)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _stop_with_parent() -> None:
    """Ask the kernel for SIGTERM when the parent (`make`) dies, so that killing it stops the service too."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != parent:
        raise KeyboardInterrupt


_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def _signals_call(action: Callable[[], None]) -> Iterator[None]:
    previous = {number: signal.getsignal(number) for number in _STOP_SIGNALS}
    for number in _STOP_SIGNALS:
        signal.signal(number, lambda *_: action())
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _signals_raise() -> contextlib.AbstractContextManager[None]:
    def interrupt() -> None:
        raise KeyboardInterrupt

    return _signals_call(interrupt)
