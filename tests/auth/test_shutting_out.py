"""Closing an account or resetting its password ends sessions and tokens for good."""

from __future__ import annotations

from datetime import timedelta

from hotline.auth import officers, sessions, tokens
from hotline.core.actor import SYSTEM
from hotline.core.services import Services
from tests.factories import PASSWORD, make_officer, make_token


def test_reopening_an_account_brings_no_session_and_no_token_back(services: Services) -> None:
    with services.db.transaction() as session:
        officer = make_officer(session)
        token = make_token(session, officer)
        signed_in = sessions.sign_in(
            session, services.clock, name=officer.name, password=PASSWORD, code="", address="127.0.0.1", user_agent="test",
            lifetime=timedelta(hours=1),
        )  # fmt: skip
    with services.db.transaction() as session:
        assert tokens.officer_of_token(session, services.clock, token) is not None
        assert sessions.officer_of_session(session, services.clock, signed_in.token) is not None
        officers.set_disabled(session, services.clock, SYSTEM, officer.id, True)
    with services.db.transaction() as session:
        officers.set_disabled(session, services.clock, SYSTEM, officer.id, False)
        assert tokens.officer_of_token(session, services.clock, token) is None
        assert sessions.officer_of_session(session, services.clock, signed_in.token) is None
