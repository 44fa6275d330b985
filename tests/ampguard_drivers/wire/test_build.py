from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ampguard_drivers.boardfile import load
from ampguard_drivers.simulated.gpionode import CHIP_LABEL, CHIP_NAME
from ampguard_hil.wire import build, launch

if TYPE_CHECKING:
    from pathlib import Path


def test_the_library_compiles_without_a_warning_and_is_kept(tmp_path: Path) -> None:
    library = build.build(tmp_path)
    made_ns = library.stat().st_mtime_ns
    assert "-Werror" in build.FLAGS
    assert build.build(tmp_path) == library
    assert library.stat().st_mtime_ns == made_ns
    assert [path.name for path in tmp_path.iterdir()] == [library.name]


def test_without_a_compiler_the_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(build.BuildError, match="apt install gcc"):
        build.build(tmp_path / "new")


def test_a_failed_compilation_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "false")
    with pytest.raises(build.BuildError, match=r"false .* failed"):
        build.build(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_child_keeps_the_rest_of_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_PRELOAD", "libm.so.6")
    environ = launch.environment(tmp_path / "board.sock", tmp_path)
    assert environ["LD_PRELOAD"].split(":") == [str(build.build(tmp_path)), "libm.so.6"]
    assert environ["AMPGUARD_WIRE_SOCKET"] == str(tmp_path / "board.sock")
    assert environ["PATH"]
    assert launch.environment(tmp_path / "board.sock", tmp_path) == environ


def test_the_files_a_child_sees_fit_the_board(tmp_path: Path) -> None:
    reference = load()
    files = set(launch.FILES)
    assert {reference.spi.device[1:], reference.i2c.device[1:], f"dev/{CHIP_NAME}"} <= files
    assert f"sys/bus/gpio/devices/{CHIP_NAME}/dev" in files
    assert CHIP_LABEL in reference.gpio.chip_labels
    environ = launch.environment(tmp_path / "no.sock", tmp_path)
    shown = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os; print(os.listdir('/sys/bus/gpio/devices'), open('/proc/device-tree/model').read())",
        ],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == f"['{CHIP_NAME}'] Raspberry Pi 4 Model B Rev 1.5\0\n"


def test_a_command_is_launched_on_the_board(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "open('/dev/spidev0.0')"]
    arguments = ["-m", "ampguard_hil.wire.launch", "--socket", str(tmp_path / "no.sock"), "--", *command]
    launched = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    assert "No such device" in launched.stderr  # there is a device file, but nobody behind it
