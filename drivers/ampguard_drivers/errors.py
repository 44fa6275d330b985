"""What can be wrong with the hardware, as named errors that an installer can act on.

HardwareFault
├── BusFault              the kernel refused or timed out a transfer
│   └── NotAcknowledged   an I2C device did not answer its address
├── ChipMissing           nothing answers at the bus
├── WrongChip             something answers, but it is not the chip we drive
├── ResetTimeout          the chip did not come out of reset in time
├── ChipReset             the chip restarted in the middle of work
├── FrameCorrupt          a CRC over a read did not match, repeatedly
├── WriteRefused          a register did not hold what was written
├── ConfigurationChanged  the chip's own configuration checksum moved
├── InterruptStuck        an interrupt line stays low though everything was acknowledged
├── StreamStalled         no samples arrived in time
├── MemoryMissing         the EEPROM does not answer
└── RecordCorrupt         both copies of an EEPROM record fail their checksum
"""

from __future__ import annotations

from typing import ClassVar


class HardwareFault(Exception):
    """Something an installer must look at. The message says what was wanted, what was met and the limit."""

    code: ClassVar[str] = "H00"


class BusFault(HardwareFault):
    """The kernel refused a transfer, or it timed out."""

    code = "H01"


class ChipMissing(HardwareFault):
    """Nothing answers at the bus."""

    code = "H02"


class WrongChip(HardwareFault):
    """Something answers, but it is not the chip this driver is for."""

    code = "H03"


class ResetTimeout(HardwareFault):
    """The chip did not report the end of its reset in time."""

    code = "H04"


class ChipReset(HardwareFault):
    """The chip restarted in the middle of work: its configuration and its samples are gone."""

    code = "H05"


class FrameCorrupt(HardwareFault):
    """Reads keep failing their checksum."""

    code = "H06"


class WriteRefused(HardwareFault):
    """A register read back differs from what was written."""

    code = "H07"


class ConfigurationChanged(HardwareFault):
    """The chip's background checksum over its configuration moved though nobody wrote."""

    code = "H08"


class InterruptStuck(HardwareFault):
    """An interrupt line stays low though every cause was acknowledged."""

    code = "H09"


class StreamStalled(HardwareFault):
    """The chip stopped delivering samples."""

    code = "H10"


class MemoryMissing(HardwareFault):
    """The identity memory does not answer."""

    code = "H11"


class RecordCorrupt(HardwareFault):
    """Both copies of a record in the identity memory fail their checksum."""

    code = "H12"


class NotAcknowledged(BusFault):
    """An I2C device did not acknowledge: absent, or busy writing."""

    code = "H13"
