"""Every text the carrier has accepted, in order of acceptance: the record that judges a dispatch."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from hotline.sandbox.messages import Message

_COMPACT_AFTER = 50_000


def new_sid() -> str:
    """Return a fresh message identifier in Twilio's form: SM and 32 hexadecimal digits."""
    return "SM" + secrets.token_hex(16)


class Ledger:
    """Texts by identifier and by sequence number; the oldest finished ones go when the bound is reached."""

    def __init__(self, limit: int) -> None:
        """Hold at most ``limit`` texts."""
        self._limit = limit
        self._by_sid: dict[str, Message] = {}
        self._in_order: list[Message | None] = []
        self._base = 1
        self._oldest = 0

    def __len__(self) -> int:
        return len(self._by_sid)

    @property
    def next_seq(self) -> int:
        """The sequence number the next text gets; never used twice, also not after a restart."""
        return self._base + len(self._in_order)

    def skip_to(self, seq: int) -> None:
        """Make ``seq`` the least sequence number the next text can get."""
        if not self._in_order:
            self._base = max(self._base, seq)
        while self.next_seq < seq:
            self._in_order.append(None)

    def add(self, message: Message) -> Message | None:
        """Append a text and return the one that was forgotten for it, if any."""
        self.skip_to(message.seq)
        self._in_order.append(message)
        self._by_sid[message.sid] = message
        return self._forget_oldest() if len(self._by_sid) > self._limit else None

    @property
    def full(self) -> bool:
        """Whether a further text has no room because the oldest one is still on its way."""
        if len(self._by_sid) < self._limit:
            return False
        oldest = self._find_oldest()
        return oldest is not None and not oldest.final

    def _find_oldest(self) -> Message | None:
        while self._oldest < len(self._in_order):
            message = self._in_order[self._oldest]
            if message is not None:
                return message
            self._oldest += 1
        return None

    def _forget_oldest(self) -> Message | None:
        oldest = self._find_oldest()
        if oldest is None:
            return None
        self.remove(oldest)
        if self._oldest >= _COMPACT_AFTER:
            del self._in_order[: self._oldest]
            self._base += self._oldest
            self._oldest = 0
        return oldest

    def remove(self, message: Message) -> None:
        """Take a text out; its sequence number stays used."""
        del self._by_sid[message.sid]
        self._in_order[message.seq - self._base] = None

    def get(self, sid: str) -> Message | None:
        """Return the text with this identifier."""
        return self._by_sid.get(sid)

    def after(self, seq: int) -> Iterator[Message]:
        """Yield texts with a greater sequence number, oldest first."""
        for index in range(max(0, seq + 1 - self._base), len(self._in_order)):
            message = self._in_order[index]
            if message is not None:
                yield message

    def before(self, seq: int | None) -> Iterator[Message]:
        """Yield texts with a smaller sequence number (all when None), newest first."""
        top = len(self._in_order) if seq is None else min(len(self._in_order), seq - self._base)
        for index in range(top - 1, -1, -1):
            message = self._in_order[index]
            if message is not None:
                yield message

    def clear(self) -> None:
        """Forget every text; the counting goes on."""
        self._base = self.next_seq
        self._by_sid.clear()
        self._in_order.clear()
        self._oldest = 0
