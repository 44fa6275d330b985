"""A phase lost, the neutral broken, a wrong voltage: told within a second, with numbers, and each for what it is."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.chronicle.supplied import TURN, WINDOW_S, grid, window

from ampguard.chronicle.supplywatch import Expected, SupplyWatch, line
from ampguard.events import NeutralFault, PhaseLoss, Turn, WrongVoltage
from ampguard.phases import Phase, Phases
from ampguard.readings import Measurement, Quality

ALL = Phases.all_of(value=True)
HOUSE = Expected(terminals=ALL, has_neutral=True, nominal_v=230.0)
HEALTHY = grid(230.0)
SHIFTED = grid(230.0, shift=-50 + 0j)
LOADS = (5 + 0j, 1.4 * TURN**2, 3 * TURN)
BALANCED = (1 + 0j, TURN**2, TURN)


def followed(watch: SupplyWatch, windows: list[Measurement]) -> list[tuple[float, float, object]]:
    """When it was told, since when it holds, and what."""
    return [(one.start_s + WINDOW_S, told.start_s, told.event) for one in windows for told in watch.follow(one)]


def story(*parts: tuple[int, list[complex]], amperes: tuple[complex, ...] = LOADS) -> list[Measurement]:
    """So many windows of each."""
    volts = [one for count, one in parts for _ in range(count)]
    return [window(one, amperes, number * WINDOW_S) for number, one in enumerate(volts)]


def kinds(found: list[tuple[float, float, object]]) -> list[tuple[type, Turn]]:
    """What was told, without numbers."""
    return [
        (type(event), event.turn) for _, _, event in found if isinstance(event, PhaseLoss | NeutralFault | WrongVoltage)
    ]


def test_a_lost_phase_is_told_within_a_second_with_its_numbers() -> None:
    lost = [HEALTHY[0], HEALTHY[1], 0j]
    found = followed(SupplyWatch(HOUSE), story((10, HEALTHY), (20, lost), (10, HEALTHY)))
    (told_s, since_s, begun), (_, back_s, ended) = found
    assert isinstance(begun, PhaseLoss)
    assert isinstance(ended, PhaseLoss)
    assert (begun.phase, begun.turn, since_s) == (Phase.L3, Turn.BEGUN, 2.0)
    assert told_s - 2.0 <= 1.0
    assert begun.voltage_rms_v.l3 == 0.0
    assert begun.line_voltage_rms_v.l1_l2 == pytest.approx(398.37, abs=0.01)
    assert (ended.turn, ended.duration_s, back_s) == (Turn.ENDED, 4.0, pytest.approx(6.0))


def test_where_one_voltage_between_two_phases_is_measured_nobody_says_which_phase_is_lost() -> None:
    pair = Phases(l1=True, l2=True, l3=False)
    parts = story((10, grid(133.0)), (20, [0.1 + 0j, 0.1 + 0j, 0j]))
    assert not followed(SupplyWatch(Expected(terminals=pair, has_neutral=False, nominal_v=133.0, is_pair=True)), parts)
    each = followed(SupplyWatch(Expected(terminals=pair, has_neutral=False, nominal_v=133.0)), parts)
    assert [event.phase for _, _, event in each if isinstance(event, PhaseLoss)] == [Phase.L1, Phase.L2]


def test_a_broken_neutral_is_told_within_a_second_with_its_numbers() -> None:
    watch = SupplyWatch(HOUSE)
    found = followed(watch, story((10, HEALTHY), (10, SHIFTED), amperes=BALANCED))
    ((told_s, since_s, fault),) = found
    assert isinstance(fault, NeutralFault)
    assert (fault.turn, since_s) == (Turn.BEGUN, 2.0)
    assert told_s - since_s <= 1.0
    assert (fault.shift_v, fault.down, fault.up) == (50.0, (Phase.L1,), (Phase.L2, Phase.L3))
    assert fault.line_voltage_rms_v.l2_l3 == pytest.approx(398.37, abs=0.01)
    assert watch.alarm == (
        "the neutral is broken or loose: L1 180 V, L2 259 V, L3 259 V; switch the main switch off and call an "
        "electrician (this unit is no protective device)"
    )


def test_a_neutral_that_has_gone_all_the_way_to_a_phase_is_no_lost_phase() -> None:
    moved = grid(230.0, shift=-230 + 0j)
    found = followed(SupplyWatch(HOUSE), story((10, HEALTHY), (10, moved), amperes=BALANCED))
    assert kinds(found) == [(NeutralFault, Turn.BEGUN)]


@pytest.mark.parametrize(
    ("nominal_v", "volts", "words"),
    [
        (230.0, grid(127.0), "(230 V for each phase): L1 127 V"),
        (127.0, grid(230.0), "(127 V for each phase): L1 230 V"),
        (230.0, [-HEALTHY[0], HEALTHY[1] - HEALTHY[0], HEALTHY[2] - HEALTHY[0]], "L1 230 V, L2 398 V, L3 398 V"),
        (None, grid(400.0), "no low-voltage grid has such voltages: L1 400 V"),
        (None, grid(48.0), "no low-voltage grid has such voltages: L1 48 V"),
    ],
)
def test_a_wrong_voltage_is_told_within_a_second(nominal_v: float | None, volts: list[complex], words: str) -> None:
    watch = SupplyWatch(Expected(terminals=ALL, has_neutral=True, nominal_v=nominal_v))
    ((told_s, since_s, wrong),) = followed(watch, story((10, volts)))
    assert isinstance(wrong, WrongVoltage)
    assert (wrong.turn, wrong.nominal_v, since_s) == (Turn.BEGUN, nominal_v, 0.0)
    assert told_s <= 1.0
    assert words in str(watch.alarm)


@given(positive_v=st.floats(96.0, 320.0))
def test_where_no_nominal_voltage_is_set_a_possible_one_is_not_wrong(positive_v: float) -> None:
    watch = SupplyWatch(Expected(terminals=ALL, has_neutral=True, nominal_v=None))
    assert followed(watch, story((10, grid(positive_v)))) == []


shifts = st.complex_numbers(min_magnitude=35.0, max_magnitude=200.0, allow_nan=False, allow_infinity=False)


@given(shift=shifts, order=st.permutations(range(3)), scale=st.floats(0.87, 1.13))
def test_which_phase_is_which_and_a_few_volts_more_change_nothing(
    shift: complex, order: list[int], scale: float
) -> None:
    moved = grid(230.0, shift=shift)
    before, after = ([scale * volts[n] for n in order] for volts in (HEALTHY, moved))
    found = followed(SupplyWatch(HOUSE), story((10, before), (10, after), amperes=BALANCED))
    assert kinds(found) == [(NeutralFault, Turn.BEGUN)]
    fault = found[0][2]
    assert isinstance(fault, NeutralFault)
    assert fault.shift_v == pytest.approx(scale * abs(shift), abs=0.01)
    lowest = min(range(3), key=lambda n: abs(after[n]))
    assert not fault.down or tuple(Phase)[lowest] in fault.down


@given(shift=st.complex_numbers(max_magnitude=230.0, allow_nan=False), nominal_v=st.sampled_from([230.0, None]))
def test_without_a_neutral_or_with_inferred_voltages_no_neutral_is_claimed(
    shift: complex, nominal_v: float | None
) -> None:
    moved = grid(230.0, shift=shift)
    for has_neutral, terminals in ((False, ALL), (True, Phases(l1=True, l2=False, l3=False))):
        watch = SupplyWatch(Expected(terminals=terminals, has_neutral=has_neutral, nominal_v=nominal_v))
        found = followed(watch, story((10, HEALTHY), (10, moved)))
        assert NeutralFault not in {kind for kind, _ in kinds(found)}


def test_a_broken_neutral_ends_when_it_carries_current_again_and_not_when_the_loads_are_alike() -> None:
    watch = SupplyWatch(HOUSE)
    alike = (4 + 0j, 4 * TURN**2, 4 * TURN)
    found = followed(watch, story((10, HEALTHY), (10, SHIFTED), (60, HEALTHY), amperes=alike))
    assert kinds(found) == [(NeutralFault, Turn.BEGUN)], "loads that are alike move a broken neutral as little"
    carrying = [window(HEALTHY, (8 + 0j, TURN**2, TURN), 16.0 + n * WINDOW_S) for n in range(10)]
    ((_, _, ended),) = followed(watch, carrying)
    assert isinstance(ended, NeutralFault)
    assert (ended.turn, ended.duration_s) == (Turn.ENDED, 14.0)
    assert watch.alarm is None


def test_a_power_cut_ends_no_fault_and_hides_the_alarm() -> None:
    watch = SupplyWatch(HOUSE)
    followed(watch, story((10, HEALTHY), (10, SHIFTED), amperes=BALANCED))
    cut = followed(watch, [window([0j, 0j, 0j], start_s=4.0 + n * WINDOW_S) for n in range(10)])
    assert set(kinds(cut)) == {(PhaseLoss, Turn.BEGUN)}
    assert watch.alarm is None


def test_windows_without_all_samples_prove_nothing() -> None:
    watch = SupplyWatch(HOUSE)
    bad = [window(SHIFTED, start_s=2.0 + n * WINDOW_S, quality=frozenset({Quality.OVERRUN})) for n in range(10)]
    assert followed(watch, story((10, HEALTHY)) + bad) == []


@pytest.mark.parametrize("dip", list(itertools.product((0.3, 0.7, 1.0), repeat=3))[:-1])
def test_a_dip_is_neither_a_broken_neutral_nor_a_wrong_voltage(dip: tuple[float, float, float]) -> None:
    dipped = [ratio * volts for ratio, volts in zip(dip, HEALTHY, strict=True)]
    assert followed(SupplyWatch(HOUSE), story((10, HEALTHY), (40, dipped), (10, HEALTHY))) == []


def test_what_lasts_ends_where_something_else_is_expected_from_then_on() -> None:
    lost = [HEALTHY[0], HEALTHY[1], 0j]
    for volts, kind in ((lost, PhaseLoss), (SHIFTED, NeutralFault), (grid(127.0), WrongVoltage)):
        watch = SupplyWatch(HOUSE)
        assert watch.end() == []
        right = 0 if kind is WrongVoltage else 10
        ((_, since_s, begun),) = followed(watch, story((right, HEALTHY), (20, volts), amperes=BALANCED))
        assert isinstance(begun, kind)
        (ended,) = watch.end()
        end_s = (right + 20) * WINDOW_S
        assert (type(ended.event), ended.event.turn) == (kind, Turn.ENDED)
        assert ended.start_s == pytest.approx(end_s)
        assert ended.event.duration_s == pytest.approx(end_s - since_s, abs=1e-3)


def test_a_loose_neutral_ends_likewise() -> None:
    watch = SupplyWatch(HOUSE)
    steps = [window(grid(230.0, shift=-2.0 * load), (load, 0j, 0j), number * WINDOW_S) for number, load in enumerate(
        (10 + 0j if number // 3 % 2 else 1 + 0j) for number in range(60)
    )]  # fmt: skip
    ((_, since_s, begun),) = followed(watch, steps)
    assert isinstance(begun, NeutralFault)
    assert begun.neutral_ohm is not None
    (ended,) = watch.end()
    assert isinstance(ended.event, NeutralFault)
    assert (ended.event.turn, ended.event.neutral_ohm) == (Turn.ENDED, begun.neutral_ohm)
    assert ended.event.duration_s == pytest.approx(60 * WINDOW_S - since_s, abs=1e-3)


@pytest.mark.parametrize(
    ("volts", "amperes", "begun", "ended"),
    [
        (
            [HEALTHY[0], HEALTHY[1], 0j], LOADS,
            "L3 is without voltage",
            "L3 without voltage: over after 4.0 s: L1 230 V, L2 230 V, L3 230 V",
        ),
        (
            SHIFTED, BALANCED,
            "the neutral is broken or loose: L1 180 V, L2 259 V, L3 259 V; switch the main switch off",
            "fault of the neutral: over after 4.0 s: L1 230 V, L2 230 V, L3 230 V",
        ),
        (
            grid(130.0), LOADS,
            "the voltages are not those of the grid that is set (230 V for each phase): L1 130 V",
            "wrong voltages: over after",
        ),
    ],
    ids=["lost phase", "neutral", "wrong voltage"],
)  # fmt: skip
def test_the_log_says_it_in_a_sentence(
    volts: list[complex], amperes: tuple[complex, ...], begun: str, ended: str
) -> None:
    parts = [(HEALTHY, amperes)] * 10 + [(volts, amperes)] * 20 + [(HEALTHY, LOADS)] * 60
    parts = parts[10:] if amperes is LOADS and volts[2] else parts  # else it would be a dip
    windows = [window(one, load, number * WINDOW_S) for number, (one, load) in enumerate(parts)]
    watch = SupplyWatch(HOUSE)
    said = [line(told.event) for one in windows for told in watch.follow(one)]
    assert len(said) == 2
    assert said[0].startswith(begun)
    assert said[1].startswith(ended)
