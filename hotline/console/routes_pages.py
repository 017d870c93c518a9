"""How texts leave: providers and how they do, senders with their pace, the route table, and who changed what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.core.audit import AuditEntry
from hotline.core.errors import NotFound, Refused, SeveralFaults
from hotline.core.explain import explain_fields
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from hotline.providers import routes
from hotline.providers.models import Route, Sender
from hotline.providers.standing import read_standing

blueprint = Blueprint("routes", __name__)
RECENT_ENTRIES = 15
KINDS = ("provider", "sender", "route")


@blueprint.get("/routes")
@permit("routes.read")
def show() -> ResponseReturnValue:
    """Show everything about how texts leave."""
    services = current()
    with services.db.transaction() as session:
        page = {
            "providers": read_standing(session, services),
            "senders": _senders(session),
            "routes": session.scalars(select(Route).order_by(Route.prefix, Route.priority, Route.id)).all(),
            "entries": session.scalars(
                select(AuditEntry)
                .where(AuditEntry.subject_kind.in_(KINDS))
                .order_by(AuditEntry.seq.desc())
                .limit(RECENT_ENTRIES)
            ).all(),
        }
    return render_template("routes/show.html", **page)


@blueprint.get("/overview/providers")
@permit("routes.read")
def panel() -> str:
    """Return the overview's panel on providers."""
    services = current()
    with services.db.transaction() as session:
        return render_template("routes/panel.html", providers=read_standing(session, services))


def _senders(session: Session) -> Mapping[int, Sender]:
    found = session.scalars(select(Sender).order_by(Sender.provider, Sender.address)).all()
    return {sender.id: sender for sender in found}


@blueprint.get("/routes/senders/new")
@permit("routes.write")
def new_sender() -> ResponseReturnValue:
    """Show an empty form."""
    return _form("sender", None)


@blueprint.post("/routes/senders/new")
@permit("routes.write")
def add_sender() -> ResponseReturnValue:
    """Add a sender."""
    return _save("sender", None)


@blueprint.get("/routes/senders/<int:sender_id>")
@permit("routes.write")
def edit_sender(sender_id: int) -> ResponseReturnValue:
    """Show the sender's form."""
    return _form("sender", sender_id)


@blueprint.post("/routes/senders/<int:sender_id>")
@permit("routes.write")
def change_sender(sender_id: int) -> ResponseReturnValue:
    """Change the sender's pace."""
    return _save("sender", sender_id)


@blueprint.get("/routes/new")
@permit("routes.write")
def new_route() -> ResponseReturnValue:
    """Show an empty form."""
    return _form("route", None)


@blueprint.post("/routes/new")
@permit("routes.write")
def add_route() -> ResponseReturnValue:
    """Add a route."""
    return _save("route", None)


@blueprint.get("/routes/<int:route_id>")
@permit("routes.write")
def edit_route(route_id: int) -> ResponseReturnValue:
    """Show the route's form."""
    return _form("route", route_id)


@blueprint.post("/routes/<int:route_id>")
@permit("routes.write")
def change_route(route_id: int) -> ResponseReturnValue:
    """Change a route."""
    return _save("route", route_id)


@blueprint.post("/routes/providers/<int:provider_id>/restore")
@permit("routes.write")
def restore(provider_id: int) -> ResponseReturnValue:
    """Give a provider its full share again."""
    services = current()
    with services.db.transaction() as session:
        routes.restore_share(session, services.clock, actor(), provider_id)
    flash(gettext("Saved."), "good")
    return redirect(url_for("routes.show"))


@blueprint.post("/routes/regions/<provider>/<country>/on")
@permit("routes.write")
def region_on(provider: str, country: str) -> ResponseReturnValue:
    """Note that the provider may send to a country again."""
    services = current()
    with services.db.transaction() as session:
        routes.region_is_on(session, services.clock, actor(), provider, country)
    flash(gettext("Saved."), "good")
    return redirect(url_for("routes.show"))


def _save(kind: str, key: int | None) -> ResponseReturnValue:
    services, save = current(), routes.save_sender if kind == "sender" else routes.save_route
    try:
        with services.db.transaction() as session:
            save(session, services.clock, actor(), key, request.form)
    except SeveralFaults as error:
        return _form(kind, key, explain_fields(error, kind))
    except Refused as error:
        flash(str(error), "warn")
        return _form(kind, key, {"page": str(error)})
    flash(gettext("Saved."), "good")
    return redirect(url_for("routes.show"))


def _form(kind: str, key: int | None, errors: dict[str, str] | None = None) -> ResponseReturnValue:
    services = current()
    model: Any = Sender if kind == "sender" else Route
    with services.db.transaction() as session:
        row = session.get(model, key) if key is not None else None
        if key is not None and row is None:
            raise NotFound(kind, key)
        senders = _senders(session)
        names = [each.name for each in read_standing(session, services)]
    values: Mapping[str, Any] = {"priority": 10, "weight": 100, "open": True, "provider": names[0] if names else ""}
    if request.method == "POST":
        values = request.form.to_dict()
    elif row is not None:
        values = {column.name: getattr(row, column.name) for column in model.__table__.columns}
    page = render_template(
        f"routes/{kind}.html", row=row, values=values, errors=errors or {}, senders=senders, providers=names
    )
    return page, 422 if errors else 200
