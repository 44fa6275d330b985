"""What the chip notices by itself, told by the real driver: dips and swells that begin, last and end."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from tests.ampguard_drivers.integration.simulated import Rig

from ampguard_drivers.ade9000.chip import Ade9000
from ampguard_drivers.ade9000.results import ByPhase
from ampguard_drivers.ade9000.scaling import RMS_FULL_SCALE_CODES
from ampguard_drivers.ade9000.settings import Ade9000Settings
from ampguard_drivers.ade9000.status import ChipStatus
from ampguard_drivers.frontend import FRONT_ENDS, Variant
from ampguard_drivers.simulated.front_end import FrontEndModel, Tolerances
from ampguard_drivers.simulated.supply import State, Supply

NOMINAL_RATIO = 230.0 * math.sqrt(2.0) / FRONT_ENDS[Variant.ONE_MODULE].divider_ratio
HEALTHY = State()
NONE = (None, None, None)
NO = (False, False, False)


class Watched(Rig):
    """A unit whose chip watches for voltages beyond 10 % of the nominal one."""

    def __init__(self) -> None:
        super().__init__(front_end=FrontEndModel(tolerances=Tolerances()))
        self.board.supply = Supply([(0.0, HEALTHY)])
        settings = Ade9000Settings(
            nominal_frequency_hz=50.0,
            nominal_voltage_ratio=NOMINAL_RATIO,
            dip_ratio=0.9 * NOMINAL_RATIO,
            swell_ratio=1.1 * NOMINAL_RATIO,
        )
        self.chip = Ade9000(self.parts, settings)
        self.chip.start()
        self.becomes(HEALTHY)

    def becomes(self, state: State) -> ChipStatus:
        """What a poll says a quarter of a second after the supply went over to this."""
        self.board.supply = Supply([(0.0, state)])
        self.blocks(0.25)
        return self.chip.poll_status()

    def lasts(self) -> ChipStatus:
        """What another poll says a quarter of a second later."""
        self.blocks(0.25)
        return self.chip.poll_status()


def with_phase(phase: int, voltage_v: float) -> State:
    voltages = [230.0, 230.0, 230.0]
    voltages[phase] = voltage_v
    return replace(HEALTHY, voltage_v=(voltages[0], voltages[1], voltages[2]))


def flags(phase: int) -> ByPhase[bool]:
    return ByPhase(*(each == phase for each in range(3)))


def level_codes(voltage_v: float) -> float:
    return voltage_v / 230.0 * NOMINAL_RATIO * RMS_FULL_SCALE_CODES


@pytest.mark.parametrize("phase", [0, 1, 2])
def test_a_dip_is_told_while_it_lasts_and_not_after(phase: int) -> None:
    watched = Watched()
    healthy = watched.lasts()
    assert (healthy.dip_now, healthy.swell_now, healthy.dip_lowest_codes) == (NO, NO, NONE)
    dipping = watched.becomes(with_phase(phase, 150.0))
    assert dipping.dip_now == flags(phase)
    assert dipping.swell_now == NO
    lowest = dipping.dip_lowest_codes[phase]
    assert lowest == pytest.approx(level_codes(150.0), rel=0.005)
    lasting = watched.lasts()
    assert lasting.dip_now == flags(phase)
    assert lasting.dip_lowest_codes == NONE, "it neither began nor ended"
    ended = watched.becomes(HEALTHY)
    assert ended.dip_now == NO
    assert ended.dip_lowest_codes[phase] is not None


@pytest.mark.parametrize("phase", [0, 1, 2])
def test_a_swell_is_told_while_it_lasts_and_not_after(phase: int) -> None:
    watched = Watched()
    watched.lasts()
    swelling = watched.becomes(with_phase(phase, 280.0))
    assert swelling.swell_now == flags(phase)
    assert swelling.dip_now == NO
    assert swelling.swell_highest_codes[phase] == pytest.approx(level_codes(280.0), rel=0.005)
    assert watched.lasts().swell_now == flags(phase)
    assert watched.becomes(HEALTHY).swell_now == NO


def test_after_a_restart_of_the_chip_nothing_lasts() -> None:
    watched = Watched()
    assert watched.becomes(with_phase(1, 100.0)).dip_now == flags(1)
    watched.board.supply = Supply([(0.0, HEALTHY)])
    watched.chip.start()
    assert watched.chip.poll_status().dip_now == NO
