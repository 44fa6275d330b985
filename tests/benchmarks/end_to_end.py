"""Supply told to reading made: through clamps, front end, chip, SPI, driver, calibration and processing.

Units with 1 % parts and class-1 transformers (other seeds, other units), perfectly calibrated; one reading of a second.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.ampguard.metering.test_pipeline import FULL_SCALE_A, unit

from ampguard.readings import Interval
from ampguard_drivers.simulated.supply import Harmonic, Load, State, Supply

LEVELS_PERCENT = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
FREQUENCIES_HZ = (47.0, 50.0, 50.02, 52.0, 60.0)
UNITS = 3


def errors_percent(supply: Supply, seed: int) -> tuple[float, float, float]:
    """Largest of U, of I, and of P over S."""
    told = supply.told(0.0)
    last = [one for one in unit(supply, seed=seed).readings(1.4) if one.interval is Interval.SECOND][-1]
    volts = max(abs((f or 0.0) / t - 1.0) for f, t in zip(last.voltage_rms_v, told.voltage_rms_v, strict=True))
    amperes = max(abs((f or 0.0) / t - 1.0) for f, t in zip(last.current_rms_a, told.current_rms_a, strict=True))
    power = max(
        abs((f or 0.0) - p) / (u * i)
        for f, p, u, i in zip(
            last.active_power_w, told.active_power_w, told.voltage_rms_v, told.current_rms_a, strict=True
        )
    )
    return 100.0 * volts, 100.0 * amperes, 100.0 * power


def main() -> int:
    print("of full scale        U %        I %   P % of S     (largest over units, phases and frequencies)")
    for percent in LEVELS_PERCENT:
        amperes = FULL_SCALE_A * percent / 100.0
        loads = (
            Load(amperes, 20.0, (Harmonic(3, 0.1), Harmonic(5, 0.05, 40.0))),
            Load(amperes, -35.0),
            Load(amperes, 170.0),
        )
        worst = [0.0, 0.0, 0.0]
        for hz in FREQUENCIES_HZ:
            state = State(frequency_hz=hz, voltage_harmonics=(Harmonic(5, 0.03),), loads=loads)
            for seed in range(UNITS):
                found = errors_percent(Supply([(0.0, state)]), seed)
                worst = [max(old, new) for old, new in zip(worst, found, strict=True)]
        print(f"{percent:8g} %     " + "".join(f"{value:11.4f}" for value in worst))
    print("target             0.02       0.05")
    return 0


if __name__ == "__main__":
    sys.exit(main())
