"""`make run` as a process: what it prints, how it ends, and that it leaves nothing behind."""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.system.unit import PATIENCE_S, bench, processes_that_name

from ampguard_drivers.simulated.scenarios import SCENARIOS
from ampguard_hil.ports import free_port
from ampguard_hil.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A short folder for the bench's own: a Unix socket's path holds some hundred characters."""
    with tempfile.TemporaryDirectory(prefix="ag-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def finished(process: subprocess.Popen[str], timeout_s: float = 100.0) -> tuple[int, str, str]:
    """Exit code, output and complaints."""
    with process:
        try:
            output, complaints = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return process.returncode, output, complaints


def read_until_received(process: subprocess.Popen[str], count: int) -> None:
    """Read its lines until so many readings have arrived."""
    assert process.stdout is not None
    for line in process.stdout:
        match = re.search(r"received (\d+) ", line)
        if match is not None and int(match[1]) >= count:
            return


@pytest.mark.parametrize("scenario", ["steady", "swapped-cts", "solar"])
def test_a_run_shows_readings_and_ends_well(scenario: str, temporary: Path) -> None:
    port = free_port()
    words = ("run", "--scenario", scenario, "--run-s", "8", "--plain", "--port", str(port))
    code, output, complaints = finished(bench(*words, temporary=temporary))
    assert code == 0, output + complaints
    assert complaints == ""
    listen = re.search("^subscribe with:  (.*)$", output, re.MULTILINE)
    assert listen is not None, output
    program, *words = shlex.split(listen[1])
    assert shutil.which(program), f"{program} is not installed here"
    assert words[-2:] == ["-t", "ampguard/+/#"]
    assert str(port) in " ".join(words)
    last = output.splitlines()[-1]
    match = re.fullmatch(r"(\d+) readings of 1 run of the meter arrived, 0 missing, \d+ twice; 0 restarts\.", last)
    assert match is not None, last
    assert int(match[1]) >= 4
    lines = [line for line in output.splitlines() if "received" in line]
    assert len(lines) >= 5
    assert "missing 0" in lines[-1]
    assert processes_that_name(str(temporary)) == []
    assert list(temporary.iterdir()) == []


def test_an_unknown_scenario_is_one_sentence() -> None:
    code, output, complaints = finished(bench("run", "--scenario", "nonesuch"))
    assert code == 2
    assert output == ""
    assert complaints == f"no scenario nonesuch; there are {', '.join(sorted(SCENARIOS))}\n"


@pytest.mark.parametrize("seconds", ["0", "-3", "nan", "inf", "soon"])
def test_an_impossible_duration_is_a_usage_error(seconds: str) -> None:
    code, output, complaints = finished(bench("run", "--run-s", seconds))
    assert code == 2
    assert output == ""
    assert "--run-s" in complaints
    assert "Traceback" not in complaints


def test_list_names_every_scenario_with_its_story() -> None:
    code, output, complaints = finished(bench("run", "--list"))
    assert (code, complaints) == (0, "")
    assert [line.split()[0] for line in output.splitlines()] == sorted(SCENARIOS)
    assert SCENARIOS["solar"]().story in output


def test_a_port_in_use_is_one_sentence(temporary: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, output, complaints = finished(bench("run", "--port", str(port), "--run-s", "3", temporary=temporary))
    assert code == 1
    assert output == ""
    assert complaints == f"port {port}: something else listens there; choose another with --port\n"
    assert list(temporary.iterdir()) == []


def test_a_signal_stops_everything_in_order(temporary: Path) -> None:
    process = bench("run", "--scenario", "steady", "--plain", "--port", str(free_port()), temporary=temporary)
    read_until_received(process, 6)
    named = (
        "board, panel, broker, cloud and its pages name their folder, and a bus with two services where there is one"
    )
    assert len(processes_that_name(str(temporary))) == 5 + 3 * (shutil.which("dbus-daemon") is not None), named
    asked_s = time.monotonic()
    process.send_signal(signal.SIGINT)
    code, output, complaints = finished(process, 60.0)
    assert code == 0, output + complaints
    assert time.monotonic() - asked_s < 20.0
    assert " 0 missing" in output
    assert processes_that_name(str(temporary)) == []
    assert list(temporary.iterdir()) == []


def test_a_unit_that_a_factory_reset_made_new_owes_no_readings(temporary: Path) -> None:
    process = bench("run", "--scenario", "steady", "--plain", "--port", str(free_port()), temporary=temporary)
    read_until_received(process, 6)
    (folder,) = temporary.glob("ampguard-*")
    (folder / "data" / "factory-reset").write_text("{}")
    (folder / "restart-asked").touch()
    settings = folder / "data" / "settings.toml"
    assert wait_until(lambda: not settings.exists(), PATIENCE_S), "reset at the restart"
    wait_until(settings.exists, 15.0)  # so long it measures, and has nobody to tell
    process.send_signal(signal.SIGINT)
    code, output, complaints = finished(process, 60.0)
    assert (code, complaints) == (0, ""), output + complaints
    assert "waiting for readings" not in output


def test_ctrl_c_for_the_whole_group_is_as_good(temporary: Path) -> None:
    words = [sys.executable, "-m", "ampguard_hil", "run", "--scenario", "steady", "--plain", "--port", str(free_port())]
    process = subprocess.Popen(
        words,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    read_until_received(process, 6)
    os.killpg(process.pid, signal.SIGINT)
    code, output, complaints = finished(process, 60.0)
    assert code == 0, output + complaints
    assert wait_until(lambda: processes_that_name(str(temporary)) == [], 5.0)


def test_a_bench_that_is_killed_takes_its_processes_along(temporary: Path) -> None:
    process = bench("run", "--scenario", "steady", "--plain", "--port", str(free_port()), temporary=temporary)
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("subscribe"):
                break
        process.kill()
    assert wait_until(lambda: processes_that_name(str(temporary)) == [], 20.0), processes_that_name(str(temporary))


def test_a_terminal_gets_the_full_screen(temporary: Path) -> None:
    master, slave = pty.openpty()
    environment = {**os.environ, "TMPDIR": str(temporary), "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "32"}
    words = ["run", "--scenario", "kettle", "--run-s", "8", "--port", str(free_port())]
    process = subprocess.Popen(
        [sys.executable, "-m", "ampguard_hil", *words], env=environment, stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    drawn = b""
    until_s = time.monotonic() + 2 * PATIENCE_S
    while time.monotonic() < until_s:
        if select.select([master], [], [], 0.5)[0]:
            try:
                part = os.read(master, 65536)
            except OSError:  # the last one who wrote there is gone
                break
            drawn += part
    os.close(master)
    assert process.wait(PATIENCE_S) == 0, drawn[-3000:]
    text = drawn.decode(errors="replace")
    assert "Traceback" not in text
    assert "\x1b[?1049h" in text, "the alternate screen"
    assert "\x1b[?1049l" in text, "and back"
    for word in ("Amp Guard", "lights", "wiring", "received", "self-check", "THD"):
        assert word in text, word
    assert "0 missing" in text
