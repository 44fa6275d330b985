"""The meter's part in the wiring: what is news, and what only wavers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.ampguard.journal.made import measurement
from tests.ampguard.services.installed import LOG

from ampguard.live.publisher import Publisher
from ampguard.phases import PhaseOrder, Phases
from ampguard.services.recollection import Recollection
from ampguard.services.rewiring import Rewiring
from ampguard.services.wired import Wired
from ampguard.settings.places import Places
from ampguard.settings.settings import load
from ampguard.wiring.verdict import Condition

if TYPE_CHECKING:
    from pathlib import Path


def test_an_angle_that_wavers_by_a_degree_is_no_news(tmp_path: Path) -> None:
    places = Places(data=tmp_path, run=tmp_path, board=None)
    settings = load(places.settings)
    feed = Publisher(places.live_feed)
    try:
        rewiring = Rewiring(places, settings.assignment, "boot", LOG)
        under_test = Wired(settings, 63.0, Recollection(places.wiring, LOG), rewiring, feed)
        crooked = measurement(
            frequency_hz=50.0,
            voltage_rms_v=Phases.all_of(230.0),
            voltage_angle_deg=Phases(0.0, -160.4, 120.0),
            voltage_order=PhaseOrder.L1_L2_L3,
            current_fundamental_rms_a=Phases.all_of(0.0),
        )
        wavering = replace(crooked, voltage_angle_deg=Phases(0.0, -160.6, 120.0))
        first = under_test.observe(crooked, None)
        for _ in range(30):  # until nothing is connected, as far as the clamps tell
            under_test.observe(crooked, None)
        assert first is not None
        assert first.voltage is Condition.WRONG
        assert under_test.news() is not None
        for one in (wavering, crooked, wavering):
            assert under_test.observe(one, None) is None
            assert under_test.news() is None
        mirrored = replace(crooked, voltage_angle_deg=Phases(0.0, 120.0, -120.0), voltage_order=PhaseOrder.L3_L2_L1)
        assert under_test.observe(mirrored, None) is not None
        assert under_test.news() is not None
    finally:
        feed.close()
