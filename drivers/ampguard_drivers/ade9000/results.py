"""ADE9000: what the chip itself computed of its samples, as codes and angles named by L1, L2, L3.

Single reads, each with its CRC, some in one SPI message, and not one burst: BURST_EN would switch the checksum off for
all registers and move the configuration's checksum, and one set a second costs nothing worth saving.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from ampguard_drivers.ade9000 import frame, scaling
from ampguard_drivers.ade9000.registers import REGISTERS

if TYPE_CHECKING:
    from ampguard_drivers.ade9000.link import RegisterLink

T = TypeVar("T")

SETTLING_TIME_S = 1.1
"""After a start the results creep to their values: high-pass filter and RMS filters (data sheet: 0.96 to 1.09 s)."""


class ByPhase(NamedTuple, Generic[T]):
    """One value for each phase."""

    l1: T
    l2: T
    l3: T


class ByPair(NamedTuple, Generic[T]):
    """One value for each pair of phases: how far the second lags behind the first."""

    l1_l2: T
    l2_l3: T
    l1_l3: T


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipResults:
    """One look at the chip's metering registers, taken over a few milliseconds.

    RMS and power are codes: divide by the full-scale codes here to get ratios of full scale. Power is signed. An
    angle is folded into (-180, 180] degrees and says how far the second signal lags behind the first; without a
    signal it keeps its last value or is noise.
    """

    current_rms_codes: ByPhase[int]
    voltage_rms_codes: ByPhase[int]
    neutral_current_rms_codes: int
    current_fundamental_rms_codes: ByPhase[int]
    voltage_fundamental_rms_codes: ByPhase[int]
    current_one_cycle_rms_codes: ByPhase[int]
    """Over one cycle, refreshed every half cycle."""
    voltage_one_cycle_rms_codes: ByPhase[int]
    neutral_current_one_cycle_rms_codes: int
    current_window_rms_codes: ByPhase[int]
    """Over 10 cycles at 50 Hz, 12 at 60 Hz."""
    voltage_window_rms_codes: ByPhase[int]
    neutral_current_window_rms_codes: int
    active_power_codes: ByPhase[int]
    reactive_power_codes: ByPhase[int]
    apparent_power_codes: ByPhase[int]
    fundamental_active_power_codes: ByPhase[int]
    fundamental_reactive_power_codes: ByPhase[int]
    fundamental_apparent_power_codes: ByPhase[int]
    power_factor_ratio: ByPhase[float]
    """Refreshed every 1.024 s, as are the distortions."""
    voltage_thd_percent: ByPhase[float]
    current_thd_percent: ByPhase[float]
    phase_frequency_hz: ByPhase[float]
    """Nominal where a voltage is absent or outside 40 to 70 Hz."""
    frequency_hz: float
    """Of all three voltages combined."""
    voltage_lag_deg: ByPair[float]
    current_lag_deg: ByPair[float]
    current_angle_deg: ByPhase[float]
    """Lag of the current behind the voltage of its own phase, positive = inductive."""
    rms_full_scale_codes: float
    power_full_scale_codes: float


_BY_PHASE = (
    *("IRMS", "VRMS", "IFRMS", "VFRMS", "IRMSONE", "VRMSONE", "IRMS1012", "VRMS1012"),
    *("WATT", "VAR", "VA", "FWATT", "FVAR", "FVA", "PF", "VTHD", "ITHD", "PERIOD"),
)
_ANGLES = tuple(
    f"ANGL_{pair}" for pair in ("VA_VB", "VB_VC", "VA_VC", "IA_IB", "IB_IC", "IA_IC", "VA_IA", "VB_IB", "VC_IC")
)
_READ = tuple(
    REGISTERS[name]
    for name in (
        *(phase + quantity for quantity in _BY_PHASE for phase in "ABC"),
        *("NIRMS", "NIRMSONE", "NIRMS1012", "COM_PERIOD"),
        *_ANGLES,
    )
)


def read_results(link: RegisterLink) -> ChipResults:
    """Read them all: 67 checked reads. Raises what reads raise."""
    codes = {register.name: value for register, value in zip(_READ, link.read_all(_READ), strict=True)}

    def unsigned(quantity: str) -> ByPhase[int]:
        return ByPhase(*(codes[phase + quantity] for phase in "ABC"))

    def signed(quantity: str) -> ByPhase[int]:
        names = [phase + quantity for phase in "ABC"]
        return ByPhase(*(frame.signed(codes[name], REGISTERS[name].width_bits) for name in names))

    def ratio(quantity: str) -> ByPhase[float]:
        return ByPhase(*(value / scaling.UNITY_CODES for value in signed(quantity)))

    def percent(quantity: str) -> ByPhase[float]:
        return ByPhase(*(100.0 * value for value in ratio(quantity)))

    frequencies = ByPhase(*(scaling.frequency_hz(period) for period in unsigned("PERIOD")))

    def pairs(kind: str) -> ByPair[float]:
        return ByPair(
            *(
                scaling.angle_deg(codes[f"ANGL_{kind}{first}_{kind}{second}"], frequency)
                for first, second, frequency in (
                    ("A", "B", frequencies.l1),
                    ("B", "C", frequencies.l2),
                    ("A", "C", frequencies.l1),
                )
            )
        )

    return ChipResults(
        current_rms_codes=unsigned("IRMS"),
        voltage_rms_codes=unsigned("VRMS"),
        neutral_current_rms_codes=codes["NIRMS"],
        current_fundamental_rms_codes=unsigned("IFRMS"),
        voltage_fundamental_rms_codes=unsigned("VFRMS"),
        current_one_cycle_rms_codes=unsigned("IRMSONE"),
        voltage_one_cycle_rms_codes=unsigned("VRMSONE"),
        neutral_current_one_cycle_rms_codes=codes["NIRMSONE"],
        current_window_rms_codes=unsigned("IRMS1012"),
        voltage_window_rms_codes=unsigned("VRMS1012"),
        neutral_current_window_rms_codes=codes["NIRMS1012"],
        active_power_codes=signed("WATT"),
        reactive_power_codes=signed("VAR"),
        apparent_power_codes=signed("VA"),
        fundamental_active_power_codes=signed("FWATT"),
        fundamental_reactive_power_codes=signed("FVAR"),
        fundamental_apparent_power_codes=signed("FVA"),
        power_factor_ratio=ratio("PF"),
        voltage_thd_percent=percent("VTHD"),
        current_thd_percent=percent("ITHD"),
        phase_frequency_hz=frequencies,
        frequency_hz=scaling.frequency_hz(codes["COM_PERIOD"]),
        voltage_lag_deg=pairs("V"),
        current_lag_deg=pairs("I"),
        current_angle_deg=ByPhase(
            *(
                scaling.angle_deg(codes[f"ANGL_V{phase}_I{phase}"], frequency)
                for phase, frequency in zip("ABC", frequencies, strict=True)
            )
        ),
        rms_full_scale_codes=scaling.RMS_FULL_SCALE_CODES,
        power_full_scale_codes=scaling.POWER_FULL_SCALE_CODES,
    )
