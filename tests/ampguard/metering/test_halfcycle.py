"""Dips, swells and interruptions in the half-cycle RMS."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard.metering.told import analyser

from ampguard.readings import EventKind, Quality, VoltageEvent
from ampguard_drivers.simulated.supply import State, Supply

RATE_HZ = 8000.0


def events(*states: tuple[float, State], duration_s: float = 3.0, block: int = 1600) -> list[VoltageEvent]:
    signal = Supply(list(states)).sample(0, round(duration_s * RATE_HZ), RATE_HZ)
    meter = analyser()
    found: list[VoltageEvent] = []
    for first in range(0, len(signal), block):
        meter.push(signal[first : first + block])
        found += meter.take_events()
    meter.finish()
    return [*found, *meter.take_events()]


def at(*ratios: float) -> State:
    first, second, third = ratios
    return State(voltage_v=(230.0 * first, 230.0 * second, 230.0 * third))


@given(start_s=st.floats(0.5, 1.0), cycles=st.integers(2, 60), depth=st.floats(0.1, 0.85), block=st.integers(50, 3000))
@settings(max_examples=40, deadline=None)
def test_a_dip_is_found_with_its_residual_and_its_length(start_s: float, cycles: int, depth: float, block: int) -> None:
    length_s = cycles * 0.02
    found = events((0.0, at(1, 1, 1)), (start_s, at(depth, 1, 1)), (start_s + length_s, at(1, 1, 1)), block=block)
    (dip,) = found
    assert dip.kind is EventKind.DIP
    assert dip.start_s == pytest.approx(start_s, abs=0.021)
    assert dip.duration_s == pytest.approx(length_s, abs=0.021)
    # a step from one sample to the next, which no grid has, is smeared over the six points of an edge
    assert dip.extreme_v.l1 == pytest.approx(230.0 * depth, abs=0.005 * 230.0)
    assert dip.extreme_v.l2 == pytest.approx(230.0, rel=2e-3)


def test_a_swell_is_told_from_a_dip() -> None:
    (swell,) = events((0.0, at(1, 1, 1)), (1.0, at(1, 1.2, 1)), (1.3, at(1, 1, 1)))
    assert swell.kind is EventKind.SWELL
    assert swell.extreme_v.l2 == pytest.approx(276.0, rel=2e-3)


def test_an_interruption_has_all_phases_gone() -> None:
    (gone,) = events((0.0, at(1, 1, 1)), (1.0, at(0, 0, 0)), (1.5, at(1, 1, 1)))
    assert gone.kind is EventKind.INTERRUPTION
    (half,) = events((0.0, at(1, 1, 1)), (1.0, at(0, 0, 1)), (1.5, at(1, 1, 1)))
    assert half.kind is EventKind.DIP


def test_a_terminal_that_never_had_voltage_does_not_hide_an_interruption() -> None:
    (gone,) = events((0.0, at(1, 1, 0)), (1.0, at(0, 0, 0)), (1.5, at(1, 1, 0)))
    assert gone.kind is EventKind.INTERRUPTION
    assert gone.extreme_v.l3 is None


def test_hysteresis_keeps_one_event_from_becoming_many() -> None:
    wobble = [(1.0 + 0.1 * step, at(0.89 if step % 2 else 0.91, 1, 1)) for step in range(8)]
    assert len(events((0.0, at(1, 1, 1)), *wobble, (1.8, at(1, 1, 1)))) == 1


def test_an_event_goes_on_over_windows_and_flags_them() -> None:
    supply = Supply([(0.0, at(1, 1, 1)), (0.5, at(0.5, 1, 1)), (1.1, at(1, 1, 1))])
    found = analyser().push(supply.sample(0, 16_000, RATE_HZ))
    flagged = [Quality.EVENT in one.quality for one in found]
    assert flagged[:2] == [False, False]
    assert all(flagged[2:5])
    assert not any(flagged[6:])


def test_what_lasts_when_the_recording_ends_is_told() -> None:
    (dip,) = events((0.0, at(1, 1, 1)), (2.5, at(0.6, 1, 1)))
    assert dip.duration_s == pytest.approx(0.5, abs=0.03)


def test_steady_voltage_has_no_events() -> None:
    assert events((0.0, replace(at(1.05, 0.95, 1), noise_v=0.5))) == []


def test_a_voltage_that_is_low_from_the_start_is_a_dip() -> None:
    (dip,) = events((0.0, at(0.8, 1, 1)), (1.0, at(1, 1, 1)))
    assert dip.duration_s > 0.7


@given(st.floats(0.02, 1.6))
def test_switching_on_is_no_dip(moment_s: float) -> None:
    assert events((0.0, at(1, 0, 1)), (moment_s, at(1, 1, 1))) == []


def test_a_terminal_that_never_had_voltage_is_no_event() -> None:
    assert events((0.0, at(1, 0, 0))) == []
    (dip,) = events((0.0, at(1, 0, 1)), (1.0, at(0.5, 0, 1)), (1.4, at(1, 0, 1)))
    assert dip.duration_s == pytest.approx(0.4, abs=0.021)
    assert dip.extreme_v.l2 is None
    (lost,) = events((0.0, at(1, 1, 1)), (1.0, at(1, 0, 1)), (1.6, at(1, 1, 1)))
    assert lost.extreme_v.l2 == pytest.approx(0.0, abs=0.5)
