"""The chip's register file: widths, reset values, what can be written, what clears itself (Tables 6 and 7)."""

from __future__ import annotations

from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

NARROW = range(0x480, 0x4FF)
"""Addresses of 16-bit registers; all others have 32 bits."""
BUFFER = range(0x800, 0x1000)

IPEAK, VPEAK = 0x400, 0x401
STATUS0, STATUS1, EVENT_STATUS, MASK0, MASK1, EVENT_MASK = range(0x402, 0x408)
OILVL, OIA, USER_PERIOD, VLEVEL = 0x409, 0x40A, 0x40E, 0x40F
DIP_LVL, DIPA, SWELL_LVL, SWELLA = 0x410, 0x411, 0x414, 0x415
APERIOD, COM_PERIOD = 0x418, 0x41B
LAST_DATA_32, ADC_REDIRECT = 0x423, 0x424
PART_ID, TEMP_TRIM = 0x472, 0x474
RUN, CONFIG1, ANGLES = 0x480, 0x481, 0x482
DIP_CYC, SWELL_CYC, OISTATUS = 0x48B, 0x48C, 0x48F
ACCMODE, CONFIG3, ZXTHRSH, SEQ_CYC, PHSIGN = 0x492, 0x493, 0x499, 0x49C, 0x49D
WFB_CFG, WFB_PG_IRQEN, WFB_TRG_CFG, WFB_TRG_STAT = range(0x4A0, 0x4A4)
CRC_RSLT, CRC_SPI, LAST_DATA_16, LAST_CMD = 0x4A8, 0x4A9, 0x4AC, 0x4AE
EP_CFG, PWR_TIME, EGY_TIME, CRC_FORCE, CRC_OPTEN, TEMP_CFG, TEMP_RSLT = 0x4B0, 0x4B1, 0x4B2, 0x4B4, 0x4B5, 0x4B6, 0x4B7
PGA_GAIN, CHNL_DIS, WR_LOCK, VERSION = 0x4B9, 0x4BA, 0x4BF, 0x4FE

RAM_END = 0x074
LOCK, UNLOCK = 0x3C64, 0x4AD1
LOCKED = frozenset(chain(range(RAM_END), range(0x400, 0x4FF)))

WRITABLE: Mapping[int, int] = MappingProxyType(
    {
    address: 0xFFFF if address in NARROW else 0xFFFFFFFF
    for address in chain(
        range(0x019), range(0x020, 0x039), range(0x040, 0x059), range(0x060, 0x074),
        (MASK0, MASK1, EVENT_MASK, USER_PERIOD, 0x41C, 0x41D, 0x41E, 0x420, 0x421, 0x422, ADC_REDIRECT, 0x425),
        (RUN, CONFIG1, DIP_CYC, SWELL_CYC), range(0x490, 0x49B), (SEQ_CYC, 0x4A0, 0x4A1, 0x4A2, 0x4A4, 0x4AF, EP_CFG),
        (CRC_FORCE, CRC_OPTEN, TEMP_CFG, 0x4B8, 0x4B9, 0x4BA, 0x4E0),
    )
    }
    | dict.fromkeys((OILVL, VLEVEL, DIP_LVL, SWELL_LVL), 16777215) | {PWR_TIME: 0x1FFF, EGY_TIME: 0x1FFF}
)  # fmt: skip
"""Address of each register that can be written, with the bits it has."""

COMPUTED = frozenset((
    *range(0x200, 0x400), *range(0x600, 0x700), *range(APERIOD, COM_PERIOD + 1), *range(ANGLES, ANGLES + 9), PHSIGN,
))  # fmt: skip
"""What the chip's signal processing puts there."""
CHECKED = tuple(address for address in WRITABLE if address < RAM_END or address in {ACCMODE, CONFIG1, 0x4AF, 0x4B9})
"""What the background checksum covers always (data sheet, "configuration registers CRC")."""
OPTIONALLY_CHECKED = (
    MASK0, MASK1, EVENT_MASK, DIP_LVL, DIP_CYC, SWELL_LVL, SWELL_CYC, 0x41C, 0x41D, 0x41E, 0x498, 0x49A, SEQ_CYC,
    WFB_CFG, WFB_PG_IRQEN, WFB_TRG_CFG,
)  # fmt: skip
"""What each bit of CRC_OPTEN adds to it, from bit 0."""

SELF_CLEARING: Mapping[int, int] = MappingProxyType({CONFIG1: 0x0021, CRC_FORCE: 0x0001, TEMP_CFG: 0x0008})

RESETS: Mapping[int, int] = MappingProxyType({
    0x21D: 0xF, 0x23D: 0xF, 0x25D: 0xF,
    OILVL: 0xFFFFFF, USER_PERIOD: 0x00500000, VLEVEL: 0x00045D45,
    0x411: 0x7FFFFF, 0x412: 0x7FFFFF, 0x413: 0x7FFFFF, SWELL_LVL: 0xFFFFFF,
    0x418: 0x00A00000, 0x419: 0x00A00000, 0x41A: 0x00A00000, 0x41B: 0x00A00000,
    0x41C: 0xFFFF, 0x41D: 0xFFFF, 0x41E: 0xFFFF, 0x420: 0xFFFF, 0x421: 0xFFFF, 0x422: 0xFFFF,
    ADC_REDIRECT: 0x1FFFFF, DIP_CYC: 0xFFFF, SWELL_CYC: 0xFFFF, CONFIG3: 0xF000,
    0x494: 0xFFFF, 0x495: 0xFFFF, 0x496: 0xFFFF, 0x497: 0xFFFF, 0x498: 0xFFFF, 0x499: 0x0009, 0x49A: 0x001E,
    SEQ_CYC: 0x00FF, 0x4A4: 0x0063, 0x4AF: 0x0C00, PWR_TIME: 0x00FF, EGY_TIME: 0x00FF, 0x4B8: 0x001F, VERSION: 0x00FE,
})  # fmt: skip
"""Everything that is not 0 after a reset; VERSION2 shows once the DSP runs."""

BURSTS = (range(0x500, 0x600), range(0x600, 0x63D), range(0x680, 0x6BD))
"""Where a read with BURST_EN goes on to the next address."""
