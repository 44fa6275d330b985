"""Windows of the meter as samples: what flowed in two of them, which way, and when."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.services.balancer.made import WINDOW_S, window

from ampguard.phases import Phases
from ampguard.services.balancer.sampling import ENOUGH_S, Sample, Sampling

ALL = Phases(l1=True, l2=True, l3=True)
currents = st.floats(0.0, 200.0)
triples = st.tuples(currents, currents, currents)


def heard(
    sampling: Sampling, *windows: tuple[float, tuple[float | None, ...]], ahead_s: float = 1000.05
) -> list[Sample]:
    """What comes of windows that start then, each heard a little after its end."""
    found = [
        sampling.heard(window(start_s, (told[0], told[1], told[2])), start_s + WINDOW_S + ahead_s)
        for start_s, told in windows
    ]
    return [one for one in found if one is not None]


@given(triples, triples)
def test_two_windows_make_a_sample_of_their_mean_square(one: tuple[float, ...], other: tuple[float, ...]) -> None:
    (found,) = heard(Sampling(ALL), (0.0, one), (WINDOW_S, other))
    for current_a, first_a, second_a in zip(found.current_a, one, other, strict=True):
        assert current_a == pytest.approx(math.sqrt((first_a**2 + second_a**2) / 2.0), abs=0.001)
    assert found.at_s == pytest.approx(2 * WINDOW_S + 1000.05)
    assert not found.is_clipped


@given(st.lists(triples, min_size=2, max_size=30), st.sampled_from([10 / 49.5, 0.2, 10 / 50.5, 12 / 59.7, 12 / 60.3]))
def test_each_window_counts_once(told: list[tuple[float, float, float]], duration_s: float) -> None:
    sampling, at_s, heat_a2_s, last_s = Sampling(ALL), 0.0, 0.0, 0.0
    for one in told:
        found = sampling.heard(window(at_s, one, duration_s=duration_s), at_s + duration_s + 5.0)
        at_s += duration_s
        if found is not None:
            heat_a2_s += found.current_a[0] ** 2 * (at_s - last_s)
            last_s = at_s
            assert found.at_s == pytest.approx(at_s + 5.0)
    whole = round(last_s / duration_s)
    assert len(told) - whole < 2
    assert heat_a2_s == pytest.approx(sum(one[0] ** 2 for one in told[:whole]) * duration_s, abs=0.1 * max(1, whole))


@given(st.lists(st.sampled_from([1.0, 0.3, -0.3, -0.49, -0.51, -1.0, None]), min_size=2, max_size=2))
def test_export_is_said_only_where_both_windows_are_sure_of_it(factors: list[float | None]) -> None:
    sampling, found = Sampling(ALL), None
    for number, factor in enumerate(factors):
        found = sampling.heard(window(number * WINDOW_S, (5.0, 0.0, 5.0), (factor, factor, 1.0)), 10.0 + number)
    assert found is not None
    is_export = all(factor is not None and factor < -0.5 for factor in factors)
    assert found.current_a[0] == (-5.0 if is_export else 5.0)
    assert found.current_a[1] == 0.0
    assert found.current_a[2] == 5.0


def test_what_is_not_measured_makes_no_sample_and_begins_anew() -> None:
    sampling = Sampling(ALL)
    assert not heard(sampling, (0.0, (1.0, 1.0, 1.0)), (0.2, (1.0, None, 1.0)), (0.4, (2.0, 2.0, 2.0)))
    (found,) = heard(sampling, (0.6, (2.0, 2.0, 2.0)))
    assert found.current_a == (2.0, 2.0, 2.0)


def test_windows_beside_a_hole_are_not_put_together() -> None:
    sampling = Sampling(ALL)
    assert not heard(sampling, (0.0, (30.0, 0.0, 0.0)), (0.4, (1.0, 1.0, 1.0)))
    (found,) = heard(sampling, (0.6, (1.0, 1.0, 1.0)))
    assert found.current_a == (1.0, 1.0, 1.0)


def test_a_stream_that_begins_anew_has_its_own_time() -> None:
    sampling = Sampling(ALL)
    assert heard(sampling, (100.0, (1.0, 1.0, 1.0)), (100.2, (1.0, 1.0, 1.0)), ahead_s=5.0)[0].at_s == pytest.approx(
        105.4
    )
    assert heard(sampling, (0.0, (1.0, 1.0, 1.0)), (0.2, (1.0, 1.0, 1.0)), ahead_s=120.0)[0].at_s == pytest.approx(
        120.4
    )


@given(st.lists(st.floats(0.0, 3.0), min_size=20, max_size=60))
def test_late_windows_are_stamped_with_when_they_ended(late_s: list[float]) -> None:
    """One of them came in time; from it on it is known when all others ended."""
    sampling, delays_s = Sampling(ALL), [0.02, *late_s]
    free_s = 0.0
    for number, delay_s in enumerate(delays_s):
        end_s = (number + 1) * WINDOW_S
        free_s = max(free_s, 50.0 + end_s + max(0.02, delay_s))  # in their order
        found = sampling.heard(window(number * WINDOW_S, (1.0, 1.0, 1.0)), free_s)
        if found is not None:
            assert found.at_s == pytest.approx(50.02 + end_s)
            assert found.at_s <= free_s


def test_windows_that_waited_in_a_queue_are_not_fresh() -> None:
    sampling = Sampling(ALL)
    heard(sampling, (0.0, (1.0, 1.0, 1.0)))
    found = [sampling.heard(window(0.2 * number, (1.0, 1.0, 1.0)), 1020.0) for number in range(1, 8)]
    assert [round(one.at_s, 2) for one in found if one is not None] == [1000.45, 1000.85, 1001.25, 1001.65]


@pytest.mark.parametrize(
    ("phases", "told", "met"),
    [
        (Phases(l1=True, l2=False, l3=False), (7.0, None, None), (7.0, 0.0, 0.0)),
        (Phases(l1=True, l2=False, l3=False), (7.0, 3.0, 3.0), (7.0, 0.0, 0.0)),
        (Phases(l1=True, l2=True, l3=False), (7.0, 8.0, None), (7.0, 8.0, 0.0)),
        (ALL, (7.0, 8.0, 9.0), (7.0, 8.0, 9.0)),
    ],
)
def test_phases_that_the_grid_does_not_have_carry_nothing(
    phases: Phases[bool], told: tuple[float | None, ...], met: tuple[float, ...]
) -> None:
    (found,) = heard(Sampling(phases), (0.0, told), (WINDOW_S, told))
    assert found.current_a == met


def test_a_voltage_that_is_not_measured_makes_it_import() -> None:
    sampling, found = Sampling(ALL), None
    for number in range(2):
        found = sampling.heard(window(number * WINDOW_S, (5.0, 5.0, 5.0), (None, -1.0, None)), 10.0)
    assert found is not None
    assert found.current_a == (5.0, -5.0, 5.0)


def test_a_clipped_current_may_cut_and_never_says_that_there_is_room() -> None:
    sampling = Sampling(ALL)
    assert sampling.heard(window(0.0, (90.0, 1.0, 1.0), is_clipped=True), 10.0) is None
    found = sampling.heard(window(WINDOW_S, (90.0, 1.0, 1.0)), 10.2)
    assert found is not None
    assert found.is_clipped
    assert found.counts(63.0), "more than the fuse: that is certain"
    assert not found.counts(100.0), "it may be 200 A: nobody knows"
    assert Sample(1.0, (-90.0, -90.0, -90.0), is_clipped=True).counts(63.0) is False
    for number in (2, 3):
        found = sampling.heard(window(number * WINDOW_S, (90.0, 1.0, 1.0)), 10.6)
    assert found is not None
    assert not found.is_clipped
    assert found.counts(100.0)


def test_it_takes_two_windows() -> None:
    assert WINDOW_S < ENOUGH_S < 2 * WINDOW_S
