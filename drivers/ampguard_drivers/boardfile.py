"""The board file: which bus, address and pin each part of a board is wired to, as data in TOML.

The reference design is shipped as `boards/amp_guard.toml`; it is also what the simulated board is wired like, so that
a simulated board file needs nothing but its socket.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias, cast

from ampguard_drivers.board import LIGHT_LINES

Table: TypeAlias = "Mapping[str, object]"

REFERENCE_DESIGN = "amp_guard.toml"
DEFAULT_SPI_CLOCK_HZ = 10_000_000.0
DEFAULT_SPI_MODE = 3
DEFAULT_EEPROM_ADDRESS = 0x50
DEFAULT_CHIP_LABELS = ("pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835")

_FASTEST_SPI_CLOCK_HZ = 20_000_000
_SPI_MODES = range(4)
_I2C_ADDRESSES = range(0x08, 0x78)  # the others of the 7 bits are reserved by the I2C specification
_PINS = range(64)
_SPI_DEVICE = re.compile(r"/dev/spidev(\d+)\.(\d+)")
_I2C_DEVICE = re.compile(r"/dev/i2c-(\d+)")


class BoardFileError(ValueError):
    """A board file that cannot be used; the sentence names the file and the key."""


class Kind(StrEnum):
    """What is behind the board file."""

    LINUX = "linux"
    SIMULATED = "simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpiPlace:
    """Where the metering IC listens."""

    device: str
    """`/dev/spidev<bus>.<chip select>`."""
    clock_hz: float
    mode: int

    @property
    def bus(self) -> int:
        """Number of the SPI bus."""
        return self._numbers()[0]

    @property
    def chip_select(self) -> int:
        """Number of the chip select on that bus."""
        return self._numbers()[1]

    def _numbers(self) -> tuple[int, int]:
        match = _SPI_DEVICE.fullmatch(self.device)
        if match is None:
            raise BoardFileError(f'SPI device must look like "/dev/spidev0.0", not "{self.device}"')
        return int(match[1]), int(match[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class I2cPlace:
    """Where the identity memory and the clock chip listen."""

    device: str
    """`/dev/i2c-<bus>`."""
    eeprom_address: int
    eeprom_file: Path | None
    """Holds what the identity memory would, on a board without one; None = there is one, at `eeprom_address`."""
    rtc_address: int | None
    """None = no clock chip is fitted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpioPlace:
    """Which lines of which GPIO chip are used."""

    chip_labels: tuple[str, ...]
    """Labels of GPIO chips, the preferred one first."""
    irq0: int
    irq1: int
    reset: int
    pm1: int
    button: int
    lights: Mapping[str, int]
    """A line for each name in `board.LIGHT_LINES`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardFile:
    """Everything that differs between boards."""

    name: str
    kind: Kind
    spi: SpiPlace
    i2c: I2cPlace
    gpio: GpioPlace
    socket: Path | None
    """Where a simulated board listens; None for a real one."""


def load(path: Path | None = None) -> BoardFile:
    """Read a board file; without a path, the shipped one of the reference design.

    Raises BoardFileError with one sentence that names the file and the key.
    """
    if path is None:
        text = (Path(__file__).parent / "boards" / REFERENCE_DESIGN).read_text("utf-8")
        return parse(text, REFERENCE_DESIGN)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BoardFileError(f"{path}: a board file should be readable: {error}") from error
    return parse(text, str(path))


def parse(text: str, origin: str) -> BoardFile:
    """Understand the text of a board file; `origin` is its name in error messages. Raises BoardFileError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BoardFileError(f"{origin}: a board file should be TOML: {error}") from error
    top = _Section(origin, "", table)
    kind = top.choice("kind", Kind)
    if kind is Kind.SIMULATED:
        top.only("name", "kind", "socket")
        wired = load()
        return BoardFile(
            name=top.text("name"),
            kind=kind,
            spi=wired.spi,
            i2c=wired.i2c,
            gpio=wired.gpio,
            socket=Path(top.text("socket")),
        )
    top.only("name", "kind", "spi", "i2c", "gpio")
    return BoardFile(
        name=top.text("name"),
        kind=kind,
        spi=_spi(top.section("spi")),
        i2c=_i2c(top.section("i2c")),
        gpio=_gpio(top.section("gpio")),
        socket=None,
    )


def _spi(section: _Section) -> SpiPlace:
    section.only("device", "clock_hz", "mode")
    clock_hz = section.frequency_hz("clock_hz", DEFAULT_SPI_CLOCK_HZ)
    if not 0 < clock_hz <= _FASTEST_SPI_CLOCK_HZ:
        raise section.error("clock_hz", f"must be over 0 and at most {_FASTEST_SPI_CLOCK_HZ}, not {clock_hz:g}")
    return SpiPlace(
        device=section.matching("device", _SPI_DEVICE, "/dev/spidev0.0"),
        clock_hz=clock_hz,
        mode=section.whole("mode", _SPI_MODES, DEFAULT_SPI_MODE),
    )


def _i2c(section: _Section) -> I2cPlace:
    section.only("device", "eeprom_address", "eeprom_file", "rtc_address")
    file = Path(section.text("eeprom_file")) if section.has("eeprom_file") else None
    eeprom = section.whole("eeprom_address", _I2C_ADDRESSES, None if file is None else DEFAULT_EEPROM_ADDRESS)
    rtc = section.whole("rtc_address", _I2C_ADDRESSES) if section.has("rtc_address") else None
    if rtc == eeprom:
        raise section.error("rtc_address", f"must differ from eeprom_address, both are {eeprom:#04x}")
    return I2cPlace(
        device=section.matching("device", _I2C_DEVICE, "/dev/i2c-1"),
        eeprom_address=eeprom,
        eeprom_file=file,
        rtc_address=rtc,
    )


def _gpio(section: _Section) -> GpioPlace:
    pins = ("irq0", "irq1", "reset", "pm1", "button")
    section.only("chip_labels", "lights", *pins)
    lights = section.section("lights")
    lights.only(*LIGHT_LINES)
    used: dict[int, str] = {}
    for owner, names in ((section, pins), (lights, LIGHT_LINES)):
        for name in names:
            pin = owner.whole(name, _PINS)
            if pin in used:
                raise owner.error(name, f"must be a line of its own, but {pin} is already {used[pin]}")
            used[pin] = owner.key(name)
    return GpioPlace(
        chip_labels=section.texts("chip_labels", DEFAULT_CHIP_LABELS),
        irq0=section.whole("irq0", _PINS),
        irq1=section.whole("irq1", _PINS),
        reset=section.whole("reset", _PINS),
        pm1=section.whole("pm1", _PINS),
        button=section.whole("button", _PINS),
        lights=MappingProxyType({name: lights.whole(name, _PINS) for name in LIGHT_LINES}),
    )


@dataclass(frozen=True, slots=True)
class _Section:
    """One table of the file, read with messages that say where."""

    origin: str
    path: str
    table: Table

    def key(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def error(self, name: str, sentence: str) -> BoardFileError:
        return BoardFileError(f"{self.origin}: {self.key(name)} {sentence}")

    def has(self, name: str) -> bool:
        return name in self.table

    def only(self, *known: str) -> None:
        for name in self.table:
            if name not in known:
                raise self.error(name, f"is not known here; known are {', '.join(known)}")

    def value(self, name: str, kind: type | tuple[type, ...], wanted: str) -> object:
        if name not in self.table:
            raise self.error(name, f"is missing; it must be {wanted}")
        value = self.table[name]
        if not isinstance(value, kind) or isinstance(value, bool):  # a bool is an int to Python, not to an installer
            raise self.error(name, f"must be {wanted}, not {value!r}")
        return value

    def text(self, name: str) -> str:
        value = cast("str", self.value(name, str, "a text"))
        if not value:
            raise self.error(name, "must not be empty")
        return value

    def matching(self, name: str, pattern: re.Pattern[str], example: str) -> str:
        value = self.text(name)
        if not pattern.fullmatch(value):
            raise self.error(name, f'must look like "{example}", not "{value}"')
        return value

    def choice(self, name: str, kinds: type[Kind]) -> Kind:
        value = self.text(name)
        try:
            return kinds(value)
        except ValueError:
            known = " or ".join(f'"{kind}"' for kind in kinds)
            raise self.error(name, f'must be {known}, not "{value}"') from None

    def texts(self, name: str, default: Iterable[str]) -> tuple[str, ...]:
        if not self.has(name):
            return tuple(default)
        values = cast("list[object]", self.value(name, list, "a list of texts"))
        if not values or not all(isinstance(value, str) and value for value in values):
            raise self.error(name, f"must be a list of texts, not {values!r}")
        return tuple(str(value) for value in values)

    def frequency_hz(self, name: str, default_hz: float) -> float:
        if not self.has(name):
            return default_hz
        return float(cast("int | float", self.value(name, (int, float), "a number")))

    def whole(self, name: str, allowed: range, default: int | None = None) -> int:
        if default is not None and not self.has(name):
            return default
        value = cast("int", self.value(name, int, "a whole number"))
        if value not in allowed:
            raise self.error(name, f"must be {allowed.start} to {allowed.stop - 1}, not {value}")
        return value

    def section(self, name: str) -> _Section:
        table = cast("Table", self.value(name, dict, "a table"))
        return _Section(self.origin, self.key(name), table)
