from __future__ import annotations

import re
import tomllib
from importlib import resources
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conventions.source import ROOT

from ampguard_drivers import boardfile
from ampguard_drivers.board import LIGHT_LINES
from ampguard_drivers.boardfile import BoardFileError, Kind

if TYPE_CHECKING:
    from pathlib import Path

I2C_PINS = {2, 3}
"""Of /dev/i2c-1, which the processor has nowhere else on the header."""
REFERENCE = resources.files("ampguard_drivers").joinpath("boards", "amp_guard.toml").read_text()


def test_without_a_path_the_reference_design_is_loaded() -> None:
    board = boardfile.load()
    assert (board.kind, board.socket) == (Kind.LINUX, None)
    assert (board.spi.device, board.spi.bus, board.spi.chip_select) == ("/dev/spidev0.0", 0, 0)
    assert (board.spi.clock_hz, board.spi.mode) == (10e6, 3)
    assert (board.i2c.device, board.i2c.eeprom_address, board.i2c.rtc_address) == ("/dev/i2c-1", 0x50, None)
    gpio = board.gpio
    assert (gpio.irq0, gpio.irq1, gpio.reset, gpio.pm1, gpio.button) == (5, 6, 13, 19, 26)
    assert tuple(gpio.lights) == LIGHT_LINES


def test_no_line_of_the_reference_design_is_one_of_its_buses() -> None:
    overlay = (ROOT / "image/card/boot/ampguard.dts").read_text()
    spi = {int(pin) for pins in re.findall(r"brcm,pins = <([^>]*)>", overlay) for pin in pins.split()}
    assert len(spi) == 4
    gpio = boardfile.load().gpio
    lines = {gpio.irq0, gpio.irq1, gpio.reset, gpio.pm1, gpio.button, *gpio.lights.values()}
    assert not lines & (spi | I2C_PINS)


def test_a_simulated_board_needs_only_its_socket(tmp_path: Path) -> None:
    path = tmp_path / "board.toml"
    path.write_text(f'name = "on my desk"\nkind = "simulated"\nsocket = "{tmp_path}/board.sock"\n')
    board = boardfile.load(path)
    assert (board.name, board.kind, board.socket) == ("on my desk", Kind.SIMULATED, tmp_path / "board.sock")
    assert board.gpio == boardfile.load().gpio


def test_clock_mode_and_chip_labels_have_defaults() -> None:
    text = REFERENCE.replace("clock_hz", "#").replace("mode =", "#").replace("chip_labels", "#")
    assert boardfile.parse(text, "test").spi == boardfile.load().spi
    assert boardfile.parse(text, "test").gpio == boardfile.load().gpio


def test_another_board_is_other_data() -> None:
    text = (
        REFERENCE.replace("/dev/spidev0.0", "/dev/spidev10.1")
        .replace("# rtc_address", "rtc_address")
        .replace("irq0 = 5", "irq0 = 17")
    )
    board = boardfile.parse(text, "test")
    assert (board.spi.bus, board.spi.chip_select, board.i2c.rtc_address, board.gpio.irq0) == (10, 1, 0x68, 17)


def test_a_board_without_an_identity_memory_names_a_file_for_it() -> None:
    text = REFERENCE.replace("eeprom_address = 0x50", "#").replace("# eeprom_file", "eeprom_file")
    i2c = boardfile.parse(text, "test").i2c
    assert (i2c.eeprom_address, str(i2c.eeprom_file)) == (0x50, "/boot/firmware/identity.bin")
    assert boardfile.load().i2c.eeprom_file is None


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('kind = "linux"', "", "kind is missing; it must be a text"),
        ('kind = "linux"', 'kind = "arduino"', 'kind must be "linux" or "simulated", not "arduino"'),
        ('name = "Amp Guard"', 'name = ""', "name must not be empty"),
        ("/dev/spidev0.0", "/dev/spi0", 'spi.device must look like "/dev/spidev0.0", not "/dev/spi0"'),
        ("10_000_000", "25_000_000", "spi.clock_hz must be over 0 and at most 20000000, not 2.5e+07"),
        ("10_000_000", "nan", "spi.clock_hz must be over 0 and at most 20000000, not nan"),
        ("10_000_000", '"fast"', "spi.clock_hz must be a number, not 'fast'"),
        ("mode = 3", "mode = 4", "spi.mode must be 0 to 3, not 4"),
        ("mode = 3", "mode = true", "spi.mode must be a whole number, not True"),
        ("[i2c]", "[i3c]", "i3c is not known here; known are name, kind, spi, i2c, gpio"),
        ("0x50", "0x80", "i2c.eeprom_address must be 8 to 119, not 128"),
        ("eeprom_address = 0x50", "", "i2c.eeprom_address is missing; it must be a whole number"),
        (
            "# rtc_address = 0x68",
            "rtc_address = 0x50",
            "i2c.rtc_address must differ from eeprom_address, both are 0x50",
        ),
        ("irq1 = 6", "irq1 = 5", "gpio.irq1 must be a line of its own, but 5 is already gpio.irq0"),
        (
            "current_red = 25",
            "current_red = 13",
            "gpio.lights.current_red must be a line of its own, but 13 is already gpio.reset",
        ),
        ("current_red = 25", "", "gpio.lights.current_red is missing; it must be a whole number"),
        ("current_red = 25", "current_red = 99", "gpio.lights.current_red must be 0 to 63, not 99"),
        ("current_red = 25", "current_red = 25\nblue = 3", "gpio.lights.blue is not known here"),
        (
            '["pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835"]',
            "[]",
            "gpio.chip_labels must be a list of texts, not []",
        ),
        (
            '["pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835"]',
            "[1]",
            "gpio.chip_labels must be a list of texts, not [1]",
        ),
        ("[gpio.lights]", "[gpio.lamps]", "gpio.lamps is not known here"),
        ("[gpio]", "[gpio", "a board file should be TOML"),
    ],
)
def test_a_mistake_is_one_sentence_with_file_and_key(old: str, new: str, sentence: str) -> None:
    assert old in REFERENCE
    with pytest.raises(BoardFileError) as refused:
        boardfile.parse(REFERENCE.replace(old, new), "my_board.toml")
    assert str(refused.value).startswith(f"my_board.toml: {sentence}")
    assert "\n" not in str(refused.value)


def test_pins_make_no_sense_in_a_simulated_board_file() -> None:
    with pytest.raises(BoardFileError, match="gpio is not known here"):
        boardfile.parse('name = "x"\nkind = "simulated"\nsocket = "s"\n[gpio]\nirq0 = 1\n', "x.toml")


def test_a_file_that_is_not_there_is_a_sentence_too(tmp_path: Path) -> None:
    with pytest.raises(BoardFileError, match=r"none\.toml: a board file should be readable"):
        boardfile.load(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BoardFileError, match=r"bytes\.toml: a board file should be readable"):
        boardfile.load(tmp_path / "bytes.toml")


@given(st.text(max_size=200))
def test_any_text_is_a_board_or_a_board_file_error(text: str) -> None:
    with pytest.raises(BoardFileError):
        boardfile.parse(text, "any.toml")


@given(
    st.sampled_from(sorted({line for line in REFERENCE.splitlines() if line})),
    st.text("0123456789x=\"'[]. ", max_size=8),
)
def test_any_line_may_be_spoilt_without_a_crash(line: str, spoilt: str) -> None:
    text = REFERENCE.replace(line, line[: len(line) // 2] + spoilt, 1)
    try:
        board = boardfile.parse(text, "spoilt.toml")
    except BoardFileError as error:
        refusal = str(error)
    else:
        refusal = "spoilt.toml: "
        assert board.name == tomllib.loads(text)["name"]
    assert refusal.startswith("spoilt.toml: ")
