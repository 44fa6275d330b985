"""What the chip's own watches found, in sentences."""

from __future__ import annotations

from dataclasses import replace

from tests.ampguard.metering.test_calibration import CALIBRATION

from ampguard.metering.chipfindings import findings
from ampguard.phases import Phase, Phases
from ampguard.settings.assignment import Assignment, Clamp
from ampguard.settings.settings import GridType, Settings
from ampguard_drivers.ade9000.results import ByPhase
from ampguard_drivers.ade9000.scaling import RMS_FULL_SCALE_CODES
from ampguard_drivers.ade9000.status import ChipStatus, Sequence

NONE: ByPhase[int | None] = ByPhase(None, None, None)
NOTHING = ChipStatus(
    dip_now=ByPhase(l1=False, l2=False, l3=False),
    dip_lowest_codes=NONE,
    swell_now=ByPhase(l1=False, l2=False, l3=False),
    swell_highest_codes=NONE,
    over_current_codes=NONE,
    neutral_over_current_codes=None,
    sequence=Sequence.NO_ERROR,
)


def test_where_all_is_well_nothing_is_said() -> None:
    assert findings(NOTHING, CALIBRATION, Settings()) == ()


def test_each_finding_names_its_phase_and_its_value() -> None:
    half, full = round(RMS_FULL_SCALE_CODES / 2), round(RMS_FULL_SCALE_CODES)
    status = replace(
        NOTHING,
        dip_lowest_codes=ByPhase(None, half, None),
        swell_highest_codes=ByPhase(full, None, None),
        over_current_codes=ByPhase(None, None, full),
        neutral_over_current_codes=half,
        sequence=Sequence.REVERSED,
    )
    # the channels' scales are 100, 200 ... per volt of the converter, whose full scale is 0.7071 V
    found = findings(status, CALIBRATION, Settings())
    assert [one.sentence for one in found] == [
        "dip on L2: 141.4 V",
        "swell on L1: 141.4 V",
        "over-current on L3: 353.6 A",
        "over-current in the neutral: 247.5 A",
        "the voltages come in the order L3-L2-L1",
    ]
    later = findings(replace(status, over_current_codes=ByPhase(None, None, full + 1000)), CALIBRATION, Settings())
    assert [one.what for one in later] == [one.what for one in found]


def test_of_terminals_that_are_not_wired_nothing_is_said() -> None:
    absent = replace(NOTHING, dip_lowest_codes=ByPhase(None, 0, 0), sequence=Sequence.PHASE_MISSING)
    assert len(findings(absent, CALIBRATION, Settings())) == 3
    assert findings(absent, CALIBRATION, Settings(grid_type=GridType.SINGLE_PHASE)) == ()
    assert findings(absent, CALIBRATION, Settings(voltage_terminals=frozenset({Phase.L1}))) == ()


def test_the_inputs_are_named_by_what_they_measure() -> None:
    half, full = round(RMS_FULL_SCALE_CODES / 2), round(RMS_FULL_SCALE_CODES)
    wiring = Assignment(
        Phases(Clamp(Phase.L2), Clamp(Phase.L3, reversed=True), Clamp(Phase.L1)),
        Phases(Phase.L2, Phase.L1, Phase.L3),
    )
    status = replace(NOTHING, dip_lowest_codes=ByPhase(half, None, None), over_current_codes=ByPhase(None, half, full))
    # each with the scale of its input
    assert [one.sentence for one in findings(status, CALIBRATION, Settings(wiring=wiring))] == [
        "dip on L2: 70.7 V",
        "over-current on L1: 353.6 A",
        "over-current on L3: 106.1 A",
    ]
    single = Settings(grid_type=GridType.SINGLE_PHASE, wiring=wiring)
    assert [one.what for one in findings(status, CALIBRATION, single)] == ["over-current on L1"]


def test_where_two_voltages_are_interchanged_the_order_that_the_chip_sees_is_the_other_one() -> None:
    interchanged = Settings(wiring=Assignment(voltages=Phases(Phase.L3, Phase.L2, Phase.L1)))
    rotated = Settings(wiring=Assignment(voltages=Phases(Phase.L2, Phase.L3, Phase.L1)))

    def said(sequence: Sequence, settings: Settings) -> list[str]:
        return [one.what for one in findings(replace(NOTHING, sequence=sequence), CALIBRATION, settings)]

    assert said(Sequence.REVERSED, interchanged) == []
    assert said(Sequence.TRANSIENT, interchanged) == [Sequence.REVERSED.value]
    assert said(Sequence.PHASE_MISSING, interchanged) == [Sequence.PHASE_MISSING.value]
    assert said(Sequence.REVERSED, rotated) == [Sequence.REVERSED.value]
    assert said(Sequence.TRANSIENT, rotated) == [Sequence.TRANSIENT.value]
