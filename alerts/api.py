"""`/api/v1/alerts`: drafts from JSON or CAP, the acts of the lifecycle, audience and progress."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.orm import Session

from alerts import approval, audience, drafting
from alerts.api_answers import alert_json, progress_json
from alerts.api_schemas import AlertList, AlertOut, AudienceOut, DraftIn, DraftsOut, EditIn, ProgressOut
from alerts.draft_fields import DraftChanges, DraftFields
from alerts.follow.correcting import stop_and_correct
from alerts.follow.estimates import people_reached
from alerts.models import Alert
from alerts.reading import get_alert, list_alerts
from alerts.states import ALERT
from hotline.auth.identity import actor
from hotline.core import jobs
from hotline.core.description import PAGE_LIMIT, header, query, takes
from hotline.core.errors import InvalidInput, SeveralFaults, UnsupportedMediaType
from hotline.core.services import Services, current
from hotline.core.web import permit

blueprint = APIBlueprint("api_alerts", __name__, url_prefix="/api/v1", tag="Alerts")
CAP_TYPES = ("application/cap+xml", "application/xml", "text/xml")
MAX_IDEMPOTENCY_KEY_CHARS = 100


class ApproveIn(BaseModel):
    """What the approver says: what they have read, and the number of people only for very large audiences.

    `version` and `digest` are those of the alert's `to_approve`. Without a digest the call agrees to exactly what was submitted.
    """

    model_config = ConfigDict(extra="forbid")
    typed_count: int | None = Field(None, ge=0)
    version: int | None = Field(None, ge=1)
    digest: str | None = Field(None, pattern="^[0-9a-f]{64}$")


class ReasonIn(BaseModel):
    """Why an alert is returned, rejected or stopped."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field("", max_length=approval.MAX_REASON_CHARS)


@blueprint.post("/alerts")
@blueprint.output(AlertOut, status_code=201)
@blueprint.doc(
    summary="Draft an alert from JSON or from a CAP 1.2 document",
    description=(
        "Send `application/json` (fields of DraftIn) or `application/cap+xml`. A CAP document with several alerts answers "
        "`{alerts: [...]}`. The same CAP message again, or the same `Idempotency-Key`, answers 200 with the draft that exists."
    ),
    responses={
        200: "The draft already exists",
        409: "The CAP message warns of nothing new",
        422: "Every fault, by name",
    },
)
@takes(
    header("Idempotency-Key", {"type": "string", "maxLength": MAX_IDEMPOTENCY_KEY_CHARS}, "Names the draft for ever"),
    bodies={"application/json": DraftIn, "application/cap+xml": "A CAP 1.2 document of at most 2 MiB"},
    or_answers=DraftsOut,
)
@permit("alerts.write")
def create() -> ResponseReturnValue:
    """Draft an alert."""
    services = current()
    key = _idempotency_key()
    media_type = (request.mimetype or "").lower()
    with services.db.transaction() as session:
        if media_type in CAP_TYPES:
            data = request.get_data(cache=False)
            drafts = drafting.draft_from_cap(session, services.clock, actor(), data, source="api", idempotency_key=key)
        elif media_type == "application/json":
            fields = _parsed(DraftIn)
            drafts = [
                drafting.draft_by_hand(
                    session, services.clock, actor(), DraftFields(**fields), source="api", idempotency_key=key
                )
            ]
        else:
            raise UnsupportedMediaType(
                f"Content-Type {media_type or '(none)'} cannot be read; send application/json or application/cap+xml."
            )
        shown = [alert_json(session, alert) for alert in drafts]
    body: dict[str, Any] = shown[0] if len(shown) == 1 else {"alerts": shown}
    response = jsonify(body)
    response.status_code = 201 if any(alert.fresh for alert in drafts) else 200
    response.headers["Location"] = url_for("api_alerts.show", alert_id=drafts[0].id)
    return response


@blueprint.get("/alerts")
@blueprint.output(AlertList)
@blueprint.doc(summary="List alerts, newest first")
@takes(
    query(
        "state", {"type": "array", "items": {"type": "string", "enum": sorted(ALERT.states)}}, "In one of these states"
    ),
    query("search", {"type": "string"}, "Part of the headline, the place or the CAP identifier"),
    query("before", {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}, "`next_before` of the page before"),
    query("limit", PAGE_LIMIT, "Alerts on one page"),
)
@permit("alerts.read")
def index() -> ResponseReturnValue:
    """List alerts."""
    limit = _query_int("limit", 50)
    with current().db.transaction() as session:
        found = list_alerts(
            session,
            states=request.args.getlist("state"),
            search=request.args.get("search", ""),
            before_id=_query_int("before", 0) or None,
            limit=limit,
        )
        shown = [alert_json(session, alert) for alert in found]
    return jsonify(alerts=shown, next_before=found[-1].id if len(found) == limit else None)


@blueprint.get("/alerts/<int:alert_id>")
@blueprint.output(AlertOut)
@blueprint.doc(summary="Show one alert")
@permit("alerts.read")
def show(alert_id: int) -> ResponseReturnValue:
    """Show one alert."""
    with current().db.transaction() as session:
        return jsonify(alert_json(session, get_alert(session, alert_id), current().settings))


@blueprint.patch("/alerts/<int:alert_id>")
@blueprint.output(AlertOut)
@blueprint.doc(
    summary="Change a draft", description="`version` is the one the change was made on; fields left out stay."
)
@takes(bodies={"application/json": EditIn})
@permit("alerts.write")
def change(alert_id: int) -> ResponseReturnValue:
    """Change a draft."""
    fields = _parsed(EditIn)
    version = fields.pop("version")

    def act(session: Session, services: Services) -> Alert:
        return drafting.edit(session, services.clock, actor(), alert_id, version, DraftChanges(**fields))

    return _act(act)


@blueprint.get("/alerts/<int:alert_id>/audience")
@blueprint.output(AudienceOut)
@blueprint.doc(summary="Count the people inside the alert's area now")
@permit("alerts.read")
def show_audience(alert_id: int) -> ResponseReturnValue:
    """Count the people inside."""
    services = current()
    with services.db.transaction() as session:
        alert = get_alert(session, alert_id)
    counts = audience.estimate(services, alert.areas, services.clock.now(), alert.drill, alert.precisions)
    return jsonify(
        alert_id=alert_id,
        total=counts.total,
        by_country=counts.by_country,
        by_language=counts.by_language,
        by_precision=counts.by_precision,
        left_out=counts.left_out,
        source=counts.source,
        as_of=counts.as_of.isoformat(),
    )


@blueprint.get("/alerts/<int:alert_id>/progress")
@blueprint.output(ProgressOut)
@blueprint.doc(summary="How far the sending has got")
@permit("alerts.read")
def show_progress(alert_id: int) -> ResponseReturnValue:
    """Show the figures of the sending."""
    with current().db.transaction() as session:
        return jsonify(progress_json(session, alert_id))


@blueprint.post("/alerts/<int:alert_id>/submit")
@blueprint.output(AlertOut)
@blueprint.doc(summary="Hand a draft over for approval")
@permit("alerts.write")
def submit(alert_id: int) -> ResponseReturnValue:
    """Submit."""
    return _act(
        lambda session, services: approval.submit(session, services.clock, services.settings, actor(), alert_id)
    )


@blueprint.post("/alerts/<int:alert_id>/approve")
@blueprint.output(AlertOut)
@blueprint.doc(
    summary="Approve as the second person; sending begins",
    description=(
        "Read the alert first: its `to_approve` has the texts exactly as handsets will show them, with `version` and "
        "`digest`. Send both: when anything has changed since you read it the answer is 409 (`version-conflict`) and nothing is "
        "approved. A call that names no digest agrees to what was submitted, and is refused (`changed-since-submission`) when "
        "a mission's number or anything else that is filled into the texts has changed since."
    ),
)
@takes(bodies={"application/json": ApproveIn}, body_required=False)
@permit("alerts.approve")
def approve(alert_id: int) -> ResponseReturnValue:
    """Approve."""
    services, given = current(), _parsed(ApproveIn, empty_ok=True)
    with services.db.transaction() as session:
        alert = get_alert(session, alert_id)
        version = alert.version
    estimate = people_reached(services, alert)
    answer = _act(
        lambda session, services: approval.approve(
            session, services.clock, services.settings, actor(), alert_id,
            audience_estimate=estimate, typed_count=given.get("typed_count"),
            seen=approval.Seen(given.get("version") or version, given.get("digest")),
        )
    )  # fmt: skip
    jobs.enqueue(services, "outbox.deliver")
    return answer


@blueprint.post("/alerts/<int:alert_id>/return")
@blueprint.output(AlertOut)
@blueprint.doc(summary="Return a submitted alert to its author, with the reason")
@takes(bodies={"application/json": ReasonIn}, body_required=False)
@permit("alerts.approve")
def send_back(alert_id: int) -> ResponseReturnValue:
    """Return to the author."""
    return _act(
        lambda session, services: approval.send_back(session, services.clock, actor(), alert_id, reason=_reason())
    )


@blueprint.post("/alerts/<int:alert_id>/reject")
@blueprint.output(AlertOut)
@blueprint.doc(summary="Reject a submitted alert for good, with the reason")
@takes(bodies={"application/json": ReasonIn}, body_required=False)
@permit("alerts.approve")
def reject(alert_id: int) -> ResponseReturnValue:
    """Reject."""
    return _act(lambda session, services: approval.reject(session, services.clock, actor(), alert_id, reason=_reason()))


@blueprint.post("/alerts/<int:alert_id>/cancel")
@blueprint.output(AlertOut)
@blueprint.doc(summary="Stop an alert, before or during sending; one person is enough")
@takes(bodies={"application/json": ReasonIn}, body_required=False)
@permit("alerts.read")
def cancel(alert_id: int) -> ResponseReturnValue:
    """Stop the alert; the lifecycle decides who may, because an author may cancel a draft and anyone on duty may stop."""
    answer = _act(
        lambda session, services: approval.cancel(session, services.clock, actor(), alert_id, reason=_reason())
    )
    jobs.enqueue(current(), "outbox.deliver")
    return answer


@blueprint.post("/alerts/<int:alert_id>/correct")
@blueprint.output(AlertOut)
@blueprint.doc(
    summary="Stop an alert and send its prepared correction; one person is enough",
    description="Answers with the correction, which goes to exactly those who got the alert. Asked twice, it is the same one.",
)
@takes(bodies={"application/json": ReasonIn}, body_required=False)
@permit("alerts.stop")
def correct(alert_id: int) -> ResponseReturnValue:
    """Stop and correct: the correction's text was approved together with the alert."""
    answer = _act(
        lambda session, services: stop_and_correct(session, services.clock, actor(), alert_id, reason=_reason())
    )
    jobs.enqueue(current(), "outbox.deliver")
    return answer


def _act(act: Callable[[Session, Services], Alert]) -> Response:
    """Run one act of the lifecycle in one transaction and answer with the alert as it is then."""
    services = current()
    with services.db.transaction() as session:
        alert = act(session, services)
        shown = alert_json(session, alert, services.settings)
    return jsonify(shown)


def _reason() -> str:
    return str(_parsed(ReasonIn, empty_ok=True).get("reason", ""))


def _parsed(model: type[BaseModel], *, empty_ok: bool = False) -> dict[str, Any]:
    """Validate the JSON body against a model and return what was given; raises SeveralFaults naming every field."""
    if empty_ok and not request.get_data():
        return {}
    given = request.get_json(silent=True, force=True)
    if not isinstance(given, dict):
        raise InvalidInput("body", request.get_data(as_text=True)[:80], "send one JSON object")
    try:
        return model.model_validate(given).model_dump(exclude_unset=True)
    except ValidationError as error:
        faults: list[dict[str, object]] = [
            {"field": ".".join(map(str, fault["loc"])), "value": repr(fault.get("input"))[:80], "mend": fault["msg"]}
            for fault in error.errors(include_url=False)
        ]
        raise SeveralFaults(faults, "Some fields have faults; each is named.") from error


def _idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > MAX_IDEMPOTENCY_KEY_CHARS:
        raise InvalidInput("Idempotency-Key", key, f"use at most {MAX_IDEMPOTENCY_KEY_CHARS} characters")
    return f"{actor().id}:{key}" if key else None


def _query_int(name: str, default: int) -> int:
    value = request.args.get(name)
    if value is None or value == "":
        return default
    if not (value.isascii() and value.isdigit()) or len(value) > 18:
        raise InvalidInput(name, value, "use a whole number")
    return int(value)
