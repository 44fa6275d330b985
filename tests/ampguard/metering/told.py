"""What a supply tells, measured by the processing alone: for tests of the arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.metering.calibration import columns as columns_of
from ampguard.metering.measurement import Analyser
from ampguard.metering.setup import NO_PHASE_ERROR, AnalyserSetup, Columns
from ampguard.phases import Phases
from ampguard.settings.settings import Settings
from ampguard_drivers.simulated.supply import State, Supply

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from ampguard.readings import Measurement


COLUMNS = columns_of(Settings())


def analyser(  # noqa: PLR0913 - each with a default
    rate_hz: float = 8000.0,
    *,
    nominal_hz: float | None = 50.0,
    columns: Columns = COLUMNS,
    ac_coupled: bool = False,
    has_neutral: bool = True,
    reference_v: float | None = 230.0,
    infer_voltages: bool = False,
) -> Analyser:
    return Analyser(
        AnalyserSetup(
            sample_rate_hz=rate_hz,
            columns=columns,
            nominal_frequency_hz=nominal_hz,
            reference_voltage_v=reference_v,
            voltage_phase_error=Phases.all_of(NO_PHASE_ERROR),
            current_phase_error=Phases.all_of(NO_PHASE_ERROR),
            ac_coupled=ac_coupled,
            has_neutral=has_neutral,
            infer_voltages=infer_voltages,
        )
    )


def samples(state: State, duration_s: float, rate_hz: float = 8000.0) -> NDArray[np.float64]:
    return Supply([(0.0, state)], seed=1).sample(0, round(duration_s * rate_hz), rate_hz)


def measured(state: State, duration_s: float = 0.7, rate_hz: float = 8000.0, **setup: object) -> list[Measurement]:
    return analyser(rate_hz, **setup).push(samples(state, duration_s, rate_hz))  # type: ignore[arg-type]  # passed on


def turn_deg(found: float | None, wanted: float) -> float:
    assert found is not None
    return abs((found - wanted + 180.0) % 360.0 - 180.0)


def known(values: Iterable[float | None]) -> list[float]:
    found = [value for value in values if value is not None]
    assert len(found) == 3
    return found
