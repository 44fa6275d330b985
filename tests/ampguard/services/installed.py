"""A meter as the commands see it: its feed, its folder, and that it takes up what is set. Its clamps are as told."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from tests.ampguard.journal.made import measurement
from tests.ampguard.wiring.test_mending import seen

from ampguard.clock import ClockQuality, Stamp
from ampguard.live.publisher import Publisher
from ampguard.phases import PhaseOrder, Phases
from ampguard.services.rewiring import Rewiring
from ampguard.settings.changes import SettingsWatch
from ampguard.settings.settings import load
from ampguard.wiring.finding import RIGHT, Finding, described
from ampguard.wiring.telling import told
from ampguard.wiring.verdict import Condition
from ampguard.wiring.voltages import VoltageFinding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.events import AssignmentChange
    from ampguard.readings import Json
    from ampguard.settings.assignment import Assignment
    from ampguard.settings.places import Places
    from ampguard.wiring.hypotheses import Connection

TURN_S = 0.02
"""Its second."""
RIGHT_VOLTAGES = VoltageFinding(Condition.RIGHT, "", PhaseOrder.L1_L2_L3)
LOG = logging.getLogger("test")


def finding(connection: Connection) -> Finding:
    """A sure one."""
    condition = Condition.RIGHT if connection == RIGHT else Condition.WRONG
    return Finding(condition, described(connection), connection, 0.998, None, None)


def known(found: Finding, voltage: VoltageFinding = RIGHT_VOLTAGES) -> Mapping[str, Json]:
    """As the meter tells it."""
    return told(found, voltage, Phases.all_of(value=True), measurement())


def stamp(second: int) -> Stamp:
    """A moment."""
    return Stamp(second * 1_000_000_000, float(second), f"2026-01-01T00:00:{second:02d}Z", ClockQuality.SYNCHRONISED)


class Installed:
    """A meter whose clamps sit as `real` says."""

    def __init__(
        self,
        places: Places,
        real: Assignment,
        *,
        found: Finding | None = None,
        voltage: VoltageFinding = RIGHT_VOLTAGES,
    ) -> None:
        """`found`: what it finds whatever is in force; None: the truth."""
        self._real, self._found, self._voltage = real, found, voltage
        self._settings = load(places.settings)
        self._feed = Publisher(places.live_feed)
        self._rewiring = Rewiring(places, self._settings.assignment, "boot", LOG)
        self._changes = SettingsWatch(places.settings, self._settings, LOG)
        self.events: list[AssignmentChange] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._ending.set()
        self._thread.join()
        self._feed.close()

    def _run(self) -> None:
        second = 0
        while not self._ending.wait(TURN_S):
            found = self._found or finding(seen(self._real, self._settings.assignment))
            body = known(found, self._voltage)
            second += 1
            if (changed := self._noticed(second, body)) is None:
                self._feed.publish("condition", None)
                self._feed.publish("wiring", self._rewiring.told(body, found))
                continue
            self.events.append(changed)

    def _noticed(self, second: int, body: Mapping[str, Json]) -> AssignmentChange | None:
        if (settings := self._changes.look()) is None:
            return self._rewiring.follow(stamp(second), body)
        self._settings = settings
        return self._rewiring.take_up(settings.assignment, stamp(second), body)
