"""The wall clock of a process jumps while it runs; its monotonic clock does not."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

from ampguard_hil.torture.falseclock import FalseClock

if TYPE_CHECKING:
    from pathlib import Path

TELLS = """
import datetime, sys, time
for _ in sys.stdin:
    print(time.time(), datetime.datetime.now(datetime.UTC).timestamp(), time.monotonic(), flush=True)
"""


def test_a_day_ahead_a_day_behind_and_back(tmp_path: Path) -> None:
    clock = FalseClock(tmp_path)
    command = [*clock.before, sys.executable, "-c", TELLS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for added_s in (0, 86_400, -86_400, 0):
            clock.jump_to(added_s)
            process.stdin.write("now\n")
            process.stdin.flush()
            told = [float(one) for one in process.stdout.readline().split()]
            assert abs(told[0] - time.time() - added_s) < 60.0
            assert abs(told[1] - time.time() - added_s) < 60.0
            assert abs(told[2] - time.monotonic()) < 60.0
        process.stdin.close()
        assert process.wait() == 0
