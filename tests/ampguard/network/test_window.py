"""When the access point is open: after power-on, while somebody is logged in, and when it is asked for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ampguard.network.window import HELD_S, OPEN_S, Window, at_power_on

MOMENTS = st.floats(0.0, 1e6)


def test_it_is_open_for_ten_minutes_after_power_on() -> None:
    window = at_power_on(100.0)
    assert window.is_open(100.0)
    assert window.is_open(699.9)
    assert not window.is_open(700.0)
    assert window.left_s(400.0) == 300.0
    assert window.left_s(700.0) is None


def test_a_process_that_begins_late_does_not_open_it_again() -> None:
    assert not at_power_on(0.0).is_open(86_400.0)


@given(MOMENTS, MOMENTS)
def test_a_login_holds_it_open_and_never_opens_it(until_s: float, now_s: float) -> None:
    window = Window(until_s).held(now_s)
    assert window.is_open(now_s) == Window(until_s).is_open(now_s)
    if window.is_open(now_s):
        assert window.until_s >= max(until_s, now_s + HELD_S)


def test_somebody_who_stays_logged_in_keeps_it_open_for_hours() -> None:
    window, now_s = at_power_on(0.0), 0.0
    while now_s < 4 * 3600.0:
        now_s += HELD_S - 1.0
        window = window.held(now_s)
        assert window.is_open(now_s)
    assert not window.is_open(now_s + HELD_S)


@given(MOMENTS, MOMENTS)
def test_the_button_opens_it_for_its_time_and_shortens_nothing(until_s: float, now_s: float) -> None:
    window = Window(until_s).opened(now_s)
    assert window.until_s == max(until_s, now_s + OPEN_S)


@given(MOMENTS, MOMENTS)
def test_closed_is_closed_until_somebody_opens_it(until_s: float, now_s: float) -> None:
    window = Window(until_s).closed(now_s)
    assert not window.is_open(now_s)
    assert not window.held(now_s).is_open(now_s)
    assert window.opened(now_s).is_open(now_s)


def test_one_that_was_found_open_is_not_closed_on_whoever_uses_it() -> None:
    assert at_power_on(0.0).found(5000.0).is_open(5000.0 + HELD_S - 1.0)
