"""A place of no substance: it enters stages by the clock that it is given, and fails where it is told to."""

from __future__ import annotations

import attr
from labgrid import target_factory

from ampguard_hil.places.stages import NotReachedError, Stage
from ampguard_hil.places.targets import PlaceDriver


class MadePlace:
    """`stages.Staged`, with what was asked of it."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.takes_s = 1.0
        self.asked: list[Stage] = []
        self.fails_at: Stage | None = None
        self.closed = False

    def enter(self, stage: Stage, patience_s: float) -> None:
        self.asked.append(stage)
        self.now_s += min(self.takes_s, patience_s)
        if stage is self.fails_at or self.takes_s > patience_s:
            raise NotReachedError("the console says kernel panic")

    def shut_down(self) -> None:
        self.asked.append(Stage.OFF)

    def last_words(self) -> str:
        return "--- console\nVFS: unable to mount root fs"

    def close(self) -> None:
        self.closed = True


@target_factory.reg_driver
@attr.s(eq=False)
class MadeDriver(PlaceDriver):
    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.place = MadePlace()
