"""Pages of tills: all missions' at a glance, one mission's cash book, both as tables, and the panels of other pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.core.errors import InvalidInput, NotFound
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.tables import as_csv
from hotline.core.web import permit
from hotline.missions.models import Mission
from remittance.ledger.pages import amount, money, number, speaks
from remittance.ledger.reading import names_of
from remittance.ledger.states import READ as LEDGER_READ
from remittance.money.amounts import Money
from remittance.money.currencies import exponents
from remittance.tills import access, cash_book, overview, returned, words
from remittance.tills.overview import CHOICES, LATE, Till
from remittance.tills.states import READ

blueprint = Blueprint("tills", __name__, template_folder="templates")
STATIC = Path(__file__).resolve().parent / "static"
PANEL_ROWS = 12


@dataclass(frozen=True)
class Days:
    """The days that a book is asked for, as they were written; both empty for all."""

    first: str
    last: str

    def read(self) -> tuple[date | None, date | None]:
        """Return both days; raises InvalidInput for what is none, or a last day before the first."""
        first, last = (_day(text) for text in (self.first, self.last))
        if first is not None and last is not None and last < first:
            raise InvalidInput("day", self.last, "give a last day that is not before the first", code="till.day")
        return first, last


def name_of(named: Mission | Till) -> str:
    """Return a mission's name in the reader's language."""
    return named.name_ko if speaks() == "ko" else named.name_en


def frame(**more: Any) -> dict[str, Any]:
    """Return what every page of tills needs beside its own."""
    return {"words": words, "money": money, "amount": amount, "name_of": name_of, **more}


@blueprint.get("/tills")
@permit(READ)
def index() -> ResponseReturnValue:
    """List tills: all missions', or those where the reader works."""
    currency, search, only = _wanted()
    found = _tills(currency, search, only)
    with current().db.transaction() as session:
        currencies = sorted({each.currency for each in _seen_tills(session)})
    return render_template(
        "tills/list.html",
        **frame(found=found, currency=currency, search=search, only=only, currencies=currencies, choices=CHOICES),
    )


@blueprint.get("/tills.csv")
@permit(READ)
def export() -> ResponseReturnValue:
    """Return the same list for a spreadsheet, in major units."""
    heads = [
        gettext("Mission"), gettext("Currency"), gettext("Cash"), gettext("Reserved"), gettext("Free"),
        gettext("Owed to the mission"),
        *(gettext(each) for each in words.AGES), gettext("Last count (UTC)"), gettext("Open differences"),
    ]  # fmt: skip
    rows = [
        [
            name_of(each), each.currency,
            *(_major(minor, each.currency) for minor in (each.cash, each.reserved, each.free, each.owed, *each.ages)),
            each.counted_at.isoformat(timespec="seconds") if each.counted_at else "", _major(each.difference, each.currency),
        ]
        for each in _tills(*_wanted())
    ]  # fmt: skip
    return _file(as_csv([heads, *rows]), "tills.csv")


@blueprint.get("/tills/<int:mission_id>")
@permit(READ)
def book(mission_id: int) -> ResponseReturnValue:
    """Show a mission's cash book in one currency."""
    days, after = Days(request.args.get("from", ""), request.args.get("to", "")), number(request.args.get("after", ""))
    with current().db.transaction() as session:
        mission = access.demand(session, actor(), mission_id)
        found = overview.tills(session, current().clock.now(), missions=[mission.id])
        till = _chosen(found, request.args.get("currency", ""))
        pages, beside, names = None, None, dict[int, str]()
        back: Sequence[returned.Returned] = ()
        if till is not None:
            pages = _book(session, mission, till.currency, days, after=after)
            beside = cash_book.beside(session, mission.id, till.currency)
            names = names_of(session, _officers(beside))
            back = returned.uncounted(session, mission.id, till.currency)
    kept = {"currency": till.currency if till else None, "from": days.first or None, "to": days.last or None}
    return render_template(
        "tills/book.html",
        **frame(mission=mission, found=found, till=till, book=pages, beside=beside, names=names, days=days, after=after,
                kept=kept, me_id=actor().id, back=back),
    )  # fmt: skip


@blueprint.get("/tills/<int:mission_id>/book.csv")
@permit(READ)
def book_file(mission_id: int) -> ResponseReturnValue:
    """Return a cash book for a spreadsheet: opening balance, every movement, closing balance."""
    days = Days(request.args.get("from", ""), request.args.get("to", ""))
    with current().db.transaction() as session:
        mission = access.demand(session, actor(), mission_id)
        till = _chosen(
            overview.tills(session, current().clock.now(), missions=[mission.id]), request.args.get("currency", "")
        )
        if till is None:
            raise NotFound("till", mission_id)
        found = _book(session, mission, till.currency, days, limit=cash_book.MAX_ROWS)
    heads = [gettext("When (UTC)"), gettext("What"), gettext("In"), gettext("Out"), gettext("Balance"), till.currency]
    rows: list[list[object]] = [["", gettext("Balance before"), "", "", _major(found.opening, till.currency), ""]]
    for each in found.movements:
        into, out = (
            (_major(abs(each.minor), till.currency), "") if each.minor > 0 else ("", _major(-each.minor, till.currency))
        )
        rows.append(
            [each.at.isoformat(timespec="seconds"), said(each.memo), into, out, _major(each.balance, till.currency),
             f"{each.about_kind} {each.about_id or ''}".strip()]
        )  # fmt: skip
    last = gettext("More rows than a file holds; choose fewer days") if found.next_after else gettext("Balance after")
    rows.append(["", last, "", "", "" if found.next_after else _major(found.closing, till.currency), ""])
    return _file(as_csv([heads, *rows]), f"cash-book-{mission.code}-{till.currency}.csv")


@blueprint.get("/tills/of-mission/<int:mission_id>")
@permit(READ)
def mission_panel(mission_id: int) -> str:
    """Return the part of a mission's page about its tills."""
    with current().db.transaction() as session:
        allowed = access.seen(session, actor())
        seen = allowed is None or mission_id in allowed
        found = overview.tills(session, current().clock.now(), missions=[mission_id]) if seen else []
    return render_template("tills/_mission.html", **frame(found=found, mission_id=mission_id, seen=seen))


@blueprint.get("/tills/late")
@permit(LEDGER_READ)
def late_panel() -> str:
    """Return the overview's panel: what missions paid out more than 60 days ago and nobody has settled."""
    with current().db.transaction() as session:
        found = overview.tills(session, current().clock.now(), only=LATE)
    found.sort(key=lambda each: -(each.oldest_days or 0))
    return render_template("tills/_late.html", **frame(found=found[:PANEL_ROWS], more=len(found) - PANEL_ROWS))


def said(memo: str) -> str:
    """Return what a journal of a till says, in the reader's language where it is known what that means."""
    if memo in words.MEMOS:
        return gettext(words.MEMOS[memo])
    number, _, rest = memo.partition(" ")
    known = words.MEMOS_OF_REMITTANCES.get(rest)
    return gettext(known, number=number.rstrip(":")) if known is not None else memo


@blueprint.app_template_filter("till_memo")
def till_memo(memo: str) -> str:
    """Write what a journal of a till says."""
    return said(memo)


def _wanted() -> tuple[str, str, str]:
    given: Mapping[str, str] = request.args
    currency, only = given.get("currency", ""), given.get("only", "")
    search = given.get("q", "")[: overview.MAX_SEARCH_CHARS].strip()
    return currency if currency in exponents() else "", search, only if only in CHOICES else ""


def _tills(currency: str, search: str, only: str) -> list[Till]:
    with current().db.transaction() as session:
        return overview.tills(
            session, current().clock.now(), missions=access.seen(session, actor()), currency=currency, search=search, only=only
        )  # fmt: skip


def _seen_tills(session: Session) -> list[Till]:
    return overview.tills(session, current().clock.now(), missions=access.seen(session, actor()))


def _book(
    session: Session, mission: Mission, currency: str, days: Days, *, after: int = 0, limit: int = cash_book.PAGE_ROWS
) -> cash_book.Book:
    begins, ends = cash_book.days_of(mission.zone, *days.read())
    account = access.account_of(session, mission.id, currency)
    if account is None:
        return cash_book.Book(0, 0, 0, [], None)
    return cash_book.book(session, account, begins, ends, after=after, limit=limit)


def _chosen(found: list[Till], currency: str) -> Till | None:
    return next((each for each in found if each.currency == currency), found[0] if found else None)


def _officers(beside: cash_book.Beside) -> list[int | None]:
    return [
        *(number for each in beside.counts for number in (each.counted_by_id, each.decided_by_id)),
        *(number for each in beside.moves for number in (each.prepared_by_id, each.decided_by_id)),
        *(each.asked_by_id for each in beside.differences),
    ]


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = date.min
    if not 2000 <= found.year < 2200:
        raise InvalidInput("day", text, "write days as 2026-11-21", code="till.day")
    return found


def _major(minor: int, currency: str) -> str:
    return f"{Money(minor, currency).decimal():f}"


def _file(text: str, name: str) -> Response:
    response = Response(text, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
