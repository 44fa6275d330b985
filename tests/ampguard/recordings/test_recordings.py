"""Recordings of real instruments, measured and held against their references."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pytest
from tests.ampguard.recordings.reference import FOLDER, TRUSTED, Input, deviations, inputs, load, measure_window

from ampguard.services import cli

pytestmark = [
    pytest.mark.recordings,
    pytest.mark.skipif(not inputs(), reason=f"no recordings at {FOLDER}; set AMPGUARD_RECORDINGS to their folder"),
]
LIMITS = {
    "f mHz": 5.0,
    "U %": 0.1,
    "U1 %": 0.1,
    "U angle deg": 0.1,
    "U THD": 0.1,
    "I %": 0.1,
    "I1 %": 0.1,
    "I angle deg": 0.1,
    "I THD": 0.1,
    "P % of S": 0.1,
    "Q1 % of S": 0.1,
    "unbalance": 0.1,
    "orders": 0.0,
}
# Of two or four cycles in the middle of a disturbance "the frequency" is what a method makes of it.
SHORT_CYCLES, SHORT_WINDOW_MHZ = 6, 20.0
each_input = pytest.mark.parametrize("given", inputs(), ids=lambda given: given.name)


def lines(given: Input, *words: str) -> list[dict[str, Any]]:
    out = StringIO()
    with redirect_stdout(out):
        assert cli.main(["measure", str(given.path), "--json", "--quiet", *words]) == 0
    return [json.loads(line) for line in out.getvalue().splitlines()]


@each_input
def test_the_same_cycles_give_the_values_of_the_reference(given: Input) -> None:
    loaded = load(given.path)
    windows = [window for window in given.reference["windows"] if window["xcheck_max_rel"] < TRUSTED]
    assert windows
    for window in windows:
        found = deviations(window, measure_window(loaded, window, given.reference["f_nominal_hz"]))
        limits = LIMITS | ({"f mHz": SHORT_WINDOW_MHZ} if window["cycles"] < SHORT_CYCLES else {})
        assert {name: value for name, value in found.items() if value > limits[name]} == {}, window["t0"]


@each_input
def test_the_command_tells_the_same_about_the_windows_of_steady_recordings(given: Input) -> None:
    if given.name[:2] not in {"03", "04"}:
        pytest.skip("its reference windows are shorter than ours; the test above measures their cycles")
    found = {round(line["start_s"], 1): line for line in lines(given)}
    compared = 0
    for window in given.reference["windows"]:
        line = found.get(round(window["t0"], 1))
        if line is None or abs(line["duration_s"] - window["cycles"] / window["f"]) > 0.001:
            continue
        compared += 1
        for index, phase in enumerate(("l1", "l2", "l3")):
            assert line["voltage_rms_v"][phase] == pytest.approx(window["U_rms"][index], rel=1e-3)
            assert line["current_rms_a"][phase] == pytest.approx(window["I_rms"][index], rel=1e-3)
            assert line["active_power_w"][phase] == pytest.approx(window["P"][index], abs=1e-3 * window["S"][index])
    assert compared >= len(given.reference["windows"]) - 2


@each_input
def test_the_orders_and_signs_of_the_installation_are_told(given: Input) -> None:
    orders, reversed_ = {
        "03": (("L1-L2-L3", "L3-L2-L1"), None),
        "04": (("L1-L2-L3", "L1-L2-L3"), False),
        "05": (("L1-L2-L3", "L1-L2-L3"), False),
        "06": (("L1-L2-L3", "L1-L2-L3"), True),
        "07": (("L3-L2-L1", "L3-L2-L1"), None),
    }[given.name[:2]]
    for line in lines(given):
        assert (line["voltage_order"], line["current_order"]) == orders
        if reversed_ is not None:
            assert all((power < 0) == reversed_ for power in line["active_power_w"].values())


@each_input
def test_the_frequency_finds_itself(given: Input) -> None:
    for line in lines(given):
        assert line["frequency_hz"] == pytest.approx(given.reference["f_nominal_hz"], abs=0.3)


@pytest.mark.parametrize("name", ["04-csv", "05-csv", "05-cfg"])
def test_a_negated_or_swapped_column_shows_as_a_reversed_or_swapped_clamp(name: str) -> None:
    (given,) = [given for given in inputs() if given.name == name]
    first, second = ("I1", "I2") if name == "05-cfg" else ("ia", "ib")
    straight = lines(given)[0]
    negated = lines(given, "--channels", f"i1=-{first}")[0]
    swapped = lines(given, "--channels", f"i1={second},i2={first}")[0]
    assert straight["active_power_w"]["l1"] > 0
    assert negated["active_power_w"]["l1"] == pytest.approx(-straight["active_power_w"]["l1"])
    assert abs(negated["current_angle_deg"]["l1"] - straight["current_angle_deg"]["l1"]) == pytest.approx(180)
    assert (straight["current_order"], swapped["current_order"]) == ("L1-L2-L3", "L3-L2-L1")
    assert swapped["current_rms_a"]["l1"] == straight["current_rms_a"]["l2"]


def test_the_dips_of_the_feeder_fault_are_found() -> None:
    (given,) = [given for given in inputs() if given.name == "07-cfg"]
    out = StringIO()
    with redirect_stdout(out):
        cli.main(["measure", str(given.path), "--quiet", "--nominal-v", "7967"])
    dips = [line for line in out.getvalue().splitlines() if line.strip().startswith("dip at")]
    starts = [float(line.split()[2]) for line in dips]
    assert len(dips) == 2
    for start, wanted in zip(starts, given.reference["dips_below_90pct"], strict=True):
        assert start == pytest.approx(wanted["t_start"], abs=0.021)
    deepest = dips[1].split("residual")[1].replace(",", " ").split()
    residuals = [float(deepest[index]) for index in (1, 4, 7)]
    assert residuals == pytest.approx([100 * r for r in given.reference["dips_below_90pct"][1]["residual_pu"]], abs=2)


def test_only_waveforms_are_taken_of_the_relays_channels() -> None:
    (given,) = [given for given in inputs() if given.name == "03-cfg"]
    labels = [signal.label for signal in load(given.path).selection.signals]
    assert labels == [f"J2 -V{p} [V]" for p in "ABC"] + [f"J1 -I{p} [A]" for p in "ABC"] + ["J1 -IG [A]"]
    (csv,) = [given for given in inputs() if given.name == "03-csv"]
    assert load(given.path).samples[:, :6] == pytest.approx(load(csv.path).samples[:, :6], abs=1e-2)
