"""What tests of commands over a broker share."""

from __future__ import annotations

import pytest

from ampguard.uplink.broker import tobroker


@pytest.fixture
def short_farewell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody commits anything here: the end need not wait for it."""
    monkeypatch.setattr(tobroker, "LAST_WORDS_S", 0.1)
