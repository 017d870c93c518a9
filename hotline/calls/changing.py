"""A change that a page asks for: done in one transaction, or refused on the very page, with what was written kept."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.core.errors import HotlineError, NotFound
from hotline.core.services import current

Page = Callable[[HotlineError], ResponseReturnValue]


def change(act: Callable[[Session], object], refused: Page, *, then: str, done: str = "") -> ResponseReturnValue:
    """Carry out a change and go to the page `then` with the word `done`; raises NotFound where its row is gone.

    Args:
        act: makes the change, and raises what is wrong with it.
        refused: returns the page again with that error on it.
        then: endpoint of the page that is shown afterwards.
        done: what is said there, in the reader's language; nothing where the page itself shows it.
    """
    try:
        with current().db.transaction() as session:
            act(session)
    except NotFound:
        raise
    except HotlineError as error:
        return refused(error)
    if done:
        flash(done, "good")
    return redirect(url_for(then))
