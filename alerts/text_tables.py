"""Where alerts' messages are kept, for the rules that all kinds of texts share."""

from __future__ import annotations

from typing import Final

from hotline.providers.text_tables import TextTables

MESSAGES: Final = TextTables("messages", "attempts", "message_parts", "message_id")
"""An alert's end is its own and its chain's, so the sweep looks at that and not at the message's row."""
