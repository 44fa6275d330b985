"""A scripted chip, and the driver on it."""

from __future__ import annotations

import pytest
from tests.ampguard_drivers.ade9000.scripted import ScriptedChip

from ampguard_drivers.ade9000.chip import Ade9000
from ampguard_drivers.ade9000.settings import Ade9000Settings


@pytest.fixture
def scripted() -> ScriptedChip:
    return ScriptedChip()


@pytest.fixture
def settings() -> Ade9000Settings:
    return Ade9000Settings(
        nominal_frequency_hz=50.0,
        nominal_voltage_ratio=0.325,
        dip_ratio=0.29,
        swell_ratio=0.36,
        over_current_ratio=0.6,
    )


@pytest.fixture
def chip(scripted: ScriptedChip, settings: Ade9000Settings) -> Ade9000:
    return Ade9000(scripted.parts(), settings)
