"""Marks texts for the message catalogues in files that know neither the web framework nor the reader's language."""

from __future__ import annotations


def gettext_noop(text: str) -> str:
    """Return the text as it is; the catalogues take it up, and it is translated where it is shown."""
    return text
