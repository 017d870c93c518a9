"""Opaque tokens and their hashes, and the short references people read out on the phone."""

from __future__ import annotations

import hashlib
import secrets


def new_token(prefix: str = "") -> str:
    """Return a fresh unguessable token (256 bits, URL-safe), with an optional prefix that tells what it is for."""
    return prefix + secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Return the SHA-256 of a token in hex; only this is stored, so a stolen database opens no door.

    A plain hash is enough because tokens carry 256 bits of randomness; passwords use argon2 instead.
    """
    return hashlib.sha256(token.encode()).hexdigest()


def reference(kind: str, number: int) -> str:
    """Return the reference a person can read out, such as `AL-000123`."""
    return f"{kind}-{number:06d}"
