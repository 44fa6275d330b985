"""What a bench tells a simulated board is read as it was meant, or refused with a sentence."""

from __future__ import annotations

import json

import pytest

from ampguard_drivers.simulated import statement
from ampguard_drivers.simulated.front_end import Clamp, Tolerances, Wiring
from ampguard_drivers.simulated.supply import Harmonic, Load, State

STATE = State(
    voltage_v=(230.0, 0.0, 229.5),
    angle_deg=(0.0, 120.0, -120.0),
    frequency_hz=49.5,
    frequency_ramp_hz_per_s=0.1,
    voltage_harmonics=(Harmonic(5, 0.02, 170.0), Harmonic(1.65, 0.01)),
    voltage_dc_v=0.5,
    loads=(Load(10.0, 60.0, (Harmonic(3, 0.6, 180.0),), 0.1), Load(), Load(5.0, 180.0)),
    noise_v=0.02,
    noise_a=0.001,
)
WIRING = Wiring(
    clamps=(Clamp(1), Clamp(0, reversed=True, coupling_ratio=0.9), Clamp(None)), terminals=(0, None, 2), neutral=False
)
TOLERANCES = Tolerances((1.0, 1.01, 1.0, 0.99, 1.0, 1.0, 1.0), (0.5, 0.0, -0.5, 0.0, 0.0, 0.0, 0.0))


def over_the_wire(value: State | Wiring | Tolerances) -> object:
    return json.loads(json.dumps(statement.as_json(value)))


def test_what_is_told_is_what_is_read() -> None:
    assert statement.state(over_the_wire(STATE)) == STATE
    assert statement.wiring(over_the_wire(WIRING)) == WIRING
    assert statement.tolerances(over_the_wire(TOLERANCES)) == TOLERANCES


def test_what_is_not_told_has_its_default() -> None:
    assert statement.state({"frequency_hz": 60}) == State(frequency_hz=60.0)
    assert statement.wiring({}) == Wiring()
    assert statement.tolerances({}) == Tolerances()


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ([], r"a state: wanted a JSON object, met \[\]"),
        ({"volts": 1}, "a state: wanted of voltage_v, .*, met volts"),
        ({"frequency_hz": "50"}, "frequency_hz: wanted a number from 10 to 400, met '50'"),
        ({"frequency_hz": True}, "frequency_hz: wanted a number from 10 to 400, met True"),
        ({"frequency_hz": float("nan")}, "frequency_hz: wanted a number .*, met nan"),
        ({"voltage_v": [230.0, 230.0]}, r"voltage_v: wanted a list of 3, met \[230.0, 230.0\]"),
        ({"voltage_v": [230.0, 230.0, -1.0]}, r"voltage_v\[2\]: wanted a number from 0 to 1000, met -1.0"),
        (
            {"loads": [{}, {"current_a": 1e6}, {}]},
            r"loads\[1\].current_a: wanted a number from 0 to 10000, met 1000000.0",
        ),
        (
            {"loads": [{}, {"harmonics": [{"order": 3}]}, {}]},
            r"loads\[1\].harmonics\[0\]: wanted amplitude_ratio as well",
        ),
        (
            {"voltage_harmonics": [{"order": 3, "amplitude_ratio": 0.1}] * 51},
            "voltage_harmonics: wanted at most 50, met 51",
        ),
        ({"voltage_harmonics": "third"}, "voltage_harmonics: wanted a list, met 'third'"),
    ],
)
def test_a_state_that_is_none_is_refused(told: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        statement.state(told)


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"clamps": [{}, {}, {}]}, r"clamps\[0\]: wanted phase as well"),
        ({"clamps": [{"phase": 3}] * 3}, r"clamps\[0\].phase: wanted phase 0, 1, 2, or null for none, met 3"),
        ({"clamps": [{"phase": 0, "reversed": 1}] * 3}, r"clamps\[0\].reversed: wanted true or false, met 1"),
        (
            {"clamps": [{"phase": 0, "coupling_ratio": 2}] * 3},
            r"clamps\[0\].coupling_ratio: wanted a number from 0 to 1",
        ),
        ({"terminals": [0, 1, True]}, r"terminals\[2\]: wanted phase 0, 1, 2, or null for none, met True"),
        ({"neutral": "open"}, "neutral: wanted true or false, met 'open'"),
    ],
)
def test_a_wiring_that_is_none_is_refused(told: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        statement.wiring(told)


def test_tolerances_are_of_seven_inputs() -> None:
    with pytest.raises(ValueError, match=r"gain_ratio: wanted a list of 7, met \[1.0\]"):
        statement.tolerances({"gain_ratio": [1.0]})
