"""What the settings mean for a unit: a fuse beyond what it measures is told with one figure everywhere."""

from __future__ import annotations

import pytest

from ampguard.services.installation import beyond_rated
from ampguard.settings.settings import Settings
from ampguard_drivers.eeprom.records import Identity
from ampguard_drivers.frontend import Variant


def identity(variant: Variant) -> Identity:
    return Identity("AB12345G", b"", variant)


@pytest.mark.parametrize(("fuse_a", "is_beyond"), [(None, False), (63.0, False), (80.0, True), (250.0, True)])
def test_a_fuse_beyond_the_rated_current_is_told_with_that_figure(fuse_a: float | None, is_beyond: bool) -> None:  # noqa: FBT001 - a case
    said = beyond_rated(Settings(main_fuse_a=fuse_a), identity(Variant.ONE_MODULE))
    assert (said is not None) is is_beyond
    assert said is None or "is beyond the 63 A that this unit measures" in said
