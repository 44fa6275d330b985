"""Which column is which conductor: found from names, units and phase fields, or told by the user."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.recorder.memory import InMemory
from tests.ampguard.recorder.waves import three_phases

from ampguard.recorder.channels import Conductor, meaning_of
from ampguard.recorder.recording import Channel, ChannelsUnclear, Recording, Stretch
from ampguard.recorder.selection import select
from ampguard.recorder.stream import blocks
from ampguard.recorder.units import Quantity, quantity_of, split_heading

VOLTAGE, CURRENT = Quantity.VOLTAGE, Quantity.CURRENT


def recording(channels: list[Channel], values: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> Recording:
    return Recording(
        path=Path("memory"),
        format_name="memory",
        channels=tuple(channels),
        head=values,
        stretches=(Stretch(4000.0, len(values)),),
        source=InMemory(values),
        start=None,
        nominal_frequency_hz=None,
        notes=(),
    )


@pytest.mark.parametrize(
    ("name", "phase", "unit", "quantity", "conductor"),
    [
        ("J1 -IA", "A", "A", CURRENT, Conductor.L1),
        ("J2 -VX", "X", "V", VOLTAGE, Conductor.RESIDUAL),
        ("I1", "I1", "ampere", CURRENT, Conductor.L1),
        ("U4", "V4", "volt", VOLTAGE, Conductor.N),
        ("Bus 2:VC", "", "kV", VOLTAGE, Conductor.L3),
        ("UL1-N", "", "V", VOLTAGE, Conductor.L1),
        ("UL1-L2", "", "V", VOLTAGE, Conductor.L1_L2),
        ("Ubc", "", "kV", VOLTAGE, Conductor.L2_L3),
        ("V31", "", "V", VOLTAGE, Conductor.L3_L1),
        ("Channel 7", "B", "A", CURRENT, Conductor.L2),
        ("feeder current", "BN", "A", CURRENT, Conductor.L2),
        ("IV", "", "A", CURRENT, Conductor.L2),
        ("i_n", "", "", CURRENT, Conductor.N),
        ("i_g", "", "", CURRENT, Conductor.RESIDUAL),
        ("Neutral current", "", "A", CURRENT, Conductor.N),
        ("Tension L2", "", "V", VOLTAGE, Conductor.L2),
        ("Phase C", "", "A", CURRENT, Conductor.L3),
    ],
)
def test_a_channel_means_what_its_maker_wrote(
    name: str, phase: str, unit: str, quantity: Quantity, conductor: Conductor
) -> None:
    meaning = meaning_of(Channel(name, unit, phase))
    assert meaning is not None
    assert (meaning.quantity, meaning.conductor) == (quantity, conductor)


@pytest.mark.parametrize(
    ("name", "phase", "unit"),
    [
        ("J1 Ia Angle", "_", "\N{DEGREE SIGN}"),
        ("Va mag", "A", "V"),
        ("Ia rms", "A", "A"),
        ("Frequency", "", "Hz"),
        ("Pa", "A", "kW"),
        ("THD Ua", "A", "%"),
        ("trip", "", ""),
        ("Vdc", "", "V"),
        ("U1", "", "W"),
    ],
)
def test_what_an_instrument_computed_is_no_waveform(name: str, phase: str, unit: str) -> None:
    assert meaning_of(Channel(name, unit, phase)) is None


@pytest.mark.parametrize(
    ("unit", "quantity", "factor"),
    [("V", VOLTAGE, 1), ("kV", VOLTAGE, 1e3), ("KV", VOLTAGE, 1e3), ("mV", VOLTAGE, 1e-3), ("MV", VOLTAGE, 1e6),
     ("volts", VOLTAGE, 1), ("kilovolts", VOLTAGE, 1e3), ("A", CURRENT, 1), ("kA", CURRENT, 1e3),
     ("mA", CURRENT, 1e-3), ("Amps", CURRENT, 1), ("uA", CURRENT, 1e-6), ("ms", Quantity.TIME, 1e-3),
     ("deg", Quantity.OTHER, 1), ("kW", Quantity.OTHER, 1), ("pu", Quantity.OTHER, 1)],
)  # fmt: skip
def test_units_carry_their_prefix(unit: str, quantity: Quantity, factor: float) -> None:
    assert quantity_of(unit) == (quantity, factor)


@pytest.mark.parametrize(
    ("heading", "name", "unit"),
    [("Va [kV]", "Va", "kV"), ("I_L1 (A)", "I_L1", "A"), ("U1/V", "U1", "V"), ("phi (deg)", "phi", "deg"),
     ("current(1)", "current(1)", ""), ("Time (s)", "Time", "s"), ("a/b", "a/b", "")],
)  # fmt: skip
def test_a_heading_is_split_into_name_and_unit(heading: str, name: str, unit: str) -> None:
    assert split_heading(heading) == (name, unit)


def test_magnitudes_beside_the_waveforms_are_left_alone() -> None:
    waves = three_phases(400, 4000.0)
    magnitudes = np.tile([230.0, 231.0, 229.0, 10.0, 11.0, 12.0], (400, 1))
    names = ["Va", "Vb", "Vc", "Ia", "Ib", "Ic"]
    units = ["V"] * 3 + ["A"] * 3
    channels = [Channel(f"M {name}", unit) for name, unit in zip(names, units, strict=True)]
    channels += [Channel(f"W {name}", unit) for name, unit in zip(names, units, strict=True)]
    selection = select(recording(channels, np.hstack([magnitudes, waves])))
    assert [signal.label for signal in selection.signals] == [f"W {n} [{u}]" for n, u in zip(names, units, strict=True)]
    assert {reason for _, reason in selection.unused} == {"no waveform: it never changes its sign"}


@given(order=st.permutations(range(6)), kept=st.sets(st.integers(0, 5), min_size=1))
def test_any_order_of_columns_and_any_missing_phase_is_understood(order: list[int], kept: set[int]) -> None:
    names = ["ua", "ub", "uc", "ia", "ib", "ic"]
    columns = [index for index in order if index in kept]
    made = recording([Channel(names[index]) for index in columns], three_phases(400, 4000.0)[:, columns])
    selection = select(made)
    signals = [*selection.voltage, *selection.current]
    assert [signal.label if signal else None for signal in signals] == [
        name if index in kept else None for index, name in enumerate(names)
    ]


@given(missing=st.sampled_from([None, 0, 1, 2]))
def test_voltages_between_lines_are_referred_to_the_star_point(missing: int | None) -> None:
    waves = three_phases(400, 4000.0)
    pairs = np.column_stack([waves[:, k] - waves[:, (k + 1) % 3] for k in range(3)])
    columns = [index for index in range(3) if index != missing]
    names = ["Uab", "Ubc", "Uca"]
    made = recording([Channel(names[index], "kV") for index in columns], pairs[:, columns] / 1e3)
    selection = select(made)
    (block,) = blocks(made, selection)
    assert not selection.has_neutral
    np.testing.assert_allclose(block.samples, waves[:, :3], atol=1e-9)


def test_voltages_against_the_neutral_are_preferred_to_those_between_lines() -> None:
    waves = three_phases(400, 4000.0)
    made = recording([Channel("Uab"), Channel("Ubc"), Channel("Ua")], waves[:, :3])
    selection = select(made)
    assert selection.has_neutral
    assert [signal.label if signal else None for signal in selection.voltage] == ["Ua", None, None]


def names_of(named: str) -> list[str | None]:
    channels = [Channel("Va", "V"), Channel("Vb", "V"), Channel("Ia", "A"), Channel("x"), Channel("-y", "A")]
    selection = select(recording(channels, three_phases(400, 4000.0)[:, :5]), named)
    every = [*selection.voltage, *selection.current, selection.neutral_current]
    return [signal.label if signal else None for signal in every]


def test_the_users_word_overrides_what_is_found() -> None:
    assert names_of("") == ["Va [V]", "Vb [V]", None, "Ia [A]", None, None, None]
    assert names_of("u3=x") == ["Va [V]", "Vb [V]", "x", "Ia [A]", None, None, None]
    assert names_of("u1=Vb, U2=va") == ["Vb [V]", "Va [V]", None, "Ia [A]", None, None, None]
    assert names_of("i2=ia") == ["Va [V]", "Vb [V]", None, None, "Ia [A]", None, None]
    assert names_of("i1=-Ia,in=#4") == ["Va [V]", "Vb [V]", None, "-(Ia [A])", None, None, "x"]
    assert names_of("i2=-y,i3=--y") == ["Va [V]", "Vb [V]", None, "Ia [A]", "-y [A]", "-(-y [A])", None]
    assert names_of("u1=none,i1=") == [None, "Vb [V]", None, None, None, None, None]


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ("u9=Va", "wanted u1|u2"),
        ("Va", "met 'Va'"),
        ("u1=Vq", "no column 'Vq' among: Va, Vb, Ia"),
        ("u1=#9", "no column '#9'"),
        ("u1=Ia", "u1 is a voltage, but 'Ia' is in 'A'"),
        ("i1=Vb", "i1 is a current, but 'Vb' is in 'V'"),
        ("u1=none,u2=none,i1=none", "no column is recognised"),
    ],
)
def test_a_word_that_makes_no_sense_is_answered_with_a_sentence(named: str, sentence: str) -> None:
    with pytest.raises(ChannelsUnclear) as caught:
        names_of(named)
    assert sentence.split("|", maxsplit=1)[0] in str(caught.value)


def test_a_minus_sign_turns_the_samples_round() -> None:
    waves = three_phases(400, 4000.0)
    made = recording([Channel("Ia", "kA")], waves[:, :1])
    (block,) = blocks(made, select(made, "i1=-Ia"))
    np.testing.assert_array_equal(block.samples[:, 0], -1e3 * waves[:, 0])
