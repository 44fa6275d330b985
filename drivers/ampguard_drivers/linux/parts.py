"""The parts of a real board, opened as its board file says."""

from __future__ import annotations

import contextlib
from types import MappingProxyType
from typing import Protocol, TypeVar

from ampguard_drivers.board import LIGHT_LINES, MeteringParts, PanelParts
from ampguard_drivers.boardfile import BoardFile, I2cPlace
from ampguard_drivers.bus import Level
from ampguard_drivers.linux.clock import MonotonicClock
from ampguard_drivers.linux.gpio import InputLine, OutputLine, find_chip
from ampguard_drivers.linux.i2c import I2cDevice
from ampguard_drivers.linux.memoryfile import MemoryFile
from ampguard_drivers.linux.spi import SpiDevice


class _Closes(Protocol):
    def close(self) -> None: ...


_Part = TypeVar("_Part", bound=_Closes)


def _opened(stack: contextlib.ExitStack, part: _Part) -> _Part:
    """Close the part again if a later one cannot be opened."""
    stack.callback(part.close)
    return part


def open_metering(board_file: BoardFile) -> MeteringParts:
    """The parts that the meter process holds; the chip is neither reset nor woken. Raises HardwareFault."""
    gpio = board_file.gpio
    with contextlib.ExitStack() as opened:
        chip = find_chip(gpio.chip_labels)
        parts = MeteringParts(
            spi=_opened(opened, SpiDevice(board_file.spi)),
            i2c=_opened(opened, _i2c(board_file.i2c)),
            irq0=_opened(opened, InputLine(chip, gpio.irq0)),
            irq1=_opened(opened, InputLine(chip, gpio.irq1)),
            reset=_opened(opened, OutputLine(chip, gpio.reset, Level.HIGH)),
            pm1=_opened(opened, OutputLine(chip, gpio.pm1, Level.LOW)),
            clock=MonotonicClock(),
            eeprom_address=board_file.i2c.eeprom_address,
        )
        opened.pop_all()
    return parts


def open_panel(board_file: BoardFile) -> PanelParts:
    """The parts that the lights process holds; all lights are off. Raises HardwareFault."""
    gpio = board_file.gpio
    with contextlib.ExitStack() as opened:
        chip = find_chip(gpio.chip_labels)
        lights = {name: _opened(opened, OutputLine(chip, gpio.lights[name], Level.LOW)) for name in LIGHT_LINES}
        parts = PanelParts(
            lights=MappingProxyType(lights),
            button=_opened(opened, InputLine(chip, gpio.button)),
            clock=MonotonicClock(),
        )
        opened.pop_all()
    return parts


def _i2c(place: I2cPlace) -> I2cDevice | MemoryFile:
    return I2cDevice(place) if place.eeprom_file is None else MemoryFile(place.eeprom_file, place.eeprom_address)
