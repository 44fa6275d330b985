"""`ampguard wiring explain`: recordings with known mistakes, and the truth where it cannot be known."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ampguard.services import cli

if TYPE_CHECKING:
    from collections.abc import Callable

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
    generates = ("--generation-on-site", "no") if verdict == "wrong" else ()
    found = explained(capsys, recorded(tmp_path, clamps), *generates)
    assert found["verdict"] == verdict, found["sentence"]
    assert found["assignment"] == {name: {"phase": p, "reversed": r} for name, (p, r) in assignment.items()}
    assert (found["voltage_order"], found["decides_with_a"] is None) == ("L1-L2-L3", verdict != "undecided")
    assert 0.0 <= found["confidence_ratio"] <= 1.0
    assert (verdict == "undecided") == (found["confidence_ratio"] < 0.99)


@pytest.mark.parametrize("words", [(), ("--generation-on-site", "yes")], ids=["nobody told", "told"])
def test_whoever_may_generate_is_not_told_of_a_reversed_clamp(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: tuple[str, ...]
) -> None:
    found = explained(capsys, recorded(tmp_path, ("a", "-b", "c")), *words)
    assert (found["verdict"], found["decides_with_a"], found["decides_on"]) == ("undecided", 6.0, ["L2"])


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
    assert cli.main(["wiring", "explain", str(file), "--quiet", "--generation-on-site", "no"]) == 0
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


def building(
    folder: Path, header: str, columns: Callable[[np.ndarray], list[np.ndarray]], seconds: float = 10.0
) -> Path:
    """Any waveforms, of the angle of L1 and of the time."""
    at_s = np.arange(round(RATE_HZ * seconds)) / RATE_HZ
    file = folder / "wave.csv"
    table = np.column_stack([at_s, *columns(at_s)])
    np.savetxt(file, table, delimiter=",", fmt="%.6g", header=f"t,{header}", comments="")
    return file


def wave(at_s: np.ndarray, rms: float, phase: int, lag_deg: float = 0.0) -> np.ndarray:
    angle = 2.0 * math.pi * (50.0 * at_s - phase / 3.0) - math.radians(lag_deg)
    return math.sqrt(2.0) * rms * np.cos(angle)


def fed(at_s: np.ndarray, *, turned: bool) -> list[np.ndarray]:
    """L2 feeds 8 A back, and a heater of 6 A on it comes on and goes off; the voltages answer."""
    flowing = [wave(at_s, 5.0, 0, 10.0), wave(at_s, 8.0, 1, 170.0), wave(at_s, 5.0, 2, 10.0)]
    flowing[1] = flowing[1] + wave(at_s, 6.0, 1) * (at_s % 4.0 < 2.0)
    back = sum(flowing)
    volts = [wave(at_s, 230.0, phase) - 0.4 * flowing[phase] - 0.3 * back for phase in range(3)]
    return [*volts, flowing[0], -flowing[1] if turned else flowing[1], flowing[2]]


ALL_SIX = "u1,u2,u3,i1,i2,i3"


@pytest.mark.parametrize("turned", [False, True])
def test_a_heater_behind_panels_contradicts_what_the_angles_seem_to_say(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, *, turned: bool
) -> None:
    """From angles alone one phase that exports is a reversed clamp, and the other way round: the voltages tell."""
    file = building(tmp_path, ALL_SIX, lambda at_s: fed(at_s, turned=turned))
    found = explained(capsys, file)
    assert found["verdict"] in ({"wrong", "undecided"} if turned else {"undecided"})
    assert ("the clamp of L2 is the wrong way round" in found["sentence"]) == turned


def test_direct_current_hides_no_clamp(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    def columns(at_s: np.ndarray) -> list[np.ndarray]:
        volts = [wave(at_s, 230.0, phase) for phase in range(3)]
        return [*volts, -wave(at_s, 1.0, 0, 8.0) + 1.8, wave(at_s, 3.0, 1, 8.0), wave(at_s, 5.0, 2, 8.0)]

    found = explained(capsys, building(tmp_path, ALL_SIX, columns), "--generation-on-site", "no")
    assert (found["verdict"], found["assignment"]["l1"]) == ("wrong", {"phase": "L1", "reversed": True})


def test_a_clamp_that_shows_no_more_than_its_neighbours_leave_is_not_judged(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def columns(at_s: np.ndarray) -> list[np.ndarray]:
        volts = [wave(at_s, 230.0, phase) for phase in range(3)]
        return [*volts, wave(at_s, 0.012, 0, 190.0), wave(at_s, 8.0, 1, 8.0), wave(at_s, 5.0, 2, 8.0)]

    found = explained(capsys, building(tmp_path, ALL_SIX, columns))
    assert found["verdict"] == "undecided"
    assert found["decides_with_a"] > 0.012


def test_one_recorded_voltage_stands_for_all(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    def columns(at_s: np.ndarray) -> list[np.ndarray]:
        loads = [wave(at_s, 4.0, 1, 8.0), wave(at_s, 3.0, 0, 8.0), wave(at_s, 5.0, 2, 8.0)]
        return [wave(at_s, 230.0, 0), *loads]

    found = explained(capsys, building(tmp_path, "u1,i1,i2,i3", columns))
    assert found["verdict"] == "wrong"
    assert [one["phase"] for one in found["assignment"].values()] == ["L2", "L1", "L3"]


def test_a_phase_whose_current_is_not_recorded_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    def columns(at_s: np.ndarray) -> list[np.ndarray]:
        volts = [wave(at_s, 230.0, phase) for phase in range(3)]
        return [*volts, wave(at_s, 4.0, 0, 8.0), wave(at_s, 3.0, 1, 8.0)]

    found = explained(capsys, building(tmp_path, "u1,u2,u3,i1,i2", columns))
    assert found["sentence"].endswith("no current of L3 is recorded")
