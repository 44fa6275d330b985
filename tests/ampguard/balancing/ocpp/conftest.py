"""What tests of chargers between unit and cloud share."""

from __future__ import annotations

import pytest

from ampguard.balancing.ocpp import upstream


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cloud is looked for again at once."""
    monkeypatch.setattr(upstream, "AGAIN_S", 0.05)
    monkeypatch.setattr("websockets.asyncio.client.backoff", lambda: iter([0.05] * 1000))
    monkeypatch.setattr("ampguard.balancing.ocpp.chargepoint.GREETING_S", 0.05)
    monkeypatch.setattr("ampguard.balancing.ocpp.limiter.CLOUD_TICK_S", 0.1)
