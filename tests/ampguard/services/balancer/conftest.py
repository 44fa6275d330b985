"""What tests of the balancer's process share."""

from __future__ import annotations

import pytest

from ampguard.services.balancer import chronicle, process


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks at its files at once, and writes soon."""
    monkeypatch.setattr(process, "LOOK_S", 0.05)
    monkeypatch.setattr(process, "AGAIN_S", 0.3)
    monkeypatch.setattr(chronicle, "WRITTEN_S", 0.2)
