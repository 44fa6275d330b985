"""Any way to put the clamps follows from one heater on each phase, and none is claimed that is not so."""

from __future__ import annotations

import cmath
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ampguard.phases import Phase, Phases
from ampguard.wiring.check_result import Situation, phase_found, result
from ampguard.wiring.check_size import StatedLoad, size
from ampguard.wiring.check_weigh import RIGHT, Kind, Placing, Stimulus, placings, weighed
from ampguard.wiring.verdict import Condition

ALL = Phases.all_of(value=True)
EVERY = placings(ALL)
CLOSED = [one for one in EVERY if None not in one.phase]
REVERSED = Placing(Phases(0, 1, 2), Phases.all_of(value=True))
VOLTS = tuple(cmath.rect(230.0, math.radians(-120.0 * phase)) for phase in range(3))
UNSURE_A = 0.05


def shown(
    place: Placing,
    drawn: dict[int, complex],
    said: Phase | None,
    error_deg: tuple[float, float, float] = (0.0, 0.0, 0.0),
    kind: Kind = Kind.HEATER,
) -> Stimulus:
    """What the clamps show of what is drawn, by phase, against that phase's voltage."""
    seen = [
        (0j if where is None else drawn.get(where, 0j) * VOLTS[where] / 230.0 * (-1.0 if turned else 1.0))
        * cmath.rect(1.0, math.radians(error))
        for where, turned, error in zip(place.phase, place.reversed, error_deg, strict=True)
    ]
    return Stimulus(kind, said, (seen[0], seen[1], seen[2]), (UNSURE_A,) * 3, (VOLTS[0], VOLTS[1], VOLTS[2]))


def one_each(
    place: Placing, current_a: float = 8.7, error_deg: tuple[float, float, float] = (0.0,) * 3
) -> list[Stimulus]:
    return [shown(place, {number: current_a + 0j}, phase, error_deg) for number, phase in enumerate(Phase)]


def silent(phase: Phase | None) -> Stimulus:
    nothing = (0j, 0j, 0j)
    return Stimulus(Kind.HEATER, phase, nothing, (0.15,) * 3, (VOLTS[0], VOLTS[1], VOLTS[2]), is_seen=False)


def situation(stimuli: list[Stimulus], load: StatedLoad | None = None) -> Situation:
    return Situation(tuple(stimuli), ALL, None, load)


def test_there_are_216_connections_among_343_ways() -> None:
    assert (len(CLOSED), len(EVERY)) == (216, 343)
    assert len({one.connection for one in CLOSED}) == 216
    assert all(one.connection is None for one in EVERY if one not in CLOSED)


@given(
    place=st.sampled_from(CLOSED),
    current_a=st.floats(6.0, 10.0),
    error_deg=st.tuples(*[st.floats(-3.0, 3.0)] * 3),
)
@settings(max_examples=60, deadline=None)
def test_a_heater_on_each_phase_tells_how_the_clamps_sit(
    place: Placing, current_a: float, error_deg: tuple[float, float, float]
) -> None:
    found = result(situation(one_each(place, current_a, error_deg)))
    if found.placing is None:
        # somebody on whose phases no clamp sits is told so before that counts: here only the angles speak
        assert len(set(place.phase)) < 3
        assert found.condition is Condition.WRONG
    else:
        assert found.placing == place
        assert found.condition is (Condition.RIGHT if place == RIGHT else Condition.WRONG)


@given(place=st.sampled_from([one for one in CLOSED if len(set(one.phase)) == 3]), current_a=st.floats(6.0, 10.0))
@settings(max_examples=48, deadline=None)
def test_nobody_need_know_the_phases(place: Placing, current_a: float) -> None:
    stimuli = [shown(place, {number: current_a + 0j}, None) for number in range(3)]
    found = result(situation(stimuli))
    assert found.placing == place
    assert [phase_found(one, situation(stimuli)) for one in stimuli] == list(Phase)


@pytest.mark.parametrize("place", [RIGHT, REVERSED, Placing(Phases(1, 2, 0), Phases(l1=False, l2=True, l3=False))])
def test_one_appliance_on_three_phases_is_enough(place: Placing) -> None:
    charger = shown(place, dict.fromkeys(range(3), 10.0 + 0.3j), None, kind=Kind.THREE_PHASE)
    assert result(situation([charger])).placing == place


def test_three_reversed_clamps_are_told_from_a_building_that_exports() -> None:
    found = result(situation(one_each(REVERSED)))
    assert (found.condition, found.placing) == (Condition.WRONG, REVERSED)


def test_a_clamp_that_has_not_answered_is_not_judged() -> None:
    found = result(situation(one_each(RIGHT)[:2]))
    assert (found.condition, found.placing) == (Condition.UNDECIDED, None)
    assert found.next_step == "once more with an appliance on every phase: nothing is known of the clamp of L3"
    assert found.answers[2] == "the clamp of L3 has not answered yet"


def test_a_clamp_around_nothing_is_named_once_its_phase_was_tried_twice() -> None:
    place = Placing(Phases(0, None, 2), Phases.all_of(value=False))
    first, _, third = one_each(place)
    once = result(situation([first, silent(Phase.L2), third]))
    assert (once.condition, once.placing) == (Condition.UNDECIDED, None), "the kettle may be broken"
    twice = result(situation([first, silent(Phase.L2), silent(Phase.L2), third]))
    assert (twice.condition, twice.placing) == (Condition.WRONG, place)
    assert twice.sentence == "the clamp of L2 is around no phase"
    assert "not closed around a conductor" in twice.answers[1]


@pytest.mark.parametrize("said", [Phase.L2, Phase.L3])
def test_somebody_who_names_another_phase_is_told_so(said: Phase) -> None:
    stimuli = [shown(RIGHT, {0: 8.0 + 0j}, said), *one_each(RIGHT)[1:]]
    assert phase_found(stimuli[0], situation(stimuli)) is Phase.L1
    assert result(situation(stimuli)).condition is not Condition.WRONG


def test_without_an_appliance_nothing_is_claimed() -> None:
    found = result(situation([]))
    assert (found.condition, found.placing, found.sentence) == (
        Condition.UNDECIDED,
        None,
        "undecided: no appliance was recognised",
    )


@given(st.lists(st.sampled_from([shown(RIGHT, {0: 8.0 + 0j}, Phase.L1), silent(None), silent(Phase.L3)]), max_size=4))
@settings(max_examples=20, deadline=None)
def test_probabilities_stay_probabilities(stimuli: list[Stimulus]) -> None:
    found = weighed(stimuli, ALL)
    for one in (found.probability, found.right_probability, *found.places_probability):
        assert 0.0 <= one <= 1.0 + 1e-9
    assert found.right_probability <= found.probability + 1e-9 or found.placing == RIGHT


def test_the_sentence_has_the_numbers() -> None:
    place = Placing(Phases(1, 0, 2), Phases(l1=False, l2=True, l3=False))
    drawn = cmath.rect(8.7, -math.radians(2.0))
    stimuli = [shown(place, {number: drawn}, phase) for number, phase in enumerate(Phase)]
    found = result(situation(stimuli))
    assert found.sentence == "the clamp of L1 is on L2, the clamp of L2 is on L1 and the wrong way round"
    assert found.answers[:3] == (
        "the clamp of L1 answered with 8.7 A, 2° behind L2: it sits on L2",
        "the clamp of L2 answered with 8.7 A, turned by 180° and 2° behind L1: it sits on L1, the wrong way round",
        "the clamp of L3 answered with 8.7 A, 2° behind L3: right",
    )
    assert "mend it in software" in found.next_step


def test_a_clamp_around_the_neutral_answers_to_everything() -> None:
    stimuli = []
    for one in one_each(RIGHT):
        _, second, third = one.change_a
        stimuli.append(replace(one, change_a=(-sum(one.change_a), second, third)))
    found = result(situation(stimuli))
    assert (found.condition, found.placing) == (Condition.WRONG, None)
    assert found.sentence == "the clamp of L1 is around the neutral, or around several conductors"
    assert found.answers[1].endswith("right")
    assert found.sizes.l1 is None
    assert found.next_step.startswith("put that clamp around the one conductor")


def test_two_on_one_phase_are_not_mended_in_software() -> None:
    place = Placing(Phases(0, 0, 2), Phases.all_of(value=False))
    stimuli = [one_each(place)[0], silent(Phase.L2), silent(Phase.L2), one_each(place)[2]]
    found = result(situation(stimuli))
    assert (found.placing, found.next_step) == (place, "move the clamp: two on one phase cannot be mended in software")


@given(
    power_w=st.floats(1400.0, 3000.0),
    ratio=st.floats(0.86, 1.14),
    lead_deg=st.floats(-5.0, 5.0),
    volts_v=st.floats(215.0, 245.0),
)
def test_ratio_and_phase_of_a_stated_load_are_found(
    power_w: float, ratio: float, lead_deg: float, volts_v: float
) -> None:
    load = StatedLoad(power_w, 230.0, 5.0)
    flows_a = power_w / 230.0 * volts_v / 230.0  # a resistor
    one = shown(RIGHT, {0: ratio * flows_a * cmath.rect(1.0, math.radians(lead_deg))}, Phase.L1)
    high = tuple(volt * volts_v / 230.0 for volt in VOLTS)
    seen = Stimulus(one.kind, one.phase, one.change_a, one.unsure_a, (high[0], high[1], high[2]))
    found = size(seen, 0, RIGHT, load)
    assert found is not None
    assert found.ratio_error_percent is not None
    assert found.ratio_unsure_percent is not None
    assert found.ratio_error_percent == pytest.approx(100.0 * (ratio - 1.0), abs=0.01)
    assert found.lead_deg == pytest.approx(lead_deg, abs=1e-6)
    assert 5.0 <= found.ratio_unsure_percent < 6.0, "the label dominates"
    assert found.warning is None


@pytest.mark.parametrize(
    ("times", "words"),
    [
        (2.0, "2 times what flows"),
        (4.1, "4 times"),
        (0.25, "1/4 of what flows"),
        (0.7, "30 % less"),
        (1.3, "30 % more"),
    ],
)
def test_another_set_of_clamps_is_told(times: float, words: str) -> None:
    place = Placing(Phases(0, 1, 2), Phases(l1=True, l2=False, l3=False))
    found = size(shown(place, {0: 8.7 * times + 0j}, Phase.L1), 0, place, StatedLoad(8.7 * 230.0, None, 5.0))
    assert found is not None
    assert words in (found.warning or "")
    result_ = result(situation(one_each(RIGHT, 8.7 * times), StatedLoad(8.7 * 230.0, None, 5.0)))
    assert result_.condition is Condition.RIGHT, "how large is another question than where"


def test_a_core_that_does_not_close_leads() -> None:
    found = size(shown(RIGHT, {0: cmath.rect(7.4, math.radians(25.0))}, Phase.L1), 0, RIGHT, None)
    assert found is not None
    assert found.warning == "it leads by 25°: its core does not close, or the appliance is no heater"


def test_where_the_voltage_is_not_measured_no_ratio_is_claimed() -> None:
    one = shown(RIGHT, {0: 8.7 + 0j}, Phase.L1)
    unknown = Stimulus(one.kind, one.phase, one.change_a, one.unsure_a, (1 + 0j, 1 + 0j, 1 + 0j))
    found = size(unknown, 0, RIGHT, StatedLoad(2000.0, 230.0, 5.0))
    assert found is not None
    assert (found.expected_a, found.ratio_error_percent) == (None, None)
