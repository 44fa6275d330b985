"""`ampguard measure` as a process: pipes, permissions, progress, memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.ampguard.recorder.waves import NAMES, three_phases

pytestmark = pytest.mark.system
COMMAND = Path(sys.executable).with_name("ampguard")


def wave(path: Path, seconds: float, rate: float = 8000.0) -> Path:
    block = three_phases(int(rate), rate)
    with path.open("w") as file:
        file.write("t," + ",".join(name.lower() for name in NAMES) + "\n")
        for second in range(int(seconds)):
            times = second + np.arange(int(rate)) / rate
            np.savetxt(file, np.column_stack([times, block]), fmt="%.6f", delimiter=",")
    return path


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, "measure", *words], capture_output=True, text=True, check=False, timeout=110)


def test_a_closed_pipe_ends_it_without_a_word(tmp_path: Path) -> None:
    path = wave(tmp_path / "wave.csv", 10)
    with subprocess.Popen(
        [COMMAND, "measure", path, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith('{"start_s": 0.0')
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=60) == 141


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else who may not read the file")
def test_a_file_that_may_not_be_read_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = wave(tmp_path / "wave.csv", 1)
    path.chmod(0o600)
    script = (
        "import os, sys\nfrom ampguard.services import cli, measure\nos.setegid(65534)\nos.seteuid(65534)\n"
        f"sys.exit(cli.main(['measure', {str(path)!r}]))"
    )
    tmp_path.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr.endswith("cannot be read: Permission denied\n")


def test_results_and_remarks_stay_apart(tmp_path: Path) -> None:
    done = run(wave(tmp_path / "wave.csv", 2), "--json")
    assert done.returncode == 0
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 10


def test_a_long_file_needs_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    def peak_bytes(path: Path) -> int:
        with subprocess.Popen([COMMAND, "measure", path, "--json", "--quiet"], stdout=subprocess.DEVNULL) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return usage.ru_maxrss * 1024

    short, long = wave(tmp_path / "short.csv", 4), wave(tmp_path / "long.csv", 60)
    grown = peak_bytes(long) - peak_bytes(short)
    assert grown < 0.5 * (long.stat().st_size - short.stat().st_size)
