"""A process that is killed at the n-th thing that it does to the files of a folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

CODE = """
import os, signal, sys
folder, left, work = sys.argv[1], int(sys.argv[2]), sys.argv[3]
EVENTS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.chown", "shutil.rmtree"}
def watch(event, arguments):
    global left
    if event in EVENTS and any(folder in str(one) for one in arguments):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
exec(work)
"""


def killed_at(step: int, folder: Path, work: str, **environment: str) -> bool:
    """Do the work in a process; whether it was killed before that step (it is over otherwise, and well)."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(folder), str(step), work],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return done.returncode != 0
