"""Where everything changes at once, loads and voltages, coincidences say nothing: no clamp is claimed to be wrong."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from tests.benchmarks.wiring_days import KINDS, Kind, day


@pytest.mark.parametrize("kind", [one for one in KINDS if one.is_restless], ids=lambda one: one.name)
def test_a_restless_building_is_never_claimed_to_be_what_it_is_not(kind: Kind) -> None:
    chance = np.random.default_rng(7)
    found = Counter(said for said, _ in (day(kind, chance) for _ in range(25)))
    assert found["wrong"] == 0
    assert found["right"] >= 15
