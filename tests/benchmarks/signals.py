"""Signals of the benchmarks: seven inputs at 8 kSPS with the noise of the chip's data sheet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ampguard.metering.calibration import columns
from ampguard.metering.measurement import Analyser
from ampguard.metering.setup import NO_PHASE_ERROR, AnalyserSetup
from ampguard.phases import Phases
from ampguard.settings.settings import Settings
from ampguard_drivers.simulated.supply import Harmonic, Load, State, Supply

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RATE_HZ = 8000.0
FULL_SCALE_V, FULL_SCALE_A = 707.0, 63.0
NOISE_RATIO = 10 ** (-101 / 20)
"""Of full scale RMS: 101 dB signal-to-noise ratio at 8 kSPS."""

USUAL = State(
    voltage_v=(230.0, 229.0, 231.0),
    frequency_hz=49.97,
    voltage_harmonics=(Harmonic(3, 0.05, 20.0), Harmonic(5, 0.06, 170.0), Harmonic(7, 0.05, 30.0), Harmonic(11, 0.035)),
    loads=(
        Load(10.0, 20.0, (Harmonic(3, 0.2, 180.0), Harmonic(5, 0.1))),
        Load(12.0, -10.0, (Harmonic(3, 0.2, 180.0),)),
        Load(11.0, 37.0, (Harmonic(5, 0.1),)),
    ),
)


def noisy(state: State) -> State:
    return replace(state, noise_v=FULL_SCALE_V * NOISE_RATIO, noise_a=FULL_SCALE_A * NOISE_RATIO)


def samples(state: State, duration_s: float, seed: int = 1) -> NDArray[np.float64]:
    return Supply([(0.0, state)], seed=seed).sample(0, round(duration_s * RATE_HZ), RATE_HZ)


def analyser(rate_hz: float = RATE_HZ, nominal_hz: float | None = 50.0) -> Analyser:
    return Analyser(
        AnalyserSetup(
            sample_rate_hz=rate_hz,
            columns=columns(Settings()),
            nominal_frequency_hz=nominal_hz,
            reference_voltage_v=230.0,
            voltage_phase_error=Phases.all_of(NO_PHASE_ERROR),
            current_phase_error=Phases.all_of(NO_PHASE_ERROR),
            ac_coupled=True,
            has_neutral=True,
        )
    )
