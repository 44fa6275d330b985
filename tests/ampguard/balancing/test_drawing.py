"""What one charger draws: bounds while a limit is on its way, and what is learnt of its car."""

from __future__ import annotations

from tests.ampguard.balancing.made import charger, group

from ampguard.balancing.drawing import Drawing
from ampguard.balancing.observation import Heard
from ampguard.phases import Phase

CHARGER = charger(phases=(Phase.L2, Phase.L3, Phase.L1))


def heard(at_s: float, *drawn_a: float, wants: bool = True, limit_a: float | None = None) -> Heard:
    found = [*drawn_a, 0.0, 0.0, 0.0]
    return Heard(at_s, at_s, (found[0], found[1], found[2]), is_connected=True, wants=wants, limit_a=limit_a)


def charging(limit_a: float, *drawn_a: float, until_s: float = 30.0) -> Drawing:
    """It was told a limit at 0 s and has drawn so much since 5 s."""
    drawing = Drawing(CHARGER, group(CHARGER))
    drawing.hear(heard(-1.0, 0.0))
    drawing.tell(limit_a, 0.0)
    for at in range(int(until_s) + 1):
        drawing.hear(heard(float(at), *(drawn_a if at >= 5 else (0.0,))))
    return drawing


def test_a_single_phase_car_is_found_on_the_phase_that_its_terminal_sits_on() -> None:
    assert charging(16.0, 15.0).used == (1,)
    assert charging(16.0, 15.0, 15.0).used == (1, 2)
    assert charging(16.0, 15.0, 15.0, 15.0).used == (1, 2, 0)


def test_a_phase_that_carries_something_counts_at_once() -> None:
    drawing = charging(16.0, 15.0)
    drawing.hear(heard(31.0, 15.0, 15.0, 15.0))
    assert drawing.used == (1, 2, 0)


def test_it_draws_somewhat_less_than_offered_and_is_offered_more() -> None:
    drawing = charging(16.0, 14.5)
    assert drawing.less_a == 1.5
    assert drawing.most_a is None
    assert drawing.limit_for(20.0) == 21.5
    assert drawing.expected_a(10.0) == 8.5


def test_a_car_at_its_own_end_is_found_and_may_still_take_more_later() -> None:
    drawing = charging(32.0, 15.5)
    assert drawing.most_a == 15.5
    assert drawing.expected_a(32.0) == 15.5
    assert 17.0 < drawing.limit_for(15.5) < 20.0
    drawing.tell(drawing.limit_for(15.5), 31.0)
    for at in range(32, 60):
        drawing.hear(heard(float(at), 17.5))
    assert drawing.most_a is None


def test_another_car_is_another_car() -> None:
    drawing = charging(32.0, 15.5)
    drawing.hear(Heard(31.0, 31.0, (0.0, 0.0, 0.0), is_connected=False, wants=False, limit_a=0.0))
    drawing.hear(heard(32.0, 0.0))
    assert (drawing.most_a, drawing.used, drawing.session) == (None, (1, 2, 0), 2)


def test_until_a_cut_has_settled_anything_between_old_and_new_may_flow() -> None:
    drawing = charging(16.0, 15.5)
    drawing.tell(6.0, 30.0)
    low, high, is_settled = drawing.bounds_a(30.5)
    assert not is_settled
    assert (low[1], high[1]) == (5.5, 15.5)
    assert (low[0], high[0]) == (0.0, 0.0)


def test_a_paused_car_may_begin_at_any_moment() -> None:
    drawing = charging(16.0)
    low, high, is_settled = drawing.bounds_a(30.5)
    assert not is_settled
    assert (low[1], high[1]) == (0.0, 16.0)


def test_settled_it_is_what_was_measured() -> None:
    low, high, is_settled = charging(16.0, 15.5).bounds_a(30.5)
    assert is_settled
    assert low == high == (0.0, 15.5, 0.0)


def test_what_a_car_got_is_counted_while_it_wants() -> None:
    drawing = charging(16.0, 10.0, until_s=25.0)
    assert drawing.served.got_a_s == 21 * 10.0
    drawing.hear(heard(40.0, 10.0, wants=False))
    assert drawing.served.got_a_s == 21 * 10.0
