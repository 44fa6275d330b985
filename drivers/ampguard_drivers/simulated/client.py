"""The parts of a simulated board that runs in another process, reached over its socket."""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import select
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, TypeVar, cast

from ampguard_drivers.board import LIGHT_LINES, MeteringParts, PanelParts
from ampguard_drivers.boardfile import BoardFile
from ampguard_drivers.bus import Level, SpiFrame
from ampguard_drivers.errors import BusFault, NotAcknowledged
from ampguard_drivers.simulated import gpioabi, statement
from ampguard_drivers.simulated.connection import Connection
from ampguard_drivers.simulated.front_end import Tolerances, Wiring
from ampguard_drivers.simulated.gpioabi import LineFlag
from ampguard_drivers.simulated.protocol import (
    BENCH_PATH,
    I2cPart,
    Operation,
    Segment,
    SegmentFlag,
    encode_i2c,
    encode_spi,
)
from ampguard_drivers.simulated.supply import State, Three

_GPIO_CHIP = "/dev/gpiochip0"
_MANY_EVENTS = 4096


class ClientSpi:
    """`bus.SpiBus` over the socket."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def exchange(self, *frames: SpiFrame) -> list[bytes]:
        """One message of a chip-select period for each. Raises BusFault."""
        segments = [
            segment
            for sent, length in frames
            for segment in (
                Segment(len(sent), SegmentFlag.SENDS),
                Segment(length, SegmentFlag.RECEIVES | SegmentFlag.RELEASES_CHIP_SELECT),
            )
        ]
        sent = b"".join(frame.sent for frame in frames)
        try:
            received = self._connection.ask(Operation.SPI_MESSAGE, len(segments), payload=encode_spi(segments, sent))
        except OSError as error:
            length = sum(frame.receive_length for frame in frames)
            raise BusFault(f"an SPI message of {len(sent)} + {length} bytes was refused: {error.strerror}") from error
        ends = list(itertools.accumulate(frame.receive_length for frame in frames))
        return [received[end - frame.receive_length : end] for frame, end in zip(frames, ends, strict=True)]

    def close(self) -> None:
        """Let the device go."""
        self._connection.close()


class ClientI2c:
    """`bus.I2cBus` over the socket."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def write(self, address: int, data: bytes) -> None:
        """Write to an address. Raises NotAcknowledged or BusFault."""
        self._transfer(address, I2cPart(address, data))

    def write_read(self, address: int, data: bytes, receive_length: int) -> bytes:
        """Write, repeated start, read. Raises NotAcknowledged or BusFault."""
        return self._transfer(address, I2cPart(address, data), I2cPart(address, None, receive_length))

    def close(self) -> None:
        """Let the device go."""
        self._connection.close()

    def _transfer(self, address: int, *parts: I2cPart) -> bytes:
        try:
            return self._connection.ask(Operation.I2C_TRANSFER, len(parts), payload=encode_i2c(parts))
        except OSError as error:
            if error.errno == errno.EREMOTEIO:
                raise NotAcknowledged(f"nothing acknowledges I2C address {address:#04x}") from error
            raise BusFault(f"an I2C transfer with address {address:#04x} was refused: {error.strerror}") from error


class _Line:
    """One requested line."""

    def __init__(self, chip: Connection, place: Path, pin: int, flags: LineFlag, active: Level) -> None:
        request = gpioabi.LineRequest((pin,), "ampguard", gpioabi.LineConfig(flags, values=active.value))
        try:
            self._events, self._control = chip.ask_for_lines(
                gpioabi.Code.REQUEST_LINES, gpioabi.encode_request(request)
            )
        except OSError as error:
            raise BusFault(f"GPIO {pin} of the simulated board at {place} should be free: {error.strerror}") from error
        self._pin = pin
        self._place = place

    def close(self) -> None:
        """Give the line back."""
        with contextlib.suppress(BusFault):  # a lost server holds no lines
            self._control.ask(Operation.CLOSE)
        self._events.close()
        self._control.close()

    def _values(self, code: gpioabi.Code, bits: int) -> int:
        try:
            answer = self._control.ask(Operation.IOCTL, code=code, payload=gpioabi.LINE_VALUES.pack(bits, 1))
        except OSError as error:
            raise BusFault(f"GPIO {self._pin} of the simulated board at {self._place}: {error.strerror}") from error
        return int(gpioabi.LINE_VALUES.unpack(answer)[0])


class ClientInputLine(_Line):
    """`bus.InputLine` over the socket."""

    def __init__(self, chip: Connection, place: Path, pin: int) -> None:
        super().__init__(chip, place, pin, LineFlag.INPUT | LineFlag.EDGE_FALLING, Level.LOW)
        self._poll = select.poll()
        self._poll.register(self._events, select.POLLIN)

    def level(self) -> Level:
        """The level now. Raises BusFault."""
        return Level(self._values(gpioabi.Code.GET_VALUES, 0))

    def wait_low(self, timeout_s: float) -> bool:
        """Wait until the line is low. Raises BusFault, at once if the server is lost meanwhile."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            self._drain()
            if self.level() is Level.LOW:
                return True
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or not self._poll.poll(left_s * 1000):
                return self.level() is Level.LOW

    def _drain(self) -> None:
        """Forget edges of the past: the level is asked next, and what falls after that is a new edge."""
        while self._poll.poll(0) and self._events.recv(_MANY_EVENTS):  # a lost server leaves nothing to read
            pass


class ClientOutputLine(_Line):
    """`bus.OutputLine` over the socket."""

    def __init__(self, chip: Connection, place: Path, pin: int, level: Level) -> None:
        super().__init__(chip, place, pin, LineFlag.OUTPUT, level)

    def drive(self, level: Level) -> None:
        """Set the level. Raises BusFault."""
        self._values(gpioabi.Code.SET_VALUES, level.value)


class MonotonicClock:
    """`bus.Clock` in real time: the board's own, as its server lives by the same clock."""

    def now_ns(self) -> int:
        """CLOCK_MONOTONIC."""
        return time.monotonic_ns()

    def pause(self, duration_s: float) -> None:
        """Wait."""
        threading.Event().wait(duration_s)  # an event that nobody sets


class _Closes(Protocol):
    def close(self) -> None: ...


_Part = TypeVar("_Part", bound=_Closes)


def _opened(stack: contextlib.ExitStack, part: _Part) -> _Part:
    """Close the part again if a later one cannot be opened."""
    stack.callback(part.close)
    return part


def open_metering(board_file: BoardFile) -> MeteringParts:
    """The parts that the meter process holds. Raises BusFault naming the socket."""
    place, gpio = _place(board_file), board_file.gpio
    with contextlib.ExitStack() as opened:
        chip = _opened(opened, Connection.open(place, _GPIO_CHIP))
        parts = MeteringParts(
            spi=_opened(opened, ClientSpi(Connection.open(place, board_file.spi.device))),
            i2c=_opened(opened, ClientI2c(Connection.open(place, board_file.i2c.device))),
            irq0=_opened(opened, ClientInputLine(chip, place, gpio.irq0)),
            irq1=_opened(opened, ClientInputLine(chip, place, gpio.irq1)),
            reset=_opened(opened, ClientOutputLine(chip, place, gpio.reset, Level.HIGH)),
            pm1=_opened(opened, ClientOutputLine(chip, place, gpio.pm1, Level.LOW)),
            clock=MonotonicClock(),
            eeprom_address=board_file.i2c.eeprom_address,
        )
        opened.pop_all()
    chip.close()  # lines stay with their own descriptors
    return parts


def open_panel(board_file: BoardFile) -> PanelParts:
    """The parts that the lights process holds. Raises BusFault naming the socket."""
    place, gpio = _place(board_file), board_file.gpio
    with contextlib.ExitStack() as opened:
        chip = _opened(opened, Connection.open(place, _GPIO_CHIP))
        parts = PanelParts(
            lights=MappingProxyType(
                {
                    name: _opened(opened, ClientOutputLine(chip, place, gpio.lights[name], Level.LOW))
                    for name in LIGHT_LINES
                }
            ),
            button=_opened(opened, ClientInputLine(chip, place, gpio.button)),
            clock=MonotonicClock(),
        )
        opened.pop_all()
    chip.close()
    return parts


class BenchPanel:
    """What a bench does to a simulated board: look at its lights, press its button, change its supply, break it."""

    def __init__(self, place: Path) -> None:
        """Connect. Raises BusFault naming the socket."""
        self._connection = Connection.open(place, BENCH_PATH)

    def observe(self) -> Mapping[str, object]:
        """What the board shows now: see `bench.Bench.observe`. Raises BusFault."""
        return self._ask(do="observe")

    def lit_lights(self) -> frozenset[str]:
        """Names of the lights (one for each colour) that are lit. Raises BusFault."""
        return frozenset(cast("list[str]", self.observe()["lit"]))

    def press_button(self) -> None:
        """Press and hold. Raises BusFault."""
        self._ask(do="press")

    def release_button(self) -> None:
        """Let go. Raises BusFault."""
        self._ask(do="release")

    def scenarios(self) -> tuple[str, ...]:
        """Names of the scenarios that can be played. Raises BusFault."""
        return tuple(cast("list[str]", self._ask(do="scenarios")["scenarios"]))

    def switch(self, scenario: str) -> None:
        """Play another scenario from now on. Raises ValueError with a sentence, or BusFault."""
        self._ask(do="switch", scenario=scenario)

    def heat(self, phase: int, power_w: float) -> None:
        """A heater on L1, L2 or L3 (0, 1, 2); 0 W: off. Raises ValueError with a sentence, or BusFault."""
        self._ask(do="heat", phase=phase, power_w=power_w)

    def draw(self, name: str, current_a: Three, lag_deg: float = 0.0) -> None:
        """A charger draws so much on L1, L2, L3 for the next 3 s. Raises ValueError with a sentence, or BusFault."""
        self._ask(do="draw", name=name, current_a=current_a, lag_deg=lag_deg)

    def supply(self, state: State) -> None:
        """Carry this from now on. Raises ValueError with a sentence, or BusFault."""
        self._ask(do="supply", state=statement.as_json(state))

    def wire(self, wiring: Wiring) -> None:
        """Clamps and terminals from now on. Raises ValueError with a sentence, or BusFault."""
        self._ask(do="wire", wiring=statement.as_json(wiring))

    def deviate(self, tolerances: Tolerances) -> None:
        """Let the inputs differ from their calibration. Raises ValueError with a sentence, or BusFault."""
        self._ask(do="deviate", tolerances=statement.as_json(tolerances))

    def faults(self) -> tuple[str, ...]:
        """Names of what can be broken. Raises BusFault."""
        return tuple(cast("list[str]", self._ask(do="faults")["faults"]))

    def inject(self, fault: str, **arguments: object) -> None:
        """Break something. Raises ValueError with a sentence, or BusFault."""
        self._ask(do="inject", fault=fault, arguments=arguments)

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()

    def _ask(self, **request: object) -> Mapping[str, object]:
        payload = json.dumps(request).encode()
        try:
            answer = self._connection.ask(Operation.BENCH, payload=payload)
        except OSError as error:
            raise BusFault(f"the simulated board does not understand {request}: {error.strerror}") from error
        found = cast("dict[str, object]", json.loads(answer))
        if "refused" in found:
            raise ValueError(str(found["refused"]))
        return found


def _place(board_file: BoardFile) -> Path:
    if board_file.socket is None:
        raise BusFault(f'the board file of "{board_file.name}" names no socket of a simulated board')
    return board_file.socket
