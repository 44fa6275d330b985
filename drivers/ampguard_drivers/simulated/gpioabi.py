"""The kernel's GPIO character device interface, version 2 (linux/gpio.h), as far as lines here need it.

Only layouts and numbers, for whoever answers (`nodes`) and whoever asks (`client`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from struct import Struct

_READ, _READ_WRITE = 2, 3
_MAGIC = 0xB4


def _code(direction: int, number: int, size: int) -> int:
    return direction << 30 | size << 16 | _MAGIC << 8 | number


CHIP_INFO = Struct("<32s32sI")
LINE_INFO = Struct("<32s32sIIQ176x")
LINE_REQUEST = Struct("<64I32s272sII20xi")
LINE_CONFIG = Struct("<QI20x240s")
LINE_ATTRIBUTE = Struct("<IIQQ")
LINE_VALUES = Struct("<QQ")
LINE_EVENT = Struct("<QIIII24x")

MOST_LINES = 64
_ATTRIBUTES = 10


class Code(IntEnum):
    """Numbers of the ioctls."""

    CHIP_INFO = _code(_READ, 0x01, CHIP_INFO.size)
    LINE_INFO = _code(_READ_WRITE, 0x05, LINE_INFO.size)
    REQUEST_LINES = _code(_READ_WRITE, 0x07, LINE_REQUEST.size)
    SET_CONFIG = _code(_READ_WRITE, 0x0D, LINE_CONFIG.size)
    GET_VALUES = _code(_READ_WRITE, 0x0E, LINE_VALUES.size)
    SET_VALUES = _code(_READ_WRITE, 0x0F, LINE_VALUES.size)


class LineFlag(IntFlag):
    """How a line is used."""

    USED = 1 << 0
    ACTIVE_LOW = 1 << 1
    INPUT = 1 << 2
    OUTPUT = 1 << 3
    EDGE_RISING = 1 << 4
    EDGE_FALLING = 1 << 5
    OPEN_DRAIN = 1 << 6
    OPEN_SOURCE = 1 << 7
    BIAS_PULL_UP = 1 << 8
    BIAS_PULL_DOWN = 1 << 9
    BIAS_DISABLED = 1 << 10
    CLOCK_REALTIME = 1 << 11
    CLOCK_HTE = 1 << 12


class AttributeId(IntEnum):
    """Which field of an attribute's union is meant."""

    FLAGS = 1
    OUTPUT_VALUES = 2
    DEBOUNCE = 3


class Edge(IntEnum):
    """What an event tells of."""

    RISING = 1
    FALLING = 2


@dataclass(frozen=True, slots=True)
class LineConfig:
    """How the lines of one request are to be used; bits and masks count lines in the order of the request."""

    flags: LineFlag
    flags_of: tuple[tuple[LineFlag, int], ...] = ()
    """Other flags for the lines of a mask; the first that names a line counts."""
    values: int = 0
    """Logical values of outputs."""
    debounced: int = 0
    """Mask of lines that are to be debounced."""

    def flags_for(self, index: int) -> LineFlag:
        """Flags of one line of the request."""
        return next((flags for flags, mask in self.flags_of if mask >> index & 1), self.flags)


@dataclass(frozen=True, slots=True)
class LineRequest:
    """Lines that somebody wants to hold."""

    offsets: tuple[int, ...]
    consumer: str
    config: LineConfig


def encode_config(config: LineConfig) -> bytes:
    """As struct gpio_v2_line_config."""
    attributes = [LINE_ATTRIBUTE.pack(AttributeId.FLAGS, 0, flags, mask) for flags, mask in config.flags_of]
    if config.values:
        attributes.append(LINE_ATTRIBUTE.pack(AttributeId.OUTPUT_VALUES, 0, config.values, config.values))
    return LINE_CONFIG.pack(config.flags, len(attributes), b"".join(attributes))


def decode_config(payload: bytes) -> LineConfig:
    """The reverse. Raises ValueError for what the kernel would not understand either."""
    flags, count, attributes = LINE_CONFIG.unpack(payload)
    if count > _ATTRIBUTES:
        raise ValueError(f"{count} attributes in a line's configuration; there is room for {_ATTRIBUTES}")
    flags_of: list[tuple[LineFlag, int]] = []
    values = debounced = 0
    for kind, padding, value, mask in LINE_ATTRIBUTE.iter_unpack(attributes[: count * LINE_ATTRIBUTE.size]):
        if padding:
            raise ValueError("padding of a line's attribute must be zero")
        match AttributeId(kind):
            case AttributeId.FLAGS:
                flags_of.append((LineFlag(value), mask))
            case AttributeId.OUTPUT_VALUES:
                values = (values & ~mask) | (value & mask)
            case AttributeId.DEBOUNCE:
                debounced |= mask if value & 0xFFFFFFFF else 0
    return LineConfig(LineFlag(flags), tuple(flags_of), values, debounced)


def encode_request(request: LineRequest) -> bytes:
    """As struct gpio_v2_line_request."""
    offsets = (*request.offsets, *[0] * (MOST_LINES - len(request.offsets)))
    config = encode_config(request.config)
    return LINE_REQUEST.pack(*offsets, request.consumer.encode(), config, len(request.offsets), 0, 0)


def decode_request(payload: bytes) -> LineRequest:
    """The reverse. Raises ValueError for what the kernel would not understand either."""
    *offsets, consumer, config, count, _event_buffer, _descriptor = LINE_REQUEST.unpack(payload)
    if not 1 <= count <= MOST_LINES:
        raise ValueError(f"a request is for 1 to {MOST_LINES} lines, not {count}")
    return LineRequest(
        tuple(offsets[:count]), consumer.split(b"\0")[0].decode("utf-8", "replace"), decode_config(config)
    )
