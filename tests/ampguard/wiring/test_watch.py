"""The verdict over time: right only what is proven, wrong only what is proven, absent what is not there."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.journal.made import measurement

from ampguard.phases import Phase, PhaseOrder, Phases
from ampguard.readings import Measurement
from ampguard.wiring.installation import Installation
from ampguard.wiring.verdict import Condition, Verdict
from ampguard.wiring.watch import CLAIM_WINDOWS, WiringWatch

FULL_SCALE_A = 82.5
TINY_A = 0.00005 * FULL_SCALE_A
"""Of which no angle is known."""
ONE = Phases(l1=True, l2=False, l3=False)
ALL = Phases.all_of(value=True)
PerPhase: TypeAlias = "Phases[float | None]"


USUAL_DEG, USUAL_A, USUAL_V = Phases.all_of(8.0), Phases.all_of(5.0), Phases.all_of(230.0)


def window(
    lag_deg: PerPhase = USUAL_DEG,
    current_a: PerPhase = USUAL_A,
    voltage_v: PerPhase = USUAL_V,
    order: PhaseOrder | None = PhaseOrder.L1_L2_L3,
) -> Measurement:
    return measurement(
        frequency_hz=50.0,
        voltage_rms_v=voltage_v,
        voltage_order=order,
        current_rms_a=current_a,
        current_fundamental_rms_a=current_a,
        current_angle_deg=lag_deg,
    )


def watch(
    *, clamps: Phases[bool] = ALL, terminals: Phases[bool] | None = None, generates: bool | None = None
) -> WiringWatch:
    return WiringWatch(installation(clamps, clamps if terminals is None else terminals, generates=generates))


def installation(
    clamps: Phases[bool] = ALL, terminals: Phases[bool] = ALL, *, generates: bool | None = None
) -> Installation:
    return Installation(FULL_SCALE_A, clamps, terminals, generates, has_neutral=True)


def after(under_test: WiringWatch, one: Measurement, windows: int = CLAIM_WINDOWS) -> Verdict:
    verdict = under_test.observe(one)
    for _ in range(windows - 1):
        verdict = under_test.observe(one)
    return verdict


def test_five_seconds_of_ordinary_loads_are_right() -> None:
    under_test = watch()
    assert after(under_test, window(), CLAIM_WINDOWS - 1).current is Condition.UNDECIDED
    found = under_test.observe(window())
    assert (found.voltage, found.current, found.decides_with_a) == (Condition.RIGHT, Condition.RIGHT, None)


@given(st.tuples(*[st.floats(-90.0, 90.0)] * 3), st.sampled_from(PhaseOrder))
def test_no_load_of_right_clamps_is_ever_called_wrong(lags: tuple[float, float, float], order: PhaseOrder) -> None:
    assert after(watch(), window(Phases.of(lags), order=order)).current is not Condition.WRONG


def test_the_amperes_that_decide_are_told_only_where_they_do() -> None:
    weak = after(watch(), window(Phases(8.0, 120.0, 8.0), current_a=Phases(5.0, TINY_A, 5.0)))
    assert weak.current is Condition.UNDECIDED
    assert weak.decides_with_a is not None
    assert TINY_A < weak.decides_with_a <= 0.2
    odd = after(watch(), window(Phases.all_of(-88.0)))
    assert (odd.current, odd.decides_with_a) == (Condition.UNDECIDED, 6.0)
    blind = after(watch(), window(order=None))
    assert (blind.current, blind.decides_with_a) == (Condition.UNDECIDED, None)


def test_load_is_asked_for_on_the_one_phase_that_lacks_it() -> None:
    under_test = watch()
    for one_a in (5.0, 20.0, 7.0, 12.0):
        after(under_test, window(current_a=Phases(one_a, 0.02, 5.0)), 2 * CLAIM_WINDOWS)
    found = under_test.told(window())
    assert str(found["sentence"]).startswith("undecided: the 0.02 A of L2 may be what its neighbours leave")
    assert (found["decides_with_a"], found["decides_on"]) == (0.2, ["L2"])


def test_below_the_known_level_the_verdict_stays() -> None:
    under_test = watch()
    after(under_test, window())
    weak = window(Phases(100.0, -100.0, 30.0), current_a=Phases.all_of(TINY_A))
    assert after(under_test, weak, 100).current is Condition.RIGHT


@pytest.mark.parametrize("quiet", [None, 0.0, 0.0004])
def test_clamps_that_see_nothing_are_not_connected(quiet: float | None) -> None:
    under_test = watch()
    after(under_test, window())
    nothing = window(Phases.all_of(None), current_a=Phases.all_of(quiet))
    assert after(under_test, nothing, CLAIM_WINDOWS - 1).current is Condition.RIGHT
    found = under_test.observe(nothing)
    assert (found.current, found.voltage) == (Condition.ABSENT, Condition.RIGHT)
    assert after(under_test, window()).current is Condition.RIGHT


def test_what_was_not_connected_is_again_as_soon_as_something_flows() -> None:
    under_test = watch()
    after(under_test, window())
    assert after(under_test, window(Phases.all_of(None), Phases.all_of(0.0))).current is Condition.ABSENT
    found = under_test.observe(window(Phases(8.0, None, None), Phases(20.0, 0.0, 0.0)))
    assert found.current is Condition.RIGHT, "as before"


TWO = {
    Phases(l1=True, l2=True, l3=False): Phases(0.0, -120.0, None),
    Phases(l1=False, l2=True, l3=True): Phases(None, 0.0, -120.0),
    Phases(l1=True, l2=False, l3=True): Phases(0.0, None, 120.0),
}


@pytest.mark.parametrize("wired", TWO, ids=str)
def test_two_wired_voltages_tell_their_order(wired: Phases[bool]) -> None:
    angle_deg = TWO[wired]
    volts = wired.map(lambda there: 230.0 if there else None)
    right = replace(window(voltage_v=volts, order=None), voltage_angle_deg=angle_deg)
    found = after(watch(terminals=wired), right)
    assert (found.voltage, found.current) == (Condition.RIGHT, Condition.RIGHT)
    mirrored = angle_deg.map(lambda angle: None if angle is None else -angle)
    assert watch(terminals=wired).observe(replace(right, voltage_angle_deg=mirrored)).voltage is Condition.WRONG
    same = angle_deg.map(lambda angle: None if angle is None else 0.0)
    doubled = watch(terminals=wired).observe(replace(right, voltage_angle_deg=same))
    assert doubled.voltage is Condition.WRONG
    assert "carry the same phase" in doubled.sentence


def test_one_clamp_that_sees_something_is_connected() -> None:
    found = after(watch(), window(Phases(8.0, None, None), current_a=Phases(5.0, None, None)))
    assert found.current is Condition.UNDECIDED


@pytest.mark.parametrize("lost", [0.0, 3.0, None])
def test_a_lost_voltage_is_not_connected(lost: float | None) -> None:
    under_test = watch()
    after(under_test, window())
    found = under_test.observe(window(voltage_v=Phases(230.0, 230.0, lost), order=None))
    assert found.voltage is Condition.ABSENT
    assert found.sentence == "no voltage on L3"


def test_voltages_the_other_way_round_are_wrong() -> None:
    assert watch().observe(window(order=PhaseOrder.L3_L2_L1)).voltage is Condition.WRONG
    assert watch().observe(window(order=None)).voltage is Condition.UNDECIDED
    assert watch().observe(window(voltage_v=Phases(None, None, None), order=None)).voltage is Condition.ABSENT


def alone(lag_deg: float) -> Measurement:
    return window(Phases(lag_deg, None, None), Phases(5.0, None, None), Phases(230.0, None, None), order=None)


@pytest.mark.parametrize("lag_deg", [-60.0, 8.0, 60.0])
def test_a_single_phase_is_right_with_one_clamp_and_one_voltage(lag_deg: float) -> None:
    found = after(watch(clamps=ONE), alone(lag_deg))
    assert (found.voltage, found.current) == (Condition.RIGHT, Condition.RIGHT)


def test_a_single_phase_with_its_clamp_reversed_may_as_well_export() -> None:
    found = after(watch(clamps=ONE), alone(-172.0))
    assert (found.current, found.decides_with_a) == (Condition.UNDECIDED, 6.0)
    assert "the clamp of L1 is the wrong way round" in found.sentence


@pytest.mark.parametrize("lags", list(itertools.permutations((5.0, -20.0, 30.0))))
def test_one_wired_voltage_is_enough(lags: tuple[float, float, float]) -> None:
    inferred = window(Phases.of(lags), voltage_v=Phases(230.0, None, None), order=None)
    found = after(watch(terminals=ONE), inferred)
    assert (found.voltage, found.current) == (Condition.RIGHT, Condition.RIGHT)
    lost = watch(terminals=ONE).observe(window(voltage_v=Phases(0.0, None, None), order=None))
    assert lost.voltage is Condition.ABSENT


INTERCHANGED = (
    "the clamp of L1 is on L2 (5 A 128° behind L1, 8° behind L2), "
    "the clamp of L2 is on L1 (5 A 112° ahead of L2, 8° behind L1)"
)


def test_interchanged_clamps_are_found_with_one_wired_voltage() -> None:
    swapped = window(Phases(128.0, -112.0, 8.0), voltage_v=Phases(230.0, None, None), order=None)
    found = after(watch(terminals=ONE), swapped)
    assert found.current is Condition.WRONG
    assert found.sentence == INTERCHANGED


def test_clamps_that_are_moved_are_noticed_and_moved_back_too() -> None:
    under_test = watch()
    assert after(under_test, window()).current is Condition.RIGHT
    swapped = window(Phases(128.0, -112.0, 8.0))
    found = after(under_test, swapped, 100)
    assert (found.current, found.sentence) == (Condition.WRONG, INTERCHANGED)
    assert after(under_test, window(), 100).current is Condition.RIGHT


def test_an_odd_load_moves_no_clamp() -> None:
    under_test = watch()
    for amperes in (2.0, 5.0, 12.0):
        after(under_test, window(current_a=Phases.all_of(amperes)), 30)
    odd = window(Phases(70.0, -50.0, 10.0), current_a=Phases(30.0, 30.0, 30.0))
    assert after(under_test, odd, 200).current is Condition.RIGHT
    assert after(under_test, window(), 200).current is Condition.RIGHT


def test_what_was_proven_before_a_restart_needs_no_proof_again() -> None:
    before = watch()
    after(before, window())
    again = WiringWatch(installation(), remembered=before.looks)
    weak = window(Phases(100.0, -100.0, 30.0), current_a=Phases.all_of(TINY_A))
    assert after(watch(), weak, 60).current is Condition.UNDECIDED
    assert after(again, weak, 60).current is Condition.RIGHT


def test_clamps_that_were_moved_while_it_was_off_are_noticed() -> None:
    before = watch()
    after(before, window())
    again = WiringWatch(installation(), remembered=before.looks)
    found = after(again, window(Phases(128.0, -112.0, 8.0)), 100)
    assert (found.current, found.sentence) == (Condition.WRONG, INTERCHANGED)


TWO_PHASES = Phases(l1=True, l2=True, l3=False)


def split(one_deg: float, other_deg: float) -> Measurement:
    """L1 and L2 of a transformer with a tap in the middle."""
    shown = window(
        Phases(one_deg, other_deg, None), Phases(5.0, 9.0, None), voltage_v=Phases(120.0, 121.0, None), order=None
    )
    return replace(shown, voltage_angle_deg=Phases(0.0, 180.0, None))


def test_a_split_phase_is_right_with_its_two_clamps() -> None:
    found = after(watch(clamps=TWO_PHASES), split(8.0, 12.0))
    assert (found.voltage, found.current) == (Condition.RIGHT, Condition.RIGHT)


def test_one_reversed_clamp_of_a_split_phase_may_as_well_sit_on_the_other_phase() -> None:
    """Half a turn is both: the mistake is seen, and not named as one of the two."""
    found = after(watch(clamps=TWO_PHASES), split(8.0, -168.0))
    assert found.current is not Condition.RIGHT
    assert found.decides_with_a is not None or found.current is Condition.WRONG


@pytest.mark.parametrize("exporting", range(1, 4))
def test_a_sunny_day_reverses_no_clamp_that_was_right_in_the_morning(exporting: int) -> None:
    """Nobody told that something generates, and what it feeds back grows slowly to many times what it was."""
    under_test = watch()
    for drawn_a in (0.6, 2.0, 5.0):
        found = after(under_test, window(current_a=Phases.all_of(drawn_a)), 30)
    assert found.current is Condition.RIGHT
    for step in range(130):
        fed_a = 0.4 * 1.03**step
        phases = [(180.0, fed_a) if phase < exporting else (8.0, 1.2) for phase in range(3)]
        found = after(under_test, window(Phases.of(lag for lag, _ in phases), Phases.of(a for _, a in phases)), 10)
        assert found.current is Condition.RIGHT, f"at {fed_a:.1f} A"


def test_export_at_many_levels_proves_no_more_than_at_one() -> None:
    under_test = watch()
    for fed_a in (0.5, 1.1, 2.3, 4.7, 9.5, 20.0):
        assert after(under_test, window(Phases.all_of(180.0), Phases.all_of(fed_a)), 40).current is Condition.UNDECIDED


@pytest.mark.parametrize("generates", [None, True])
def test_the_sun_on_one_phase_reverses_no_clamp_all_day(generates: bool | None) -> None:  # noqa: FBT001 - a case
    """The inverter's current goes up and down, and the other phases' loads come and go beside it."""
    under_test, chance = watch(generates=generates), np.random.default_rng(1)
    for _ in range(20):
        fed_deg, *drawn_deg = (180.0 + chance.normal(0.0, 5.0), *chance.normal(8.0, 14.0, 2))
        sizes_a = Phases.of(float(one) for one in np.exp(chance.uniform(math.log(0.5), math.log(20.0), 3)))
        lags = Phases.of(float(one) for one in (fed_deg, *drawn_deg))
        for uneasy in range(12):  # so slowly that no voltage answers
            under_test.observe(window(lags, sizes_a.map(lambda a, more=uneasy: a * (2.0 - more / 12.0))))
        assert after(under_test, window(lags, sizes_a), 10).current is not Condition.WRONG


def test_more_of_one_odd_load_is_no_oddness_more() -> None:
    """A lag of -68 and one of 55 degrees stay what they are, whatever flows; two other connections would look usual."""
    under_test = watch()
    for amperes in (0.5, 1.3, 3.0, 7.0, 16.0, 40.0):
        found = after(under_test, window(Phases(-68.0, 55.0, 5.0), Phases.all_of(amperes)), 30)
        assert found.current is Condition.UNDECIDED


TURNED = window(Phases(-172.0, 8.0, 8.0))
"""The clamp of L1 is the wrong way round."""


@pytest.mark.parametrize("restarts", [False, True], ids=["while it runs", "while it is off"])
def test_a_clamp_that_is_turned_round_after_the_alarm_is_right(restarts: bool) -> None:  # noqa: FBT001 - a case
    under_test = watch(generates=False)
    assert after(under_test, TURNED, 150).current is Condition.WRONG
    if restarts:
        under_test = WiringWatch(installation(generates=False), remembered=under_test.looks)
    after(under_test, window(Phases(None, 8.0, 8.0), Phases(0.0, 5.0, 5.0)), 20)
    found = after(under_test, window(), 100)
    assert (found.current, found.sentence[:31]) == (Condition.RIGHT, "each clamp sits on its own phas")


@pytest.mark.parametrize(
    ("generates", "words"),
    [
        (None, "feeds back; whether anything generates here, or a further load of 6 A on L1 for 10 s would tell"),
        (True, "feeds back; a further load of 6 A on L1 for 10 s would tell"),
    ],
)
def test_one_clamp_that_seems_to_feed_back_is_open_until_somebody_tells(generates: bool | None, words: str) -> None:  # noqa: FBT001 - a case
    under_test = watch(generates=generates)
    found = after(under_test, TURNED, 150)
    assert found.current is Condition.UNDECIDED
    assert found.sentence == f"undecided: the clamp of L1 is the wrong way round, or L1 {words}"
    told = under_test.told(TURNED)
    assert (told["decides_with_a"], told["decides_on"]) == (6.0, ["L1"])


def test_a_clamp_in_another_input_is_named_by_that_input() -> None:
    inputs = Phases(Phase.L3, Phase.L2, Phase.L1)
    under_test = WiringWatch(installation(generates=False), inputs=inputs)
    assert after(under_test, TURNED, 150).sentence.startswith(
        "the clamp in input L3 (taken for L1) is the wrong way round"
    )
    open_ = WiringWatch(installation(generates=True), inputs=inputs)
    assert after(open_, TURNED, 150).sentence.startswith("undecided: the clamp in input L3 (taken for L1) is the wrong")


def test_a_verdict_in_a_line_does_not_say_undecided_twice() -> None:
    found = after(watch(generates=True), TURNED, 150)
    assert found.line.startswith("voltage right, current undecided: the clamp of L1 is the wrong way round, or ")


def test_a_load_that_comes_and_goes_mends_no_clamp() -> None:
    under_test = watch(generates=False)
    after(under_test, TURNED, 50)
    for amperes in (2.0, 11.0, 5.0, 25.0):
        found = after(under_test, window(Phases(-172.0, 8.0, 8.0), Phases(amperes, 5.0, 5.0)), 50)
        assert found.current is Condition.WRONG


def test_what_was_switched_is_not_told_as_what_flows() -> None:
    under_test = watch()
    swapped = Phases(128.0, -112.0, 8.0)
    for amperes in (10.0, 13.0):  # the last thing that counts is a step of 3 A
        after(under_test, window(swapped, Phases(5.0, amperes, 5.0)), 10)
    for turn in range(60):  # nothing settles any more
        after(under_test, window(swapped, Phases(5.0, 13.0 + turn % 2, 5.0)), 2)
    assert under_test.finding.condition is Condition.WRONG
    told = under_test.told(window(swapped))
    assert "the clamp of L2 is on L1 (10 A" in str(told["sentence"])
