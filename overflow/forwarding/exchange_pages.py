"""Missions' exchanges: which announce their calls, and for administrators their keys, given, rotated and ended."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import text

from hotline.auth.identity import actor
from hotline.core.errors import HotlineError, NotFound
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from hotline.missions import missions
from overflow.forwarding import keys, silence, telling, warnings

blueprint = Blueprint("exchanges", __name__, url_prefix="/overflow/exchanges", template_folder="templates")
MAX_ROWS = 1_000
_LIST = """
SELECT m.id, m.code, m.name_ko, m.name_en, count(l.id) AS lines,
       (SELECT count(*) FROM exchange_keys k
         WHERE k.mission_id = m.id AND (k.valid_until IS NULL OR k.valid_until > :now)) AS keys,
       (SELECT f.received_at FROM forwardings f WHERE f.mission_id = m.id ORDER BY f.id DESC LIMIT 1) AS last_webhook,
       (SELECT max(r.at) FROM forwarded_calls r WHERE r.mission_id = m.id) AS last_call
  FROM missions m LEFT JOIN mission_lines l ON l.mission_id = m.id AND l.closed_at IS NULL
 WHERE m.closed_at IS NULL AND (:q = '' OR m.code ILIKE :q OR m.name_ko ILIKE :q OR m.name_en ILIKE :q)
 GROUP BY m.id ORDER BY count(l.id) = 0, m.country, m.code LIMIT :most
"""


@blueprint.get("")
@permit("missions.read")
def index() -> ResponseReturnValue:
    """List missions by how their calls reach us; those with lines first."""
    services, asked = current(), request.args.get("q", "").strip()[:60]
    escaped = asked.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    given: dict[str, Any] = {"now": services.clock.now(), "q": f"%{escaped}%" if asked else "", "most": MAX_ROWS}
    with services.db.transaction() as session:
        rows = session.execute(text(_LIST), given).all()
        quiet = {each.mission_id for each in silence.silent(session, given["now"])}
    return render_template("forwarding/exchanges.html", rows=rows, asked=asked, telling=telling, silent=quiet)


@blueprint.get("/<int:mission_id>")
@permit("missions.write")
def show(mission_id: int) -> ResponseReturnValue:
    """Show one exchange's keys."""
    return _page(mission_id)


@blueprint.post("/<int:mission_id>/keys")
@permit("missions.write")
def add_key(mission_id: int) -> ResponseReturnValue:
    """Give an exchange a new key and show it this one time; the ones before stay good for a while."""
    services = current()
    try:
        with services.db.transaction() as session:
            made = keys.add(
                session, services.clock, actor(), services.settings.secret_key.get_secret_value(), mission_id
            )
    except NotFound:
        raise
    except HotlineError as error:
        flash(explain(error, "overflow"), "warn")
        return redirect(url_for("exchanges.show", mission_id=mission_id))
    return _page(mission_id, new_key=made)


@blueprint.post("/<int:mission_id>/keys/<key_id>/end")
@permit("missions.write")
def end_key(mission_id: int, key_id: str) -> ResponseReturnValue:
    """End a key at once."""
    services = current()
    with services.db.transaction() as session:
        keys.end(session, services.clock, actor(), mission_id, key_id[:60])
    flash(gettext("The key is no longer good."), "good")
    return redirect(url_for("exchanges.show", mission_id=mission_id))


def _page(mission_id: int, **more: Any) -> ResponseReturnValue:
    services = current()
    with services.db.transaction() as session:
        mission = missions.get(session, mission_id)
        found = keys.all_keys(session, mission_id)
        wrong = warnings.of(session, services, mission_id)
    page = render_template(
        "forwarding/exchange.html", mission=mission, keys=found, warnings=wrong, now=services.clock.now(), telling=telling,
        overlap_days=keys.OVERLAP.days, address=f"{services.settings.public_url}/webhooks/overflow/{mission.code}", **more,
    )  # fmt: skip
    # A page that shows a secret is kept by nobody on the way.
    return page, {"Cache-Control": "no-store"}
