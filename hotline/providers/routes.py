"""Keeping senders and routes: every change checked, audited, and in force within a second or so in every lane."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, NotFound, Refused, SeveralFaults
from hotline.providers.models import Provider, RegionOff, Route, Sender

MAX_SENDERS, MAX_ROUTES = 100, 500
_PROVIDER = re.compile(r"[a-z][a-z0-9-]{0,19}")
_ADDRESS = re.compile(r"\+[1-9][0-9]{6,14}|[0-9]{3,8}|MG[0-9a-fA-F]{32}|(?=.*[A-Za-z])[A-Za-z0-9 &+_-]{1,11}")
_PREFIX = re.compile(r"(\+[1-9][0-9]{0,14})?")
_LIMITS = {"parts_per_s": (1, 10_000), "priority": (1, 99), "weight": (1, 1000), "cost_micros": (0, 100_000_000)}
Row = TypeVar("Row", Sender, Route, Provider)
Edited = TypeVar("Edited", Sender, Route)
_OPTIONAL = ("parts_per_s", "cost_micros")


def save_sender(
    session: Session, clock: Clock, actor: Actor, sender_id: int | None, values: Mapping[str, Any]
) -> Sender:
    """Add a sender (`provider`, `address`, `parts_per_s`), or change an existing one's pace.

    Provider and address stay: past attempts name them. Raises SeveralFaults and NotFound.
    """
    faults: list[dict[str, Any]] = []
    pace = _number("parts_per_s", values.get("parts_per_s"), faults)
    if sender_id is not None:
        _raise(faults)
        sender = _get(session, Sender, sender_id, "sender")
        return _change(session, clock, actor, sender, "sender", {"parts_per_s": pace})
    provider, address = str(values.get("provider", "")).strip(), str(values.get("address", "")).strip()
    if not _PROVIDER.fullmatch(provider):
        faults.append(_fault("provider", provider, "name a provider"))
    if not _ADDRESS.fullmatch(address):
        faults.append(_fault("address", address, "a number with its country's code, a short code, or a name"))
    if session.scalar(select(Sender.id).where(Sender.provider == provider, Sender.address == address)):
        faults.append(_fault("address", address, "this sender is known already"))
    _raise(faults)
    _keep_bounded(session, Sender, MAX_SENDERS)
    sender = Sender(provider=provider, address=address, parts_per_s=pace)
    return _add(session, clock, actor, sender, "sender", ("provider", "address", "parts_per_s"))


def save_route(session: Session, clock: Clock, actor: Actor, route_id: int | None, values: Mapping[str, Any]) -> Route:
    """Add a route (`prefix`, `sender_id`, `priority`, `weight`, `cost_micros`, `open`), or change one.

    Raises SeveralFaults and NotFound.
    """
    faults: list[dict[str, Any]] = []
    checked: dict[str, Any] = {
        name: _number(name, values.get(name), faults) for name in ("priority", "weight", "cost_micros")
    }
    checked["open"] = bool(values.get("open"))
    prefix = re.sub(r"[\s()-]", "", str(values.get("prefix", "")))
    if not _PREFIX.fullmatch(prefix):
        faults.append(_fault("prefix", prefix, "write + and the first digits, or leave it empty for every number"))
    sender_id = _number("sender_id", values.get("sender_id"), faults)
    if sender_id is not None and session.get(Sender, sender_id) is None:
        faults.append(_fault("sender_id", sender_id, "choose a sender from the list"))
    taken = select(Route.id).where(Route.prefix == prefix, Route.sender_id == sender_id, Route.id != (route_id or 0))
    if not faults and session.scalar(taken):
        faults.append(_fault("prefix", prefix, "this sender has a route for these numbers already"))
    _raise(faults)
    checked |= {"prefix": prefix, "sender_id": sender_id}
    if route_id is not None:
        return _change(session, clock, actor, _get(session, Route, route_id, "route"), "route", checked)
    _keep_bounded(session, Route, MAX_ROUTES)
    return _add(session, clock, actor, Route(**checked), "route", tuple(checked))


def restore_share(session: Session, clock: Clock, actor: Actor, provider_id: int) -> Provider:
    """Give a provider its full share again at once, because somebody knows that it is well; raises NotFound."""
    provider = _get(session, Provider, provider_id, "provider")
    if provider.share != 100:
        before, provider.share, provider.share_at = provider.share, 100, clock.now()
        audit.record(
            session, clock, actor, "provider.share_changed", "provider", provider.id,
            before={"share": before}, after={"share": 100, "why": "by hand", "provider": provider.name},
        )  # fmt: skip
    return provider


def region_is_on(session: Session, clock: Clock, actor: Actor, provider: str, country: str) -> None:
    """Take back that a provider may not send to a country; raises NotFound when nothing of the kind is known."""
    region = session.get(RegionOff, (provider, country))
    if region is None:
        raise NotFound("region", f"{provider}/{country}")
    session.delete(region)
    audit.record(
        session, clock, actor, "provider.region_on", "provider", None,
        before={"provider": provider, "country": country, "code": region.error_code},
    )  # fmt: skip


def _number(name: str, given: object, faults: list[dict[str, Any]]) -> int | None:
    least, most = _LIMITS.get(name, (1, 2**62))
    text = str(given if given is not None else "").strip()
    if not text and name in _OPTIONAL:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18 or not least <= int(text) <= most:
        faults.append(_fault(name, text, f"write a whole number from {least} to {most}"))
        return None
    return int(text)


def _fault(field: str, value: object, mend: str) -> dict[str, Any]:
    return {"field": field, "value": InvalidInput(field, value, mend).shown_value, "mend": mend}


def _raise(faults: list[dict[str, Any]]) -> None:
    if faults:
        raise SeveralFaults(faults)


def _keep_bounded(session: Session, model: type[Sender] | type[Route], most: int) -> None:
    if len(session.scalars(select(model.id).limit(most)).all()) >= most:
        raise Refused(f"There are {most} of them already; change one instead.", code="too-many")


def _get(session: Session, model: type[Row], key: int, kind: str) -> Row:
    found = session.get(model, key, with_for_update=True)
    if found is None:
        raise NotFound(kind, key)
    return found


def _add(session: Session, clock: Clock, actor: Actor, row: Edited, kind: str, names: tuple[str, ...]) -> Edited:
    row.created_at = row.updated_at = clock.now()
    session.add(row)
    session.flush()
    audit.record(
        session, clock, actor, f"{kind}.added", kind, row.id, after={name: getattr(row, name) for name in names}
    )
    return row


def _change(session: Session, clock: Clock, actor: Actor, row: Edited, kind: str, values: Mapping[str, Any]) -> Edited:
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    if changed:
        before = {name: getattr(row, name) for name in changed}
        for name, value in changed.items():
            setattr(row, name, value)
        row.updated_at = clock.now()
        audit.record(session, clock, actor, f"{kind}.changed", kind, row.id, before=before, after=changed)
    return row
