"""ADE9000 (data sheet Rev. B, Table 7): the bits inside its registers.

Only registers whose bits the driver sets or reads have a class here; each class bears its register's name.
"""

from __future__ import annotations

from enum import Enum, IntEnum, IntFlag


class Status0(IntFlag):
    """STATUS0 0x402 and MASK0 0x405: what pulls IRQ0 low."""

    EGYRDY = 1 << 0
    REVAPCA = 1 << 1
    REVAPCB = 1 << 2
    REVAPCC = 1 << 3
    REVRPCA = 1 << 4
    REVRPCB = 1 << 5
    REVRPCC = 1 << 6
    REVPSUM1 = 1 << 7
    REVPSUM2 = 1 << 8
    REVPSUM3 = 1 << 9
    REVPSUM4 = 1 << 10
    CF1 = 1 << 11
    CF2 = 1 << 12
    CF3 = 1 << 13
    CF4 = 1 << 14
    DREADY = 1 << 15
    WFB_TRIG_IRQ = 1 << 16
    PAGE_FULL = 1 << 17
    PWRRDY = 1 << 18
    RMSONERDY = 1 << 19
    RMS1012RDY = 1 << 20
    THD_PF_RDY = 1 << 21
    WFB_TRIG = 1 << 22
    COH_WFB_FULL = 1 << 23
    MISMTCH = 1 << 24
    TEMP_RDY = 1 << 25


class Status1(IntFlag):
    """STATUS1 0x403 and MASK1 0x406: what pulls IRQ1 low. RSTDONE, ERROR0 and ERROR1 cannot be masked."""

    ANLOAD = 1 << 0
    RNLOAD = 1 << 1
    VANLOAD = 1 << 2
    AFNOLOAD = 1 << 3
    RFNOLOAD = 1 << 4
    VAFNOLOAD = 1 << 5
    ZXTOVA = 1 << 6
    ZXTOVB = 1 << 7
    ZXTOVC = 1 << 8
    ZXVA = 1 << 9
    ZXVB = 1 << 10
    ZXVC = 1 << 11
    ZXCOMB = 1 << 12
    ZXIA = 1 << 13
    ZXIB = 1 << 14
    ZXIC = 1 << 15
    RSTDONE = 1 << 16
    OI = 1 << 17
    SEQERR = 1 << 18
    SWELLA = 1 << 20
    SWELLB = 1 << 21
    SWELLC = 1 << 22
    DIPA = 1 << 23
    DIPB = 1 << 24
    DIPC = 1 << 25
    CRC_CHG = 1 << 26
    CRC_DONE = 1 << 27
    ERROR0 = 1 << 28
    ERROR1 = 1 << 29
    ERROR2 = 1 << 30
    ERROR3 = 1 << 31


class EventStatus(IntFlag):
    """EVENT_STATUS 0x404: live, not latched. No-load and sign bits are left out."""

    DIPA = 1 << 0
    DIPB = 1 << 1
    DIPC = 1 << 2
    SWELLA = 1 << 3
    SWELLB = 1 << 4
    SWELLC = 1 << 5


class Config1(IntFlag):
    """CONFIG1 0x481."""

    SWRST = 1 << 0
    DIP_SWELL_IRQ_MODE = 1 << 10
    """An interrupt when a dip or swell begins and when it ends, instead of one every DIP_CYC."""
    BURST_EN = 1 << 11
    EXT_REF = 1 << 15


class Config3(IntFlag):
    """CONFIG3 0x493: over-current detection. The order of the bits is reversed, as the data sheet says."""

    OC_EN_N = 1 << 12
    OC_EN_C = 1 << 13
    OC_EN_B = 1 << 14
    OC_EN_A = 1 << 15


class OiStatus(IntFlag):
    """OISTATUS 0x48F: which current was too large."""

    A = 1 << 0
    B = 1 << 1
    C = 1 << 2
    N = 1 << 3


class AccMode(IntFlag):
    """ACCMODE 0x492: without SELFREQ the network has 50 Hz. The wiring (VCONSEL) is in `Wiring`."""

    ICONSEL = 1 << 7
    SELFREQ_60 = 1 << 8


class Wiring(Enum):
    """VCONSEL, ACCMODE [6:4]: how the voltage terminals are connected."""

    FOUR_WIRE_WYE = 0b000
    THREE_WIRE_DELTA = 0b001
    """VB' = VA - VC."""
    FOUR_WIRE_WYE_NON_BLONDEL = 0b010
    """VB' = -VA - VC."""
    FOUR_WIRE_DELTA_NON_BLONDEL = 0b011
    """VB' = -VA."""
    THREE_WIRE_DELTA_ALL = 0b100
    """VA' = VA - VB, VB' = VA - VC, VC' = VC - VB."""

    @property
    def has_neutral(self) -> bool:
        """Whether the chip watches the order of three line-to-neutral voltages."""
        return self not in (Wiring.THREE_WIRE_DELTA, Wiring.THREE_WIRE_DELTA_ALL)


class PgaGain(IntEnum):
    """One 2-bit field of PGA_GAIN 0x4B9 (IA, IB, IC, IN, VA, VB, VC from the lowest)."""

    X1 = 0b00
    X2 = 0b01
    X4 = 0b10

    @property
    def factor(self) -> int:
        """Amplification before the converter."""
        return 1 << self.value


class WfbCfg(IntFlag):
    """WFB_CFG 0x4A0, all bits 0 in BURST_CHAN = all channels in a burst."""

    WF_CAP_EN = 1 << 4
    """0 -> 1 starts filling at page 0."""
    WF_CAP_SEL_FIXED_RATE = 1 << 5
    WF_MODE_CONTINUOUS = 0b11 << 6
    """Keeps filling; a trigger would only be noted."""
    WF_SRC_LPF = 0b10 << 8
    """sinc4 + low-pass, 8 ksps: the converter's own samples, before any of the chip's metering."""
    WF_IN_EN = 1 << 12
    """Bursts carry the neutral current as seventh word of a set."""


class TempCfg(IntFlag):
    """TEMP_CFG 0x4B6; TEMP_TIME [1:0] = 0 gives a result from one sample, after about a millisecond."""

    TEMP_EN = 1 << 2
    TEMP_START = 1 << 3


class CrcOptEn(IntFlag):
    """CRC_OPTEN 0x4B5: further registers under the chip's checksum over its configuration."""

    EVERYTHING = 0xFFFF


CF_ALL_DISABLED = 0xF000
"""CFMODE 0x490: no pulse outputs."""
LOCK_KEY = 0x3C64
UNLOCK_KEY = 0x4AD1
"""WR_LOCK 0x4BF."""
LAST_PAGE_SHIFT = 12
"""WFB_TRG_STAT 0x4A3 [15:12]: the page that was filled last."""
PART_ID_ADE9000 = 1 << 20
"""PART_ID 0x472: clear in an ADE9078."""
VERSION_MASK = 0xFFC0
VERSION_CURRENT = 0x00C0
"""VERSION 0x4FE: the silicon this driver is for; the low bits vary."""
