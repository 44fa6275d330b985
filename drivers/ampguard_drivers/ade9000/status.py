"""ADE9000: what the chip noticed since it was last asked: dips, swells, over-currents, wrong order of the voltages.

Acknowledged are only the bits that were seen, and before the values behind them are read: what happens in between
sets its bit again and is found next time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from ampguard_drivers.ade9000 import scaling
from ampguard_drivers.ade9000.fields import EventStatus, OiStatus, Status1
from ampguard_drivers.ade9000.registers import REGISTERS
from ampguard_drivers.ade9000.results import ByPhase

if TYPE_CHECKING:
    from ampguard_drivers.ade9000.link import RegisterLink
    from ampguard_drivers.ade9000.settings import Ade9000Settings

_DIPS = (Status1.DIPA, Status1.DIPB, Status1.DIPC)
_SWELLS = (Status1.SWELLA, Status1.SWELLB, Status1.SWELLC)
_DIPPING = (EventStatus.DIPA, EventStatus.DIPB, EventStatus.DIPC)
_SWELLING = (EventStatus.SWELLA, EventStatus.SWELLB, EventStatus.SWELLC)
_HANDLED = (Status1.DIPA | Status1.DIPB | Status1.DIPC | Status1.SWELLA | Status1.SWELLB | Status1.SWELLC) | (
    Status1.OI | Status1.SEQERR | Status1.CRC_CHG
)
_PRESENT_RATIO = 0.1
"""A voltage counts as there from this part of the nominal voltage on."""
_NEAR_DEG = 30.0

_STATUS1 = REGISTERS["STATUS1"]


class Sequence(Enum):
    """What a sequence error of the chip means. The bit alone proves no swapped phase: a missing one sets it too."""

    NO_ERROR = "no error noted (which the chip also says when all voltages are absent)"
    REVERSED = "the voltages come in the order L3-L2-L1"
    PHASE_MISSING = "at least one voltage is absent"
    TRANSIENT = "an error was noted, but the voltages are all there and in order now"
    UNDECIDED = "the voltages are all there, but in no clear order"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipStatus:
    """What happened since the last poll, and what is so now. Codes are one-cycle RMS."""

    dip_now: ByPhase[bool]
    dip_lowest_codes: ByPhase[int | None]
    """Lowest RMS of a dip that began, lasted or ended since the last poll; None = there was none."""
    swell_now: ByPhase[bool]
    swell_highest_codes: ByPhase[int | None]
    over_current_codes: ByPhase[int | None]
    """RMS of an over-current since the last poll."""
    neutral_over_current_codes: int | None
    sequence: Sequence


def read_status(link: RegisterLink, settings: Ade9000Settings) -> ChipStatus:
    """Read, acknowledge what was seen, and interpret. Raises what reads raise."""
    seen = Status1(link.read(_STATUS1)) & _HANDLED
    if seen:
        link.acknowledge(_STATUS1, seen)
    events = EventStatus(link.read(REGISTERS["EVENT_STATUS"]) & 0x3F)
    over = OiStatus(link.read(REGISTERS["OISTATUS"]) & 0xF) if seen & Status1.OI else OiStatus(0)

    def level(name: str, *, wanted: bool) -> int | None:
        return scaling.rms_of_level_codes(link.read(REGISTERS[name])) if wanted else None

    return ChipStatus(
        dip_now=ByPhase(*(bool(events & bit) for bit in _DIPPING)),
        dip_lowest_codes=ByPhase(
            *(level(f"DIP{phase}", wanted=bool(seen & bit)) for phase, bit in zip("ABC", _DIPS, strict=True))
        ),
        swell_now=ByPhase(*(bool(events & bit) for bit in _SWELLING)),
        swell_highest_codes=ByPhase(
            *(level(f"SWELL{phase}", wanted=bool(seen & bit)) for phase, bit in zip("ABC", _SWELLS, strict=True))
        ),
        over_current_codes=ByPhase(
            *(
                level(f"OI{phase}", wanted=bool(over & bit))
                for phase, bit in zip("ABC", (OiStatus.A, OiStatus.B, OiStatus.C), strict=True)
            )
        ),
        neutral_over_current_codes=level("OIN", wanted=bool(over & OiStatus.N)),
        sequence=_sequence(link, settings) if seen & Status1.SEQERR else Sequence.NO_ERROR,
    )


def _sequence(link: RegisterLink, settings: Ade9000Settings) -> Sequence:
    """Why SEQERR was set: from the voltages and the angles between them, which tell more than the bit."""
    watched = "ABC" if settings.wiring.has_neutral else "AC"
    present_codes = _PRESENT_RATIO * settings.nominal_voltage_ratio * scaling.RMS_FULL_SCALE_CODES
    if any(link.read(REGISTERS[f"{phase}VRMS"]) < present_codes for phase in watched):
        return Sequence.PHASE_MISSING
    frequency_hz = scaling.frequency_hz(link.read(REGISTERS["APERIOD"]))
    pairs: tuple[str, ...]
    if settings.wiring.has_neutral:
        pairs, ordered_deg = ("VA_VB", "VB_VC"), 120.0
    else:  # line voltages: VCB leads VAB by 60 degrees
        pairs, ordered_deg = ("VA_VC",), -60.0
    lags_deg = [scaling.angle_deg(link.read(REGISTERS[f"ANGL_{pair}"]), frequency_hz) for pair in pairs]
    if all(abs(lag - ordered_deg) < _NEAR_DEG for lag in lags_deg):
        return Sequence.TRANSIENT
    if all(abs(lag + ordered_deg) < _NEAR_DEG for lag in lags_deg):
        return Sequence.REVERSED
    return Sequence.UNDECIDED
