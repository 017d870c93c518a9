"""Shapes of the alerts API, as the OpenAPI description shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from alerts.draft_fields import DraftChanges, DraftFields


class DraftIn(DraftFields):
    """A new draft. `areas`: list of {description, polygons: [[[lat, lon], …]], circles: [{center: [lat, lon], radius_km}]}."""


class EditIn(DraftChanges):
    """A change of a draft at `version`."""

    version: int = Field(ge=1)


class CapOut(BaseModel):
    """Where a draft came from, when that was a CAP message; warnings name line, element and mend."""

    identifier: str
    sender: str
    sent: datetime
    references: list[str]
    signature: dict[str, Any] | None
    """`status` none, trusted, unknown or broken; `signers` who signed; `detail` a code for what is odd."""
    warnings: list[dict[str, Any]]


class ApprovedOut(BaseModel):
    """What was agreed: exactly these texts go out. `texts` are those of the main variant, `variants` all of them."""

    texts: dict[str, str]
    variants: dict[str, dict[str, str]]
    digest: str
    audience_estimate: int


class ToApproveOut(BaseModel):
    """What an approval agrees to, as it stands now: the texts as handsets show them, and what to send back with the approval."""

    version: int
    digest: str
    variants: dict[str, dict[str, str]]


class AlertOut(BaseModel):
    """One alert; times are aware, in UTC. `to_approve` is null unless it waits for approval and can be sent; null in lists."""

    id: int
    reference: str
    state: str
    version: int
    source: str
    headline: str
    event: str
    description: str
    instruction: str
    place: str
    status: str
    drill: bool
    msg_type: str
    follows: int | None
    superseded_by: int | None
    scope: str
    category: str
    urgency: str
    severity: str
    certainty: str
    onset: datetime | None
    expires: datetime
    areas: list[dict[str, Any]]
    precisions: list[str]
    texts: dict[str, str]
    variants: dict[str, dict[str, str]]
    mission_id: int | None
    cap: CapOut | None
    author_id: int | None
    submitted_by_id: int | None
    approved_by_id: int | None
    created_at: datetime
    submitted_at: datetime | None
    approved_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    reason: str | None
    to_approve: ToApproveOut | None
    approved: ApprovedOut | None


class AlertList(BaseModel):
    """A page of alerts; `next_before` continues with `?before=`."""

    alerts: list[AlertOut]
    next_before: int | None


class DraftsOut(BaseModel):
    """The drafts of a CAP document with several alerts."""

    alerts: list[AlertOut]


class AudienceOut(BaseModel):
    """People inside the area now. `source` is `index` (resident) or `database`."""

    alert_id: int
    total: int
    by_country: dict[str, int]
    by_language: dict[str, int]
    by_precision: dict[str, int]
    left_out: dict[str, int]
    """People inside who are not reached, by how exactly they are known (see the alert's `precisions`)."""
    source: str
    as_of: datetime


class ProgressOut(BaseModel):
    """Figures of the sending; the states of messages add up to `audience`."""

    alert_id: int
    state: str
    audience: int
    queued: int
    sending: int
    in_doubt: int
    sent: int
    delivered: int
    failed: int
    withdrawn: int
    lapsed: int
    failed_by_reason: dict[str, int]
    by_country: dict[str, dict[str, int]]
    excluded: dict[str, int]
    settled: bool
    started_at: datetime | None
    finished_at: datetime | None
