"""A grid without a neutral of which the voltage between two phases alone is wired: what its loads and inputs carry."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tests.ampguard.metering.told import analyser, samples

from ampguard.metering.calibration import columns
from ampguard.phases import Phase
from ampguard.settings.settings import GridType, Settings
from ampguard_drivers.simulated.scenarios import between
from ampguard_drivers.simulated.supply import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ampguard.metering.measurement import Analyser

STAR_V = 230.0 / math.sqrt(3.0)
IDLE = State(voltage_v=(STAR_V,) * 3, noise_v=0.006, noise_a=6e-4)


def unit(wired: Sequence[str] = ("L1", "L2")) -> Analyser:
    """Of such a grid."""
    told = Settings(grid_type=GridType.IT, voltage_terminals=frozenset(map(Phase, wired)), nominal_voltage_v=230.0)
    return analyser(columns=columns(told), has_neutral=False, reference_v=STAR_V, infer_voltages=True)


def floating(signal: NDArray[np.float64], wired: Sequence[str] = ("L1", "L2")) -> NDArray[np.float64]:
    """At the inputs: N is open and floats halfway between both, and so does the third terminal."""
    voltages = {name: 2 * number + 1 for number, name in enumerate(("L1", "L2", "L3"))}
    middle = signal[:, [voltages[name] for name in wired]].mean(axis=1)
    for name, column in voltages.items():
        signal[:, column] = signal[:, column] - middle if name in wired else 0.0
    return signal


def shown(state: State, wired: Sequence[str] = ("L1", "L2"), duration_s: float = 0.5) -> NDArray[np.float64]:
    """What the inputs see of it."""
    return floating(samples(state, duration_s), wired)


def loaded(loads: Sequence[tuple[float, float]], idle: State = IDLE) -> State:
    """Loads between L1-L2, L2-L3 and L3-L1: amperes, and degrees behind the voltage they hang on."""
    state = idle
    for number, (current_a, lag_deg) in enumerate(loads):
        state = between(state, number, (number + 1) % 3, current_a, lag_deg)
    return state
