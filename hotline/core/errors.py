"""Errors named for their meaning; the edges turn them into HTTP problem documents, pages or TwiML (RFC 9457)."""

from __future__ import annotations


class HotlineError(Exception):
    """Base of every error that a person or a calling system can do something about.

    `status` is the HTTP status the edge uses; `slug` is the stable name in the problem document's `type`.
    """

    status = 500
    slug = "internal-error"

    def __init__(self, message: str, *, code: str | None = None, params: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.slug
        self.params = params or {}


class InvalidInput(HotlineError):
    """An input does not have the form it must have; names the field, the value (shortened) and the mend."""

    status = 422
    slug = "invalid-input"

    def __init__(self, field: str, value: object, mend: str, *, code: str | None = None) -> None:
        shown = repr(value)
        if len(shown) > 80:
            shown = shown[:77] + "..."
        super().__init__(f"{field}: {shown} cannot be used; {mend}", code=code)
        self.field = field
        self.value = value
        self.shown_value = shown
        self.mend = mend


class SeveralFaults(HotlineError):
    """Several inputs are wrong at once; each fault names field, value and mend, so that all can be mended in one go."""

    status = 422
    slug = "invalid-input"

    def __init__(self, faults: list[dict[str, object]], message: str = "The input has faults.") -> None:
        super().__init__(message)
        self.faults = faults


class NotFound(HotlineError):
    """The thing asked for does not exist, or is not visible to the one who asks."""

    status = 404
    slug = "not-found"

    def __init__(self, kind: str, key: object) -> None:
        super().__init__(f"There is no {kind} {key}.")
        self.kind = kind
        self.key = key


class Refused(HotlineError):
    """A rule of the house forbids the act (for example: the approver must not be the author)."""

    status = 409
    slug = "refused"


class Conflict(HotlineError):
    """Somebody else changed the thing meanwhile; read it again and repeat."""

    status = 409
    slug = "conflict"


class Unauthenticated(HotlineError):
    """Nobody is signed in, or the token is unknown, expired or revoked."""

    status = 401
    slug = "unauthenticated"


class Forbidden(HotlineError):
    """The one who asks is known but lacks the permission."""

    status = 403
    slug = "forbidden"


class TooMany(HotlineError):
    """A rate limit is reached; `retry_after_s` says when to come back."""

    status = 429
    slug = "too-many-requests"

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TooLarge(HotlineError):
    """The body or file is larger than the limit."""

    status = 413
    slug = "too-large"


class UnsupportedMediaType(HotlineError):
    """The body is in a format that this route does not read."""

    status = 415
    slug = "unsupported-media-type"


class Unavailable(HotlineError):
    """A part the answer depends on (database, Redis, provider) cannot be reached right now."""

    status = 503
    slug = "unavailable"
