"""One thing done from a page: in one transaction, told in the reader's language, and back to where it was asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import flash, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.core.errors import HotlineError, InvalidInput, NotFound, SeveralFaults
from hotline.core.explain import explain, explain_fields
from hotline.core.services import current

Made = TypeVar("Made")
Form = Callable[[InvalidInput | SeveralFaults], ResponseReturnValue]


def act_from_page(
    act: Callable[[Session], Made], done: str | Callable[[Made], str], *,
    about: str, back: str, subject: str = "", form: Form | None = None, after: Callable[[Made], object] | None = None,
) -> ResponseReturnValue:  # fmt: skip
    """Do `act` in a transaction and lead to the address `back` with what came of it: `done`, or why it was refused.

    A `done` that depends on what was done is a function of what `act` returns. `about` is whose explanations are looked up
    (`explain`). Raises NotFound where the page's own `subject` (a kind of NotFound; empty: whatever it is) is not there; what
    else is not there is told. `form` shows again what was typed wrong; without one that is told too, each fault by its own text.
    `after` tells open pages and workers what was done, once it is saved; it is given the same.
    """
    try:
        with current().db.transaction() as session:
            made = act(session)
    except NotFound as error:
        if subject in ("", error.kind):
            raise
        flash(explain(error, about), "warn")
    except (InvalidInput, SeveralFaults) as error:
        if form is not None:
            return form(error)
        flash(" ".join(explain_fields(error, about).values()), "warn")
    except HotlineError as error:
        flash(explain(error, about), "warn")
    else:
        if after is not None:
            after(made)
        flash(done if isinstance(done, str) else done(made), "good")
    return redirect(back)
