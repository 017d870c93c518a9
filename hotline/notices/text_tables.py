"""Where notices are kept, for the rules that all kinds of texts share."""

from __future__ import annotations

from typing import Final

from hotline.providers.text_tables import TextTables

NOTICES: Final = TextTables("notices", "notice_attempts", "notice_parts", "notice_id", lasts_until="t.expires_at")
