"""The meter's part in the wiring: what is found of it, kept over a restart, told, and set otherwise while it runs."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from ampguard.events import WiringChange
from ampguard.phrase import as_told
from ampguard.readings import as_json
from ampguard.services.recollection import named
from ampguard.settings.settings import GridType
from ampguard.wiring.installation import Installation
from ampguard.wiring.verdict import Anew, Condition
from ampguard.wiring.watch import WiringWatch
from ampguard.wiring.wording import inputs_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.clock import Stamp
    from ampguard.events import AssignmentChange
    from ampguard.live.publisher import Publisher
    from ampguard.readings import Json, Measurement
    from ampguard.services.recollection import Recollection
    from ampguard.services.rewiring import Rewiring
    from ampguard.settings.settings import Settings
    from ampguard.wiring.hypotheses import Look
    from ampguard.wiring.verdict import Verdict

_NS = 1e9
_ANGLE = re.compile(r"-?\d+°")
_AGAIN = {
    Anew.ASSIGNMENT: "looking again with the new assignment",
    Anew.SETTINGS: "looking again since the settings were changed",
}
_OPEN = "undecided: "


class Wired:
    """One run of the meter: windows in, verdicts out."""

    def __init__(
        self,
        settings: Settings,
        full_scale_a: float,
        recollection: Recollection,
        rewiring: Rewiring,
        feed: Publisher,
    ) -> None:
        self._settings, self._full_scale_a = settings, full_scale_a
        self._recollection, self._rewiring = recollection, rewiring
        self._feed = feed
        self._watch = self._begun(self._recollection.looks(self._of()))
        self._latest: Measurement | None = None
        self._verdict: Verdict | None = None
        self._told: tuple[str, str] | None = None
        """Conditions of voltage and current that an event told last."""
        self._alarm: str | None = None
        """What is wrong with the supply now."""
        self._anew: Anew | None = None
        """Why the watch began anew, until it has found something."""

    def observe(self, measurement: Measurement, alarm: str | None) -> Verdict | None:
        """One window more; the verdict where it is a new one: an angle that wavers by a degree makes none.

        `alarm`: a fault of the supply comes before what else there is to say of its voltages.
        """
        is_news, self._latest, self._alarm = alarm != self._alarm, measurement, alarm
        verdict = self._watch.observe(measurement)
        if alarm is not None:
            verdict = replace(verdict, voltage=Condition.WRONG, sentence=alarm)
        if is_news:  # nobody waits for the second to be over to hear of it
            self._feed.publish("wiring", self._told_live(self._watch.told(measurement)))
        before, self._verdict = self._verdict, verdict
        if verdict == before:
            return None
        self._feed.publish("condition", as_json(verdict))
        return None if before is not None and _steady(verdict) == _steady(before) else verdict

    def news(self) -> WiringChange | None:
        """Once a second: an event where there is another verdict; not for each word of what is undecided."""
        verdict = self._verdict
        if verdict is None:
            return None
        certain = Condition.UNDECIDED not in {verdict.voltage, verdict.current}
        now = (f"{verdict.voltage} {verdict.current}", _steady(verdict).sentence if certain else "")
        if now == self._told:
            return None
        self._told = now
        return WiringChange(voltage=verdict.voltage, current=verdict.current, sentence=verdict.sentence)

    def follow(self, stamp: Stamp) -> AssignmentChange | None:
        """Once a second: keeps and publishes what is known; what somebody had set otherwise while no meter ran."""
        found = None if self._latest is None else self._watch.told(self._latest)
        changed = self._rewiring.follow(stamp, found)
        if changed is None and found is not None:
            self._feed.publish("wiring", self._told_live(found))
            self._recollection.keep(stamp.monotonic_ns / _NS, self._of(), self._watch.looks, found)
        self._feed.publish("condition", None if self._verdict is None else as_json(self._verdict))
        return changed

    def take_up(self, settings: Settings, stamp: Stamp) -> AssignmentChange | None:
        """These settings count as of the next window; the event where the inputs measure something else by them.

        What was seen of the clamps is of the installation as it was: where that is another one, it begins anew.
        """
        found = None if self._latest is None else self._watch.told(self._latest)
        before, assignment = self._of(), self._settings.assignment
        self._settings = settings
        if self._of() != before:
            self._anew = Anew.SETTINGS if assignment == settings.assignment else Anew.ASSIGNMENT
            self._watch = self._begun([])
        return self._rewiring.take_up(settings.assignment, stamp, found)

    def _told_live(self, found: Mapping[str, Json]) -> Mapping[str, Json]:
        """What is found, with what pages need beside it: a fault of the supply in parts, and why it is undecided."""
        if not found["verdict"] == found["current_verdict"] == Condition.UNDECIDED:
            self._anew = None
        told: dict[str, Json] = {
            **self._rewiring.told(found, self._watch.finding),
            "alarm": None if self._alarm is None else cast("Json", as_told(self._alarm)),
            "looking_again": None if self._anew is None else self._anew.value,
        }
        if self._anew is not None:
            told["sentence"] = f"{_OPEN}{_AGAIN[self._anew]}; {str(found['sentence']).removeprefix(_OPEN)}"
        return told

    def _begun(self, looks: list[Look]) -> WiringWatch:
        return WiringWatch(self._installation(), looks, inputs_of(self._settings.assignment))

    def _of(self) -> str:
        return named(self._installation(), self._settings.assignment)

    def _installation(self) -> Installation:
        return Installation(
            full_scale_a=self._full_scale_a,
            clamps=self._settings.phases,
            terminals=self._settings.wired_voltages,
            generation_on_site=self._settings.generation_on_site,
            has_neutral=self._settings.grid_type is not GridType.IT,
        )


def _steady(verdict: Verdict) -> Verdict:
    """Without its angles."""
    return replace(verdict, sentence=_ANGLE.sub("°", verdict.sentence))
