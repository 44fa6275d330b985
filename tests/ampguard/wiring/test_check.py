"""The guided check as a machine: it asks, sees, counts only what goes off again, and never claims without a step."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard.journal.made import measurement
from tests.ampguard.wiring.heated import ALL, BASE, on_phase, played, share, window

from ampguard.phases import Phase, PhaseOrder, Phases
from ampguard.readings import Measurement, Quality
from ampguard.wiring.check import Check
from ampguard.wiring.check_table import TABLE, Note, NoteKind, Plan, Sign, Stage, asks
from ampguard.wiring.check_weigh import RIGHT, Kind, Placing
from ampguard.wiring.verdict import Condition

BY_PHASE = asks(ALL, Kind.HEATER, is_phase_known=True)
TURN_S = 9.0
"""For each phase: three seconds after the prompt on, three seconds later off."""


def check(kind: Kind = Kind.HEATER, *, is_phase_known: bool = True, patience_s: float = 60.0) -> Check:
    return Check(Plan(asks(ALL, kind, is_phase_known=is_phase_known), ALL, ALL, 5.0, patience_s, None))


def heaters(start_s: float) -> tuple[complex, complex, complex]:
    """One after the other on L1, L2 and L3."""
    one, two, three = (8.7 * (share(start_s, TURN_S * n + 4.0, TURN_S * n + 7.5) + 0j) for n in range(3))
    return one, two, three


def told(under_test: Check, windows: list[Measurement]) -> list[Note]:
    return [note for one in windows for note in under_test.observe(one)]


SWAPPED = Placing(Phases(1, 0, 2), Phases.all_of(value=False))
DOUBTFUL = Placing(Phases(2, 0, 1), Phases(l1=True, l2=True, l3=False))


@pytest.mark.parametrize("place", [RIGHT, SWAPPED, DOUBTFUL], ids=str)
@pytest.mark.parametrize("is_phase_known", [True, False])
def test_three_heaters_one_after_the_other_decide(place: Placing, *, is_phase_known: bool) -> None:
    under_test = check(is_phase_known=is_phase_known)
    notes = told(under_test, list(played(heaters, 3 * TURN_S + 2.0, place)))
    assert under_test.stage is Stage.DONE
    assert under_test.result is not None
    assert under_test.result.placing == place
    assert under_test.result.condition is (Condition.RIGHT if place == RIGHT else Condition.WRONG)
    assert [note.kind for note in notes if note.kind in {NoteKind.SEEN, NoteKind.RESULT}] == [
        *[NoteKind.SEEN] * 6,
        NoteKind.RESULT,
    ]


def test_whoever_takes_another_phase_is_told_and_asked_again() -> None:
    under_test = check()

    def first_two(start_s: float) -> tuple[complex, complex, complex]:
        one, two, three = heaters(start_s)
        return two, one, three

    notes = told(under_test, list(played(first_two, 3 * TURN_S + 2.0)))
    asked = [note.sentence[-2:] for note in notes if note.sentence.startswith("switch on")]
    assert asked == ["L1", "L1", "L3"]
    surprises = [note.sentence for note in notes if note.kind is NoteKind.REMARK]
    assert surprises[0].startswith("the clamp of L2 answers, not that of L1")
    assert surprises[1].startswith("this appliance is on L2, not on L1")
    assert under_test.end().placing == RIGHT


def test_it_asks_for_one_thing_at_a_time() -> None:
    under_test = check()
    notes = told(under_test, list(played(heaters, 3 * TURN_S + 2.0)))
    asked = [note.sentence for note in notes if note.kind is NoteKind.ASK]
    assert asked[0].startswith("looking at what flows already")
    assert asked[1:] == [
        line
        for phase in Phase
        for line in (f"switch on a kettle or heater of 5 A or more on {phase}", "switch it off again")
    ]


def test_that_another_clamp_answers_is_said_as_soon_as_it_does() -> None:
    under_test = check()
    notes = told(under_test, list(played(heaters, 7.0, SWAPPED)))
    assert [note.kind for note in notes][-3:] == [NoteKind.SEEN, NoteKind.REMARK, NoteKind.ASK], "it is still on"
    assert notes[-2].sentence.startswith("the clamp of L2 answers, not that of L1: clamps are interchanged, or")
    fits = told(check(), list(played(heaters, 7.0)))
    assert [note.kind for note in fits][-2:] == [NoteKind.SEEN, NoteKind.ASK]


def test_what_goes_off_has_the_angle_of_what_was_on() -> None:
    seen = [note.sentence for note in told(check(), list(played(heaters, 11.0))) if note.kind is NoteKind.SEEN]
    assert seen == ["came on: L1 8.7 A 0°", "went off: L1 8.7 A 0°"]


def charging(start_s: float) -> tuple[complex, complex, complex]:
    """From 6 to 16 A, and all of it off."""
    one = 6.0 * (share(start_s, 4.0, 16.0) + 0j) + 10.0 * share(start_s, 8.0, 16.0)
    return one, one, one


def test_a_charger_decides_with_one_step_up_and_back() -> None:
    under_test = check(Kind.THREE_PHASE)
    told(under_test, list(played(charging, 20.0, SWAPPED)))
    assert under_test.result is not None
    assert under_test.result.placing == SWAPPED


def test_what_is_very_unusual_wants_a_charger_twice() -> None:
    under_test = check(Kind.THREE_PHASE)
    told(under_test, list(played(charging, 20.0, DOUBTFUL)))
    assert under_test.stage is Stage.ON
    told(under_test, [replace(one, start_s=one.start_s + 20.0) for one in played(charging, 20.0, DOUBTFUL)])
    assert under_test.end().placing == DOUBTFUL


def test_what_does_not_go_off_again_does_not_count() -> None:
    under_test = check()
    told(under_test, list(played(lambda s: on_phase(0, 8.0 * share(s, 4.0)), 20.0)))
    assert (under_test.stage, under_test.situation.stimuli) == (Stage.OFF, ())


def test_something_else_that_goes_off_is_not_taken_for_it() -> None:
    under_test = check()
    notes = told(
        under_test,
        list(played(lambda s: (8.0 * share(s, 4.0) + 0j, 7.0 * share(s, 0.0, 9.0) + 0j, 0j), 14.0)),
    )
    assert (under_test.stage, under_test.situation.stimuli) == (Stage.OFF, ())
    assert "not what came on" in notes[-1].sentence


def test_two_appliances_at_once_are_refused() -> None:
    under_test = check()
    notes = told(under_test, list(played(lambda s: (8.0 * share(s, 4.0) + 0j, 5.0 * share(s, 4.05) + 0j, 0j), 8.0)))
    assert under_test.stage is Stage.ON
    assert "more than one appliance at once" in notes[-1].sentence


def test_what_was_on_before_and_goes_off_is_not_taken_for_a_reversed_clamp() -> None:
    # a thermostat, or somebody who is one step behind: off at 4 s, on from 8 to 12 s, and the grid gives way a little
    def heat(start_s: float) -> float:
        return 1.0 - share(start_s, 4.0, 8.0) - share(start_s, 12.0)

    under_test = check()
    notes: list[Note] = []
    for one in played(lambda s: on_phase(0, 8.0 * heat(s) + 0j), 15.0):
        volts_v = Phases(230.0 - 1.2 * heat(one.start_s), 230.1, 229.9)
        notes += under_test.observe(replace(one, voltage_rms_v=volts_v, voltage_fundamental_rms_v=volts_v))
    remark = next(note.sentence for note in notes if note.kind is NoteKind.REMARK)
    assert "this went off rather than on: the voltage rose by 1.2 V" in remark
    assert len(under_test.situation.stimuli) == 1
    assert under_test.situation.stimuli[0].change_a[0].real == pytest.approx(8.0, abs=0.3)


def test_what_was_refused_may_go_off_again_without_counting_as_on() -> None:
    under_test = check()

    def drawn(start_s: float) -> tuple[complex, complex, complex]:
        return 8.0 * share(start_s, 4.0, 8.0) + 0j, 5.0 * share(start_s, 4.05) + 0j, 0j

    notes = told(under_test, list(played(drawn, 11.0)))
    assert under_test.stage is Stage.ON
    assert "this went off rather than on" in notes[-1].sentence


def test_a_fridge_is_not_the_heater() -> None:
    under_test = check()
    notes = told(under_test, list(played(lambda s: on_phase(1, 1.5 * share(s, 4.0)), 8.0)))
    assert under_test.stage is Stage.ON
    assert "another appliance, less than 5 A" in notes[-1].sentence


def test_nobody_with_patience_gets_a_sentence_that_helps() -> None:
    under_test = check(patience_s=5.0)
    notes = told(under_test, list(played(lambda _: (0j, 0j, 0j), 25.0)))
    assert under_test.stage is Stage.DONE
    late = [note.sentence for note in notes if note.kind is NoteKind.REMARK]
    assert len(late) == 3
    assert all(one.startswith("nothing came on within 5 s. Was it switched on") for one in late)
    assert under_test.end().condition is Condition.UNDECIDED


def test_a_phase_without_a_clamp_is_passed_over_once_it_was_said_twice() -> None:
    under_test = check()
    told(under_test, list(played(lambda _: (0j, 0j, 0j), 3.0)))
    assert (under_test.stage, under_test.ask) == (Stage.ON, BY_PHASE[0])
    first = under_test.told()
    assert "to be sure, another appliance" in first[0].sentence
    assert under_test.ask == BY_PHASE[0]
    under_test.told()
    assert under_test.ask == BY_PHASE[1]


def test_said_to_be_off_but_not_seen_it_is_asked_for_once_more() -> None:
    under_test = check()
    told(under_test, list(played(lambda s: on_phase(0, 8.0 * share(s, 4.0)), 8.0)))
    assert under_test.stage is Stage.OFF
    notes = under_test.told()
    assert (under_test.stage, under_test.ask) == (Stage.ON, BY_PHASE[0])
    assert "does not count" in notes[0].sentence


def test_a_lost_voltage_interrupts_and_what_was_pending_does_not_count() -> None:
    under_test = check()
    told(under_test, list(played(lambda s: on_phase(0, 8.0 * share(s, 4.0)), 8.0)))
    lost = replace(
        window(BASE, start_s=8.0), voltage_rms_v=Phases(230.0, 230.0, 0.0), voltage_order=None,
        voltage_angle_deg=Phases(0.0, -120.0, None),
    )  # fmt: skip
    notes = under_test.observe(lost)
    assert under_test.stage is Stage.VOLTAGES
    assert notes[0].sentence == "no voltage on L3"
    told(under_test, [replace(one, start_s=one.start_s + 10.0) for one in played(heaters, 3.0)])
    assert (under_test.stage, under_test.ask) == (Stage.ON, BY_PHASE[0])


def test_voltages_in_the_wrong_order_are_no_right_installation() -> None:
    under_test = check()
    windows = [
        replace(one, voltage_order=PhaseOrder.L3_L2_L1, voltage_angle_deg=Phases(0.0, 120.0, -120.0))
        for one in played(heaters, 3 * TURN_S + 2.0)
    ]
    told(under_test, windows)
    assert under_test.end().condition is Condition.WRONG
    assert "two voltage wires are interchanged" in under_test.end().sentence


def test_wrong_voltages_are_measured_and_not_as_likely_as_some_place_of_the_clamps() -> None:
    under_test = check()
    windows = [
        replace(one, voltage_order=PhaseOrder.L3_L2_L1, voltage_angle_deg=Phases(0.0, 120.0, -120.0))
        for one in played(lambda _: (0j, 0j, 0j), 2.0)
    ]
    told(under_test, windows)
    found = under_test.end()
    assert (found.condition, found.confidence_ratio) == (Condition.WRONG, 1.0)
    assert found.sentence.endswith("undecided: no appliance was recognised")


def test_a_single_phase_asks_for_one_heater() -> None:
    only = Phases(l1=True, l2=False, l3=False)
    under_test = Check(Plan(asks(only, Kind.HEATER, is_phase_known=True), only, only, 5.0, 60.0, None))
    windows = [
        replace(
            one, voltage_rms_v=Phases(230.0, None, None), voltage_order=None, voltage_angle_deg=Phases(0.0, None, None)
        )
        for one in played(lambda s: on_phase(0, -8.0 * share(s, 4.0, 8.0)), 11.0)
    ]
    told(under_test, windows)
    assert under_test.stage is Stage.DONE
    assert under_test.end().sentence == "the clamp of L1 is the wrong way round"


sizes = st.one_of(st.none(), st.floats(0.0, 500.0))
angles = st.one_of(st.none(), st.floats(-180.0, 180.0))
any_window = st.builds(
    lambda size, angle, volt, order, flags, start: measurement(
        start_s=start,
        frequency_hz=50.0,
        voltage_rms_v=Phases.of(volt),
        voltage_fundamental_rms_v=Phases.of(volt),
        voltage_angle_deg=Phases.of(angle[:3]),
        voltage_order=order,
        current_fundamental_rms_a=Phases.of(size),
        current_angle_deg=Phases.of(angle[3:]),
        quality=flags,
    ),
    st.tuples(*[sizes] * 3),
    st.tuples(*[angles] * 6),
    st.tuples(*[st.one_of(st.none(), st.floats(0.0, 400.0))] * 3),
    st.sampled_from([None, *PhaseOrder]),
    st.frozensets(st.sampled_from(Quality), max_size=2),
    st.floats(0.0, 1e6),
)


@given(st.lists(st.one_of(any_window, st.none()), max_size=60), st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_sequence_of_windows_and_words_is_survived(events: list[Measurement | None], known: bool) -> None:  # noqa: FBT001 - drawn
    under_test = check(is_phase_known=known)
    for event in events:
        _ = under_test.told() if event is None else under_test.observe(event)
    found = under_test.end()
    assert 0.0 <= found.confidence_ratio <= 1.0 + 1e-9
    assert not any(math.isnan(one.shown_a) for one in found.sizes if one is not None)


@given(
    st.lists(st.tuples(st.integers(0, 2), st.floats(-3.0, 3.0), st.floats(-3.0, 3.0)), min_size=1, max_size=6),
    st.lists(st.integers(0, 400), max_size=6),
)
@settings(max_examples=40, deadline=None)
def test_nothing_is_claimed_without_a_step(moves: list[tuple[int, float, float]], words: list[int]) -> None:
    # loads that come and go, all smaller than the heater that is asked for; and somebody who presses Enter
    def drawn(start_s: float) -> tuple[complex, complex, complex]:
        loads = [0j, 0j, 0j]
        for number, (phase, real, imaginary) in enumerate(moves):
            loads[phase] = complex(real, imaginary) * share(start_s, 4.0 * (number + 1)) * 0.7
        return loads[0], loads[1], loads[2]

    under_test = check()
    for number, one in enumerate(played(drawn, 4.0 * len(moves) + 6.0)):
        under_test.observe(one)
        if number in words:
            under_test.told()
    found = under_test.end()
    assert found.condition is not Condition.RIGHT
    assert found.placing is None or found.placing.connection is None, "at most that clamps are around nothing"


def test_every_stage_but_the_last_leads_on() -> None:
    assert {stage for stage, _ in TABLE} == set(Stage) - {Stage.DONE}
    assert all((stage, Sign.LOST) in TABLE for stage in (Stage.QUIET, Stage.ON, Stage.OFF))
