"""Wrong wiring that the settings describe: the unit reports what a rightly wired one reports."""

from __future__ import annotations

import itertools
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from tests.ampguard.metering.test_pipeline import Unit, states, unit
from tests.ampguard.metering.told import turn_deg

from ampguard.metering.sampling import Look
from ampguard.metering.selfcheck import LIMIT_PERCENT
from ampguard.phases import LinePairs, Phase, PhaseOrder, Phases
from ampguard.readings import Interval, Measurement, Quality, Reading
from ampguard.settings.assignment import AS_LABELLED, Assignment, Clamp
from ampguard.settings.settings import GridType, Settings
from ampguard_drivers.simulated.front_end import Clamp as RealClamp
from ampguard_drivers.simulated.front_end import Wiring
from ampguard_drivers.simulated.supply import Harmonic, Load, State, Supply

if TYPE_CHECKING:
    from collections.abc import Iterator

ORDERS = [Phases.of(order) for order in itertools.permutations(Phase)]
assignments = st.builds(
    Assignment,
    st.builds(
        lambda order, turned: Phases.of(Clamp(*one) for one in zip(order, turned, strict=True)),
        st.sampled_from(ORDERS),
        st.tuples(*[st.booleans()] * 3),
    ),
    st.sampled_from(ORDERS),
)
HOUSE = State(
    loads=(Load(10.0, 8.0, (Harmonic(3.0, 0.1),)), Load(4.0, 30.0), Load(7.0, -20.0)), voltage_v=(231.0, 228.0, 235.0)
)
SWAPPED = Assignment(Phases(Clamp(Phase.L2), Clamp(Phase.L1, reversed=True), Clamp(Phase.L3)))
INTERCHANGED = Assignment(SWAPPED.clamps, Phases(Phase.L2, Phase.L1, Phase.L3))


def wired(assignment: Assignment) -> Wiring:
    """An electrician who does just that."""
    first, second, third = (RealClamp(list(Phase).index(one.phase), reversed=one.reversed) for one in assignment.clamps)
    return Wiring((first, second, third), tuple(list(Phase).index(one) for one in assignment.voltages))


def last_second(under_test: Unit, duration_s: float = 1.5) -> Reading:
    found = [one for one in under_test.readings(duration_s) if one.interval is Interval.SECOND]
    return next(one for one in reversed(found) if Quality.SHORT_WINDOW not in one.quality)


def numbers(reading: Reading) -> Iterator[tuple[str, float | None]]:
    for field in fields(reading):
        value = getattr(reading, field.name)
        if isinstance(value, Phases | LinePairs):
            for name in fields(value):
                yield f"{field.name}.{name.name}", getattr(value, name.name)
        elif isinstance(value, float):
            yield field.name, value


def same(found: Reading, wanted: Reading, *, power_va: float) -> None:
    """All that the two say, within what calibration leaves."""
    assert (found.voltage_order, found.current_order) == (wanted.voltage_order, wanted.current_order)
    assert found.quality == wanted.quality
    said = dict(numbers(wanted))
    for name, value in numbers(found):
        other_value = said[name]
        if value is None or other_value is None:
            assert value is other_value, name
        elif "angle_deg" in name:
            assert turn_deg(value, other_value) < 0.03, name
        elif "power_factor" in name or "percent" in name:
            assert value == pytest.approx(other_value, abs=0.05), name
        elif any(unit_word in name for unit_word in ("_w", "_var", "_va")):
            assert value == pytest.approx(other_value, abs=1e-3 * power_va), name
        elif name != "duration_s":
            assert value == pytest.approx(other_value, rel=1e-3, abs=1e-3), name


@given(state=states, assignment=assignments, seed=st.integers(0, 1000))
@effort(max_examples=30, deadline=None)
def test_what_is_wired_as_it_is_set_is_reported_as_if_it_were_right(
    state: State, assignment: Assignment, seed: int
) -> None:
    supply = Supply([(0.0, state)])
    told = supply.told(0.0)
    power_va = max(u * i for u, i in zip(told.voltage_rms_v, told.current_rms_a, strict=True))
    mended = unit(supply, seed=seed, wiring=wired(assignment), settings=Settings(wiring=assignment))
    same(last_second(mended), last_second(unit(supply, seed=seed)), power_va=power_va)


@pytest.mark.parametrize("assignment", [SWAPPED, INTERCHANGED])
def test_what_is_set_otherwise_than_it_is_wired_is_reported_as_set(assignment: Assignment) -> None:
    """The mapping is applied, whether it is true or not."""
    found = last_second(unit(Supply([(0.0, HOUSE)]), settings=Settings(wiring=assignment)))
    assert found.current_rms_a.l2 == pytest.approx(10.05, abs=0.01)
    assert found.current_rms_a.l1 == pytest.approx(4.0, abs=0.01)
    assert found.voltage_order is (PhaseOrder.L1_L2_L3 if assignment is SWAPPED else PhaseOrder.L3_L2_L1)


def test_a_single_phase_may_come_through_any_input() -> None:
    wiring = Assignment(Phases(Clamp(Phase.L3), Clamp(Phase.L2), Clamp(Phase.L1)), Phases(Phase.L2, Phase.L1, Phase.L3))
    settings = Settings(grid_type=GridType.SINGLE_PHASE, wiring=wiring)
    found = last_second(unit(Supply([(0.0, HOUSE)]), settings=settings))
    assert found.voltage_rms_v == Phases(pytest.approx(228.0, abs=0.05), None, None)
    assert found.current_rms_a == Phases(pytest.approx(7.0, abs=0.01), None, None)


def test_a_terminal_that_is_wired_is_named_by_itself_and_its_phase_by_the_wiring() -> None:
    told = Settings(voltage_terminals=frozenset({Phase.L2}), wiring=INTERCHANGED)
    assert told.wired_voltages == Phases(l1=True, l2=False, l3=False)
    found = last_second(unit(Supply([(0.0, HOUSE)]), wiring=wired(INTERCHANGED), settings=told))
    right = Settings(voltage_terminals=frozenset({Phase.L1}))
    same(found, last_second(unit(Supply([(0.0, HOUSE)]), settings=right)), power_va=2400.0)


def windows(under_test: Unit, duration_s: float) -> list[Measurement]:
    found: list[Measurement] = []
    end_ns = under_test.board.clock.now_ns() + round(duration_s * 1e9)
    while under_test.board.clock.now_ns() < end_ns:
        found += under_test.pipeline.process(under_test.chip.next_block()).measurements
    return found


@given(assignment=assignments, before=assignments, after_s=st.floats(0.0, 1.0))
@effort(max_examples=15, deadline=None)
def test_a_change_while_it_runs_counts_from_a_window_on_and_loses_nothing(
    assignment: Assignment, before: Assignment, after_s: float
) -> None:
    supply = Supply([(0.0, HOUSE)])
    under_test = unit(supply, wiring=wired(assignment), settings=Settings(wiring=before))
    constant = unit(supply, wiring=wired(assignment), settings=Settings(wiring=before))
    right = windows(unit(supply), 2.5)[-1]
    found = windows(under_test, after_s)
    changed_at = len(found)
    under_test.pipeline.take_up(Settings(wiring=assignment))
    found += windows(under_test, 2.5 - after_s)
    unchanged = windows(constant, 2.5)
    assert [one.start_s for one in found] == pytest.approx([one.start_s for one in unchanged], abs=1e-6)
    assert [one.quality for one in found] == [one.quality for one in unchanged]
    for one, following in itertools.pairwise(found):
        assert following.start_s == pytest.approx(one.start_s + one.duration_s, abs=1e-9)
    assert found[:changed_at] == unchanged[:changed_at]
    for one in found[changed_at:]:
        for value, wanted in zip(one.active_power_w, right.active_power_w, strict=True):
            assert value == pytest.approx(wanted, abs=3.0)
        for value, wanted in zip(one.voltage_rms_v, right.voltage_rms_v, strict=True):
            assert value == pytest.approx(wanted, rel=1e-3)


def test_the_counters_of_energy_go_on_by_phase() -> None:
    under_test = unit(Supply([(0.0, HOUSE)]), wiring=wired(SWAPPED))
    before = [one for one in under_test.readings(2.0) if one.interval is Interval.SECOND][-1].energy
    under_test.pipeline.take_up(Settings(wiring=SWAPPED))
    after = [one for one in under_test.readings(2.0) if one.interval is Interval.SECOND][-1].energy
    assert after.import_wh.l1 > before.import_wh.l1
    assert after.export_wh.l1 == before.export_wh.l1
    assert after.total_import_wh > before.total_import_wh


def test_an_event_that_lasts_ends_where_voltages_change_places() -> None:
    low = replace(HOUSE, voltage_v=(150.0, 230.0, 230.0))
    told = Settings(nominal_voltage_v=230.0)
    under_test = unit(Supply([(0.0, HOUSE), (1.0, low)]), settings=told)
    assert windows(under_test, 2.0)
    under_test.pipeline.take_up(replace(told, wiring=INTERCHANGED))
    (ended,) = under_test.events(0.5)
    assert ended.event.duration_s == pytest.approx(1.0, abs=0.3)
    assert ended.event.extreme_v.l1 == pytest.approx(150.0, abs=1.0)
    (last,) = under_test.pipeline.finish().events
    assert last.event.extreme_v.l2 == pytest.approx(150.0, abs=1.0)
    assert last.event.extreme_v.l1 == pytest.approx(230.0, abs=1.0)


def test_clamps_that_change_places_do_not_end_an_event() -> None:
    low = replace(HOUSE, voltage_v=(150.0, 230.0, 230.0))
    told = Settings(nominal_voltage_v=230.0)
    under_test = unit(Supply([(0.0, HOUSE), (1.0, low), (2.2, HOUSE)]), settings=told)
    assert windows(under_test, 2.0)
    under_test.pipeline.take_up(replace(told, wiring=SWAPPED))
    (ended,) = under_test.events(1.0)
    assert ended.event.duration_s == pytest.approx(1.2, abs=0.05)


def test_an_input_that_becomes_the_only_one_tells_the_frequency() -> None:
    single = Settings(grid_type=GridType.SINGLE_PHASE)
    open_inputs = Wiring((RealClamp(None), RealClamp(None), RealClamp(0)), (None, None, 0))
    under_test = unit(Supply([(0.0, HOUSE)]), wiring=open_inputs, settings=single)
    assert {one.frequency_hz for one in windows(under_test, 1.0)} == {None}
    third = Assignment(Phases(Clamp(Phase.L3), Clamp(Phase.L2), Clamp(Phase.L1)), Phases(Phase.L3, Phase.L2, Phase.L1))
    under_test.pipeline.take_up(replace(single, wiring=third))
    last = windows(under_test, 1.0)[-1]
    assert last.frequency_hz == pytest.approx(50.0, abs=0.01)
    assert last.current_angle_deg.l1 == pytest.approx(8.0, abs=0.05)


@pytest.mark.parametrize("is_set_before", [True, False])
@pytest.mark.parametrize("assignment", [AS_LABELLED, SWAPPED, INTERCHANGED])
def test_own_results_are_held_against_those_of_the_right_input(assignment: Assignment, *, is_set_before: bool) -> None:
    """The loads differ by more than a factor of two, so that any other input would be a deviation."""
    told = Settings(wiring=assignment)
    under_test = unit(Supply([(0.0, HOUSE)]), wiring=wired(assignment), settings=told if is_set_before else Settings())
    windows(under_test, 0.5)
    under_test.pipeline.take_up(told)
    windows(under_test, 1.5)
    chip = under_test.chip
    look = Look(chip.read_results(), chip.poll_status(), 25.0, 0, 0)
    under_test.pipeline.look(look)
    windows(under_test, 1.0)
    deviation = under_test.pipeline.look(replace(look, results=None))
    assert deviation is not None
    assert deviation.percent < LIMIT_PERCENT
