"""What the settings mean for a unit: a fuse beyond what it measures is told with one figure everywhere."""

from __future__ import annotations

import pytest
from tests.ampguard.metering.test_calibration import CALIBRATION

from ampguard.metering.calibration import VOLTAGES, full_scale_rms
from ampguard.phases import Phase
from ampguard.services.installation import beyond_rated, chip_settings, expected
from ampguard.settings.settings import GridType, Settings
from ampguard_drivers.eeprom.records import Identity
from ampguard_drivers.frontend import Variant


def identity(variant: Variant) -> Identity:
    return Identity("AB12345G", b"", variant)


@pytest.mark.parametrize(("fuse_a", "is_beyond"), [(None, False), (63.0, False), (80.0, True), (250.0, True)])
def test_a_fuse_beyond_the_rated_current_is_told_with_that_figure(fuse_a: float | None, is_beyond: bool) -> None:  # noqa: FBT001 - a case
    said = beyond_rated(Settings(main_fuse_a=fuse_a), identity(Variant.ONE_MODULE))
    assert (said is not None) is is_beyond
    assert said is None or "is beyond the 63 A that this unit measures" in said


def test_where_two_phases_are_wired_without_n_each_input_has_half_of_what_is_between_them() -> None:
    whole = Settings(grid_type=GridType.IT, nominal_voltage_v=230.0)
    pair = Settings(grid_type=GridType.IT, nominal_voltage_v=230.0, voltage_terminals=frozenset({Phase.L1, Phase.L2}))
    full_scale_v = full_scale_rms(CALIBRATION, VOLTAGES.l1)
    for settings, input_v, is_pair in ((whole, 132.79, False), (pair, 115.0, True)):
        told = chip_settings(settings, CALIBRATION)
        assert told.dip_ratio == pytest.approx(0.9 * input_v / full_scale_v, rel=1e-3)
        assert told.swell_ratio == pytest.approx(1.1 * input_v / full_scale_v, rel=1e-3)
        assert expected(settings).is_pair is is_pair
        assert expected(settings).nominal_v == pytest.approx(132.79, abs=0.01)
