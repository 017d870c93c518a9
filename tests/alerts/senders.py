"""Makers of approved alerts and of messages in the middle of sending, for the tests of audience and receipts."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts.approval import digest_of, follows_of
from alerts.models import Alert, Approval, Attempt, Message, Tally
from alerts.states import FAILED
from alerts.tallies import key_of
from hotline.geo.area import Area
from tests.factories import NOW, make_alert, make_officer

TEXTS = {"ko": "[외교부] 마닐라 홍수. 고지대로 대피하세요.", "en": "Flood in Manila. Go to high ground."}


def make_approved(
    session: Session,
    *,
    areas: list[Any] | None = None,
    texts: dict[str, str] | None = None,
    variants: dict[str, dict[str, str]] | None = None,
    **more: Any,
) -> Alert:
    """Add an alert that a second officer has approved, as `alerts.approval.approve` leaves it.

    `texts` are those of the alert itself; `variants` gives all texts by variant instead.
    """
    author, approver = make_officer(session), make_officer(session, roles=("approver",))
    given: dict[str, Any] = {"areas": areas} if areas is not None else {}
    alert = make_alert(session, author=author, **({"state": "approved", "approved_at": NOW} | given | more))
    frozen, bodies = Area.from_json(alert.areas).to_json(), variants or {"alert": texts or TEXTS}
    digest = digest_of(frozen, bodies, alert.drill, follows_of(alert))
    alert.approval = Approval(
        officer_id=approver.id, at=NOW, areas=frozen, texts=bodies, digest=digest,
        audience_estimate=1, drill=alert.drill, expires=alert.expires,
    )  # fmt: skip
    session.flush()
    return alert


def make_message(session: Session, alert: Alert, *, phone: str, state: str = "sending", **more: Any) -> Message:
    """Add a message that was handed over once, its attempt still open, and count it in the tallies."""
    values: dict[str, Any] = {
        "traveller_id": 1, "country": "PH", "language": "ko", "parts": 1, "attempts": 1,
        "lease_until": NOW + timedelta(minutes=1) if state in ("sending", "in_doubt") else None,
    }  # fmt: skip
    message = Message(alert_id=alert.id, phone=phone, state=state, **(values | more))
    session.add(message)
    session.flush()
    for number in range(1, message.attempts + 1):
        session.add(Attempt(message_id=message.id, number=number, provider="twilio", started_at=NOW))
    reason = (message.error_code or "") if state == FAILED else ""
    provider = key_of(alert.id, message.country, state, reason, message.provider)[-1]
    tally = session.get(Tally, (alert.id, message.country, state, reason, provider))
    if tally is None:
        session.add(
            Tally(alert_id=alert.id, country=message.country, state=state, reason=reason, provider=provider, messages=1)
        )
    else:
        tally.messages += 1
    session.flush()
    return message


def tallies_of(session: Session, alert_id: int) -> dict[tuple[str, str, str], int]:
    """The tallies of an alert by (country, state, reason), zeros left out."""
    found: Counter[tuple[str, str, str]] = Counter()
    for row in session.scalars(select(Tally).where(Tally.alert_id == alert_id)):
        found[row.country, row.state, row.reason] += row.messages
    return {key: messages for key, messages in found.items() if messages}


def counted(session: Session, alert_id: int) -> dict[tuple[str, str, str], int]:
    """What the tallies must say, counted from the message rows."""
    rows = session.execute(
        select(Message.country, Message.state, Message.error_code, func.count())
        .where(Message.alert_id == alert_id)
        .group_by(Message.country, Message.state, Message.error_code)
    )
    found: dict[tuple[str, str, str], int] = {}
    for country, state, code, number in rows:
        key = (country, state, (code or "") if state == FAILED else "")
        found[key] = found.get(key, 0) + number
    return found
