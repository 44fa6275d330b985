from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.ampguard_drivers.wire.processes import ROOT, preloaded, served, started

from ampguard_drivers.simulated.client import BenchPanel
from ampguard_drivers.simulated.scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVER = "ampguard_drivers.simulated.server"
BLOCKS = 190  # 3 s


@pytest.fixture(scope="module")
def socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("wire") / "board.sock"
    with served(["-m", SERVER, "--socket", str(path), "--scenario", "steady"], path):
        yield path


def streamed(way: str, socket: Path, folder: Path, blocks: int = BLOCKS) -> dict[str, Any]:
    environ = preloaded(socket, folder) if way == "linux" else dict(os.environ)
    command = [sys.executable, "-m", "tests.ampguard_drivers.wire.streaming", way, str(socket), str(blocks)]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.system
@pytest.mark.parametrize("way", ["client", "linux"])
def test_the_real_driver_streams_from_the_board(way: str, socket: Path, tmp_path: Path) -> None:
    told = streamed(way, socket, tmp_path)
    assert told["shapes"] == [[128, 7]]
    assert told["gaps"] == []  # every missing sample is said to be missing
    assert told["samples"] == BLOCKS * 128 + told["lost"]
    assert told["corrupt_frames"] == 0
    assert min(told["peaks"][:6]) > 0  # all voltages and all currents are there


@pytest.mark.system
def test_what_a_bench_breaks_is_broken_for_the_driver(socket: Path, tmp_path: Path) -> None:
    panel = BenchPanel(socket)
    try:
        panel.inject("saturated_input", value="VB")
        broken = streamed("client", socket, tmp_path, 10)["peaks"]
        panel.inject("saturated_input", value="none")
        with pytest.raises(ValueError, match="'VX' is not a valid Input"):
            panel.inject("saturated_input", value="VX")
    finally:
        panel.close()
    mended = streamed("client", socket, tmp_path, 10)["peaks"]
    assert broken[3] == pytest.approx(1.2 * 74_518_668, rel=1e-3)
    assert max(*mended, *broken[:3], *broken[4:]) < 0.5 * 74_518_668


@pytest.mark.system
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    path = tmp_path / "board.sock"
    arguments = ["-m", SERVER, "--socket", str(path), "--scenario", "kettle", "--seed", "3"]
    with started(arguments, errors=subprocess.PIPE) as server:
        assert server.stderr is not None
        assert server.stderr.readline() == f"INFO simulated board ready at {path}, scenario kettle\n"
        assert path.is_socket()
        server.send_signal(number)
        assert server.wait() == 0
        assert server.stderr.read() == ""
    assert not path.exists()


@pytest.mark.system
def test_the_scenarios_are_listed_with_their_stories() -> None:
    listed = subprocess.run([sys.executable, "-m", SERVER, "--list"], capture_output=True, text=True, check=True)
    told = dict(line.split(maxsplit=1) for line in listed.stdout.splitlines())
    assert told == {name: scenario().story for name, scenario in SCENARIOS.items()}


@pytest.mark.system
def test_a_bench_switches_scenarios_while_the_board_runs(socket: Path) -> None:
    panel = BenchPanel(socket)
    try:
        assert set(panel.scenarios()) == set(SCENARIOS)
        for name in (*sorted(SCENARIOS), "steady"):
            panel.switch(name)
            assert panel.observe()["scenario"] == name
        with pytest.raises(ValueError, match="no scenario"):
            panel.switch("earthquake")
    finally:
        panel.close()
