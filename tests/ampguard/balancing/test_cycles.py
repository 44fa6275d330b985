"""Loads that come back: room that is short-lived is not given away, and room that lasts is."""

from __future__ import annotations

from ampguard.balancing.cycles import SHORTEST_S, Cycles


def made() -> Cycles:
    return Cycles(25.0, 1.0, price_s=30.0, start_price_s=300.0)


def play(cycles: Cycles, steps: list[tuple[float, float]], start_s: float = 0.0) -> float:
    """Base loads and for how long; when it ends."""
    now_s = start_s
    for base_a, length_s in steps:
        end_s = now_s + length_s
        while now_s < end_s:
            cycles.feel(base_a, now_s)
            now_s += 0.5
    return now_s


def waits_s(cycles: Cycles, base_a: float, now_s: float, *, to_start: bool = False) -> float:
    """How long the room is still held."""
    since_s = now_s
    while cycles.planned_a(base_a, now_s, to_start=to_start) > base_a + 1.0:
        cycles.feel(base_a, now_s)
        now_s += 0.5
    return now_s - since_s


def test_a_load_that_went_once_is_waited_for_a_moment() -> None:
    cycles = made()
    now_s = play(cycles, [(2.0, 600.0), (12.0, 600.0), (2.0, 0.5)])
    assert SHORTEST_S - 1.0 <= waits_s(cycles, 2.0, now_s) <= 10.0


def test_a_hob_is_waited_for_until_it_is_off_longer_than_ever() -> None:
    cycles = made()
    hob = [(12.0, 8.0), (2.0, 14.0)] * 6
    now_s = play(cycles, [(2.0, 600.0), *hob, (12.0, 8.0), (2.0, 0.5)])
    assert 13.0 <= waits_s(cycles, 2.0, now_s) <= 25.0


def test_a_load_that_is_off_for_long_each_time_is_not_waited_for() -> None:
    cycles = made()
    oven = [(12.0, 60.0), (2.0, 400.0)] * 6
    now_s = play(cycles, [(2.0, 600.0), *oven, (12.0, 60.0), (2.0, 0.5)])
    assert waits_s(cycles, 2.0, now_s) <= 5.0


def test_a_start_waits_longer_than_more_of_what_runs() -> None:
    cycles = made()
    now_s = play(cycles, [(2.0, 600.0), *[(12.0, 60.0), (2.0, 90.0)] * 4, (12.0, 60.0), (2.0, 0.5)])
    assert waits_s(cycles, 2.0, now_s, to_start=True) > 60.0


def test_each_level_is_waited_for_by_itself() -> None:
    """A hob on top of an oven does not keep the oven's room."""
    cycles = made()
    hob = [(20.0, 8.0), (12.0, 14.0)] * 6
    now_s = play(cycles, [(2.0, 600.0), (12.0, 100.0), *hob, (20.0, 8.0), (2.0, 0.5)])
    play(cycles, [(2.0, 12.0)], now_s)
    assert cycles.planned_a(2.0, now_s + 5.0) >= 18.0
    assert cycles.planned_a(2.0, now_s + 40.0) == 2.0


def test_feeding_in_is_a_base_load_below_zero() -> None:
    cycles = made()
    play(cycles, [(-10.0, 20.0), (5.0, 20.0), (-10.0, 0.5)])
    assert cycles.planned_a(-10.0, 41.0) > 4.0
    assert cycles.planned_a(-10.0, 400.0) == -10.0
