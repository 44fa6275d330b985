"""The self-check: silent while it cannot compare, right when it can."""

from __future__ import annotations

import math
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard.journal.made import measurement

from ampguard.metering.calibration import columns
from ampguard.metering.selfcheck import AFTER, BEFORE, LIMIT_PERCENT, Deviation, SelfCheck
from ampguard.phases import Phases
from ampguard.readings import Measurement
from ampguard.settings.settings import Settings
from ampguard_drivers.ade9000.results import ByPhase, ChipResults
from ampguard_drivers.eeprom.records import Calibration, ChannelCalibration

FULL_SCALE_CODES = 50_000_000.0
SCALES = (100.0, 800.0, 110.0, 810.0, 120.0, 820.0, 100.0)
CALIBRATION = Calibration(tuple(ChannelCalibration(scale, 0.0) for scale in SCALES), 0.0, 25.0, "none")


def codes(value: float, scale: float) -> int:
    return round(value / scale * math.sqrt(2.0) * FULL_SCALE_CODES)


def results(current_a: tuple[float, ...], voltage_v: tuple[float, ...]) -> ChipResults:
    values: dict[str, object] = {field.name: 0 for field in fields(ChipResults)}
    values["current_rms_codes"] = ByPhase(*(codes(current_a[at], SCALES[2 * at]) for at in range(3)))
    values["voltage_rms_codes"] = ByPhase(*(codes(voltage_v[at], SCALES[2 * at + 1]) for at in range(3)))
    values["rms_full_scale_codes"] = FULL_SCALE_CODES
    return ChipResults(**values)  # type: ignore[arg-type]  # what is compared is given


def window(current_a: tuple[float | None, ...], voltage_v: tuple[float | None, ...]) -> Measurement:
    return measurement(current_rms_a=Phases.of(current_a), voltage_rms_v=Phases.of(voltage_v))


CURRENT, VOLTAGE = (10.0, 20.0, 30.0), (230.0, 231.0, 229.0)
STEADY = [window(CURRENT, VOLTAGE)]


def checked(windows: list[Measurement], chip: ChipResults) -> SelfCheck:
    """The chip is read with the last two windows still to come."""
    check = SelfCheck(CALIBRATION, columns(Settings()))
    for number, one in enumerate(windows):
        if number == len(windows) - AFTER:
            check.compare(chip)
        check.add(one)
    return check


def found(windows: list[Measurement], chip: ChipResults) -> Deviation:
    latest = checked(windows, chip).latest
    assert latest is not None
    return latest


def test_agreement_is_a_deviation_of_next_to_nothing() -> None:
    assert found(STEADY * 7, results(CURRENT, VOLTAGE)).percent < 0.001


@settings(deadline=None)
@given(st.integers(0, 5), st.floats(0.0, 2.0))
def test_a_deviating_channel_is_named_with_how_much(channel: int, factor: float) -> None:
    chip = [*CURRENT, *VOLTAGE]
    chip[channel] *= factor
    deviation = found(STEADY * 7, results(tuple(chip[:3]), tuple(chip[3:])))
    wanted = 100.0 * abs(1.0 - factor) / max(1.0, factor)
    assert deviation.percent == pytest.approx(wanted, abs=0.001)
    if wanted > 0.01:
        assert deviation.channel == f"{'current' if channel < 3 else 'voltage'}_rms_l{channel % 3 + 1}"


def test_the_largest_of_several_deviations_is_said() -> None:
    deviation = found(STEADY * 7, results((10.2, 21.0, 30.0), (230.0, 215.0, 229.0)))
    assert (deviation.channel, deviation.percent > LIMIT_PERCENT) == ("voltage_rms_l2", True)
    assert str(deviation) == "6.93 % in the voltage of L2"


@pytest.mark.parametrize("count", range(2, BEFORE + AFTER))
def test_less_than_a_second_is_not_compared(count: int) -> None:
    assert checked(STEADY * count, results(CURRENT, VOLTAGE)).latest is None


@settings(deadline=None)
@given(st.integers(0, BEFORE + AFTER - 1), st.floats(0.005, 10.0))
def test_a_load_step_before_or_after_is_not_compared(at: int, step: float) -> None:
    windows = STEADY * 7
    windows[at] = window(tuple(one * (1.0 + step) for one in CURRENT), VOLTAGE)
    deviation = found(windows, results((1000.0, 1000.0, 1000.0), VOLTAGE))
    assert (deviation.channel[:7], deviation.percent < 0.001) == ("voltage", True)


def test_after_a_step_it_compares_again_a_second_later() -> None:
    deviation = found(STEADY * 5 + [window((5.0, 5.0, 5.0), VOLTAGE)] * 7, results((5.0, 5.0, 10.0), VOLTAGE))
    assert deviation.channel == "current_rms_l3"
    assert deviation.percent == pytest.approx(50.0, abs=0.01)


def test_values_in_the_noise_are_not_compared() -> None:
    windows = [window((0.01, 0.02, 0.5), (0.5, 1.0, 2.0))] * 7
    assert checked(windows, results((0.3, 0.3, 0.3), (3.0, 3.0, 3.0))).latest is None


def test_absent_values_are_not_compared() -> None:
    windows = [window((None, None, None), (None, 231.0, None))] * 7
    deviation = found(windows, results(CURRENT, (100.0, 231.0, 100.0)))
    assert (deviation.channel, deviation.percent < 0.001) == ("voltage_rms_l2", True)


def test_one_absent_window_keeps_a_channel_out() -> None:
    windows = [*STEADY * 6, window((None, None, None), (None, None, None))]
    assert checked(windows, results((1.0, 1.0, 1.0), (1.0, 1.0, 1.0))).latest is None


def test_a_verdict_that_no_longer_holds_is_taken_back() -> None:
    check = checked(STEADY * 7, results((20.0, 40.0, 60.0), VOLTAGE))
    assert check.latest is not None
    nothing = (0.0, 0.0, 0.0)
    for number in range(9):
        if number == 7:
            check.compare(results(nothing, nothing))
        check.add(window(nothing, nothing))
    assert check.latest is None


def test_windows_of_another_assignment_are_not_held_against_the_chip() -> None:
    check = checked(STEADY * 7, results(CURRENT, VOLTAGE))
    before = check.latest
    for number in range(6):
        if number == 2:
            check.compare(results((50.0, 50.0, 50.0), (50.0, 50.0, 50.0)))
        if number == 3:
            check.reassign(columns(Settings()))
        check.add(STEADY[0])
    assert check.latest == before, "what the chip said in between is forgotten, and so are the windows before"
    check.compare(results((50.0, 50.0, 50.0), VOLTAGE))
    for _ in range(AFTER):
        check.add(STEADY[0])
    assert check.latest == before, "a second is not full yet"
    check.add(STEADY[0])
    check.compare(results((50.0, 50.0, 50.0), VOLTAGE))
    for _ in range(AFTER):
        check.add(STEADY[0])
    assert check.latest is not None
    assert check.latest.percent == pytest.approx(80.0)


@pytest.mark.parametrize("dead", ["ours", "the chip's"])
def test_a_channel_that_is_dead_on_one_side_only_is_found(dead: str) -> None:
    without = (10.0, 0.0, 30.0)
    ours, chip = (without, CURRENT) if dead == "ours" else (CURRENT, without)
    deviation = found([window(ours, VOLTAGE)] * 7, results(chip, VOLTAGE))
    assert deviation.channel == "current_rms_l2"
    assert deviation.percent == pytest.approx(100.0)
