"""A PIN compared by another process: only its word lets anybody in, and its memory is not the web's."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ampguard.errors import SetupError
from ampguard.services.web_pin import DIFFERS, FITS, compared
from ampguard.web.access.pin import Cost, hashed

PIN = "Ab3-x9#Q"
CHEAP = hashed(PIN, bytes(range(16)), Cost(4, 8, 1))
PEAK = """
import sys
from pathlib import Path
from ampguard.services.web_pin import compared
from ampguard.web.access.pin import hashed
wanted = hashed("Ab3-x9#Q", bytes(16))
Path("/proc/self/clear_refs").write_text("5")  # the highest so far begins anew (proc(5))
def highest(name):
    return next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if name in line)
before = highest("VmRSS")
fits = wanted.is_of("Ab3-x9#Q") if sys.argv[1] == "here" else compared(wanted, "Ab3-x9#Q")
print(fits, highest("VmHWM") - before)
"""


@pytest.mark.parametrize(
    ("typed", "fits"), [(PIN, True), (f" {PIN} ", True), (PIN.lower(), False), ("", False), ("\ud800\n" + PIN, False)]
)
def test_it_says_whether_that_is_the_pin(typed: str, fits: bool) -> None:  # noqa: FBT001 - what is expected
    assert compared(CHEAP, typed) is fits
    assert CHEAP.is_of(typed) is fits


@pytest.mark.parametrize("code", ["import sys; sys.exit(1)", "import os; os.kill(os.getpid(), 9)", "raise MemoryError"])
def test_a_process_that_fails_lets_nobody_in_and_is_told(code: str) -> None:
    with pytest.raises(SetupError, match="wanted to compare a PIN"):
        compared(CHEAP, PIN, (sys.executable, "-S", "-c", code))
    with pytest.raises(SetupError, match="wanted to compare a PIN"):
        compared(CHEAP, PIN, ("/nowhere",))


def test_what_is_no_hash_is_not_taken_for_a_wrong_pin() -> None:
    command = [sys.executable, "-m", "ampguard.services.web_pin"]
    done = subprocess.run(command, input=b"00\nabc", capture_output=True, check=False)
    assert done.returncode not in {FITS, DIFFERS}


def test_it_costs_the_one_who_asks_no_memory() -> None:
    def highest_kb(where: str) -> int:
        done = subprocess.run(
            [sys.executable, "-c", PEAK, where], capture_output=True, text=True, check=True, env={**os.environ}
        )
        fits, kb = done.stdout.split()
        assert fits == "True"
        return int(kb)

    here_kb, elsewhere_kb = highest_kb("here"), highest_kb("elsewhere")
    assert here_kb > 7000
    assert elsewhere_kb < 2000
