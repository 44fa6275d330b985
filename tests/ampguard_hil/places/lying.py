"""A simulated box at a bench that does not tell the truth: what the checks are there to find."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attr
from labgrid import target_factory

from ampguard_hil.listener import Recorder
from ampguard_hil.places.committing import Committing
from ampguard_hil.places.place import Bundle
from ampguard_hil.places.simulated import SimulatedPlace
from ampguard_hil.places.targets import PlaceDriver
from ampguard_hil.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

LOST = 18
"""While it is judged whether a reading comes each second."""
FORGOTTEN = 2
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


class TrustingPlace(SimulatedPlace):
    """Its box takes whatever comes for software that is right: as if RAUC and the gate had looked at nothing."""

    def bundle(self, what: Bundle) -> Path:
        del what
        return super().bundle(Bundle.NEWER)


class ForgetfulRecorder(Committing):
    """Of each run one reading never comes as a record."""

    def _count(self, reading: Mapping[str, Any], lane: str) -> None:
        if lane != "records" or reading["sequence"] != FORGOTTEN:
            super()._count(reading, lane)


class ForgetfulPlace(SimulatedPlace):
    """What was set is another one with an update."""

    recorder = ForgetfulRecorder

    def until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        def forgetting() -> bool:
            if (self.box.folder / "data/update/trial.json").exists():
                now = self.box.settings.read_text()
                self.box.settings.write_text(re.sub(r"(?m)^main_fuse_a = .*", "main_fuse_a = 35.0", now))
            return condition()

        return super().until(forgetting, timeout_s)


class LosingPlace(SimulatedPlace):
    """What it has kept is not on its medium when its power goes."""

    def power_off(self) -> None:
        super().power_off()
        for kept in (self.box.folder / "data").glob("journal*"):
            kept.unlink()


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


@target_factory.reg_driver
@attr.s(eq=False)
class TrustingDriver(PlaceDriver):
    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.place = TrustingPlace()


@target_factory.reg_driver
@attr.s(eq=False)
class ForgetfulDriver(PlaceDriver):
    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.place = ForgetfulPlace()


@target_factory.reg_driver
@attr.s(eq=False)
class LosingDriver(PlaceDriver):
    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.place = LosingPlace()
