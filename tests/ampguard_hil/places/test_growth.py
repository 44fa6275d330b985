"""Vitals are what the kernel says; what grows, starts again or wears the medium is found."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard_hil.places.growth import Allowed, faults, growth
from ampguard_hil.places.vitals import Vitals, command, read

CALM = Vitals(pid=7, resident_bytes=30_000_000, descriptors=12, written_bytes=5_000_000)
STEP_S = 10.0


def looks(count: int = 12, each: Mapping[str, list[int]] | None = None) -> list[dict[str, Vitals]]:
    """Of one process that writes 10 kB at each step, but for what is said otherwise."""
    written = [{"meter": replace(CALM, written_bytes=5_000_000 + 10_000 * number)} for number in range(count)]
    return [
        {"meter": replace(one["meter"], **{name: values[number] for name, values in (each or {}).items()})}
        for number, one in enumerate(written)
    ]


def test_the_shell_says_what_the_kernel_says_of_a_process(tmp_path: Path) -> None:
    with (tmp_path / "open").open("wb") as kept:
        kept.write(bytes(100_000))
        kept.flush()
        said = subprocess.run(
            ["/bin/sh", "-c", command({"ours": os.getpid()})], capture_output=True, text=True, check=True
        ).stdout
    found = read(said)["ours"]
    assert found.pid == os.getpid()
    assert found.resident_bytes > 10_000_000
    assert found.descriptors >= 4
    assert found.written_bytes >= 0


def test_a_process_that_is_not_there_is_said() -> None:
    gone = subprocess.run(["/bin/sh", "-c", command({"gone": 2**22 + 1})], capture_output=True, text=True, check=False)
    with pytest.raises(ValueError, match="memory"):
        read(gone.stdout)


def test_a_unit_that_is_calm_is_left_in_peace() -> None:
    found = growth(looks(), STEP_S)
    assert list(faults(found, Allowed())) == []
    assert found.written_per_day_bytes == pytest.approx(86.4e6)


@pytest.mark.parametrize(
    ("each", "words"),
    [
        ({"resident_bytes": [30_000_000 + 200_000 * number for number in range(12)]}, "meter: 1.6 MB more memory"),
        ({"descriptors": list(range(12, 24))}, "meter: 8 more descriptors"),
        ({"pid": [7] * 6 + [8] * 6}, "meter was started again"),
        ({"written_bytes": [100_000 * number for number in range(12)]}, "864 MB a day"),
        ({"written_bytes": [0] * 12}, "0 MB a day to its medium"),
    ],
)
def test_what_is_too_much_is_found(each: dict[str, list[int]], words: str) -> None:
    assert words in "\n".join(faults(growth(looks(each=each), STEP_S), Allowed()))


@given(st.lists(st.integers(0, 10**7), min_size=6, max_size=30))
def test_memory_that_comes_back_is_no_growth(breath: list[int]) -> None:
    there_and_back = [30_000_000 + one for one in [*breath, *reversed(breath)]]
    found = growth(looks(len(there_and_back), {"resident_bytes": there_and_back}), STEP_S)
    assert found.resident_bytes == {"meter": 0.0}


def test_too_few_looks_are_no_ground_to_judge() -> None:
    with pytest.raises(ValueError, match="six looks"):
        growth(looks(5), STEP_S)
