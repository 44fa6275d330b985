"""`/dev/spidev0.0` of a simulated board: messages, plain reads and writes, attributes, as spidev does."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct

from ampguard_drivers.simulated.nodes import Answer, Request, ServedBoard, refusal
from ampguard_drivers.simulated.protocol import SPI_BUFFER_SIZE, Operation, Segment, SegmentFlag, decode_spi

_WRITE, _READ = 1, 2
_FLOATING = b"\xff"  # a pull-up keeps MISO high while the chip does not drive it
_ALIGNED = 128
"""Each segment takes a multiple of it in the kernel's buffers: ARCH_DMA_MINALIGN of arm64."""
_CHIP_MODES = (0, 3)
_MODES = range(4)  # what the controllers of the Raspberry Pi offer
_BITS_PER_WORD = 8  # likewise

_ATTRIBUTES = (
    # number of the ioctl, layout of its value, field
    (1, Struct("<B"), "mode"),
    (2, Struct("<B"), "lsb_first"),
    (3, Struct("<B"), "bits_per_word"),
    (4, Struct("<I"), "clock_hz"),
    (5, Struct("<I"), "mode"),
)


def _code(direction: int, number: int, size: int) -> int:
    return direction << 30 | size << 16 | ord("k") << 8 | number


_READERS = {_code(_READ, number, layout.size): (layout, name) for number, layout, name in _ATTRIBUTES}
_WRITERS = {_code(_WRITE, number, layout.size): (layout, name) for number, layout, name in _ATTRIBUTES}


@dataclass(slots=True)
class SpiNode:
    """One opened descriptor. Transfers take no time: the clock rate is kept and answered, but has no effect."""

    board: ServedBoard
    mode: int = 0
    lsb_first: int = 0
    bits_per_word: int = _BITS_PER_WORD
    clock_hz: int = 125_000_000

    def answer(self, request: Request) -> Answer:
        """Do what is asked. Raises OSError as the kernel would."""
        match request.operation:
            case Operation.SPI_MESSAGE:
                try:
                    segments, sent = decode_spi(request.argument, request.payload)
                except ValueError:
                    raise refusal(errno.EINVAL) from None
                return self._message(segments, sent)
            case Operation.READ:
                return self._message([Segment(request.argument, SegmentFlag.RECEIVES)], b"")
            case Operation.WRITE:
                return self._message([Segment(len(request.payload), SegmentFlag.SENDS)], request.payload)
            case Operation.IOCTL if request.code in _READERS:
                layout, name = _READERS[request.code]
                return Answer(payload=layout.pack(getattr(self, name)))
            case Operation.IOCTL if request.code in _WRITERS and len(request.payload) == _WRITERS[request.code][0].size:
                layout, name = _WRITERS[request.code]
                self._set(name, layout.unpack(request.payload)[0])
                return Answer()
            case _:
                raise refusal(errno.ENOTTY)

    def release(self) -> None:
        """Nothing is held."""

    def _set(self, name: str, value: int) -> None:
        allowed = {"mode": value in _MODES, "lsb_first": value == 0, "bits_per_word": value in (0, _BITS_PER_WORD)}
        if not allowed.get(name, value > 0):
            raise refusal(errno.EINVAL)
        setattr(self, name, value or _BITS_PER_WORD if name == "bits_per_word" else value)

    def _message(self, segments: Sequence[Segment], sent: bytes) -> Answer:
        for direction in (SegmentFlag.SENDS, SegmentFlag.RECEIVES):
            taken = sum(-(-one.length // _ALIGNED) * _ALIGNED for one in segments if one.flags & direction)
            if taken > SPI_BUFFER_SIZE:
                raise refusal(errno.EMSGSIZE)
        if any(segment.bits_per_word not in (0, _BITS_PER_WORD) for segment in segments):
            raise refusal(errno.EINVAL)
        return Answer(sum(segment.length for segment in segments), self._frames(segments, sent))

    def _frames(self, segments: Sequence[Segment], sent: bytes) -> bytes:
        """Run the segments, one frame of the chip for each chip-select period; return what is received.

        A chip select kept active after the last segment (cs_change there) is not modelled: the chip has no use for it.
        """
        received = bytearray()
        frame = bytearray()
        wanted: list[slice] = []
        position = 0
        for number, segment in enumerate(segments, 1):
            if segment.flags & SegmentFlag.RECEIVES:
                wanted.append(slice(len(frame), len(frame) + segment.length))
            if segment.flags & SegmentFlag.SENDS:
                frame += sent[position : position + segment.length]
                position += segment.length
            else:
                frame += bytes(segment.length)
            if number == len(segments) or segment.flags & SegmentFlag.RELEASES_CHIP_SELECT:
                answered = self._frame(bytes(frame))
                for part in wanted:
                    received += answered[part]
                frame.clear()
                wanted.clear()
        return bytes(received)

    def _frame(self, mosi: bytes) -> bytes:
        if not mosi:
            return b""
        if self.mode not in _CHIP_MODES:  # sampled at the wrong edge: the chip sees no command that it knows
            return _FLOATING * len(mosi)
        return self.board.spi_frame(mosi)
