"""Chains: an alert, its updates and its cancel. Which alert a message follows, and what forbids sending one of a chain.

All alerts of a chain know its first one (`chain_id`), so that no walk from reference to reference is ever needed. Of two
alerts of a chain the newer is the one that its sender sent later, where one sender sent both; else the one drafted later.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from alerts.cap.model import CapAlert
from alerts.cap.verify import Seal
from alerts.models import Alert
from alerts.msgid import gettext_noop as _
from alerts.states import APPROVED, DRAFT, REJECTED, SUBMITTED
from hotline.core.errors import Refused
from hotline.core.ids import reference

MAX_CHAIN = 100
"""More updates than this of one event are a fault of their source."""
MAX_REFERENCES = 100
MAX_NAMED = 3
UNDECIDED = (DRAFT, SUBMITTED, APPROVED)
FROM_OUTSIDE = ("cap", "api", "feed")

MESSAGES = {
    "follows_unknown": _(
        "It refers to an earlier message that is not known here: it is drafted as a new alert. Check it."
    ),
    "follows_other_kind": _("An exercise follows only an exercise, and a real alert only a real one."),
    "follows_by_identifier": _("The reference's sender or time differ from the alert's; the identifier alone fits."),
    "follows_of_another": _(
        "It names this alert exactly, but another sender wrote that one: ask whether it speaks for it."
    ),
    "follows_other_sender": _(
        "Only the identifier fits %(alerts)s, and another sender wrote that: it is not tied to it. If it is about that alert, "
        "write the update or the all-clear from that alert's page."
    ),
    "follows_several": _(
        "It refers to several chains of alerts; it follows one of them, decide about %(alerts)s yourself."
    ),
    "nothing_to_end": _("It cancels nothing that is known here."),
    "overtaken": _("A later message of this chain has been sent already (%(alert)s): this one is out of date."),
    "later_waits": _(
        "A later message of this chain has come in (%(alert)s): decide about that one first, or withdraw it."
    ),
}
"""What can be odd about a message that follows another, by code."""


class Origin(NamedTuple):
    """Where a CAP message comes from, as far as that can be known: its seal, and the alerts that came from the same feed."""

    seal: Seal
    same_feed: Collection[int] = ()


class Followed(NamedTuple):
    """The alert that a message follows, if one is known here, and what is odd about it."""

    alert: Alert | None
    remarks: list[dict[str, Any]]


def root_of(alert: Alert) -> int:
    """Return the id of the chain's first alert."""
    return alert.chain_id or alert.id


def members(session: Session, root: int, *, lock: bool = False) -> list[Alert]:
    """Return all alerts of a chain in the order of their ids; with `lock` their rows stay locked until commit."""
    statement = (
        select(Alert).where(or_(Alert.id == root, Alert.chain_id == root)).order_by(Alert.id).limit(MAX_CHAIN + 1)
    )
    if lock:
        statement = statement.with_for_update(of=Alert, key_share=True).execution_options(populate_existing=True)
    return list(session.scalars(statement))


def attach(session: Session, alert: Alert, followed: Alert) -> None:
    """Make an alert follow another; raises Refused where the two do not fit or the chain is full."""
    if alert.drill != followed.drill:
        raise Refused(MESSAGES["follows_other_kind"], code="follows-other-kind")
    root = root_of(followed)
    if len(members(session, root)) >= MAX_CHAIN:
        raise Refused(f"A chain has at most {MAX_CHAIN} alerts.", code="chain-too-long")
    alert.follows_id, alert.chain_id = followed.id, root


def is_newer(one: Alert, other: Alert) -> bool:
    """Say whether the first of two alerts of a chain comes after the other; what follows comes after, whatever the clocks."""
    if other.id in (one.follows_id, one.chain_id) or one.id in (other.follows_id, other.chain_id):
        return other.id in (one.follows_id, one.chain_id)
    if one.cap_sent and other.cap_sent and one.cap_sender == other.cap_sender and one.cap_sent != other.cap_sent:
        return one.cap_sent > other.cap_sent
    return one.id > other.id


def overtaken_by(session: Session, alert: Alert) -> Alert | None:
    """Return an alert of the same chain that is newer and has begun to be sent; nothing stale is sent after it."""
    others = (each for each in members(session, root_of(alert)) if each.id != alert.id)
    return next((each for each in others if each.started_at is not None and is_newer(each, alert)), None)


def faults(session: Session, alert: Alert) -> list[dict[str, object]]:
    """Return what forbids sending an alert because of its chain."""
    found: list[dict[str, object]] = []
    if alert.msg_type == "Cancel" and alert.follows_id is None:
        found.append(_remark("nothing_to_end"))
    chain = [each for each in members(session, root_of(alert)) if each.id != alert.id]
    followed = next((each for each in chain if each.id == alert.follows_id), None)
    if followed is not None and followed.drill != alert.drill:
        found.append(_remark("follows_other_kind"))
    newer = [each for each in chain if is_newer(each, alert)]
    started = next((each for each in newer if each.started_at is not None), None)
    waiting = next((each for each in newer if each.state in UNDECIDED and each.source in FROM_OUTSIDE), None)
    if started is not None:
        found.append(_remark("overtaken", alert=reference("AL", started.id)))
    elif waiting is not None:
        found.append(_remark("later_waits", alert=reference("AL", waiting.id)))
    return found


def find_followed(session: Session, cap: CapAlert, origin: Origin) -> Followed:
    """Find the alert that a CAP message follows: by all three parts of its references, else by the identifier alone.

    Real senders sign references with another name than their own, so that the identifier must do; but an identifier is no
    secret and no name either, and two senders may use the same one. So it does only where both come from the same hand.
    """
    if cap.msg_type not in ("Update", "Cancel") or not cap.references:
        return Followed(None, [])
    wanted = [each.identifier[:300] for each in cap.references[:MAX_REFERENCES]]
    known = session.scalars(
        select(Alert).where(Alert.cap_identifier.in_(wanted), Alert.state != REJECTED).order_by(Alert.id)
    ).all()
    if not known:
        return Followed(None, [_remark("follows_unknown", wanted[0])])
    alike = [alert for alert in known if alert.drill == (cap.status != "Actual")]
    if not alike:
        return Followed(None, [_remark("follows_other_kind", wanted[0])])
    fitting = [alert for alert in alike if _fit(cap, alert, origin)]
    if not fitting:
        strangers = ", ".join(reference("AL", alert.id) for alert in alike[-MAX_NAMED:])
        return Followed(None, [_remark("follows_other_sender", wanted[0], alerts=strangers)])
    chosen = max(fitting, key=lambda alert: (_fit(cap, alert, origin), alert.id))
    code = {_EXACT: "follows_of_another", _AKIN: "follows_by_identifier"}.get(_fit(cap, chosen, origin))
    remarks = [_remark(code, chosen.cap_identifier or "")] if code else []
    return Followed(chosen, [*remarks, *_other_chains(fitting, chosen)])


def is_akin(cap: CapAlert, alert: Alert, origin: Origin) -> bool:
    """Say whether a message comes from the same hand as an alert: one trusted signer, one feed, or one sender's name.

    A name can be written by anybody: it does not count where a trusted signature stands on the alert and not on the message,
    and nothing counts where the message's own signature is broken.
    """
    if origin.seal.status == "broken":
        return False
    if alert.id in origin.same_feed:
        return True
    signed = alert.cap_signature or {}
    if signed.get("status") == "trusted":
        return origin.seal.status == "trusted" and not set(signed["signers"]).isdisjoint(origin.seal.signers)
    return alert.cap_sender == cap.sender[:300]


_AKIN, _EXACT = 1, 2
"""Both together are the best fit."""


def _fit(cap: CapAlert, alert: Alert, origin: Origin) -> int:
    """Grade how well an alert is meant: all three parts of a reference, the same hand, both, or neither (0)."""
    assert alert.cap_sender is not None and alert.cap_identifier is not None and alert.cap_sent is not None
    matches = {
        each.match(sender=alert.cap_sender, identifier=alert.cap_identifier, sent=alert.cap_sent)
        for each in cap.references
    }
    return _EXACT * ("exact" in matches) + _AKIN * is_akin(cap, alert, origin)


def _other_chains(alike: Sequence[Alert], chosen: Alert) -> list[dict[str, Any]]:
    others = {root_of(each) for each in alike} - {root_of(chosen)}
    if not others:
        return []
    return [_remark("follows_several", alerts=", ".join(reference("AL", each) for each in sorted(others)))]


def _remark(code: str, value: str = "", **params: object) -> dict[str, Any]:
    return {"field": "follows", "value": value[:80], "problem": code, "params": params, "mend": MESSAGES[code] % params}
