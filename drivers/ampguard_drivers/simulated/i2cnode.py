"""`/dev/i2c-1` of a simulated board: plain transfers, and the SMBus commands that the kernel makes of them."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct

from ampguard_drivers.errors import NotAcknowledged
from ampguard_drivers.simulated.nodes import Answer, Request, ServedBoard, refusal
from ampguard_drivers.simulated.protocol import SMBUS, I2cPart, Operation, decode_i2c


class _Code(IntEnum):
    """ioctls of linux/i2c-dev.h, whose argument is a number and not a place."""

    RETRIES = 0x0701
    TIMEOUT = 0x0702
    SLAVE = 0x0703
    FUNCS = 0x0705
    SLAVE_FORCE = 0x0706
    PEC = 0x0708


_LONG = Struct("<Q")
_FUNCTIONS = 0x0EFF0009
"""What the Raspberry Pi's controller offers: plain transfers and SMBus emulated over them, with checksums."""
_MOST_MESSAGES = 42
_LONGEST_MESSAGE = 8192
_BLOCK_LENGTH = 32
_QUICK, _BYTE, _BYTE_DATA, _WORD_DATA, _I2C_BLOCK = 0, 1, 2, 3, 8
_LENGTHS = {_QUICK: 0, _BYTE: 1, _BYTE_DATA: 1, _WORD_DATA: 2}


@dataclass(slots=True)
class I2cNode:
    """One opened descriptor."""

    board: ServedBoard
    address: int = 0

    def answer(self, request: Request) -> Answer:
        """Do what is asked. Raises OSError as the kernel would; EREMOTEIO where nobody acknowledged."""
        match request.operation:
            case Operation.I2C_TRANSFER if 0 < request.argument <= _MOST_MESSAGES:
                try:
                    parts = decode_i2c(request.argument, request.payload)
                except ValueError:
                    raise refusal(errno.EINVAL) from None
                if any(max(part.receive_length, len(part.data or b"")) > _LONGEST_MESSAGE for part in parts):
                    raise refusal(errno.EINVAL)
                return Answer(len(parts), b"".join(self._transfer(parts)))
            case Operation.SMBUS_TRANSFER if len(request.payload) == SMBUS.size:
                return self._smbus(*SMBUS.unpack(request.payload))
            case Operation.READ:
                length = min(request.argument, _LONGEST_MESSAGE)
                return Answer(length, self._transfer([I2cPart(self.address, None, length)])[0])
            case Operation.WRITE:
                self._transfer([I2cPart(self.address, request.payload)])
                return Answer(len(request.payload))
            case Operation.IOCTL:
                return self._setting(request)
            case _:
                raise refusal(errno.EINVAL)

    def release(self) -> None:
        """Nothing is held."""

    def _transfer(self, parts: Sequence[I2cPart]) -> list[bytes]:
        try:
            return self.board.i2c_transfer(parts)
        except NotAcknowledged:
            raise refusal(errno.EREMOTEIO) from None

    def _setting(self, request: Request) -> Answer:
        if len(request.payload) != _LONG.size:
            raise refusal(errno.EINVAL)
        (value,) = _LONG.unpack(request.payload)
        match request.code:
            case _Code.SLAVE | _Code.SLAVE_FORCE:
                if not 0 <= value <= 0x7F:  # noqa: PLR2004 - seven bits of address
                    raise refusal(errno.EINVAL)
                self.address = value
                return Answer()
            case _Code.FUNCS:
                return Answer(payload=_LONG.pack(_FUNCTIONS))
            case _Code.RETRIES | _Code.TIMEOUT:  # the bus here neither loses arbitration nor stretches its clock
                return Answer()
            case _Code.PEC if value == 0:
                return Answer()
            case _:
                raise refusal(errno.ENOTTY)

    def _smbus(self, size: int, command: int, reads: int, data: bytes) -> Answer:
        if size == _I2C_BLOCK:
            length = data[0]
            if not 1 <= length <= _BLOCK_LENGTH:
                raise refusal(errno.EINVAL)
            block = data[1 : 1 + length]
        elif size in _LENGTHS:
            length = _LENGTHS[size]
            block = data[:length]
        else:  # block and process calls with a count from the device: nothing on this bus has them
            raise refusal(errno.EOPNOTSUPP)
        if size == _QUICK or (size == _BYTE and not reads):
            self._transfer([I2cPart(self.address, bytes([command]) if size == _BYTE else b"")])
            return Answer(payload=data)
        register = [] if size == _BYTE else [I2cPart(self.address, bytes([command]))]
        if not reads:
            self._transfer([I2cPart(self.address, bytes([command]) + block)])
            return Answer(payload=data)
        read = self._transfer([*register, I2cPart(self.address, None, length)])[-1]
        answered = bytes([length]) + read if size == _I2C_BLOCK else read
        return Answer(payload=answered.ljust(len(data), b"\0"))
