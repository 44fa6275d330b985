"""Clamps of a grid without a neutral, judged by the one voltage between two phases; and that voltage itself."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from tests.ampguard.metering.pair import floating, loaded, unit
from tests.ampguard.metering.told import samples

from ampguard.phases import PhaseOrder, Phases
from ampguard.wiring.finding import RIGHT, Finding, is_of_the_voltage
from ampguard.wiring.hypotheses import Connection, connections
from ampguard.wiring.installation import Installation
from ampguard.wiring.verdict import Condition
from ampguard.wiring.voltages import VoltageFinding, judged
from ampguard.wiring.watch import WiringWatch

ALL = Phases.all_of(value=True)
TERMINALS = Phases(l1=True, l2=True, l3=False)
LOADS = (
    ((4.0, 6.0), (3.0, 12.0), (2.0, 20.0)),
    ((12.7, 3.0), (3.0, 12.0), (2.0, 20.0)),
    ((12.7, 3.0), (11.5, 5.0), (2.0, 20.0)),
    ((4.0, 6.0), (3.0, 12.0), (10.0, 2.0)),
)
"""What a house has on between its phases, one after the other."""
SINGLE = [one for one in connections(ALL) if one.faults == 1 and len(set(one.phase)) == 3]


def watched(connection: Connection = RIGHT, volts: tuple[int, int] = (0, 1)) -> tuple[Finding, VoltageFinding, str]:
    """`volts`: the phases that the terminals L1 and L2 are really on."""
    watch = WiringWatch(Installation(63.0, ALL, TERMINALS, generation_on_site=False, has_neutral=False))
    under_test = unit()
    signal = np.concatenate([samples(loaded(loads), 3.0) for loads in LOADS])
    conductors = signal.copy()
    for clamp, (phase, turned) in enumerate(zip(connection.phase, connection.reversed, strict=True)):
        signal[:, 2 * clamp] = conductors[:, 2 * phase] * (-1.0 if turned else 1.0)
    for terminal, phase in enumerate(volts):
        signal[:, 2 * terminal + 1] = conductors[:, 2 * phase + 1]
    windows = under_test.push(floating(signal))
    sentence = [watch.observe(one).sentence for one in windows][-1]
    return watch.finding, judged(windows[-1], TERMINALS), sentence


def test_the_clamps_are_found_right_and_of_the_order_nothing_is_claimed() -> None:
    finding, voltage, _ = watched()
    assert (finding.condition, finding.connection) == (Condition.RIGHT, RIGHT)
    assert (voltage.condition, voltage.order) == (Condition.RIGHT, PhaseOrder.L1_L2_L3)


@pytest.mark.parametrize("connection", SINGLE)
def test_each_single_mistake_is_named(connection: Connection) -> None:
    finding, _, sentence = watched(connection)
    assert (finding.condition, finding.connection) == (Condition.WRONG, connection)
    assert "voltage wires" not in sentence


@pytest.mark.parametrize("volts", [one for one in itertools.permutations(range(3), 2) if one != (0, 1)])
def test_wires_on_other_phases_are_not_blamed_on_the_clamps_alone(volts: tuple[int, int]) -> None:
    finding, _, sentence = watched(volts=volts)
    assert finding.condition in {Condition.WRONG, Condition.UNDECIDED}
    if finding.condition is Condition.WRONG:
        assert finding.connection is None or is_of_the_voltage(finding.connection)
        assert "the two voltage wires" in sentence


def test_interchanged_wires_look_like_all_clamps_reversed_and_it_is_said() -> None:
    finding, _, sentence = watched(volts=(1, 0))
    assert finding.connection == Connection(RIGHT.phase, ALL)
    assert sentence == (
        "all clamps are the wrong way round (or the building exports on all phases), or the clamps are right and "
        "the two voltage wires, or the order of the phases, are not"
    )


def test_what_another_voltage_would_look_like() -> None:
    of_it = [one for one in connections(ALL) if is_of_the_voltage(one)]
    # all turned on any permutation, or moved on in a ring
    assert len(of_it) == 8
    assert RIGHT not in of_it
    assert not any(one in of_it for one in SINGLE)


def test_a_voltage_that_is_not_there_is_no_right_one() -> None:
    under_test = unit()
    signal = floating(samples(loaded(LOADS[0]), 0.5))
    signal[:, [1, 3]] = 0.0
    (latest, *_) = under_test.push(signal)
    found = judged(latest, TERMINALS)
    assert (found.condition, found.order) == (Condition.ABSENT, None)
