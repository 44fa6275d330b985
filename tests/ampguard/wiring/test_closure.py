"""A clamp that is not closed leads with every load alike; one load that leads is no proof."""

from __future__ import annotations

import cmath
import math

from hypothesis import given
from hypothesis import strategies as st

from ampguard.wiring.closure import SUSPECT_PROBABILITY, open_probability
from ampguard.wiring.hypotheses import Look

UNITS = tuple(cmath.rect(1.0, math.radians(angle)) for angle in (0.0, -120.0, 120.0))


def look(lag_deg: float, current_a: float = 5.0, clamp: int = 1) -> Look:
    shown = [5.0 * unit for unit in UNITS]
    shown[clamp] = current_a * UNITS[clamp] * cmath.rect(1.0, -math.radians(lag_deg))
    return Look((shown[0], shown[1], shown[2]), UNITS, 0.006)  # type: ignore[arg-type] # three of them


@given(st.lists(st.floats(-8.0, 40.0), min_size=1, max_size=24))
def test_ordinary_loads_raise_no_suspicion(lags_deg: list[float]) -> None:
    assert open_probability([look(one) for one in lags_deg], 1) < SUSPECT_PROBABILITY


@given(st.floats(-35.0, -15.0))
def test_one_load_that_leads_proves_nothing(lag_deg: float) -> None:
    assert open_probability([look(lag_deg)], 1) < 0.5


def test_many_loads_that_lead_alike_do() -> None:
    leading = [look(lag_deg) for lag_deg in (-20.0, -14.0, -25.0, -30.0, -18.0, -22.0, -16.0, -27.0, -21.0, -24.0)]
    assert open_probability(leading, 1) > 0.99
    assert open_probability(leading, 0) < SUSPECT_PROBABILITY, "its neighbour shows ordinary loads"


@given(st.lists(st.floats(-180.0, 180.0), min_size=1, max_size=24))
def test_what_is_lost_in_noise_says_nothing(lags_deg: list[float]) -> None:
    assert open_probability([look(one, current_a=1e-4) for one in lags_deg], 1) < SUSPECT_PROBABILITY
