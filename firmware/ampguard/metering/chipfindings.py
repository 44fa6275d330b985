"""What the chip's own watches found, in sentences: dips, swells, over-currents, the order of the voltages."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ampguard.metering.calibration import CURRENTS, NEUTRAL, VOLTAGES, full_scale_rms
from ampguard.phases import Phase, Phases
from ampguard_drivers.ade9000.scaling import RMS_FULL_SCALE_CODES
from ampguard_drivers.ade9000.status import Sequence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ampguard.settings.settings import Settings
    from ampguard_drivers.ade9000.status import ChipStatus
    from ampguard_drivers.eeprom.records import Calibration


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that the chip noticed since it was asked before."""

    what: str
    """Without its value: what stays the same while it lasts."""
    sentence: str


class _Inputs(NamedTuple):
    """The three of a kind."""

    channels: Phases[int]
    """Columns of a block."""
    phases: Phases[Phase]
    """What they measure."""
    wired: Phases[bool]
    """By phase."""


_AS_MIRRORED: Mapping[Sequence, Sequence] = MappingProxyType({
    Sequence.REVERSED: Sequence.NO_ERROR, Sequence.TRANSIENT: Sequence.REVERSED,
})  # fmt: skip
"""What it means where the inputs see the phases in the other order. (That the chip notes nothing proves nothing.)"""


def findings(status: ChipStatus, calibration: Calibration, settings: Settings) -> tuple[Finding, ...]:
    """What the chip noticed of the phases that are there; empty where all is well.

    The chip speaks of its inputs; here they bear the names of the phases that they really measure.
    """
    voltages = settings.assignment.voltages
    clamps = settings.assignment.clamps.map(lambda clamp: clamp.phase)
    terminals = _Inputs(VOLTAGES, voltages, settings.wired_voltages)

    def finding(what: str, unit: str, codes: int, channel: int) -> Finding:
        value = codes / RMS_FULL_SCALE_CODES * full_scale_rms(calibration, channel)
        return Finding(what, f"{what}: {value:.1f} {unit}")

    def each(what: str, unit: str, codes: Iterable[int | None], inputs: _Inputs) -> Iterator[Finding]:
        for phase, code, channel in sorted(zip(inputs.phases, codes, inputs.channels, strict=True)):
            if code is not None and inputs.wired[phase]:
                yield finding(f"{what} {phase}", unit, code, channel)

    found = [
        *each("dip on", "V", status.dip_lowest_codes, terminals),
        *each("swell on", "V", status.swell_highest_codes, terminals),
        *each("over-current on", "A", status.over_current_codes, _Inputs(CURRENTS, clamps, settings.phases)),
    ]
    if status.neutral_over_current_codes is not None:
        found.append(finding("over-current in the neutral", "A", status.neutral_over_current_codes, NEUTRAL))
    sequence = _AS_MIRRORED.get(status.sequence, status.sequence) if _is_mirrored(voltages) else status.sequence
    if sequence is not Sequence.NO_ERROR and all(settings.wired_voltages):
        found.append(Finding(sequence.value, sequence.value))
    return tuple(found)


def _is_mirrored(voltages: Phases[Phase]) -> bool:
    """Whether two of the voltages are interchanged, so that the inputs see the phases in the other order."""
    return sum(phase != terminal for phase, terminal in zip(voltages, Phase, strict=True)) == 2  # noqa: PLR2004 - a pair
