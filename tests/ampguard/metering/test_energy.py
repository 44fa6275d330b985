"""Energy counters: they only grow, they balance, and a restart changes nothing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard.journal.made import measurement

from ampguard.metering.energy import EnergyCounters
from ampguard.phases import Phases
from ampguard.readings import NO_ENERGY, Energy, Measurement

POWERS = st.none() | st.floats(-1e6, 1e6)
WINDOWS = st.lists(
    st.builds(
        lambda duration_s, powers, total: measurement(
            duration_s, active_power_w=Phases.of(powers), total_active_power_w=total
        ),
        st.floats(0.001, 10.0),
        st.tuples(POWERS, POWERS, POWERS),
        POWERS,
    ),
    max_size=30,
)


def counted(windows: list[Measurement], start: Energy = NO_ENERGY) -> Energy:
    counters = EnergyCounters(start)
    for window in windows:
        counters.add(window)
    return counters.energy()


def numbers(energy: Energy) -> list[float]:
    return [*energy.import_wh, *energy.export_wh, energy.total_import_wh, energy.total_export_wh]


@settings(deadline=None)
@given(WINDOWS)
def test_counters_only_grow(windows: list[Measurement]) -> None:
    counters = EnergyCounters()
    before = numbers(counters.energy())
    for window in windows:
        counters.add(window)
        now = numbers(counters.energy())
        assert all(new >= old for new, old in zip(now, before, strict=True))
        before = now


@settings(deadline=None)
@given(WINDOWS)
def test_import_less_export_is_the_integral_of_power(windows: list[Measurement]) -> None:
    energy = counted(windows)
    for index in range(3):
        wanted = sum((tuple(one.active_power_w)[index] or 0.0) * one.duration_s / 3600.0 for one in windows)
        found = tuple(energy.import_wh)[index] - tuple(energy.export_wh)[index]
        assert math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-6)
    wanted = sum((one.total_active_power_w or 0.0) * one.duration_s / 3600.0 for one in windows)
    assert math.isclose(energy.total_import_wh - energy.total_export_wh, wanted, rel_tol=1e-9, abs_tol=1e-6)


@settings(deadline=None)
@given(WINDOWS, st.data())
def test_a_restart_anywhere_changes_no_counter(windows: list[Measurement], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(windows)))
    assert counted(windows[at:], counted(windows[:at])) == counted(windows)


@settings(deadline=None)
@given(WINDOWS)
def test_a_restart_after_every_window_changes_no_counter(windows: list[Measurement]) -> None:
    energy = NO_ENERGY
    for window in windows:
        energy = counted([window], energy)
    assert energy == counted(windows)


@settings(deadline=None)
@given(WINDOWS)
def test_an_absent_power_counts_for_nothing(windows: list[Measurement]) -> None:
    nothing = measurement(5.0)
    padded = [one for window in windows for one in (nothing, window, nothing)]
    assert counted(padded) == counted(windows)


def test_an_earlier_answer_is_not_changed_by_later_windows() -> None:
    counters = EnergyCounters()
    before = counters.energy()
    counters.add(measurement(3600.0, active_power_w=Phases.all_of(1000.0), total_active_power_w=3000.0))
    assert before == NO_ENERGY
    assert counters.energy().import_wh == Phases.all_of(1000.0)


def test_the_total_is_the_sum_of_the_phases_first_and_its_sign_then() -> None:
    powers = Phases(2000.0, -1500.0, -500.0)
    energy = counted([measurement(3600.0, active_power_w=powers, total_active_power_w=0.0)])
    assert energy.import_wh == Phases(2000.0, 0.0, 0.0)
    assert energy.export_wh == Phases(0.0, 1500.0, 500.0)
    assert (energy.total_import_wh, energy.total_export_wh) == (0.0, 0.0)


def test_a_window_that_imports_never_exports() -> None:
    energy = counted([measurement(3600.0, active_power_w=Phases(-1.0, None, 1.0), total_active_power_w=-7.0)])
    assert numbers(energy) == [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 7.0]


def earlier(wh: float, export_wh: float = 0.0) -> Energy:
    return Energy(
        import_wh=Phases.all_of(wh),
        export_wh=Phases.all_of(export_wh),
        total_import_wh=3 * wh,
        total_export_wh=3 * export_wh,
    )


def test_counters_that_are_found_late_are_added() -> None:
    window = measurement(3600.0, active_power_w=Phases.all_of(5.0), total_active_power_w=15.0)
    counters = EnergyCounters(earlier(100.0))
    counters.add(window)
    counters.continue_from(earlier(120.0, 7.0))
    assert counters.energy() == earlier(125.0, 7.0)
    # what is not newer than the start, or was added before, adds nothing
    for known in (earlier(100.0), earlier(120.0, 7.0), NO_ENERGY):
        counters.continue_from(known)
    assert counters.energy() == earlier(125.0, 7.0)


def test_a_week_of_small_power_is_not_lost_in_a_large_counter() -> None:
    start = Energy(
        import_wh=Phases.all_of(1e10), export_wh=Phases.all_of(0.0), total_import_wh=1e10, total_export_wh=0.0
    )
    window = measurement(0.2, active_power_w=Phases.all_of(1.0), total_active_power_w=3.0)
    energy = counted([window] * 18_000, start)
    assert energy.import_wh.l1 - 1e10 == pytest.approx(1.0, rel=0.05)
