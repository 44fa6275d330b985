"""A recording through the simulated chip and the real driver says what it says directly.

Limits: 0.02 % of U, 0.05 % of I, 0.03 degrees, 0.05 % of S (Q1: 0.1 %) and 2 mHz for what lies below 1 kHz; times to
0.2 ms. The chip measures no DC, and its low-pass falls above 1.3 kHz.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.ampguard.recorder.comtrade_writer import Written
from tests.ampguard.recorder.waves import NAMES, UNITS, three_phases
from tests.ampguard.recordings.reference import FOLDER, inputs
from tests.ampguard.services.test_measure import PHASES, measured, run

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def both_ways(path: Path, *words: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    return measured(path, "--quiet", *words), measured(path, "--quiet", "--through-chip", *words)


def agree(direct: dict[str, Any], through: dict[str, Any]) -> None:
    assert through["start_s"] == pytest.approx(direct["start_s"], abs=2e-4)
    assert through["duration_s"] == pytest.approx(direct["duration_s"], rel=1e-4)
    assert through["frequency_hz"] == pytest.approx(direct["frequency_hz"], abs=2e-3)
    for key in ("voltage_order", "current_order"):
        assert through[key] == direct[key]
    for phase in PHASES:
        apparent = direct["apparent_power_va"][phase]
        limits: dict[str, dict[str, Any]] = {
            "voltage_rms_v": {"rel": 2e-4},
            "voltage_fundamental_rms_v": {"rel": 2e-4},
            "voltage_angle_deg": {"abs": 0.03},
            "current_rms_a": {"rel": 5e-4},
            "current_fundamental_rms_a": {"rel": 5e-4},
            "current_angle_deg": {"abs": 0.03},
            "active_power_w": {"abs": 5e-4 * (apparent or 1.0)},
            "reactive_power_var": {"abs": 1e-3 * (apparent or 1.0)},
        }
        for key, limit in limits.items():
            if direct[key][phase] is None:
                assert through[key][phase] is None
            else:
                assert through[key][phase] == pytest.approx(direct[key][phase], **limit), (key, phase)


def written(folder: Path, values: NDArray[np.float64], rate: float, names: list[str] = NAMES) -> Path:
    units = [UNITS[NAMES.index(name)] for name in names]
    return Written(values, names, units, rate=rate, kind="FLOAT32").write(folder)


@pytest.mark.parametrize(
    ("rate", "hertz", "volts", "amperes"),
    [
        (1600.0, 50.0, 230.0, 10.0),
        (8000.0, 49.6, 230.0, 40.0),
        (7680.0, 60.1, 8000.0, 30.0),
        (50_000.0, 50.0, 230, 900),
    ],
)
def test_a_made_recording_says_the_same(
    tmp_path: Path, rate: float, hertz: float, volts: float, amperes: float
) -> None:
    values = three_phases(int(rate), rate, volts=volts, amperes=amperes, hertz=hertz)
    direct, through = both_ways(written(tmp_path, values, rate))
    assert len(direct) == len(through) >= 5
    for pair in zip(direct[:4], through[:4], strict=True):
        agree(*pair)


def test_absent_phases_stay_absent(tmp_path: Path) -> None:
    path = written(tmp_path, three_phases(4000, 4000.0)[:, [1, 4]], 4000.0, ["Vb", "Ib"])
    direct, through = both_ways(path)
    assert through[0]["voltage_rms_v"]["l1"] is None
    agree(direct[0], through[0])


def test_what_is_too_large_is_scaled_and_said(tmp_path: Path) -> None:
    path = written(tmp_path, three_phases(4000, 4000.0, volts=230.0, amperes=1000.0), 4000.0)
    code, _, err = run(str(path), "--through-chip", "--json")
    assert code == 0
    assert "too large for the front end: played at 1/13.4" in err
    assert "of its voltage" not in err


def test_a_recording_with_gaps_or_two_rates_cannot_be_played(tmp_path: Path) -> None:
    gap = three_phases(2000, 4000.0)
    gap[700, 0] = np.nan
    text = "# fs_hz=4000\n" + ",".join(NAMES) + "\n"
    (tmp_path / "gap.csv").write_text(text + "\n".join(",".join(f"{v:.6f}" for v in row) for row in gap) + "\n")
    two = Written(three_phases(2000, 4000.0), NAMES, UNITS, rates=[(4000.0, 1000), (2000.0, 2000)]).write(tmp_path)
    for path, why in ((tmp_path / "gap.csv", "samples are missing in it"), (two, "more than one sample rate")):
        code, out, err = run(str(path), "--through-chip", "--json")
        assert (code, out) == (2, "")
        assert why in err


@pytest.mark.recordings
@pytest.mark.skipif(not inputs(), reason=f"no recordings at {FOLDER}; set AMPGUARD_RECORDINGS to their folder")
@pytest.mark.parametrize("name", ["03-cfg", "04-csv", "06-csv"])
def test_recordings_of_instruments_say_the_same(name: str) -> None:
    (given,) = [given for given in inputs() if given.name == name]
    direct, through = both_ways(given.path)
    assert len(direct) == len(through)
    for pair in zip(direct, through, strict=True):
        if "short_window" not in pair[0]["quality"] or len(direct) == 1:
            agree(*pair)
