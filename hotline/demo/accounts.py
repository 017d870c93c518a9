"""Accounts to practise with: one officer for every role, secrets made once and kept in a file only its owner can read."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from hotline.auth.models import ApiToken, Officer
from hotline.auth.officers import add_officer, find_by_name, set_password
from hotline.auth.tokens import create_token, officer_of_token
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.platform.data_dir import write_private

LABEL = "demo"
CLEAR_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # without letters and digits that look alike
GROUPS_OF_FOUR = 4
OFFICERS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "author": ("윤하늘", ("author",), "ko"),
    "approver": ("강태오", ("approver",), "ko"),
    "approver-2": ("Helen Moon", ("approver",), "en"),
    "duty-chief": ("서정은", ("author", "approver", "duty_chief"), "ko"),
    "duty-chief-2": ("Ellen Yu", ("duty_chief",), "en"),
    "volunteer": ("송다인", ("volunteer",), "ko"),
    "agent": ("임소라", ("agent",), "ko"),
    "senior-agent": ("배준혁", ("senior_agent",), "ko"),
    "official": ("문지후", ("official",), "ko"),
    "official-2": ("Daniel Cha", ("official",), "en"),
    "mission-officer": ("Marco Seo", ("mission_officer",), "en"),
    "mission-officer-beijing": ("류세진", ("mission_officer",), "ko"),
    "mission-officer-shanghai": ("Irene Ahn", ("mission_officer",), "en"),
    "mission-officer-shenyang": ("지동욱", ("mission_officer",), "ko"),
    "mission-officer-hong-kong": ("탁수아", ("mission_officer",), "ko"),
    "cashier": ("노은채", ("cashier",), "ko"),
    "finance-officer": ("Grace Han", ("finance_officer",), "en"),
    "finance-officer-2": ("표지안", ("finance_officer",), "ko"),
    "auditor": ("곽민석", ("auditor",), "ko"),
    "administrator": ("차유리", ("administrator",), "ko"),
}
"""Sign-in name: display name (invented), roles, language."""


@dataclass(frozen=True)
class Account:
    """One officer as `demo.json` shows them; `role` is what people read, `roles` what the service knows."""

    name: str
    role: str
    roles: list[str]
    display_name: str
    password: str
    token: str


def ensure_accounts(session: Session, clock: Clock, actor: Actor, kept: list[dict[str, Any]]) -> list[Account]:
    """Return an account for every role; `kept` are those of an earlier load, which stay as long as their token works.

    Of an account that is not kept, or whose token is no longer known (another database, a revoked token), password and
    token are made anew: the old ones are nowhere any more.
    """
    earlier = {account.get("name"): account for account in kept}
    return [
        _still_good(session, clock, name, earlier.get(name)) or _renewed(session, clock, actor, name)
        for name in OFFICERS
    ]


def _still_good(session: Session, clock: Clock, name: str, account: dict[str, Any] | None) -> Account | None:
    if account is None:
        return None
    password, token = account.get("password"), account.get("token")
    if not isinstance(password, str) or not isinstance(token, str):
        return None
    officer = officer_of_token(session, clock, token)
    return _account(name, password, token) if officer is not None and officer.name == name else None


def _renewed(session: Session, clock: Clock, actor: Actor, name: str) -> Account:
    display_name, roles, language = OFFICERS[name]
    password = "-".join("".join(secrets.choice(CLEAR_LETTERS) for _ in range(4)) for _ in range(GROUPS_OF_FOUR))
    officer = find_by_name(session, name)
    if officer is None:
        officer = add_officer(
            session, clock, actor,
            name=name, display_name=display_name, roles=roles, password=password, language=language,
        )  # fmt: skip
    else:
        set_password(session, clock, actor, officer, password)
        _revoke_old_tokens(session, clock, officer)
    return _account(name, password, create_token(session, clock, actor, officer, LABEL))


def _revoke_old_tokens(session: Session, clock: Clock, officer: Officer) -> None:
    """Take back the demo tokens whose text is lost; an officer has only so many."""
    session.execute(
        update(ApiToken)
        .where(ApiToken.officer_id == officer.id, ApiToken.label == LABEL, ApiToken.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )


def _account(name: str, password: str, token: str) -> Account:
    display_name, roles, _ = OFFICERS[name]
    return Account(name, "+".join(roles), list(roles), display_name, password, token)


def read_accounts(path: Path) -> list[dict[str, Any]]:
    """Return the accounts of an earlier load; a file that is missing or spoilt counts as none."""
    try:
        officers = json.loads(path.read_text(encoding="utf-8"))["officers"]
    except (OSError, ValueError, TypeError, KeyError):
        return []
    return [officer for officer in officers if isinstance(officer, dict)] if isinstance(officers, list) else []


def write_accounts(path: Path, url: str, sandbox_url: str, accounts: list[Account]) -> None:
    """Write `demo.json` (mode 0600) with where the service is now and the accounts."""
    content = {"url": url, "sandbox_url": sandbox_url, "officers": [asdict(account) for account in accounts]}
    write_private(path, json.dumps(content, ensure_ascii=False, indent=1))
