from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from ampguard_drivers import boardfile
from ampguard_drivers.errors import HardwareFault
from ampguard_drivers.linux import gpio, parts, spi
from ampguard_drivers.linux.clock import MonotonicClock
from ampguard_drivers.linux.i2c import I2cDevice
from ampguard_drivers.linux.libraries import library

if TYPE_CHECKING:
    from pathlib import Path

NOWHERE = """
name = "nowhere"
kind = "linux"
[spi]
device = "/dev/spidev99.9"
[i2c]
device = "/dev/i2c-99"
eeprom_address = 0x50
[gpio]
chip_labels = ["pinctrl-none"]
irq0 = 5
irq1 = 6
reset = 13
pm1 = 19
button = 26
[gpio.lights]
logo = 16
communication_green = 20
communication_blue = 21
voltage_green = 12
voltage_red = 7
current_green = 24
current_red = 25
"""


@pytest.fixture
def nowhere() -> boardfile.BoardFile:
    return boardfile.parse(NOWHERE, "nowhere")


def test_without_spi_the_fault_says_how_to_enable_it(nowhere: boardfile.BoardFile) -> None:
    with pytest.raises(HardwareFault, match=r'/dev/spidev99\.9 .* enable SPI \("dtparam=spi=on"'):
        spi.SpiDevice(nowhere.spi)


def test_without_i2c_the_fault_says_how_to_enable_it(nowhere: boardfile.BoardFile) -> None:
    with pytest.raises(HardwareFault, match=r'/dev/i2c-99 .* enable I2C \("dtparam=i2c_arm=on"'):
        I2cDevice(nowhere.i2c)


def test_without_the_gpio_chip_the_fault_names_what_there_is(nowhere: boardfile.BoardFile) -> None:
    for opened in (parts.open_metering, parts.open_panel):
        with pytest.raises(HardwareFault, match="label pinctrl-none is needed; this machine has"):
            opened(nowhere)


def test_a_machine_without_any_gpio_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpio, "CHIPS", tmp_path / "none")
    with pytest.raises(HardwareFault, match="this machine has none"):
        gpio.find_chip(["pinctrl-rp1"])


@pytest.mark.parametrize(
    ("name", "package"), [("spidev", "python3-spidev"), ("smbus2", "python3-smbus2"), ("gpiod", "python3-libgpiod")]
)
def test_a_missing_library_is_named_with_its_package(name: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(HardwareFault, match=f'"{name}" is needed .*apt install {package}'):
        library(name)


def test_the_kernels_spi_buffer_must_hold_half_a_waveform_buffer(tmp_path: Path) -> None:
    file = tmp_path / "bufsiz"
    assert spi.buffer_size(file) == 4096
    file.write_text("65536\n")
    assert spi.buffer_size(file) == 65536
    file.write_text("2048\n")
    with pytest.raises(HardwareFault, match=r"spidev\.bufsiz=4096 on the kernel's command line"):
        spi.buffer_size(file)


def test_a_pause_lets_at_least_its_time_pass() -> None:
    clock = MonotonicClock()
    before_ns = clock.now_ns()
    clock.pause(0.01)
    assert clock.now_ns() - before_ns >= 10_000_000
