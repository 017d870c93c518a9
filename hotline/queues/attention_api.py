"""`/api/v1/attention`: what needs attention in the centre, and its acknowledgement."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import jsonify
from flask.typing import ResponseReturnValue
from pydantic import BaseModel

from hotline.auth.identity import actor
from hotline.core import live
from hotline.core.services import current
from hotline.core.web import permit
from hotline.queues import attention
from hotline.queues.attention import Attention
from hotline.queues.attention_models import AttentionItem

blueprint = APIBlueprint("api_attention", __name__, url_prefix="/api/v1", tag="Queues")


class AcknowledgedOut(BaseModel):
    """An item after its acknowledgement; times are UTC."""

    id: int
    kind: Literal["soon", "overdue", "given_up", "number_dead"]
    at: datetime
    acknowledged_at: datetime | None
    acknowledged_by_id: int | None


class AttentionOut(AcknowledgedOut):
    """Something that needs attention: a promised callback that is due `soon`, one that is `overdue` or was `given_up`, or an
    agent whose `number_dead`. `addressed_to` says who must act, `mine` whether the caller must."""

    callback_id: int | None
    case_id: int | None
    agent_id: int | None
    owner_id: int | None
    due_at: datetime | None
    addressed_to: list[Literal["owner", "seniors", "everybody"]]
    mine: bool


class AttentionList(BaseModel):
    """What still matters: what nobody has acknowledged first, then by gravity and age."""

    items: list[AttentionOut]


@blueprint.get("/attention")
@blueprint.output(AttentionList)
@blueprint.doc(summary="List what needs attention in the centre")
@permit("queues.read")
def index() -> ResponseReturnValue:
    """List what needs attention."""
    with current().db.transaction() as session:
        found = attention.needs_attention(session, current().clock, actor())
        return jsonify(items=[_attention_json(each) for each in found])


@blueprint.post("/attention/<int:item_id>/acknowledge")
@blueprint.output(AcknowledgedOut)
@blueprint.doc(
    summary="Say that one has seen it and acts; again changes nothing",
    responses={403: "It is addressed to somebody else", 404: "There is no such item", 409: "Only a named officer can"},
)
@permit("queues.read")
def acknowledge(item_id: int) -> ResponseReturnValue:
    """Acknowledge one."""
    services = current()
    with services.db.transaction() as session:
        shown = _item_json(attention.acknowledge(session, services.clock, actor(), item_id))
    live.notify(services.redis, "attention")
    return jsonify(shown)


def _item_json(item: AttentionItem) -> dict[str, Any]:
    return {
        "id": item.id, "kind": item.kind, "at": item.at.isoformat(), "acknowledged_by_id": item.acknowledged_by_id,
        "acknowledged_at": item.acknowledged_at.isoformat() if item.acknowledged_at else None,
    }  # fmt: skip


def _attention_json(each: Attention) -> dict[str, Any]:
    callback = each.callback
    return _item_json(each.item) | {
        "callback_id": each.item.callback_id,
        "case_id": callback.case_id if callback else None,
        "agent_id": each.item.agent_id,
        "owner_id": callback.owner_id if callback else None,
        "due_at": callback.due_at.isoformat() if callback else None,
        "addressed_to": list(each.addressed),
        "mine": each.mine,
    }
