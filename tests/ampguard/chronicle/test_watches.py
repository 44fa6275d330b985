"""Clock, fuse, settings: what changes is told once, and what only wavers is not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.journal.made import reading

from ampguard.chronicle.chronicle import Chronicle
from ampguard.chronicle.configuration import SECRET, difference, listed
from ampguard.chronicle.spells import OverloadWatch
from ampguard.chronicle.wallclock import ClockWatch
from ampguard.clock import ClockQuality, Stamp
from ampguard.events import ClockMove, SettingChange, Start, Turn, What
from ampguard.phases import Phase, Phases
from ampguard.readings import Reading
from ampguard.settings.destinations import MqttSettings
from ampguard.settings.settings import Settings

SECOND_NS = 1_000_000_000
ALL = Phases.all_of(True)  # noqa: FBT003 - of all phases


def stamp(monotonic_s: float, wall_s: float, quality: ClockQuality = ClockQuality.SYNCHRONISED) -> Stamp:
    utc = None if quality is ClockQuality.UNSYNCHRONISED else f"at {wall_s}"
    return Stamp(round(monotonic_s * SECOND_NS), wall_s, utc, quality)


def second(number: int, volts: Phases[float | None], amperes: Phases[float | None]) -> Reading:
    made = replace(reading(number), duration_s=1.0, monotonic_ns=number * SECOND_NS)
    return replace(made, voltage_rms_v=volts, current_rms_a=amperes)


def test_events_are_numbered_whatever_they_are() -> None:
    chronicle = Chronicle("boot")
    found = [chronicle.occurrence(stamp(1, 2), Start(version="1", kernel_boot=None)) for _ in range(3)]
    assert [(one.boot, one.sequence, one.kind) for one in found] == [("boot", n, What.START) for n in (1, 2, 3)]


def test_a_clock_that_becomes_trustworthy_is_told_with_the_pair_that_dates_what_was_before() -> None:
    watch = ClockWatch("system")
    assert watch.follow(stamp(1, 100, ClockQuality.UNSYNCHRONISED)) is None
    assert watch.follow(stamp(2, 101, ClockQuality.UNSYNCHRONISED)) is None
    found = watch.follow(stamp(3, 1_000_102))
    assert found is not None
    assert (found.move, found.step_s, found.monotonic_ns, found.utc, found.kernel_boot) == (
        ClockMove.SET, 1_000_000.0, 3 * SECOND_NS, "at 1000102", "system",
    )  # fmt: skip
    assert watch.follow(stamp(4, 1_000_103)) is None


@given(st.lists(st.floats(-100.0, 100.0), max_size=20))
def test_every_step_is_told_and_slewing_is_not(steps: list[float]) -> None:
    watch, wall_s = ClockWatch(None), 0.0
    watch.follow(stamp(0, wall_s))
    for number, step_s in enumerate(steps, start=1):
        wall_s += 1.0 + step_s
        found = watch.follow(stamp(number, wall_s))
        if abs(abs(step_s) - 0.5) > 1e-6:
            assert (found is not None) == (abs(step_s) > 0.5)
        if found is not None:
            assert found.move is ClockMove.STEPPED
            assert found.step_s == pytest.approx(step_s, abs=2e-3)


def test_a_current_that_wavers_about_the_fuse_is_one_overload() -> None:
    watch, volts = OverloadWatch(ALL, 25.0), Phases(230.0, 230.0, 230.0)
    currents = [24.0, 25.5, 24.8, 27.0, 25.1, 24.0]
    found = [list(watch.follow(second(n, volts, Phases(1.0, 1.0, a)))) for n, a in enumerate(currents, start=1)]
    told = [[(one.phase, one.turn, one.highest_a, one.duration_s) for one in some] for some in found]
    assert told == [[], [(Phase.L3, Turn.BEGUN, 25.5, None)], [], [], [], [(Phase.L3, Turn.ENDED, 27.0, 4.0)]]


def turns(watch: OverloadWatch, number: int, current_a: float | None) -> list[tuple[Phase, Turn, float, float | None]]:
    volts, amperes = Phases(230.0, 230.0, 230.0), Phases(1.0, 1.0, current_a)
    return [(one.phase, one.turn, one.rated_a, one.duration_s) for one in watch.follow(second(number, volts, amperes))]


def test_an_overload_ends_with_the_fuse_by_which_it_was_one() -> None:
    watch = OverloadWatch(ALL, 25.0)
    assert turns(watch, 1, 30.0) == [(Phase.L3, Turn.BEGUN, 25.0, None)]
    watch.expect(ALL, 20.0)
    assert turns(watch, 2, 30.0) == [], "it goes on by the smaller fuse"
    watch.expect(ALL, 63.0)
    assert turns(watch, 3, 30.0) == [(Phase.L3, Turn.ENDED, 63.0, 2.0)]
    watch.expect(ALL, 25.0)
    assert turns(watch, 4, 30.0) == [(Phase.L3, Turn.BEGUN, 25.0, None)]
    watch.expect(ALL, None)
    assert turns(watch, 5, 30.0) == [(Phase.L3, Turn.ENDED, 25.0, 1.0)]
    assert turns(watch, 6, 30.0) == []
    watch.expect(ALL, 25.0)
    turns(watch, 7, 30.0)
    watch.expect(Phases(l1=True, l2=False, l3=False), 25.0)
    assert turns(watch, 8, None) == [(Phase.L3, Turn.ENDED, 25.0, 1.0)], "the phase is none of the grid's any more"


def test_without_a_fuse_there_is_no_overload() -> None:
    assert not list(OverloadWatch(ALL, None).follow(second(1, Phases(1.0, 1.0, 1.0), Phases(900.0, 0.0, 0.0))))


def test_what_is_set_otherwise_is_told_and_secrets_are_not() -> None:
    before = Settings(main_fuse_a=25.0, mqtt=MqttSettings("broker", password="first"))
    after = Settings(main_fuse_a=35.0, nominal_voltage_v=230.0, mqtt=MqttSettings("broker", password="second"))
    assert "first" not in str(listed(before))
    found = difference(listed(before), listed(after))
    assert found is not None
    assert found.changes == (
        SettingChange(name="main_fuse_a", before="25.0", after="35.0"),
        SettingChange(name="mqtt.password", before=SECRET, after=SECRET),
        SettingChange(name="nominal_voltage_v", before=None, after="230.0"),
    )
    assert difference(listed(after), listed(after)) is None
