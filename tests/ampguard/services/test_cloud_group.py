"""Whether a unit can balance what a cloud brings: never more than its main fuse, and nothing that cannot be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ampguard.errors import SetupError
from ampguard.phases import Phase
from ampguard.services.cloud_group import possible
from ampguard.settings.grid import Device
from ampguard.settings.group import ChargerSettings, GroupSettings
from ampguard.settings.settings import Settings

SETTINGS = Settings(main_fuse_a=25.0, nominal_voltage_v=230.0)
CHARGER = ChargerSettings(id="A1", name="Place 1", max_a=16.0, phases=tuple(Phase), offline_a=6.0)
GROUP = GroupSettings(name="House", device=Device.FUSE_GG, max_offline_a=6.0, chargers=(CHARGER,))


@pytest.mark.parametrize("supply_max_a", [None, 25.0, 20.0])
def test_what_the_main_fuse_bears_can_be(supply_max_a: float | None) -> None:
    possible(SETTINGS, replace(GROUP, supply_max_a=supply_max_a))


@pytest.mark.parametrize(
    ("settings", "group", "sentence"),
    [
        (SETTINGS, replace(GROUP, supply_max_a=25.5), "the group shares 25.5 A, and the main fuse is 25.0 A"),
        (
            SETTINGS,
            replace(GROUP, chargers=(replace(CHARGER, offline_a=3.0),)),
            "the offline current of charger Place 1 is set to 3.0 A: wanted is a number from 6.0 to 16.0 A",
        ),
        (SETTINGS, replace(GROUP, max_offline_a=5.0), "offline currents are 6.0 A together on L1"),
        (replace(SETTINGS, nominal_voltage_v=None), GROUP, "nominal voltage"),
        (replace(SETTINGS, main_fuse_a=None), GROUP, "rated current of the main fuse"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(settings: Settings, group: GroupSettings, sentence: str) -> None:
    with pytest.raises(SetupError) as refused:
        possible(settings, group)
    assert sentence in str(refused.value)
