"""`/api/v1/travellers`: the people who receive alerts, where they are, and lists of them from other systems."""

from __future__ import annotations

import io

from apiflask import APIBlueprint
from flask import jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from hotline.auth.identity import actor
from hotline.core.errors import TooLarge, UnsupportedMediaType
from hotline.core.services import current
from hotline.core.web import MAX_BODY_BYTES, permit
from hotline.people.api_schemas import ImportOut
from hotline.people.importing import import_travellers

blueprint = APIBlueprint("api_travellers", __name__, url_prefix="/api/v1", tag="Travellers")
IMPORT_FORMATS = {"text/csv": "csv", "application/x-ndjson": "ndjson"}


@blueprint.post("/travellers/import")
@blueprint.output(ImportOut)
@blueprint.doc(
    summary="Take over a list of travellers",
    description=(
        "Send `text/csv` with a header line or `application/x-ndjson`, up to 4 MiB; larger lists are taken over by "
        "`hotline travellers import FILE`. The columns are reference, name, phone (both needed), language, lat, lon, "
        "precision, place, country, observed_at, valid_until and drill, in any order. People are known by their reference, "
        "without one by their number. Bad rows are named and stop nothing."
    ),
    responses={413: "The list is too large for one request", 415: "Neither CSV nor NDJSON", 422: "An unusable header"},
)
@permit("travellers.write")
def import_list() -> ResponseReturnValue:
    """Take over a list."""
    format_ = IMPORT_FORMATS.get(request.mimetype)
    if format_ is None:
        raise UnsupportedMediaType(
            f"Content-Type {request.mimetype or '(none)'} cannot be read; send text/csv or application/x-ndjson."
        )
    try:
        data = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        limit_mib = MAX_BODY_BYTES // (1024 * 1024)
        raise TooLarge(
            f"A list of more than {limit_mib} MiB is taken over on the server: hotline travellers import FILE."
        ) from error
    return jsonify(import_travellers(current(), actor(), io.BytesIO(data), format_).to_json())
