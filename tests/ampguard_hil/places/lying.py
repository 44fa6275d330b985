"""A simulated box at a bench that does not tell the truth: what the checks are there to find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attr
from labgrid import target_factory

from ampguard_hil.listener import Recorder
from ampguard_hil.places.simulated import SimulatedPlace
from ampguard_hil.places.targets import PlaceDriver
from ampguard_hil.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

LOST = 18
"""While it is judged whether a reading comes each second."""
GAIN = 1.02
LATE_S = 8.0


class LyingRecorder(Recorder):
    """One reading never arrives, and one clamp has a wrong gain."""

    def _count(self, reading: Mapping[str, Any], lane: str) -> None:
        if reading["sequence"] != LOST:
            current = reading["current_rms_a"]
            super()._count({**reading, "current_rms_a": {**current, "l1": current["l1"] * GAIN}}, lane)


class LyingPlace(SimulatedPlace):
    """Its current light is green always."""

    recorder = LyingRecorder

    def lights(self) -> frozenset[str]:
        return frozenset(light.replace("current_red", "current_green") for light in super().lights())


class SlowPlace(SimulatedPlace):
    """Its web process comes so late."""

    def power_on(self) -> None:
        box = self.box
        web = box.firmware.pop("web")
        super().power_on()
        wait_until(lambda: False, LATE_S)
        box.firmware["web"] = web
        web.start()


@target_factory.reg_driver
@attr.s(eq=False)
class LyingDriver(PlaceDriver):
    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.place = LyingPlace()


@target_factory.reg_driver
@attr.s(eq=False)
class SlowDriver(PlaceDriver):
    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.place = SlowPlace()
