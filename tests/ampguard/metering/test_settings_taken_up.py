"""Settings that change while it measures: they count from a window on, as if it had always been so; nothing is lost."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from tests.ampguard.metering.test_mended_wiring import HOUSE, windows
from tests.ampguard.metering.test_pipeline import unit

from ampguard.metering.sampling import Look
from ampguard.phases import Phase
from ampguard.readings import Measurement, Quality
from ampguard.settings.settings import GridType, Settings
from ampguard_drivers.simulated.supply import State, Supply

LENGTH_S = 1.7
NET = replace(HOUSE, voltage_v=(231.0, 228.0, 235.0))
settings = st.builds(
    Settings,
    main_fuse_a=st.sampled_from([None, 25.0]),
    grid_type=st.sampled_from(GridType),
    generation_on_site=st.sampled_from([None, False]),
    nominal_voltage_v=st.sampled_from([None, 127.0, 230.0, 400.0]),
    nominal_frequency_hz=st.sampled_from([None, 50.0, 60.0]),
)
wired = st.one_of(settings, st.just(Settings(voltage_terminals=frozenset({Phase.L1}))))


def values(one: Measurement) -> list[float | None]:
    """Of a window, whatever its length."""
    several = (one.voltage_rms_v, one.current_rms_a, one.active_power_w, one.apparent_power_va)
    return [*(value for phases in several for value in phases), one.frequency_hz, one.voltage_zero_sequence_v]


@given(before=wired, after=wired, after_s=st.floats(0.0, 0.9))
@effort(max_examples=12, deadline=None)
def test_from_a_window_on_it_measures_as_if_it_had_always_been_set_so(
    before: Settings, after: Settings, after_s: float
) -> None:
    supply = Supply([(0.0, NET)])
    under_test, always = unit(supply, settings=before), unit(supply, settings=after)
    found = windows(under_test, after_s)
    changed_at = len(found)
    under_test.pipeline.take_up(after)
    found += windows(under_test, LENGTH_S - after_s)
    for one, following in itertools.pairwise(found):
        assert following.start_s == pytest.approx(one.start_s + one.duration_s, abs=1e-9), "no sample is lost"
    right = windows(always, LENGTH_S)[-1]
    for one in found[changed_at:]:
        assert one.duration_s == pytest.approx(right.duration_s, abs=1e-3)
        assert one.quality - {Quality.EVENT} == right.quality - {Quality.EVENT}
        assert one.voltage_order == right.voltage_order
        for value, wanted in zip(values(one), values(right), strict=True):
            assert (value is None) == (wanted is None)
            assert value is None or value == pytest.approx(wanted, rel=2e-3, abs=0.1)


def test_another_nominal_voltage_ends_the_event_that_was_one_by_the_one_before() -> None:
    under_test = unit(Supply([(0.0, NET)]), settings=Settings(nominal_voltage_v=400.0))
    assert windows(under_test, 1.0)
    under_test.pipeline.take_up(Settings(nominal_voltage_v=230.0))
    (dip,) = under_test.events(1.0)
    assert dip.event.reference_v == 400.0
    assert dip.event.duration_s == pytest.approx(1.0, abs=0.3)
    assert under_test.pipeline.finish().events == ()


def test_a_fuse_or_what_generates_ends_no_event() -> None:
    low = replace(NET, voltage_v=(150.0, 230.0, 230.0))
    told = Settings(nominal_voltage_v=230.0)
    under_test = unit(Supply([(0.0, NET), (1.0, low), (2.2, NET)]), settings=told)
    assert windows(under_test, 2.0)
    under_test.pipeline.take_up(replace(told, main_fuse_a=35.0, generation_on_site=False))
    (ended,) = under_test.events(1.0)
    assert ended.event.duration_s == pytest.approx(1.2, abs=0.05)


def test_without_a_nominal_frequency_the_one_that_is_there_decides() -> None:
    under_test = unit(Supply([(0.0, State(frequency_hz=60.0))]), settings=Settings(nominal_frequency_hz=50.0))
    assert windows(under_test, 1.0)[-1].duration_s == pytest.approx(10 / 60, abs=1e-3)
    under_test.pipeline.take_up(Settings())
    assert windows(under_test, 1.0)[-1].duration_s == pytest.approx(12 / 60, abs=1e-3)


def test_own_results_are_still_held_against_the_chips() -> None:
    under_test = unit(Supply([(0.0, NET)]), settings=Settings(nominal_voltage_v=400.0))
    windows(under_test, 1.5)
    under_test.pipeline.look(Look(under_test.chip.read_results(), under_test.chip.poll_status(), 25.0, 0, 0))
    under_test.pipeline.take_up(Settings(nominal_voltage_v=230.0, main_fuse_a=25.0))
    windows(under_test, 1.0)
    look = Look(under_test.chip.read_results(), under_test.chip.poll_status(), 25.0, 0, 0)
    deviation = under_test.pipeline.look(look)
    assert deviation is not None
    assert deviation.percent < 0.5
