"""Presses and holds, in virtual time and with contacts that bounce."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard_drivers.bus import Level
from ampguard_drivers.button.button import Button
from ampguard_drivers.button.press import Action, ButtonEvent, PressTable


@dataclass
class Finger:
    """The line, and the clock that it is watched by: low during the given spans of time."""

    spans_s: list[tuple[float, float]]
    ns: int = 0
    looks: int = field(default=0)

    def level(self) -> Level:
        self.looks += 1
        now_s = self.ns / 1e9
        return Level.LOW if any(start <= now_s < end for start, end in self.spans_s) else Level.HIGH

    def wait_low(self, timeout_s: float) -> bool:
        now_s = self.ns / 1e9
        starts = [max(start, now_s) for start, end in self.spans_s if end > now_s]
        if starts and min(starts) <= now_s + timeout_s:
            self.ns = max(self.ns, round(min(starts) * 1e9))
            return True
        self.ns += round(timeout_s * 1e9)
        return False

    def close(self) -> None:
        pass

    def now_ns(self) -> int:
        return self.ns

    def pause(self, duration_s: float) -> None:
        self.ns += round(duration_s * 1e9)


def events(finger: Finger, *, until_s: float, stages_s: tuple[float, ...] = ()) -> list[ButtonEvent]:
    button = Button(finger, finger, hold_stages_s=stages_s)
    found = []
    while finger.ns < until_s * 1e9:
        event = button.wait(1.0)
        if event is not None:
            found.append(event)
    return found


def test_a_short_press_is_pressed_and_released() -> None:
    found = events(Finger([(1.0, 1.2)]), until_s=5.0, stages_s=(3.0, 10.0))
    assert [(event.action, event.stage) for event in found] == [(Action.PRESSED, 0), (Action.RELEASED, 0)]
    assert found[1].duration_s == pytest.approx(0.2, abs=0.02)


def test_a_long_hold_passes_its_stages_while_it_lasts() -> None:
    found = events(Finger([(1.0, 12.5)]), until_s=20.0, stages_s=(3.0, 10.0))
    assert [(event.action, event.stage) for event in found] == [
        (Action.PRESSED, 0),
        (Action.HELD, 1),
        (Action.HELD, 2),
        (Action.RELEASED, 2),
    ]
    assert [event.duration_s for event in found[1:]] == pytest.approx([3.0, 10.0, 11.5], abs=0.02)


def test_bouncing_contacts_make_one_press() -> None:
    bounces = [(1.000, 1.004), (1.006, 1.009), (1.012, 1.5), (1.503, 1.505), (1.508, 1.511)]
    found = events(Finger(bounces), until_s=3.0)
    assert [event.action for event in found] == [Action.PRESSED, Action.RELEASED]


def test_a_glitch_is_no_press() -> None:
    assert events(Finger([(1.0, 1.005)]), until_s=3.0) == []


def test_a_button_that_is_down_at_the_start_is_seen() -> None:
    found = events(Finger([(0.0, 0.5)]), until_s=2.0)
    assert [event.action for event in found] == [Action.PRESSED, Action.RELEASED]


def test_waiting_ends_when_nothing_happens_and_costs_no_looking() -> None:
    finger = Finger([])
    assert Button(finger, finger).wait(10.0) is None
    assert finger.ns == 10_000_000_000
    assert finger.looks == 0


def test_two_presses_are_two() -> None:
    found = events(Finger([(1.0, 1.1), (1.4, 1.6)]), until_s=3.0)
    assert [event.action for event in found] == [Action.PRESSED, Action.RELEASED] * 2


@pytest.mark.parametrize("stages_s", [(0.01,), (3.0, 3.0), (3.0, 2.0)])
def test_stages_that_do_not_rise_are_refused(stages_s: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="rise"):
        PressTable(debounce_s=0.03, hold_stages_s=stages_s)


@given(st.lists(st.tuples(st.integers(0, 80_000_000), st.booleans()), max_size=60))
def test_whatever_the_contacts_do_presses_and_releases_alternate(looks: list[tuple[int, bool]]) -> None:
    table = PressTable(debounce_s=0.03, hold_stages_s=(0.2, 0.5))
    now_ns = 0
    found: list[ButtonEvent] = []
    for passed_ns, low in looks:
        now_ns += passed_ns
        found += table.observe(now_ns, low=low)
    edges = [event.action for event in found if event.action is not Action.HELD]
    assert edges == ([Action.PRESSED, Action.RELEASED] * len(edges))[: len(edges)]
    assert all(event.duration_s >= 0 for event in found)
    for event in found:
        if event.action is Action.HELD:
            assert event.duration_s >= (0.2, 0.5)[event.stage - 1]
