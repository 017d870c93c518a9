"""The pages of what waits: suspense with suggestions, one entry and what may be done, refunds, and a remittance's part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.core.acting import Made, act_from_page
from hotline.core.errors import InvalidInput, SeveralFaults
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from remittance.banks.models import BankAccount
from remittance.deposits import assigning, deciding, explaining, listing, undoing, words
from remittance.deposits.holding import going_back, held_for
from remittance.deposits.listing import MAX_SEARCH_CHARS, PAGE_ROWS
from remittance.deposits.models import BankEntry, DepositUndo
from remittance.deposits.statement_pages import number_of
from remittance.deposits.states import ASKED, ASSIGNED, DONE, ENTRY, READ, WAITING
from remittance.ledger.months import BOOKS_ZONE
from remittance.quotes.standing import latest_quotes
from remittance.requests import access, moving
from remittance.requests import reading as remittances
from remittance.requests import words as remittance_words
from remittance.requests.models import Remittance
from remittance.requests.reading import Wanted
from remittance.requests.states import DEPOSITS, REMITTANCE
from remittance.requests.states import READ as READ_REMITTANCES

blueprint = Blueprint("deposits", __name__, template_folder="templates")


@blueprint.get("/remittances/suspense")
@permit(READ)
def suspense() -> ResponseReturnValue:
    """List what is still in suspense, the oldest first, with why and for what it might be."""
    state, search = request.args.get("state", ""), request.args.get("q", "")[:MAX_SEARCH_CHARS]
    after = number_of("after")
    with current().db.transaction() as session:
        found = listing.waiting(session, state=state, search=search, after=after, limit=PAGE_ROWS + 1)
        suggested = listing.suggestions(session, actor(), found[:PAGE_ROWS])
    kept: dict[str, Any] = {name: value for name, value in (("state", state), ("q", search)) if value}
    return render_template(
        "deposits/suspense.html", found=found[:PAGE_ROWS], suggested=suggested, state=state, search=search, choices=WAITING,
        words=words, today=current().clock.now().astimezone(BOOKS_ZONE).date(),
        older=url_for(".suspense", after=found[PAGE_ROWS - 1].id, **kept) if len(found) > PAGE_ROWS else None,
        newer=url_for(".suspense", **kept) if after else None,
    )  # fmt: skip


@blueprint.get("/remittances/suspense/<int:entry_id>")
@permit(READ)
def entry(entry_id: int) -> ResponseReturnValue:
    """Show one entry."""
    return _entry(entry_id)


def _entry(entry_id: int, error: InvalidInput | SeveralFaults | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        one = assigning.get_entry(session, entry_id)
        account = session.get_one(BankAccount, one.bank_account_id)
        statement = listing.get_statement(session, one.statement_id)
        suggested = listing.suggestions(session, actor(), [one]).get(one.id, [])
        numbers = dict(listing.numbers_of(session, actor(), [one.remittance_id]))
        undo, undone, stuck = _undo_of(session, one)
        people = [one.asked_by_id, one.decided_by_id, *(each.asked_by_id for each in undone)]
        names = remittances.names_of(session, [*people, *(each.decided_by_id for each in undone)])
        numbers |= listing.numbers_of(session, actor(), [each.remittance_id for each in undone])
        pairs = listing.pairs_for(session, one) if one.amount_minor < 0 else []
    may_do = ENTRY.events_for(one.state, actor())
    page = render_template(
        "deposits/entry.html", one=one, account=account, statement=statement, suggested=suggested, numbers=numbers, names=names,
        pairs=pairs, may_do=may_do, words=words, remittance_words=remittance_words, mine=one.asked_by_id == actor().id,
        undo=undo, undone=undone, stuck=stuck, may_undo=actor().may(DEPOSITS), actor_id=actor().id,
        values=request.form if error is not None else {},
        errors=explain_fields(error, "deposit") if error is not None else {},
    )  # fmt: skip
    return page, error.status if error is not None else 200


def _undo_of(session: Session, one: BankEntry) -> tuple[DepositUndo | None, Sequence[DepositUndo], str]:
    """Return what is asked for an entry, every undo of it, and why none is possible now (empty: one is)."""
    undone = undoing.undos_of(session, one.id)
    asked = next((each for each in undone if each.state == ASKED), None)
    if one.state != ASSIGNED or one.remittance_id is None:
        return asked, undone, ""
    stuck = undoing.hindrance(session, moving.get(session, one.remittance_id), one)
    return asked, undone, explain(stuck, "deposit") if stuck is not None else ""


def _act(entry_id: int, act: Callable[[Session], Made], done: str | Callable[[Made], str]) -> ResponseReturnValue:
    back = url_for("deposits.entry", entry_id=entry_id)
    return act_from_page(act, done, about="deposit", back=back, subject="entry", form=partial(_entry, entry_id))


@blueprint.post("/remittances/suspense/<int:entry_id>/assign")
@permit(DEPOSITS)
def assign(entry_id: int) -> ResponseReturnValue:
    """Give an entry to a remittance, named by its number, reference or a suggestion."""
    form, clock = request.form, current().clock
    number, reason = form.get("number", "").strip(), form.get("reason", "")

    def act(session: Session) -> object:
        found = remittances.listed(session, actor(), Wanted(search=number), limit=2) if number else []
        exact = [one for one in found if number.upper() in (one.number, one.reference) or len(found) == 1]
        if len(exact) != 1:
            raise InvalidInput("number", number, "give a remittance's number or reference", code="which-remittance")
        return assigning.assign(session, clock, actor(), entry_id, exact[0].id, reason=reason)

    return _act(entry_id, act, gettext("Given to the remittance."))


@blueprint.post("/remittances/suspense/<int:entry_id>/ask")
@permit(DEPOSITS)
def ask(entry_id: int) -> ResponseReturnValue:
    """Say what an entry is, for another officer to agree to."""
    what, reason = request.form.get("what", ""), request.form.get("reason", "")
    return _act(
        entry_id,
        lambda session: explaining.ask(session, current().clock, actor(), entry_id, what, reason=reason),
        gettext("Written down. Another officer has to agree."),
    )


@blueprint.post("/remittances/suspense/<int:entry_id>/agree")
@permit(DEPOSITS)
def agree(entry_id: int) -> ResponseReturnValue:
    """Agree to what another officer said."""
    return _act(
        entry_id, lambda session: explaining.agree(session, current().clock, actor(), entry_id), gettext("Agreed.")
    )


@blueprint.post("/remittances/suspense/<int:entry_id>/refuse")
@permit(DEPOSITS)
def refuse(entry_id: int) -> ResponseReturnValue:
    """Say no to it, or take it back."""
    reason = request.form.get("reason", "")
    return _act(
        entry_id,
        lambda session: explaining.refuse(session, current().clock, actor(), entry_id, reason=reason),
        gettext("It waits in suspense again."),
    )


@blueprint.post("/remittances/suspense/<int:entry_id>/undo")
@permit(DEPOSITS)
def undo(entry_id: int) -> ResponseReturnValue:
    """Take the assignment of an entry back, or ask a second officer for it; agree to it, or say no."""
    step, reason, clock = request.form.get("step", ""), request.form.get("reason", ""), current().clock
    if step == "agree":
        return _act(entry_id, lambda session: undoing.agree(session, clock, actor(), entry_id), _undone_words(DONE))
    if step == "refuse":
        return _act(
            entry_id,
            lambda session: undoing.refuse(session, clock, actor(), entry_id, reason=reason),
            gettext("It stays where it was given."),
        )
    return _act(
        entry_id,
        lambda session: undoing.take_off(session, clock, actor(), entry_id, reason=reason).state,
        _undone_words,
    )


def _undone_words(state: str) -> str:
    if state == DONE:
        return gettext("Taken back: it waits in suspense again.")
    return gettext("Written down. Another officer has to agree; nothing is paid out for the remittance until then.")


@blueprint.post("/remittances/suspense/<int:entry_id>/pair")
@permit(DEPOSITS)
def pair(entry_id: int) -> ResponseReturnValue:
    """Say which ordered refund an outgoing entry is."""
    other = request.form.get("other", "")
    return _act(
        entry_id,
        lambda session: explaining.pair(
            session, current().clock, actor(), entry_id, int(other) if other.isascii() and other.isdigit() else 0
        ),
        gettext("Explained: both undo each other."),
    )


@blueprint.get("/remittances/refunds")
@permit(READ)
def refunds() -> ResponseReturnValue:
    """List what goes back now, with whose deposits it came from."""
    with current().db.transaction() as session:
        found = listing.refunds(session, actor())
        ordered = listing.waiting(session, state="refund_ordered", limit=PAGE_ROWS)
    return render_template(
        "deposits/refunds.html", found=found, ordered=ordered, words=words, remittance_words=remittance_words
    )


@blueprint.get("/remittances/<int:remittance_id>/deposits")
@permit(READ_REMITTANCES)
def panel(remittance_id: int) -> str:
    """Return the part of a remittance's page that says what came, what is held, and what is to be decided."""
    with current().db.transaction() as session:
        one = access.demand(session, actor(), remittance_id)
        came = listing.of_remittance(session, one.id)
        quote = latest_quotes(session, [one.id]).get(one.id)
        held = {currency: minor for (_, currency), minor in held_for(session, [one.id]).items()}
    due = quote.due_minor if quote is not None else 0
    back = {currency: going_back(one, minor, due) for currency, minor in held.items()}
    may_do = {event for event in ("accept", "refund") if event in REMITTANCE.events_for(one.state, actor())}
    if not came and not held and not may_do:
        return ""
    return render_template(
        "deposits/_panel.html", one=one, came=came, quote=quote, held=held, back=back, words=words, names_shown=actor().may(READ),
        may_do=may_do if actor().may(DEPOSITS) else set(),
    )  # fmt: skip


def _decide(remittance_id: int, act: Callable[[Session], Remittance], done: str) -> ResponseReturnValue:
    return act_from_page(act, done, about="deposit", back=url_for("remittances.show", remittance_id=remittance_id))


@blueprint.post("/remittances/<int:remittance_id>/deposits/decide")
@permit(DEPOSITS)
def decide(remittance_id: int) -> ResponseReturnValue:
    """Accept what came, or have it all go back."""
    form, clock = request.form, current().clock
    reason, version = form.get("reason", ""), int(form["version"]) if form.get("version", "").isdecimal() else None
    if form.get("event") == "accept":
        return _decide(
            remittance_id,
            lambda session: deciding.accept(session, clock, actor(), remittance_id, reason=reason, version=version),
            gettext("Accepted."),
        )
    return _decide(
        remittance_id,
        lambda session: deciding.refund(session, clock, actor(), remittance_id, reason=reason, version=version),
        gettext("The refund is ordered."),
    )
