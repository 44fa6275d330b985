"""What is proposed makes right what was found, whatever is in force."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.phases import Phase, Phases
from ampguard.settings.assignment import AS_LABELLED, Assignment, Clamp
from ampguard.wiring.finding import RIGHT
from ampguard.wiring.heard import is_all_reversed
from ampguard.wiring.hypotheses import Connection, connections
from ampguard.wiring.mending import in_order, is_doubled, proposal

ALL = connections(Phases.all_of(value=True))
ORDERS = [Phases.of(order) for order in itertools.permutations(Phase)]
assignments = st.builds(
    lambda order, turned, voltages: Assignment(
        Phases.of(Clamp(*one) for one in zip(order, turned, strict=True)), voltages
    ),
    st.sampled_from(ORDERS),
    st.tuples(*[st.booleans()] * 3),
    st.sampled_from(ORDERS),
)


def seen(real: Assignment, in_force: Assignment) -> Connection:
    """What a unit finds whose clamps are as in `real`: for each phase where the clamp sits that is taken for it."""
    clamps = [
        (real_clamp, taken)
        for phase in Phase
        for real_clamp, taken in zip(real.clamps, in_force.clamps, strict=True)
        if taken.phase is phase
    ]
    return Connection(
        Phases.of(list(Phase).index(real_clamp.phase) for real_clamp, _ in clamps),
        Phases.of(real_clamp.reversed != taken.reversed for real_clamp, taken in clamps),
    )


@given(real=assignments, in_force=assignments)
def test_what_is_proposed_makes_any_wiring_right(real: Assignment, in_force: Assignment) -> None:
    proposed = proposal(in_force, seen(real, in_force))
    assert proposed is not None
    assert proposed.clamps == real.clamps
    assert proposed.voltages == in_force.voltages
    assert seen(real, proposed) == RIGHT


@given(in_force=assignments)
def test_where_all_is_right_nothing_else_is_proposed(in_force: Assignment) -> None:
    assert proposal(in_force, RIGHT) == in_force


@pytest.mark.parametrize("found", ALL)
def test_two_clamps_on_one_phase_are_no_matter_of_software(found: Connection) -> None:
    is_mendable = len(set(found.phase)) == 3
    assert is_doubled(found) is not is_mendable
    assert (proposal(AS_LABELLED, found) is not None) is is_mendable


@given(before=assignments, after=assignments)
def test_all_reversed_is_every_clamp_turned_and_none_moved(before: Assignment, after: Assignment) -> None:
    turned = Assignment(before.clamps.map(lambda one: Clamp(one.phase, reversed=not one.reversed)), before.voltages)
    assert is_all_reversed(before, turned)
    assert not is_all_reversed(before, before)
    assert is_all_reversed(before, after) is (after.clamps == turned.clamps)


@given(wanted=assignments)
def test_voltages_in_the_other_order_keep_every_clamp_with_its_own_voltage(wanted: Assignment) -> None:
    found = in_order(wanted)

    def partners(one: Assignment) -> list[int]:
        return [list(one.voltages).index(clamp.phase) for clamp in one.clamps]

    def turns(one: Assignment) -> int:
        """1 where the voltages run the other way than those that are labelled."""
        numbers = [list(Phase).index(phase) for phase in one.voltages]
        return sum(numbers[n] > numbers[m] for n, m in itertools.combinations(range(3), 2)) % 2

    assert partners(found) == partners(wanted)
    assert [one.reversed for one in found.clamps] == [one.reversed for one in wanted.clamps]
    assert turns(found) != turns(wanted)


@pytest.mark.parametrize("pair", list(itertools.combinations(range(3), 2)), ids=str)
def test_two_voltage_wires_that_are_interchanged_are_mended_alone(pair: tuple[int, int]) -> None:
    names = list(Phase)
    names[pair[0]], names[pair[1]] = names[pair[1]], names[pair[0]]
    # the clamps are right, but are seen against voltages that bear each other's names
    seen_as = Assignment(Phases.of(Clamp(phase) for phase in names))
    assert in_order(seen_as) == Assignment(AS_LABELLED.clamps, Phases.of(names))
