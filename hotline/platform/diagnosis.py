"""What `hotline doctor` looks at: each check with its verdict and, when it is not well, its mend."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hotline.core.clock import SystemClock
from hotline.core.keypair import KeyPairFault, load_key_pair
from hotline.core.smtp_address import read_sender, read_smtp_url
from hotline.platform import preflight
from hotline.platform.embedded import postgres_version, valkey_version
from hotline.platform.problem import SetupProblem

PROJECT = Path(__file__).resolve().parent.parent.parent
LITTLE_ROOM_BYTES = 2_000_000_000

Verdict = Literal["ok", "note", "FAIL"]


@dataclass(frozen=True)
class Finding:
    """One line of the table."""

    subject: str
    verdict: Verdict
    detail: str
    mend: str = ""


def examine(*, port: int, data_dir: Path) -> list[Finding]:
    """Run every check; none of them changes anything."""
    findings = [
        _find("Python", preflight.check_python, platform.python_version()),
        _assets(),
        _translations(),
        _find("data directory", lambda: preflight.check_data_dir(_existing(data_dir)), str(data_dir.resolve())),
        _room(data_dir),
        _find_text("embedded PostgreSQL", postgres_version),
        _find_text("embedded Valkey", valkey_version),
        _port(port),
    ]
    return [*findings, *_configured_servers(), _provider(), _mail(), _signing()]


def table(findings: list[Finding]) -> str:
    """The findings as aligned lines, each mend below its line."""
    width = max(len(finding.subject) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{finding.verdict:<4}  {finding.subject:<{width}}  {finding.detail}")
        if finding.mend:
            lines.append(f"{'':<4}  {'':<{width}}  → {finding.mend}")
    return "\n".join(lines)


def _find(subject: str, check: Callable[[], None], detail: str) -> Finding:
    try:
        check()
    except SetupProblem as problem:
        return Finding(subject, "FAIL", problem.what, problem.mend)
    return Finding(subject, "ok", detail)


def _find_text(subject: str, describe: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, "ok", describe())
    except SetupProblem as problem:
        return Finding(subject, "FAIL", problem.what, problem.mend)


def _assets() -> Finding:
    vendor = PROJECT / "hotline" / "console" / "static" / "vendor"
    if not (vendor / "stamps.json").exists():
        return Finding("pages' assets", "FAIL", "not installed", "Run `make setup`")
    return Finding("pages' assets", "ok", f"{sum(1 for _ in vendor.rglob('*.*'))} files")


def _translations() -> Finding:
    sources = [path for package in PROJECT.glob("[!.]*/translations") for path in package.rglob("*.po")]
    missing = [path for path in sources if not path.with_suffix(".mo").exists()]
    if missing:
        return Finding("translations", "FAIL", f"{len(missing)} not compiled", "Run `make setup`")
    return Finding("translations", "ok", f"{len(sources)} catalogues")


def _existing(data_dir: Path) -> Path:
    """The directory itself, or the nearest one above it: looking must not make it."""
    return next(path for path in [data_dir.resolve(), *data_dir.resolve().parents] if path.exists())


def _room(data_dir: Path) -> Finding:
    free_bytes = shutil.disk_usage(_existing(data_dir)).free
    detail = f"{free_bytes / 1e9:.1f} GB free"
    if free_bytes < LITTLE_ROOM_BYTES:
        return Finding("disk", "note", detail, "Make room: a full disk stops the database")
    return Finding("disk", "ok", detail)


def _port(port: int) -> Finding:
    finding = _find("port", lambda: preflight.check_port("127.0.0.1", port), f"{port} is free")
    # A running service holds its port, which is no fault when somebody asks how it is.
    return finding if finding.verdict == "ok" else Finding("port", "note", finding.detail, finding.mend)


def _configured_servers() -> list[Finding]:
    database_url, redis_url = os.environ.get("HOTLINE_DATABASE_URL"), os.environ.get("HOTLINE_REDIS_URL")
    findings = []
    if database_url:
        findings.append(_find("database", lambda: preflight.check_database(database_url), "answers"))
        if findings[-1].verdict == "ok":
            findings.append(_find("schema", lambda: preflight.check_migrations(database_url), "fits the program"))
    else:
        findings.append(Finding("database", "ok", "the embedded one (HOTLINE_DATABASE_URL is not set)"))
    if redis_url:
        findings.append(_find("Redis", lambda: preflight.check_redis(redis_url), "answers"))
    else:
        findings.append(Finding("Redis", "ok", "the embedded one (HOTLINE_REDIS_URL is not set)"))
    return findings


def _provider() -> Finding:
    if not os.environ.get("TWILIO_ACCOUNT_SID"):
        return Finding("text messages", "ok", "the practice carrier (TWILIO_ACCOUNT_SID is not set)")
    missing = [] if os.environ.get("TWILIO_AUTH_TOKEN") else ["TWILIO_AUTH_TOKEN"]
    if not (os.environ.get("TWILIO_FROM") or os.environ.get("TWILIO_MESSAGING_SERVICE_SID")):
        missing.append("TWILIO_FROM or TWILIO_MESSAGING_SERVICE_SID")
    if missing:
        return Finding(
            "text messages", "FAIL", f"{' and '.join(missing)} not set", "Set it, or unset TWILIO_ACCOUNT_SID"
        )
    return Finding("text messages", "ok", "a Twilio account is configured")


def _mail() -> Finding:
    """Whether e-mail is set up; the mail server itself is not asked."""
    url, sender = os.environ.get("HOTLINE_SMTP_URL", ""), os.environ.get("HOTLINE_MAIL_FROM", "")
    if not url and not sender:
        if not os.environ.get("TWILIO_ACCOUNT_SID"):
            return Finding("e-mail", "ok", "the practice carrier's mail server (HOTLINE_SMTP_URL is not set)")
        mend = "Set HOTLINE_SMTP_URL and HOTLINE_MAIL_FROM, or leave e-mail out of the policies for the silent"
        return Finding("e-mail", "note", "none is sent (HOTLINE_SMTP_URL is not set)", mend)
    mend = "Set HOTLINE_SMTP_URL and HOTLINE_MAIL_FROM (docs/operations.md), or unset both"
    try:
        address = read_smtp_url(url)
    except ValueError as problem:
        return Finding("e-mail", "FAIL", f"HOTLINE_SMTP_URL: {problem}", mend)
    try:
        name = read_sender(sender)
    except ValueError as problem:
        return Finding("e-mail", "FAIL", f"HOTLINE_MAIL_FROM: {problem}", mend)
    ca_file = os.environ.get("HOTLINE_SMTP_CA_FILE", "")
    if ca_file and not Path(ca_file).is_file():
        return Finding("e-mail", "FAIL", f"HOTLINE_SMTP_CA_FILE: {ca_file} is no file", "Name a PEM file, or unset it")
    return Finding("e-mail", "ok", f"through {address.host}:{address.port} ({address.tls}) as {name.address}")


def _signing() -> Finding:
    """Whether published CAP can be signed, and for how long still."""
    names = os.environ.get("HOTLINE_CAP_KEY_FILE", ""), os.environ.get("HOTLINE_CAP_CERTIFICATE_FILE", "")
    now = SystemClock().now()
    try:
        pair = load_key_pair(*names, now)
    except KeyPairFault as fault:
        mend = "Set HOTLINE_CAP_KEY_FILE and HOTLINE_CAP_CERTIFICATE_FILE to a pair of PEM files, or unset both"
        return Finding("CAP signature", "FAIL", str(fault), mend)
    if pair is None:
        return Finding("CAP signature", "ok", "published CAP is not signed (HOTLINE_CAP_KEY_FILE is not set)")
    until = f"signs as {pair.fingerprint[:16]}… until {pair.certificate.not_valid_after_utc:%Y-%m-%d}"
    if pair.expires_soon(now):
        return Finding("CAP signature", "note", until, "Ask for a new certificate now; an expired one signs nothing")
    return Finding("CAP signature", "ok", until)
