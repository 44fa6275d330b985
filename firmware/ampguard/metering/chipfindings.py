"""What the chip's own watches found, in sentences: dips, swells, over-currents, the order of the voltages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.metering.calibration import CURRENTS, NEUTRAL, VOLTAGES, full_scale_rms
from ampguard.phases import Phase
from ampguard_drivers.ade9000.scaling import RMS_FULL_SCALE_CODES
from ampguard_drivers.ade9000.status import Sequence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ampguard.phases import Phases
    from ampguard.settings.settings import Settings
    from ampguard_drivers.ade9000.status import ChipStatus
    from ampguard_drivers.eeprom.records import Calibration


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that the chip noticed since it was asked before."""

    what: str
    """Without its value: what stays the same while it lasts."""
    sentence: str


def findings(status: ChipStatus, calibration: Calibration, settings: Settings) -> tuple[Finding, ...]:
    """What the chip noticed of the phases that are there; empty where all is well."""

    def finding(what: str, unit: str, codes: int, channel: int) -> Finding:
        value = codes / RMS_FULL_SCALE_CODES * full_scale_rms(calibration, channel)
        return Finding(what, f"{what}: {value:.1f} {unit}")

    def each(
        what: str, unit: str, codes: Iterable[int | None], channels: Iterable[int], wired: Phases[bool]
    ) -> Iterator[Finding]:
        for phase, code, channel, there in zip(Phase, codes, channels, wired, strict=True):
            if code is not None and there:
                yield finding(f"{what} {phase}", unit, code, channel)

    found = [
        *each("dip on", "V", status.dip_lowest_codes, VOLTAGES, settings.wired_voltages),
        *each("swell on", "V", status.swell_highest_codes, VOLTAGES, settings.wired_voltages),
        *each("over-current on", "A", status.over_current_codes, CURRENTS, settings.phases),
    ]
    if status.neutral_over_current_codes is not None:
        found.append(finding("over-current in the neutral", "A", status.neutral_over_current_codes, NEUTRAL))
    if status.sequence is not Sequence.NO_ERROR and all(settings.wired_voltages):
        found.append(Finding(status.sequence.value, status.sequence.value))
    return tuple(found)
