"""The whole board: supply, front end, metering IC, identity memory, lights and button, in virtual or real time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from ampguard_drivers.board import MeteringParts, PanelParts
from ampguard_drivers.boardfile import BoardFile
from ampguard_drivers.boardfile import load as load_board_file
from ampguard_drivers.bus import Level
from ampguard_drivers.eeprom.records import Identity
from ampguard_drivers.eeprom.store import CALIBRATION, IDENTITY, memory_image
from ampguard_drivers.errors import NotAcknowledged
from ampguard_drivers.simulated.ade9000.chip import ChipModel
from ampguard_drivers.simulated.clocks import RealClock, VirtualClock
from ampguard_drivers.simulated.eeprom import EepromModel
from ampguard_drivers.simulated.front_end import FrontEndModel
from ampguard_drivers.simulated.lines import SimulatedLine, WaitedLine
from ampguard_drivers.simulated.protocol import I2cPart

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ampguard_drivers.bus import SpiFrame
    from ampguard_drivers.simulated.supply import Source

    Floats: TypeAlias = NDArray[np.float64]

SERIAL = "2611000001G"
PIN = "SIMULATE"
"""On the label of a unit that has none: real ones have a random one each."""
PIN_HASH = bytes.fromhex(
    "010d080a73696d756c617465642073616c742031ba3cd262b6905e247dedc0133f45fefe7f80976c0ff5ac3d1a535ee15945dacd"
)
"""Of that PIN, as a factory would make it."""
ACCESS_POINT_PSK = bytes.fromhex("7805704a858d3b865e951d0ffcc2b0aa9be484fd8334f84ccc0ea943b67bcecb")
"""Of that PIN and the network AG_000001G."""
OPEN_RESISTOR_RATIO = 1000.0
"""By how much the voltage at an input rises where its burden, or the lower resistor of its divider, is open: to what
the terminal has, about; more than any current there leaves in range."""


class Input(StrEnum):
    """An input of the metering IC, in the order of its samples."""

    NONE = "none"
    IA = "IA"
    VA = "VA"
    IB = "IB"
    VB = "VB"
    IC = "IC"
    VC = "VC"
    IN = "IN"


_INPUTS = tuple(Input)[1:]


@dataclass
class Faults:
    """Misbehaviour on request."""

    corrupt_frames: int = 0
    """So many of the next replies have a bit turned round."""
    chip_absent: bool = False
    irq0_stuck_low: bool = False
    lost_interrupts: int = 0
    """So many of the next assertions of IRQ0 do not reach the pin."""
    brown_out: bool = False
    """The chip restarts by itself, now and once: what was configured is gone."""
    sister_chip: bool = False
    """An ADE9078 sits there, as whoever asks after the next reset or brown-out finds."""
    saturated_input: Input = Input.NONE
    """Its burden, or the lower resistor of its divider, is open."""
    memory_absent: bool = False
    """The EEPROM acknowledges nothing."""
    torn_copies: int = 0
    """Of each record in the EEPROM so many copies (two there are) are torn, now and once; a new record mends it."""


class SimulatedBoard:
    """Everything on the board, as electronics: bytes, levels and time. See `metering` and `panel` for a unit's side."""

    def __init__(
        self,
        supply: Source,
        *,
        front_end: FrontEndModel | None = None,
        clock: RealClock | VirtualClock | None = None,
        seed: int = 0,
    ) -> None:
        self.clock = clock or VirtualClock()
        self.supply = supply
        self.front_end = front_end or FrontEndModel()
        self.faults = Faults()
        self.board_file: BoardFile = load_board_file(None)
        gpio = self.board_file.gpio
        low = (gpio.reset, *gpio.lights.values())
        high = (gpio.irq0, gpio.irq1, gpio.button, gpio.pm1)
        self.lines = {pin: SimulatedLine(Level.LOW, self.clock) for pin in low}
        self.lines |= {pin: SimulatedLine(Level.HIGH, self.clock) for pin in high}
        self.chip = ChipModel(self._pins, seed=seed, on_interrupt=self._show_interrupts)
        self._asserted = False
        unit = Identity(SERIAL, PIN_HASH, self.front_end.variant, ACCESS_POINT_PSK)
        self.eeprom = EepromModel(self.clock, memory_image(unit, self.front_end.calibration()))
        for pin in (gpio.reset, gpio.pm1):
            self.lines[pin].watch(self._power_changed)

    @property
    def metering(self) -> MeteringParts:
        """What the meter process holds."""
        gpio = self.board_file.gpio
        return MeteringParts(
            spi=_Spi(self),
            i2c=_I2c(self),
            irq0=self._input(gpio.irq0),
            irq1=self._input(gpio.irq1),
            reset=self.lines[gpio.reset],
            pm1=self.lines[gpio.pm1],
            clock=self.clock,
            eeprom_address=self.board_file.i2c.eeprom_address,
        )

    @property
    def panel(self) -> PanelParts:
        """What the lights process holds."""
        gpio = self.board_file.gpio
        lights = {name: self.lines[pin] for name, pin in gpio.lights.items()}
        return PanelParts(lights=lights, button=self._input(gpio.button), clock=self.clock)

    def lit(self) -> frozenset[str]:
        """Names of the light lines that are on."""
        lights = self.board_file.gpio.lights
        return frozenset(name for name, pin in lights.items() if self.lines[pin].level() is Level.HIGH)

    def spi_frame(self, mosi: bytes) -> bytes:
        """One chip-select period; what the chip answers, byte for byte. Takes bus time where time is virtual."""
        if isinstance(self.clock, VirtualClock):
            self.clock.pause(len(mosi) * 8 / self.board_file.spi.clock_hz)
        self.advance_to(self.clock.now_ns())
        if self.faults.chip_absent:
            return b"\xff" * len(mosi)
        miso = self.chip.frame(mosi)
        if self.faults.corrupt_frames > 0 and len(miso) > 2 and mosi[1] & 8:  # noqa: PLR2004 - a read
            self.faults.corrupt_frames -= 1
            miso = miso[:2] + bytes([miso[2] ^ 0x40]) + miso[3:]
        return miso

    def i2c_transfer(self, messages: Sequence[I2cPart]) -> list[bytes]:
        """One transfer up to the stop condition; the bytes of those messages that read. Raises NotAcknowledged."""
        read: list[bytes] = []
        self._tear_records()
        for message in messages:
            if self.faults.memory_absent or message.address != self.board_file.i2c.eeprom_address:
                raise NotAcknowledged(f"nothing acknowledges address {message.address:#04x}")
            if message.data is None:
                read.append(self.eeprom.read(message.receive_length))
            else:
                self.eeprom.write(message.data)
        return read

    def advance_to(self, monotonic_ns: int) -> None:
        """Let the board live until then."""
        self.chip.is_sister = self.faults.sister_chip
        if self.faults.brown_out:
            self.faults.brown_out = False
            self.chip.restart(monotonic_ns)
        self.chip.live_until(monotonic_ns)
        self._show_interrupts(monotonic_ns)

    def _pins(self, first_index: int, count: int) -> Floats:
        pins_v = self.front_end.pins(self.supply, first_index, count, 8000.0)
        if self.faults.saturated_input is not Input.NONE:
            pins_v[:, _INPUTS.index(self.faults.saturated_input)] *= OPEN_RESISTOR_RATIO
        return pins_v

    def _tear_records(self) -> None:
        torn, self.faults.torn_copies = self.faults.torn_copies, 0
        for place in (IDENTITY, CALIBRATION):
            for start in place.slots[:torn]:
                self.eeprom.tear_page(start)

    def _power_changed(self, _: Level, moment_ns: int) -> None:
        gpio = self.board_file.gpio
        if self.lines[gpio.reset].level() is Level.HIGH and self.lines[gpio.pm1].level() is Level.LOW:
            self.chip.release(moment_ns)
        else:
            self.chip.hold(moment_ns)

    def _show_interrupts(self, moment_ns: int) -> None:
        gpio = self.board_file.gpio
        asserted = self.chip.irq0_low
        if asserted and not self._asserted and self.faults.lost_interrupts > 0:
            self.faults.lost_interrupts -= 1
        elif asserted != self._asserted or self.faults.irq0_stuck_low:
            low = asserted or self.faults.irq0_stuck_low
            self.lines[gpio.irq0].set_at(Level.LOW if low else Level.HIGH, moment_ns)
        self._asserted = asserted
        self.lines[gpio.irq1].set_at(Level.LOW if self.chip.irq1_low else Level.HIGH, moment_ns)

    def _input(self, pin: int) -> WaitedLine:
        return WaitedLine(self.lines[pin], self.clock, self.advance_to, self.chip.next_event_ns)


class _Spi:
    def __init__(self, board: SimulatedBoard) -> None:
        self._board = board

    def exchange(self, *frames: SpiFrame) -> list[bytes]:
        return [self._board.spi_frame(sent + bytes(length))[len(sent) :] for sent, length in frames]

    def close(self) -> None:
        """Nothing to give back."""


class _I2c:
    def __init__(self, board: SimulatedBoard) -> None:
        self._board = board

    def write(self, address: int, data: bytes) -> None:
        self._board.i2c_transfer([I2cPart(address, data)])

    def write_read(self, address: int, data: bytes, receive_length: int) -> bytes:
        parts = [I2cPart(address, data), I2cPart(address, None, receive_length)]
        return self._board.i2c_transfer(parts)[0]

    def close(self) -> None:
        """Nothing to give back."""
