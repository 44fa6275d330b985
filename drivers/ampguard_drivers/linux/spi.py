"""SPI through the kernel's spidev (linux/spi/spidev.h), one message for each exchange.

The `spidev` library opens and configures the device; its transfers are not used, for they take at most 4096 bytes
including the command, one word less than half a waveform buffer needs. One SPI_IOC_MESSAGE with two segments a frame,
command and answer, has room for all of it, copies nothing in Python, and lets other threads run meanwhile.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
from pathlib import Path
from struct import Struct
from typing import TYPE_CHECKING, Protocol

from ampguard_drivers.boardfile import SpiPlace
from ampguard_drivers.errors import BusFault, HardwareFault
from ampguard_drivers.linux.libraries import library

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ampguard_drivers.bus import SpiFrame

BUFFER_SIZE_FILE = Path("/sys/module/spidev/parameters/bufsiz")
DEFAULT_BUFFER_SIZE = 4096
"""The kernel's own default, for kernels that do not say."""
NEEDED_BUFFER_SIZE = 4096
"""Half a waveform buffer: 128 sets of 8 words (`bus.SpiBus.exchange`)."""

_TRANSFER = Struct("=QQIIHBBBBBB")  # struct spi_ioc_transfer
_BITS_PER_WORD = 8
_LONGEST_COMMAND = 4096


def _message(segments: int) -> int:
    """SPI_IOC_MESSAGE(segments)."""
    return 1 << 30 | segments * _TRANSFER.size << 16 | ord("k") << 8


class SpiDescriptor(Protocol):
    """What is needed of `spidev.SpiDev`."""

    mode: int
    max_speed_hz: int
    bits_per_word: int

    def open(self, bus: int, device: int, /) -> None:
        """Open /dev/spidev<bus>.<device>."""
        ...

    def fileno(self) -> int:
        """The descriptor."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


class SpiDevice:
    """`bus.SpiBus` on a spidev. For one thread at a time."""

    def __init__(self, place: SpiPlace) -> None:
        """Open and configure. Raises HardwareFault with what to install or enable."""
        self._place = place
        self._most = buffer_size()
        self._sent = bytearray(_LONGEST_COMMAND)
        self._received = bytearray(self._most)
        self._sent_address = _address(self._sent)
        self._received_address = _address(self._received)
        self._device: SpiDescriptor = library("spidev").SpiDev()
        try:
            self._device.open(place.bus, place.chip_select)
            self._device.mode = place.mode
            self._device.bits_per_word = _BITS_PER_WORD
            self._device.max_speed_hz = round(place.clock_hz)
        except OSError as error:
            self._device.close()
            raise HardwareFault(_unopened(place, error)) from error
        self._descriptor = self._device.fileno()

    def exchange(self, *frames: SpiFrame) -> list[bytes]:
        """See `bus.SpiBus`.

        A message that timed out in the kernel is tried once more: the DMA of the Pi 5 is known to do that
        (raspberrypi/linux#5696, #6020). Raises BusFault.
        """
        sent = b"".join(frame.sent for frame in frames)
        receive_length = sum(frame.receive_length for frame in frames)
        if len(sent) > min(_LONGEST_COMMAND, self._most) or receive_length > self._most:
            raise BusFault(
                f"{self._place.device} takes {self._most} bytes in one message each way, wanted were {len(sent)} out"
                f" and {receive_length} in: raise spidev.bufsiz on the kernel's command line"
            )
        self._sent[: len(sent)] = sent
        segments = self._segments([frame for frame in frames if any(frame)])
        if segments:
            self._transfer(segments)
        received, at = memoryview(self._received), 0
        found: list[bytes] = []
        for frame in frames:
            found.append(bytes(received[at : at + frame.receive_length]))
            at += frame.receive_length
        return found

    def close(self) -> None:
        """Give the device back."""
        self._device.close()

    def _segments(self, frames: Sequence[SpiFrame]) -> bytearray:
        """What the kernel is to do: the chip select goes off after the last segment of each frame.

        After the last of all it does so by itself; to ask for it there means the contrary (spi.h, cs_change).
        """
        found = bytearray()
        out, into = self._sent_address, self._received_address
        for left, (sent, length) in enumerate(frames, 1 - len(frames)):
            ends = left != 0
            if sent:
                found += _TRANSFER.pack(out, 0, len(sent), 0, 0, 0, ends and not length, 0, 0, 0, 0)
            if length:
                found += _TRANSFER.pack(0, into, length, 0, 0, 0, ends, 0, 0, 0, 0)
            out, into = out + len(sent), into + length
        return found

    def _transfer(self, segments: bytearray) -> None:
        code = _message(len(segments) // _TRANSFER.size)
        try:
            fcntl.ioctl(self._descriptor, code, segments)
        except OSError as error:
            if error.errno != errno.ETIMEDOUT:
                raise BusFault(f"a transfer on {self._place.device} failed: {error.strerror}") from error
            self._transfer_again(code, segments)

    def _transfer_again(self, code: int, segments: bytearray) -> None:
        try:
            fcntl.ioctl(self._descriptor, code, segments)
        except OSError as error:
            raise BusFault(f"a transfer on {self._place.device} failed twice in a row: {error.strerror}") from error


def buffer_size(file: Path = BUFFER_SIZE_FILE) -> int:
    """How many bytes one message may send, and receive. Raises HardwareFault if that is too few for this product."""
    try:
        size = int(file.read_text())
    except FileNotFoundError:
        size = DEFAULT_BUFFER_SIZE
    if size < NEEDED_BUFFER_SIZE:
        raise HardwareFault(
            f"the kernel's SPI buffer should hold {NEEDED_BUFFER_SIZE} bytes, {file} says {size}:"
            f" put spidev.bufsiz={NEEDED_BUFFER_SIZE} on the kernel's command line"
        )
    return size


def _address(buffer: bytearray) -> int:
    """Where the buffer lies; it must never be resized."""
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))


def _unopened(place: SpiPlace, error: OSError) -> str:
    wanted = f"{place.device} should open with mode {place.mode} and {place.clock_hz:g} Hz"
    match error.errno:
        case errno.ENOENT | errno.ENODEV | errno.ENXIO:
            return f'{wanted}, but it is not there: enable SPI ("dtparam=spi=on" in config.txt) and restart'
        case errno.EACCES | errno.EPERM:
            return f'{wanted}, but permission is denied: add the user to the group "spi"'
        case _:
            return f"{wanted}: {error.strerror or error}"
