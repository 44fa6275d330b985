"""`ampguard measure` on recordings made here: what comes out is what was put in, in the agreed keys."""

from __future__ import annotations

import itertools
import json
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import fields, replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard.recorder.comtrade_writer import Written
from tests.ampguard.recorder.waves import NAMES, UNITS, three_phases

from ampguard.readings import Measurement
from ampguard.services import cli

if TYPE_CHECKING:
    from numpy.typing import NDArray

AGREED = [
    "start_s", "duration_s", "frequency_hz", "voltage_rms_v", "voltage_fundamental_rms_v", "voltage_angle_deg",
    "voltage_thd_percent", "voltage_order", "current_rms_a", "current_fundamental_rms_a", "current_angle_deg",
    "current_thd_percent", "current_order", "active_power_w", "reactive_power_var", "apparent_power_va",
    "power_factor_ratio", "voltage_unbalance_percent", "quality",
]  # fmt: skip
PHASES = ["l1", "l2", "l3"]


def run(*words: str) -> tuple[int, str, str]:
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = cli.main(["measure", *words])
    return code, out.getvalue(), err.getvalue()


def strict(line: str) -> dict[str, Any]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    value: dict[str, Any] = json.loads(line, parse_constant=refuse)
    return value


def measured(path: Path, *words: str) -> list[dict[str, Any]]:
    code, out, err = run(str(path), "--json", *words)
    assert (code, err) == (0, "")
    return [strict(line) for line in out.splitlines()]


def table(folder: Path, values: NDArray[np.float64], names: list[str], rate: float, name: str = "w.csv") -> Path:
    rows = "\n".join(",".join(f"{value:.7g}" for value in row) for row in values)
    path = folder / name
    path.write_text(f"# fs_hz={rate}\n{','.join(names)}\n{rows}\n")
    return path


@pytest.mark.parametrize(("rate", "hertz"), [(1000.0, 50.0), (4000.0, 49.7), (8000.0, 60.2), (30_720.0, 60.0)])
def test_a_balanced_load_comes_out_as_it_was_put_in(tmp_path: Path, rate: float, hertz: float) -> None:
    values = three_phases(int(rate), rate, volts=231.0, amperes=12.0, lag_deg=40.0, hertz=hertz)
    windows = measured(Written(values, NAMES, UNITS, rate=rate, kind="BINARY32").write(tmp_path))
    assert len(windows) >= 4
    for window in windows[:4]:
        assert window["frequency_hz"] == pytest.approx(hertz, abs=1e-4)
        assert window["voltage_order"] == window["current_order"] == "L1-L2-L3"
        assert window["quality"] == []
        for phase, angle in zip(PHASES, [0.0, -120.0, 120.0], strict=True):
            assert window["voltage_rms_v"][phase] == pytest.approx(231.0, rel=1e-5)
            assert window["current_fundamental_rms_a"][phase] == pytest.approx(12.0, rel=1e-5)
            assert window["voltage_angle_deg"][phase] == pytest.approx(angle, abs=1e-3)
            assert window["current_angle_deg"][phase] == pytest.approx(40.0, abs=1e-3)
            assert window["active_power_w"][phase] == pytest.approx(231 * 12 * np.cos(np.radians(40)), rel=1e-4)
            assert window["reactive_power_var"][phase] == pytest.approx(231 * 12 * np.sin(np.radians(40)), rel=1e-4)
            assert window["voltage_thd_percent"][phase] < 0.1


def test_every_agreed_key_and_every_field_of_a_measurement_is_there(tmp_path: Path) -> None:
    (window, *_) = measured(table(tmp_path, three_phases(2000, 4000.0), NAMES, 4000.0))
    assert set(AGREED) <= set(window)
    assert set(window) == {field.name for field in fields(Measurement)}
    assert all(list(window[key]) == PHASES for key in window if key.endswith("_rms_v") and "line" not in key)


def test_windows_follow_each_other_from_the_first_sample_on(tmp_path: Path) -> None:
    windows = measured(table(tmp_path, three_phases(8000, 4000.0, hertz=50.1), NAMES, 4000.0))
    assert windows[0]["start_s"] == pytest.approx(0.0, abs=0.02)
    for earlier, later in itertools.pairwise(windows):
        assert later["start_s"] == pytest.approx(earlier["start_s"] + earlier["duration_s"], abs=1e-6)
        assert earlier["duration_s"] == pytest.approx(10 / 50.1, rel=1e-4)


def test_swapped_voltages_reverse_the_order_and_a_reversed_current_its_sign(tmp_path: Path) -> None:
    path = table(tmp_path, three_phases(2000, 4000.0), NAMES, 4000.0)
    straight = measured(path)[0]
    swapped = measured(path, "--channels", "u2=Vc,u3=Vb")[0]
    reversed_ = measured(path, "--channels", "i2=-Ib")[0]
    assert (straight["voltage_order"], swapped["voltage_order"]) == ("L1-L2-L3", "L3-L2-L1")
    assert swapped["current_order"] == "L1-L2-L3"
    assert reversed_["active_power_w"]["l2"] == pytest.approx(-straight["active_power_w"]["l2"])
    assert reversed_["active_power_w"]["l1"] == straight["active_power_w"]["l1"]
    assert reversed_["current_angle_deg"]["l2"] == pytest.approx(-150.0, abs=0.01)


@given(kept=st.sets(st.sampled_from(range(6)), min_size=1))
@settings(max_examples=20)
def test_absent_phases_are_null_and_nothing_is_invented(kept: set[int]) -> None:
    columns = sorted(kept)
    values = three_phases(2000, 4000.0)[:, columns]
    with tempfile.TemporaryDirectory() as folder:
        windows = measured(
            table(Path(folder), values, [NAMES[index] for index in columns], 4000.0), "--nominal-hz", "50"
        )
    assert windows
    for window in windows:
        for index, phase in enumerate(PHASES):
            assert (window["voltage_rms_v"][phase] is None) == (index not in kept)
            assert (window["current_rms_a"][phase] is None) == (index + 3 not in kept)
            assert (window["active_power_w"][phase] is None) == (not {index, index + 3} <= kept)
            if index in kept:
                assert window["voltage_rms_v"][phase] == pytest.approx(230.0, rel=1e-3)
            if index + 3 in kept:
                assert window["current_rms_a"][phase] == pytest.approx(10.0, rel=1e-3)


def test_a_short_recording_says_so(tmp_path: Path) -> None:
    (window,) = measured(table(tmp_path, three_phases(200, 4000.0), NAMES, 4000.0), "--nominal-hz", "50")
    assert "short_window" in window["quality"]
    assert window["voltage_rms_v"]["l1"] == pytest.approx(230.0, rel=1e-3)


def test_missing_samples_flag_their_window_and_shift_no_time(tmp_path: Path) -> None:
    values = three_phases(8000, 4000.0)
    values[3000:3040] = np.nan
    windows = measured(table(tmp_path, values, NAMES, 4000.0))
    flagged = [window["start_s"] for window in windows if "overrun" in window["quality"]]
    assert flagged
    assert all(0.4 < start <= 0.96 for start in flagged)
    assert windows[-1]["start_s"] + windows[-1]["duration_s"] == pytest.approx(2.0, abs=0.21)


@pytest.mark.parametrize("pause", [0.3, 20.0, 3e7])
def test_a_pause_of_any_length_costs_no_more_than_its_window(tmp_path: Path, pause: float) -> None:
    times = np.arange(8000) / 4000.0
    times[4000:] += pause
    rows = np.column_stack([times, three_phases(8000, 4000.0)])
    text = "\n".join(",".join(f"{value:.6f}" for value in row) for row in rows)
    (tmp_path / "w.csv").write_text(f"t,{','.join(NAMES)}\n{text}\n")
    windows = measured(tmp_path / "w.csv")
    assert len(windows) in {9, 10}
    assert windows[-1]["start_s"] + windows[-1]["duration_s"] == pytest.approx(2.0 + pause, abs=0.21)


def test_a_dip_is_listed_with_time_and_residual(tmp_path: Path) -> None:
    values = three_phases(8000, 4000.0)
    values[4000:4800, 1] *= 0.6
    code, out, _ = run(str(table(tmp_path, values, NAMES, 4000.0)))
    assert code == 0
    (line,) = [line for line in out.splitlines() if "dip at" in line]
    assert "residual" in line
    assert "L2 60.0 %" in line


def test_the_table_tells_columns_units_orders_and_the_summary(tmp_path: Path) -> None:
    path = Written(three_phases(4000, 4000.0, volts=8000, amperes=100), NAMES, UNITS).write(tmp_path)
    code, out, _ = run(str(path))
    assert code == 0
    for words in ("COMTRADE 1999, ASCII", "U L2  Vb [V]", "I N", "order: U L1-L2-L3", "U kV", "5 windows", "mean"):
        assert words in out or words == "I N"
    assert "8.0000" in out


def test_two_rates_are_measured_one_after_the_other(tmp_path: Path) -> None:
    fast, slow = three_phases(4000, 4000.0), three_phases(1000, 1000.0)
    path = Written(np.vstack([fast, slow]), NAMES, UNITS, rates=[(4000.0, 4000), (1000.0, 5000)]).write(tmp_path)
    windows = measured(path)
    assert {round(window["voltage_rms_v"]["l1"], 1) for window in windows} == {230.0}
    assert windows[-1]["start_s"] > 1.5


def test_a_slow_stretch_is_left_out_and_said(tmp_path: Path) -> None:
    values = np.vstack([three_phases(4000, 4000.0), three_phases(100, 100.0)])
    path = Written(values, NAMES, UNITS, rates=[(4000.0, 4000), (100.0, 4100)]).write(tmp_path)
    code, _, err = run(str(path))
    assert code == 0
    assert "from 1.0000 s on the rate is 100 Hz: not measured" in err


@pytest.mark.parametrize("rate", [80_000.0, 200_000.0])
def test_high_rates_are_measured_too(tmp_path: Path, rate: float) -> None:
    path = Written(three_phases(int(rate / 4), rate), NAMES, UNITS, rate=rate, kind="FLOAT32").write(tmp_path)
    (window, *_) = measured(path, "--quiet")
    assert window["voltage_rms_v"]["l1"] == pytest.approx(230.0, rel=1e-4)
    assert window["current_angle_deg"]["l3"] == pytest.approx(30.0, abs=0.01)


def test_a_skew_between_channels_is_taken_out(tmp_path: Path) -> None:
    values = three_phases(4000, 4000.0)
    late = 50e-6
    values[:, 3:] = three_phases(4000, 4000.0, lag_deg=30.0 - 360 * 50 * late)[:, 3:]
    written = Written(values, NAMES, UNITS, kind="FLOAT32")
    plain = measured(written.write(tmp_path))[0]
    told = measured(replace(written, skews=[0.0] * 3 + [late * 1e6] * 3).write(tmp_path, "told"))[0]
    assert plain["current_angle_deg"]["l1"] == pytest.approx(29.1, abs=0.01)
    assert told["current_angle_deg"]["l1"] == pytest.approx(30.0, abs=0.01)


@pytest.mark.parametrize("suffix", ["png", "svg", "PNG"])
def test_the_picture_has_the_format_of_its_name(tmp_path: Path, suffix: str) -> None:
    picture = tmp_path / f"picture.{suffix}"
    code, _, err = run(str(table(tmp_path, three_phases(2000, 4000.0), NAMES, 4000.0)), "--plot", str(picture))
    assert (code, err) == (0, "")
    assert picture.read_bytes().startswith(b"\x89PNG" if suffix.lower() == "png" else b"<?xml")


def test_a_picture_of_another_kind_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    code, out, err = run(str(tmp_path / "absent.csv"), "--plot", "picture.gif")
    assert (code, out) == (2, "")
    assert err == "ampguard: --plot picture.gif: wanted a name that ends with .png or .svg\n"


def test_a_picture_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = table(tmp_path, three_phases(2000, 4000.0), NAMES, 4000.0)
    code, _, err = run(str(path), "--plot", str(tmp_path / "no" / "folder.png"))
    assert code == 2
    assert "cannot be written: No such file or directory" in err


def refused(path: Path) -> str:
    code, _, err = run(str(path))
    assert code == 2
    assert err.count("\n") == 1
    return err


def test_bad_files_get_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    (tmp_path / "garbage.csv").write_bytes(bytes(range(256)) * 50)
    table(tmp_path, three_phases(30, 4000.0), NAMES, 4000.0, "short.csv")
    table(tmp_path, three_phases(400, 4000.0), ["a1", "p", "q", "r", "x", "y"], 4000.0, "names.csv")
    table(tmp_path, three_phases(400, 4000.0), NAMES, 400.0, "slow.csv")
    assert "a folder; wanted a COMTRADE file" in refused(tmp_path)
    assert "the file is empty" in refused(tmp_path / "empty.csv")
    assert "not a text file" in refused(tmp_path / "garbage.csv")
    assert "too short: not one whole cycle" in refused(tmp_path / "short.csv")
    assert "no column is recognised" in refused(tmp_path / "names.csv")
    assert "sampled at 400 Hz; at least 800 Hz" in refused(tmp_path / "slow.csv")
    assert "cannot be read: No such file" in refused(tmp_path / "nothing.csv")


def mutilated(data: bytes, draw: st.DrawFn) -> bytes:
    changed = bytearray(data)
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, len(changed) - 1))
        changed[place] = draw(st.sampled_from([0, 10, 13, 26, 44, 45, 46, 57, 59, 69, 78, 127, 195, 255]))
    kind = draw(st.sampled_from(["as is", "cut", "doubled", "hole", "inserted"]))
    place = draw(st.integers(0, len(changed)))
    length = draw(st.integers(1, 200))
    if kind == "cut":
        del changed[place:]
    elif kind == "doubled":
        changed[place:place] = changed[place : place + length]
    elif kind == "hole":
        del changed[place : place + length]
    elif kind == "inserted":
        changed[place:place] = draw(st.binary(min_size=1, max_size=30))
    return bytes(changed)


ORIGINALS = {
    kind: Written(three_phases(240, 1600.0), NAMES, UNITS, rate=1600.0, kind=kind, status=3, stamps_only=stamps)
    for kind, stamps in (("ASCII", False), ("BINARY", True), ("BINARY32", False), ("FLOAT32", True))
}


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, bytes]:
    """Files of one recording with something wrong in one of them; the first is the one to be opened."""
    kind = draw(st.sampled_from([*ORIGINALS, "csv", "cff"]))
    with tempfile.TemporaryDirectory() as folder:
        if kind == "csv":
            path = table(Path(folder), three_phases(240, 1600.0), NAMES, 1600.0)
        elif kind == "cff":
            path = ORIGINALS["ASCII"].write_cff(Path(folder))
        else:
            path = ORIGINALS[kind].write(Path(folder))
        files = {file.name: file.read_bytes() for file in [path, *sorted(Path(folder).iterdir())]}
    victim = draw(st.sampled_from(list(files)))
    files[victim] = mutilated(files[victim], draw)
    return files


@given(files=damaged(), form=st.sampled_from(["--json", "--nominal-hz=60"]))
@settings(max_examples=250, deadline=None)
def test_a_mutilated_file_is_measured_or_refused_but_never_crashes(files: dict[str, bytes], form: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data)
        code, out, err = run(str(Path(folder) / next(iter(files))), "--quiet", form)
    assert code in {0, 2}
    if code == 2:
        assert err.count("\n") == 1
    if form == "--json":
        for line in out.splitlines():
            strict(line)
