"""Flask's signed cookie session, with a signer that is made once and not for each request.

Making one derives the key anew; in a burst of webhooks, none of which has a session, that was a tenth of each request's time.
"""

from __future__ import annotations

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer


class KeptSignerSessions(SecureCookieSessionInterface):
    """The session interface of one application; another secret key makes another signer."""

    def __init__(self) -> None:
        self._signer: tuple[object, URLSafeTimedSerializer] | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Return the signer of the application's secret key."""
        if self._signer is None or self._signer[0] != app.secret_key:
            made = super().get_signing_serializer(app)
            if made is None:
                return None
            self._signer = (app.secret_key, made)
        return self._signer[1]
