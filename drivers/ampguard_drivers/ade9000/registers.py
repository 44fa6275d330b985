"""ADE9000 (data sheet Rev. B, June 2025): every register as data, the systematic blocks built by rule.

A, B, C and N are the chip's own names of the phases. The width follows from the address: 0x480-0x4FE are 16 bits
wide, all others 32. Bit fields are in `fields`; the waveform buffer is memory and stands at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Access(Enum):
    """What a write does."""

    READ = "R"
    """Nothing."""
    READ_WRITE = "RW"
    """Is kept."""
    WRITE_1_TO_CLEAR = "R-W1C"
    """Clears the bits that are written as 1."""


class Group(Enum):
    """Ranges of addresses that behave alike."""

    CALIBRATION = range(0x074)
    """Gains, offsets, thresholds: configuration, blocked by the lock."""
    RESULTS = range(0x200, 0x26B)
    ENERGY = range(0x2E4, 0x3A4)
    CONTROL = range(0x400, 0x480)
    """32-bit control and status, blocked by the lock."""
    CONTROL_16 = range(0x480, 0x4FF)
    """16-bit control and status, blocked by the lock."""
    SAMPLES = range(0x500, 0x517)
    """Latest samples; one burst."""
    BY_QUANTITY = range(0x600, 0x63D)
    """Copies of the results in one burst, quantity by quantity."""
    BY_PHASE = range(0x680, 0x6BD)
    """Copies of the results in one burst, phase by phase."""

    @property
    def is_burst(self) -> bool:
        """Whether CONFIG1.BURST_EN makes a read run on to the next address (which gives up the CRC)."""
        return self in (Group.SAMPLES, Group.BY_QUANTITY, Group.BY_PHASE)

    @property
    def is_lockable(self) -> bool:
        """Whether WR_LOCK blocks writes to it."""
        return self in (Group.CALIBRATION, Group.CONTROL, Group.CONTROL_16)


@dataclass(frozen=True, slots=True)
class Register:
    """One address."""

    address: int
    name: str
    access: Access
    reset: int | None
    """Value after a reset; None where it differs from chip to chip."""
    read_back_mask: int
    """Bits that read as they were written: self-clearing and unimplemented ones are left out, 0 = none do."""

    @property
    def width_bits(self) -> int:
        """16 or 32, by the address."""
        return width_bits(self.address)

    @property
    def group(self) -> Group:
        """The range it lies in."""
        return next(group for group in Group if self.address in group.value)


def width_bits(address: int) -> int:
    """Width of the register at an address: RUN (0x480) and VERSION (0x4FE) are the ends of the 16-bit range."""
    return 16 if 0x480 <= address <= 0x4FE else 32  # noqa: PLR2004 - the range is the rule itself


_R, _RW, _W1C = Access.READ, Access.READ_WRITE, Access.WRITE_1_TO_CLEAR

_PHASES = ("A", "B", "C")

_CALIBRATION = (  # from 0x000, 0x020, 0x040
    *("IGAIN", "IGAIN0", "IGAIN1", "IGAIN2", "IGAIN3", "IGAIN4"),
    *("PHCAL0", "PHCAL1", "PHCAL2", "PHCAL3", "PHCAL4"),
    *("VGAIN", "IRMSOS", "VRMSOS", "PGAIN", "WATTOS", "VAROS", "FWATTOS", "FVAROS", "IFRMSOS", "VFRMSOS"),
    *("VRMSONEOS", "IRMSONEOS", "VRMS1012OS", "IRMS1012OS"),
)
_RESULTS = (  # from 0x20A, 0x22A, 0x24A
    *("I_PCF", "V_PCF", "IRMS", "VRMS", "IFRMS", "VFRMS", "WATT", "VAR", "VA", "FWATT", "FVAR", "FVA"),
    *("PF", "VTHD", "ITHD", "IRMSONE", "VRMSONE", "IRMS1012", "VRMS1012", "MTREGION"),
)
_ENERGIES = ("WATT", "VAR", "VA", "FWATT", "FVAR", "FVA")  # every 10 from 0x2E4, 0x320, 0x35C
_ENERGY_PARTS = ("_ACC_LO", "_ACC_HI", "HR_LO", "HR_HI")
_SIGNED_SUMS = ("PWATT", "NWATT", "PVAR", "NVAR")  # every 4 from 0x396
_SAMPLES = ("AI", "AV", "BI", "BV", "CI", "CV", "NI")  # _SINC_DAT from 0x500, _LPF_DAT from 0x510
_BY_QUANTITY = (  # from 0x600
    *("AV_PCF", "BV_PCF", "CV_PCF", "NI_PCF", "AI_PCF", "BI_PCF", "CI_PCF"),
    *("AIRMS", "BIRMS", "CIRMS", "AVRMS", "BVRMS", "CVRMS", "NIRMS"),
    *(f"{phase}{quantity}" for quantity in ("WATT", "VA", "VAR", "FVAR", "PF", "VTHD", "ITHD") for phase in _PHASES),
    *(f"{phase}{quantity}" for quantity in ("FWATT", "FVA", "FIRMS", "FVRMS") for phase in _PHASES),
    *(f"{phase}{quantity}" for quantity in ("IRMSONE", "VRMSONE") for phase in _PHASES),
    "NIRMSONE",
    *(f"{phase}{quantity}" for quantity in ("IRMS1012", "VRMS1012") for phase in _PHASES),
    "NIRMS1012",
)
_BY_PHASE = (  # from 0x680, 0x693, 0x6A6; then the neutral
    *("V_PCF", "I_PCF", "IRMS", "VRMS", "WATT", "VA", "VAR", "FVAR", "PF", "VTHD", "ITHD"),
    *("FWATT", "FVA", "FIRMS", "FVRMS", "IRMSONE", "VRMSONE", "IRMS1012", "VRMS1012"),
)
_NEUTRAL = ("NI_PCF", "NIRMS", "NIRMSONE", "NIRMS1012")

_SINGLE: tuple[tuple[int, str, Access, int | None], ...] = (
    (0x060, "CONFIG0", _RW, 0),
    (0x061, "MTTHR_L0", _RW, 0),
    (0x062, "MTTHR_L1", _RW, 0),
    (0x063, "MTTHR_L2", _RW, 0),
    (0x064, "MTTHR_L3", _RW, 0),
    (0x065, "MTTHR_L4", _RW, 0),
    (0x066, "MTTHR_H0", _RW, 0),
    (0x067, "MTTHR_H1", _RW, 0),
    (0x068, "MTTHR_H2", _RW, 0),
    (0x069, "MTTHR_H3", _RW, 0),
    (0x06A, "MTTHR_H4", _RW, 0),
    (0x06B, "NIRMSOS", _RW, 0),
    (0x06C, "ISUMRMSOS", _RW, 0),
    (0x06D, "NIGAIN", _RW, 0),
    (0x06E, "NPHCAL", _RW, 0),
    (0x06F, "NIRMSONEOS", _RW, 0),
    (0x070, "NIRMS1012OS", _RW, 0),
    (0x071, "VNOM", _RW, 0),
    (0x072, "DICOEFF", _RW, 0),
    (0x073, "ISUMLVL", _RW, 0),
    (0x269, "ISUMRMS", _R, 0),
    (0x26A, "VERSION2", _R, 0x0000_000C),
    (0x400, "IPEAK", _R, 0),
    (0x401, "VPEAK", _R, 0),
    (0x402, "STATUS0", _W1C, 0),
    (0x403, "STATUS1", _W1C, 0),
    (0x404, "EVENT_STATUS", _R, 0),
    (0x405, "MASK0", _RW, 0),
    (0x406, "MASK1", _RW, 0),
    (0x407, "EVENT_MASK", _RW, 0),
    (0x409, "OILVL", _RW, 0x00FF_FFFF),
    (0x40A, "OIA", _R, 0),
    (0x40B, "OIB", _R, 0),
    (0x40C, "OIC", _R, 0),
    (0x40D, "OIN", _R, 0),
    (0x40E, "USER_PERIOD", _RW, 0x0050_0000),
    (0x40F, "VLEVEL", _RW, 0x0004_5D45),
    (0x410, "DIP_LVL", _RW, 0),
    (0x411, "DIPA", _R, 0x007F_FFFF),
    (0x412, "DIPB", _R, 0x007F_FFFF),
    (0x413, "DIPC", _R, 0x007F_FFFF),
    (0x414, "SWELL_LVL", _RW, 0x00FF_FFFF),
    (0x415, "SWELLA", _R, 0),
    (0x416, "SWELLB", _R, 0),
    (0x417, "SWELLC", _R, 0),
    (0x418, "APERIOD", _R, 0x00A0_0000),
    (0x419, "BPERIOD", _R, 0x00A0_0000),
    (0x41A, "CPERIOD", _R, 0x00A0_0000),
    (0x41B, "COM_PERIOD", _R, 0x00A0_0000),
    (0x41C, "ACT_NL_LVL", _RW, 0x0000_FFFF),
    (0x41D, "REACT_NL_LVL", _RW, 0x0000_FFFF),
    (0x41E, "APP_NL_LVL", _RW, 0x0000_FFFF),
    (0x41F, "PHNOLOAD", _R, 0),
    (0x420, "WTHR", _RW, 0x0000_FFFF),
    (0x421, "VARTHR", _RW, 0x0000_FFFF),
    (0x422, "VATHR", _RW, 0x0000_FFFF),
    (0x423, "LAST_DATA_32", _R, 0),
    (0x424, "ADC_REDIRECT", _RW, 0x001F_FFFF),
    (0x425, "CF_LCFG", _RW, 0),
    (0x472, "PART_ID", _R, None),
    (0x474, "TEMP_TRIM", _R, None),
    (0x480, "RUN", _RW, 0),
    (0x481, "CONFIG1", _RW, 0),
    (0x482, "ANGL_VA_VB", _R, 0),
    (0x483, "ANGL_VB_VC", _R, 0),
    (0x484, "ANGL_VA_VC", _R, 0),
    (0x485, "ANGL_VA_IA", _R, 0),
    (0x486, "ANGL_VB_IB", _R, 0),
    (0x487, "ANGL_VC_IC", _R, 0),
    (0x488, "ANGL_IA_IB", _R, 0),
    (0x489, "ANGL_IB_IC", _R, 0),
    (0x48A, "ANGL_IA_IC", _R, 0),
    (0x48B, "DIP_CYC", _RW, 0xFFFF),
    (0x48C, "SWELL_CYC", _RW, 0xFFFF),
    (0x48F, "OISTATUS", _R, 0),
    (0x490, "CFMODE", _RW, 0),
    (0x491, "COMPMODE", _RW, 0),
    (0x492, "ACCMODE", _RW, 0),
    (0x493, "CONFIG3", _RW, 0xF000),
    (0x494, "CF1DEN", _RW, 0xFFFF),
    (0x495, "CF2DEN", _RW, 0xFFFF),
    (0x496, "CF3DEN", _RW, 0xFFFF),
    (0x497, "CF4DEN", _RW, 0xFFFF),
    (0x498, "ZXTOUT", _RW, 0xFFFF),
    (0x499, "ZXTHRSH", _RW, 0x0009),
    (0x49A, "ZX_LP_SEL", _RW, 0x001E),
    (0x49C, "SEQ_CYC", _RW, 0x00FF),
    (0x49D, "PHSIGN", _R, 0),
    (0x4A0, "WFB_CFG", _RW, 0),
    (0x4A1, "WFB_PG_IRQEN", _RW, 0),
    (0x4A2, "WFB_TRG_CFG", _RW, 0),
    (0x4A3, "WFB_TRG_STAT", _R, 0),
    (0x4A4, "CONFIG5", _RW, 0x0063),
    (0x4A8, "CRC_RSLT", _R, 0),
    (0x4A9, "CRC_SPI", _R, 0),
    (0x4AC, "LAST_DATA_16", _R, 0),
    (0x4AE, "LAST_CMD", _R, 0),
    (0x4AF, "CONFIG2", _RW, 0x0C00),
    (0x4B0, "EP_CFG", _RW, 0),
    (0x4B1, "PWR_TIME", _RW, 0x00FF),
    (0x4B2, "EGY_TIME", _RW, 0x00FF),
    (0x4B4, "CRC_FORCE", _RW, 0),
    (0x4B5, "CRC_OPTEN", _RW, 0),
    (0x4B6, "TEMP_CFG", _RW, 0),
    (0x4B7, "TEMP_RSLT", _R, 0),
    (0x4B8, "PSM2_CFG", _RW, 0x001F),
    (0x4B9, "PGA_GAIN", _RW, 0),
    (0x4BA, "CHNL_DIS", _RW, 0),
    (0x4BF, "WR_LOCK", _RW, 0),
    (0x4E0, "VAR_DIS", _RW, 0),
    (0x4F0, "RESERVED1", _R, 0),
    (0x4FE, "VERSION", _R, 0x00FE),
)

_READ_BACK_MASKS: Mapping[str, int] = MappingProxyType(
    {
        "STATUS0": 0,  # write 1 to clear
        "STATUS1": 0,  # write 1 to clear
        "WR_LOCK": 0,  # takes a key, reads 1 or 0
        "CRC_FORCE": 0,  # clears itself
        "CONFIG1": 0xFFFF & ~0x0021,  # CF_ACC_CLR and SWRST clear themselves
        "TEMP_CFG": 0xFFFF & ~0x0008,  # TEMP_START clears itself
        "OILVL": 0x00FF_FFFF,
        "DIP_LVL": 0x00FF_FFFF,
        "SWELL_LVL": 0x00FF_FFFF,
        "VLEVEL": 0x00FF_FFFF,
        "EGY_TIME": 0x1FFF,
        "PWR_TIME": 0x1FFF,
    }
)


def _phase_rows(index: int, phase: str) -> Iterator[tuple[int, str, Access, int | None]]:
    for offset, name in enumerate(_CALIBRATION):
        yield 0x000 + 0x20 * index + offset, phase + name, _RW, 0
    for offset, name in enumerate(_RESULTS):
        yield 0x20A + 0x20 * index + offset, phase + name, _R, 0xF if name == "MTREGION" else 0
    for number, energy in enumerate(_ENERGIES):
        for offset, part in enumerate(_ENERGY_PARTS):
            yield 0x2E4 + 60 * index + 10 * number + offset, phase + energy + part, _R, 0
    for offset, name in enumerate(_BY_PHASE):
        yield 0x680 + len(_BY_PHASE) * index + offset, f"{phase}{name}_2", _R, 0


def _rows() -> Iterator[tuple[int, str, Access, int | None]]:
    yield from _SINGLE
    for index, phase in enumerate(_PHASES):
        yield from _phase_rows(index, phase)
    for number, name in enumerate(_SIGNED_SUMS):
        yield 0x396 + 4 * number, f"{name}_ACC_LO", _R, 0
        yield 0x397 + 4 * number, f"{name}_ACC_HI", _R, 0
    for offset, name in enumerate(_SAMPLES):
        yield 0x500 + offset, f"{name}_SINC_DAT", _R, 0
        yield 0x510 + offset, f"{name}_LPF_DAT", _R, 0
    for offset, name in enumerate(_BY_QUANTITY):
        yield 0x600 + offset, f"{name}_1", _R, 0
    for offset, name in enumerate(_NEUTRAL):
        yield 0x265 + offset, name, _R, 0
        yield 0x6B9 + offset, f"{name}_2", _R, 0


def _register(address: int, name: str, access: Access, reset: int | None) -> Register:
    every_bit = (1 << width_bits(address)) - 1
    return Register(address, name, access, reset, _READ_BACK_MASKS.get(name, every_bit))


REGISTERS: Mapping[str, Register] = MappingProxyType({row[1]: _register(*row) for row in sorted(_rows())})
"""All of them by name, in the order of their addresses."""

WAVEFORM_BUFFER = range(0x800, 0x1000)
"""2048 words of 32 bits; not cleared by a reset."""
PAGES = 16
SETS_PER_PAGE = 16
WORDS_PER_SET = 8
"""IA, VA, IB, VB, IC, VC, IN and a spare word that bursts leave out."""
