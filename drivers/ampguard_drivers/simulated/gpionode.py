"""`/dev/gpiochip0` of a simulated board: who holds which line, levels, and edge events as the kernel tells them."""

from __future__ import annotations

import contextlib
import errno
import functools
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ampguard_drivers.bus import Level
from ampguard_drivers.simulated import gpioabi
from ampguard_drivers.simulated.gpioabi import Code, Edge, LineConfig, LineFlag
from ampguard_drivers.simulated.nodes import Answer, Request, ServedBoard, ServedLine, refusal
from ampguard_drivers.simulated.protocol import Operation

CHIP_NAME = "gpiochip0"
CHIP_LABEL = "pinctrl-bcm2711"
CHIP_LINES = 54

_DIRECTIONS = LineFlag.INPUT | LineFlag.OUTPUT
_EDGES = LineFlag.EDGE_RISING | LineFlag.EDGE_FALLING
_BIASES = LineFlag.BIAS_PULL_UP | LineFlag.BIAS_PULL_DOWN | LineFlag.BIAS_DISABLED
_UNKNOWN = ~(_DIRECTIONS | _EDGES | _BIASES | LineFlag.ACTIVE_LOW)
"""Open drain and open source, and time stamps of other clocks, are refused rather than pretended."""


@dataclass(slots=True)
class _Held:
    """A line of the chip and its holder."""

    line: ServedLine | None
    """None for the lines that nothing is wired to."""
    resting: Level
    """The level of an output that nobody drives."""
    level: Level
    flags: LineFlag = LineFlag.INPUT
    consumer: str = ""
    holder: LinesNode | None = None


class GpioChip:
    """The chip, shared by all who open it."""

    def __init__(self, board: ServedBoard) -> None:
        self.lines = {offset: _Held(None, Level.LOW, Level.LOW) for offset in range(CHIP_LINES)}
        for offset, line in board.lines.items():
            level = line.level()
            self.lines[offset] = _Held(line, level, level)
            line.watch(functools.partial(self._changed, offset))

    def _changed(self, offset: int, level: Level, monotonic_ns: int) -> None:
        held = self.lines[offset]
        if level is held.level:
            return
        held.level = level
        if held.holder is not None:
            held.holder.tell(offset, level, monotonic_ns)

    def drive(self, offset: int, level: Level) -> None:
        """Set an output."""
        held = self.lines[offset]
        if held.line is not None:
            held.line.drive(level)
        held.level = level


@dataclass(slots=True)
class GpioNode:
    """One opened descriptor of the chip."""

    chip: GpioChip

    def answer(self, request: Request) -> Answer:
        """Information about chip and lines, and requests for lines. Raises OSError as the kernel would."""
        if request.operation is not Operation.IOCTL:
            raise refusal(errno.ENOTTY)
        match request.code:
            case Code.CHIP_INFO:
                return Answer(payload=gpioabi.CHIP_INFO.pack(CHIP_NAME.encode(), CHIP_LABEL.encode(), CHIP_LINES))
            case Code.LINE_INFO:
                return self._line_info(request.payload)
            case Code.REQUEST_LINES:
                return self._request_lines(request.payload)
            case _:  # version 1 of the interface and watching for changed line information: nobody here uses them
                raise refusal(errno.ENOTTY)

    def release(self) -> None:
        """Lines have descriptors of their own and stay with them."""

    def _line_info(self, payload: bytes) -> Answer:
        _name, _consumer, offset, _count, _flags = gpioabi.LINE_INFO.unpack(payload)
        held = self.chip.lines.get(offset)
        if held is None:
            raise refusal(errno.EINVAL)
        used = LineFlag.USED if held.holder is not None else LineFlag(0)
        name, consumer = f"GPIO{offset}".encode(), held.consumer.encode()
        return Answer(payload=gpioabi.LINE_INFO.pack(name, consumer, offset, 0, held.flags | used))

    def _request_lines(self, payload: bytes) -> Answer:
        try:
            request = gpioabi.decode_request(payload)
        except ValueError:
            raise refusal(errno.EINVAL) from None
        if any(offset not in self.chip.lines for offset in request.offsets):
            raise refusal(errno.EINVAL)
        if len(set(request.offsets)) < len(request.offsets):
            raise refusal(errno.EBUSY)
        if any(self.chip.lines[offset].holder is not None for offset in request.offsets):
            raise refusal(errno.EBUSY)
        node = LinesNode(self.chip, request.offsets, request.consumer)
        node.configure(request.config)
        return Answer(payload=payload, lines=node)


@dataclass(slots=True, eq=False)
class LinesNode:
    """Lines that somebody holds."""

    chip: GpioChip
    offsets: tuple[int, ...]
    consumer: str
    events: socket.socket | None = None
    """Where edges go; non-blocking."""
    told: int = 0
    told_of: dict[int, int] = field(default_factory=dict[int, int])

    def answer(self, request: Request) -> Answer:
        """Levels and configuration. Raises OSError as the kernel would."""
        match request.operation, request.code:
            case Operation.CLOSE, _:
                self.release()
                return Answer()
            case Operation.IOCTL, Code.GET_VALUES:
                _bits, mask = gpioabi.LINE_VALUES.unpack(request.payload)
                bits = sum(self._active(offset) << index for index, offset in self._chosen(mask))
                return Answer(payload=gpioabi.LINE_VALUES.pack(bits, mask))
            case Operation.IOCTL, Code.SET_VALUES:
                bits, mask = gpioabi.LINE_VALUES.unpack(request.payload)
                chosen = list(self._chosen(mask))
                if any(LineFlag.OUTPUT not in self._held[offset].flags for _, offset in chosen):
                    raise refusal(errno.EPERM)
                for index, offset in chosen:
                    self._drive(offset, bits >> index & 1)
                return Answer(payload=request.payload)
            case Operation.IOCTL, Code.SET_CONFIG:
                try:
                    config = gpioabi.decode_config(request.payload)
                except ValueError:
                    raise refusal(errno.EINVAL) from None
                self.configure(config)
                return Answer(payload=request.payload)
            case _:
                raise refusal(errno.ENOTTY)

    def configure(self, config: LineConfig) -> None:
        """Take the lines, or use them differently. Raises OSError and changes nothing if that is not possible."""
        for index, _ in enumerate(self.offsets):
            _check(config.flags_for(index))
        if config.debounced:
            raise refusal(errno.EOPNOTSUPP)  # the lines here do not bounce
        for index, offset in enumerate(self.offsets):
            held = self._held[offset]
            flags = config.flags_for(index)
            held.holder, held.consumer = self, self.consumer
            held.flags = flags if flags & _DIRECTIONS else flags | held.flags & _DIRECTIONS
            if LineFlag.OUTPUT in held.flags:
                self._drive(offset, config.values >> index & 1)

    def tell(self, offset: int, level: Level, monotonic_ns: int) -> None:
        """Pass an edge on to the holder, if it wants to know.

        The kernel drops the oldest event when a holder does not read, this drops the newest; numbers show the gap.
        """
        flags = self._held[offset].flags
        rising = (level is Level.HIGH) is not bool(flags & LineFlag.ACTIVE_LOW)
        if not flags & (LineFlag.EDGE_RISING if rising else LineFlag.EDGE_FALLING) or self.events is None:
            return
        self.told += 1
        self.told_of[offset] = self.told_of.get(offset, 0) + 1
        edge = Edge.RISING if rising else Edge.FALLING
        event = gpioabi.LINE_EVENT.pack(monotonic_ns, edge, offset, self.told, self.told_of[offset])
        # a holder that is gone is noticed at its other socket
        with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
            self.events.send(event, socket.MSG_NOSIGNAL)

    def release(self) -> None:
        """Give the lines back: nobody drives them any more, so outputs fall back to what the board pulls them to."""
        for offset in self.offsets:
            held = self._held[offset]
            if held.holder is not self:
                continue
            if LineFlag.OUTPUT in held.flags:
                self.chip.drive(offset, held.resting)
            held.holder, held.consumer, held.flags = None, "", LineFlag.INPUT
        if self.events is not None:
            self.events.close()
            self.events = None

    @property
    def _held(self) -> Mapping[int, _Held]:
        return self.chip.lines

    def _chosen(self, mask: int) -> Iterator[tuple[int, int]]:
        chosen = [(index, offset) for index, offset in enumerate(self.offsets) if mask >> index & 1]
        if not chosen or mask >> len(self.offsets):
            raise refusal(errno.EINVAL)
        return iter(chosen)

    def _active(self, offset: int) -> bool:
        held = self._held[offset]
        return (held.level is Level.HIGH) is not bool(held.flags & LineFlag.ACTIVE_LOW)

    def _drive(self, offset: int, active: int) -> None:
        high = bool(active) is not bool(self._held[offset].flags & LineFlag.ACTIVE_LOW)
        self.chip.drive(offset, Level.HIGH if high else Level.LOW)


def _check(flags: LineFlag) -> None:
    """Raise OSError for flags that contradict each other, as the kernel does, or that lines here do not have."""
    if flags & _UNKNOWN or flags & _DIRECTIONS == _DIRECTIONS:
        raise refusal(errno.EINVAL)
    if flags & _EDGES and not flags & LineFlag.INPUT:
        raise refusal(errno.EINVAL)
    if flags & _BIASES and not flags & _DIRECTIONS:
        raise refusal(errno.EINVAL)
    if (flags & _BIASES).bit_count() > 1:
        raise refusal(errno.EINVAL)
