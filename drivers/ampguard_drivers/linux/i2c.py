"""I2C through the kernel's i2c-dev, by smbus2's plain transfers: a write and a read with a repeated start between."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from typing import Any

from ampguard_drivers.boardfile import I2cPlace
from ampguard_drivers.errors import BusFault, HardwareFault, NotAcknowledged
from ampguard_drivers.linux.libraries import library

_NOT_ACKNOWLEDGED = (errno.EREMOTEIO, errno.ENXIO)
"""What the controllers of the Raspberry Pi answer (i2c-bcm2835, i2c-designware), and what the kernel recommends."""


class I2cDevice:
    """`bus.I2cBus` on /dev/i2c-N."""

    def __init__(self, place: I2cPlace) -> None:
        """Open. Raises HardwareFault with what to install or enable."""
        self._place = place
        smbus2 = library("smbus2")
        self._message: Any = smbus2.i2c_msg
        try:
            self._bus: Any = smbus2.SMBus(place.device)
        except OSError as error:
            raise HardwareFault(_unopened(place, error)) from error

    def write(self, address: int, data: bytes) -> None:
        """Write to a 7-bit address. Raises NotAcknowledged or BusFault."""
        self._transfer(address, [self._message.write(address, data)])

    def write_read(self, address: int, data: bytes, receive_length: int) -> bytes:
        """Write, repeated start, read. Raises NotAcknowledged or BusFault."""
        read = self._message.read(address, receive_length)
        self._transfer(address, [self._message.write(address, data), read])
        return bytes(read)

    def close(self) -> None:
        """Give the device back."""
        self._bus.close()

    def _transfer(self, address: int, messages: Iterable[Any]) -> None:
        try:
            self._bus.i2c_rdwr(*messages)
        except OSError as error:
            if error.errno in _NOT_ACKNOWLEDGED:
                raise NotAcknowledged(f"nothing acknowledges address {address:#04x} on {self._place.device}") from error
            raise BusFault(
                f"a transfer with address {address:#04x} on {self._place.device} failed: {error.strerror}"
            ) from error


def _unopened(place: I2cPlace, error: OSError) -> str:
    match error.errno:
        case errno.ENOENT | errno.ENODEV | errno.ENXIO:
            return (
                f'{place.device} should open, but it is not there: enable I2C ("dtparam=i2c_arm=on" in config.txt, and'
                ' the module "i2c-dev") and restart'
            )
        case errno.EACCES | errno.EPERM:
            return f'{place.device} should open, but permission is denied: add the user to the group "i2c"'
        case _:
            return f"{place.device} should open: {error.strerror or error}"
