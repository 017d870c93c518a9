"""What other rooms do with a change of state is tested with them; here a remittance moves without them."""

from __future__ import annotations

import pytest

from remittance.requests import effects


@pytest.fixture(autouse=True)
def no_effects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a remittance move by the table alone."""
    monkeypatch.setattr(effects, "apply", lambda *_: None)
