"""What the chip's own watches found, in sentences: dips, swells, over-currents, the order of the voltages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.metering.calibration import CURRENTS, NEUTRAL, VOLTAGES, full_scale_rms
from ampguard.phases import Phase
from ampguard_drivers.ade9000.scaling import RMS_FULL_SCALE_CODES
from ampguard_drivers.ade9000.status import Sequence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ampguard_drivers.ade9000.status import ChipStatus
    from ampguard_drivers.eeprom.records import Calibration


def findings(status: ChipStatus, calibration: Calibration) -> tuple[str, ...]:
    """One sentence for each finding since the chip was asked before; empty where all is well."""

    def each(what: str, unit: str, codes: Iterable[int | None], channels: Iterable[int]) -> Iterator[str]:
        for phase, code, channel in zip(Phase, codes, channels, strict=True):
            if code is not None:
                yield f"{what} on {phase}: {value(code, channel):.1f} {unit}"

    def value(codes: int, channel: int) -> float:
        return codes / RMS_FULL_SCALE_CODES * full_scale_rms(calibration, channel)

    found = [
        *each("dip", "V", status.dip_lowest_codes, VOLTAGES),
        *each("swell", "V", status.swell_highest_codes, VOLTAGES),
        *each("over-current", "A", status.over_current_codes, CURRENTS),
    ]
    if status.neutral_over_current_codes is not None:
        found.append(f"over-current in the neutral: {value(status.neutral_over_current_codes, NEUTRAL):.1f} A")
    if status.sequence is not Sequence.NO_ERROR:
        found.append(status.sequence.value)
    return tuple(found)
