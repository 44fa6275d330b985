"""`ampguard wiring explain`: recordings with known mistakes, and the truth where it cannot be known."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from ampguard.services import cli

RATE_HZ, SECONDS = 4000, 1.2
LOADS = ((6.0, 10.0), (3.0, 2.0), (9.0, 20.0))
"""Amperes and degrees behind the voltage, of each phase."""


def recorded(folder: Path, clamps: tuple[str, str, str] = ("a", "b", "c"), back_deg: float = 0.0) -> Path:
    """A text table; a clamp is the phase it sits on, with a minus sign the wrong way round."""
    lines = [f"# fs_hz={RATE_HZ}", "ua,ub,uc,ia,ib,ic"]
    for index in range(int(RATE_HZ * SECONDS)):
        turn = 2.0 * math.pi * 50.0 * index / RATE_HZ
        angles = [turn - number * 2.0 * math.pi / 3.0 for number in range(3)]
        volts = [325.0 * math.cos(angle) for angle in angles]
        loads = {
            name: math.sqrt(2.0) * amperes * math.cos(angle - math.radians(lag_deg + back_deg))
            for name, angle, (amperes, lag_deg) in zip("abc", angles, LOADS, strict=True)
        }
        amperes = [-loads[clamp[1]] if clamp.startswith("-") else loads[clamp] for clamp in clamps]
        lines.append(",".join(f"{value:.5f}" for value in (*volts, *amperes)))
    file = folder / "wave.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def explained(capsys: pytest.CaptureFixture[str], file: Path, *words: str) -> dict[str, Any]:
    assert cli.main(["wiring", "explain", str(file), "--json", "--quiet", *words]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.parametrize(
    ("clamps", "verdict", "assignment"),
    [
        (("a", "b", "c"), "right", {"l1": ("L1", False), "l2": ("L2", False), "l3": ("L3", False)}),
        (("a", "-b", "c"), "wrong", {"l1": ("L1", False), "l2": ("L2", True), "l3": ("L3", False)}),
        (("b", "a", "c"), "wrong", {"l1": ("L2", False), "l2": ("L1", False), "l3": ("L3", False)}),
        (("a", "a", "c"), "wrong", {"l1": ("L1", False), "l2": ("L1", False), "l3": ("L3", False)}),
        (("-a", "-b", "-c"), "undecided", {"l1": (None, False), "l2": (None, False), "l3": (None, False)}),
    ],
    ids=str,
)
def test_which_clamp_sits_where(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    clamps: tuple[str, str, str],
    verdict: str,
    assignment: dict[str, tuple[str | None, bool]],
) -> None:
    found = explained(capsys, recorded(tmp_path, clamps))
    assert found["verdict"] == verdict, found["sentence"]
    assert found["assignment"] == {name: {"phase": p, "reversed": r} for name, (p, r) in assignment.items()}
    assert (found["voltage_order"], found["decides_with_a"] is None) == ("L1-L2-L3", verdict != "undecided")
    assert 0.0 <= found["confidence_ratio"] <= 1.0
    assert (verdict == "undecided") == (found["confidence_ratio"] < 0.99)


def test_whoever_generates_is_not_told_of_a_reversed_clamp(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = recorded(tmp_path, ("a", "-b", "c"))
    assert explained(capsys, file, "--generation-on-site", "yes")["verdict"] == "undecided"


def test_a_building_that_exports_is_not_called_wrong(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert explained(capsys, recorded(tmp_path, back_deg=180.0))["verdict"] == "undecided"


def test_without_a_voltage_it_is_open(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = recorded(tmp_path)
    head, names, *rows = file.read_text().splitlines()
    file.write_text("\n".join([head, names, *(f"0.0,{row.partition(',')[2]}" for row in rows)]))
    found = explained(capsys, file)
    assert (found["verdict"], found["sentence"]) == ("undecided", "no voltage on L1")


def test_for_people_it_is_a_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = recorded(tmp_path, ("a", "b", "-c"))
    assert cli.main(["wiring", "explain", str(file), "--quiet"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("the clamp of L3 is the wrong way round (9 A 160° ahead of L3)")
    assert first.startswith("wrong (")
    assert second == "voltages run L1-L2-L3, currents in no known order" or "currents" in second


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--channels", "i1=none,i2=none,i3=none"], "no current is recorded"),
        (["--channels", "u1=nothing"], "nothing"),
    ],
)
def test_what_cannot_be_explained_is_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: list[str], sentence: str
) -> None:
    assert cli.main(["wiring", "explain", str(recorded(tmp_path)), *words]) == 2
    assert sentence in capsys.readouterr().err
