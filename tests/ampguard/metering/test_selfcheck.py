"""The self-check: silent while it cannot compare, right when it can."""

from __future__ import annotations

import math
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard.journal.made import measurement

from ampguard.metering.selfcheck import LIMIT_PERCENT, SelfCheck
from ampguard.phases import Phases
from ampguard.readings import Measurement
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


def checked(windows: list[Measurement]) -> SelfCheck:
    check = SelfCheck(CALIBRATION)
    for one in windows:
        check.add(one)
    return check


CURRENT, VOLTAGE = (10.0, 20.0, 30.0), (230.0, 231.0, 229.0)


def test_agreement_is_a_deviation_of_next_to_nothing() -> None:
    check = checked([window(CURRENT, VOLTAGE)] * 5)
    found = check.compare(results(CURRENT, VOLTAGE))
    assert found is not None
    assert found.percent < 0.001
    assert check.latest is found


@settings(deadline=None)
@given(st.integers(0, 5), st.floats(0.5, 1.5))
def test_a_deviating_channel_is_named_with_how_much(channel: int, factor: float) -> None:
    chip = [*CURRENT, *VOLTAGE]
    chip[channel] *= factor
    found = checked([window(CURRENT, VOLTAGE)] * 5).compare(results(tuple(chip[:3]), tuple(chip[3:])))
    assert found is not None
    wanted = 100.0 * abs(1.0 - factor) / factor
    assert found.percent == pytest.approx(wanted, abs=0.001)
    if wanted > 0.01:
        assert found.channel == f"{'current' if channel < 3 else 'voltage'}_rms_l{channel % 3 + 1}"


def test_the_largest_of_several_deviations_is_said() -> None:
    found = checked([window(CURRENT, VOLTAGE)] * 5).compare(results((10.2, 21.0, 30.0), (230.0, 220.0, 229.0)))
    assert found is not None
    assert (found.channel, found.percent > LIMIT_PERCENT) == ("voltage_rms_l2", True)


@pytest.mark.parametrize("count", range(5))
def test_less_than_a_second_is_not_compared(count: int) -> None:
    assert checked([window(CURRENT, VOLTAGE)] * count).compare(results(CURRENT, VOLTAGE)) is None


@settings(deadline=None)
@given(st.integers(0, 4), st.floats(0.005, 10.0))
def test_a_load_step_is_not_compared(at: int, step: float) -> None:
    windows = [window(CURRENT, VOLTAGE)] * 5
    windows[at] = window(tuple(one * (1.0 + step) for one in CURRENT), VOLTAGE)
    found = checked(windows).compare(results((1000.0, 1000.0, 1000.0), VOLTAGE))
    assert found is not None
    assert (found.channel[:7], found.percent < 0.001) == ("voltage", True)


def test_after_a_step_it_compares_again_a_second_later() -> None:
    check = checked([window(CURRENT, VOLTAGE)] * 5 + [window((5.0, 5.0, 5.0), VOLTAGE)] * 5)
    found = check.compare(results((5.0, 5.0, 10.0), VOLTAGE))
    assert found is not None
    assert found.channel == "current_rms_l3"
    assert found.percent == pytest.approx(50.0, abs=0.01)


def test_values_in_the_noise_are_not_compared() -> None:
    check = checked([window((0.01, 0.02, 0.5), (0.5, 1.0, 2.0))] * 5)
    assert check.compare(results((0.3, 0.3, 0.3), (3.0, 3.0, 3.0))) is None


def test_absent_values_are_not_compared() -> None:
    check = checked([window((None, None, None), (None, 231.0, None))] * 5)
    found = check.compare(results(CURRENT, (100.0, 231.0, 100.0)))
    assert found is not None
    assert (found.channel, found.percent < 0.001) == ("voltage_rms_l2", True)


def test_one_absent_window_keeps_a_channel_out() -> None:
    windows = [window(CURRENT, VOLTAGE)] * 4 + [window((None, None, None), (None, None, None))]
    assert checked(windows).compare(results((1.0, 1.0, 1.0), (1.0, 1.0, 1.0))) is None


def test_a_verdict_that_no_longer_holds_is_taken_back() -> None:
    check = checked([window(CURRENT, VOLTAGE)] * 5)
    assert check.compare(results((20.0, 40.0, 60.0), VOLTAGE)) is not None
    nothing = (0.0, 0.0, 0.0)
    for _ in range(5):
        check.add(window(nothing, nothing))
    assert check.compare(results(nothing, nothing)) is None
    assert check.latest is None


def test_a_channel_that_is_dead_on_our_side_only_is_found() -> None:
    found = checked([window((10.0, 0.0, 30.0), VOLTAGE)] * 5).compare(results(CURRENT, VOLTAGE))
    assert found is not None
    assert found.channel == "current_rms_l2"
    assert found.percent == pytest.approx(100.0)


def test_a_channel_that_is_dead_on_the_chips_side_only_does_not_end_it() -> None:
    found = checked([window(CURRENT, VOLTAGE)] * 5).compare(results((10.0, 0.0, 30.0), VOLTAGE))
    assert found is not None
    assert found.percent < 0.001
