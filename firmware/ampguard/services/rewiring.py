"""What the meter does when somebody sets what its inputs measure: keeps it with what was found of it, tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.errors import JournalFault
from ampguard.events import AssignmentChange
from ampguard.phases import PhaseOrder
from ampguard.readings import as_json
from ampguard.settings.assignment import AS_LABELLED
from ampguard.wiring.history import Change, History
from ampguard.wiring.mending import in_order, proposal
from ampguard.wiring.verdict import Condition

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from ampguard.clock import Stamp
    from ampguard.readings import Json
    from ampguard.settings.assignment import Assignment
    from ampguard.settings.places import Places
    from ampguard.wiring.finding import Finding

_VERDICTS = frozenset((Condition.RIGHT, Condition.WRONG))


class Rewiring:
    """One run of the meter."""

    def __init__(self, places: Places, assignment: Assignment, boot: str, logger: logging.Logger) -> None:
        """`assignment`: in force since the start."""
        self._log = logger
        self._boot = boot
        self._history = History(places.wiring)
        if self._history.set_aside is not None:
            logger.warning("the history of the wiring was damaged and is set aside as %s", self._history.set_aside)
        self._in_force = assignment
        latest = self._history.latest
        self._before = AS_LABELLED if latest is None else latest.after
        """What was in force, as far as it is kept and told."""

    def follow(self, stamp: Stamp, found: Mapping[str, Json] | None) -> AssignmentChange | None:
        """One second more; what was set while no meter ran. `found`: what is known (`ampguard.wiring.telling`)."""
        if self._before != self._in_force:
            return self._changed(stamp, None)
        self._complete(found)
        return None

    def take_up(
        self, assignment: Assignment, stamp: Stamp, found: Mapping[str, Json] | None
    ) -> AssignmentChange | None:
        """This is in force from now on; None where it was before. `found`: what was known until now."""
        if assignment == self._in_force:
            return None
        self._in_force = assignment
        return self._changed(stamp, found)

    def told(self, found: Mapping[str, Json], finding: Finding) -> Mapping[str, Json]:
        """What the live feed says: what is found, what is in force meanwhile, and what would make the clamps right."""
        proposed = None
        if finding.connection is not None:
            proposed = proposal(self._in_force, finding.connection)
        if proposed is not None and found.get("voltage_order") == PhaseOrder.L3_L2_L1:
            proposed = in_order(proposed)
        if proposed == self._in_force:
            proposed = None
        return {
            **found,
            "in_force": as_json(self._in_force.inputs),
            "proposal": None if proposed is None else as_json(proposed.inputs),
        }

    def _changed(self, stamp: Stamp, found: Mapping[str, Json] | None) -> AssignmentChange:
        before, after = self._before, self._in_force
        self._before = after
        self._log.warning("the wiring is taken to be %s, no longer %s", after, before)
        change = Change(
            utc=stamp.utc,
            monotonic_ns=stamp.monotonic_ns,
            boot=self._boot,
            before=before,
            after=after,
            finding_before=found,
            finding_after=None,
        )
        try:
            self._history.add(change)
        except JournalFault as fault:
            self._complain(fault)
        sentence, confidence_ratio = (None, None) if found is None else _said(found)
        return AssignmentChange(
            before=before.inputs, after=after.inputs, sentence=sentence, confidence_ratio=confidence_ratio
        )

    def _complete(self, found: Mapping[str, Json] | None) -> None:
        """The first verdict after the last change."""
        latest = self._history.latest
        if latest is None or latest.finding_after is not None or found is None or found.get("verdict") not in _VERDICTS:
            return
        try:
            self._history.complete(found)
        except JournalFault as fault:
            self._complain(fault)

    def _complain(self, fault: JournalFault) -> None:
        self._log.error("%s %s: %s", fault.code, type(fault).__name__, fault)


def _said(found: Mapping[str, Json]) -> tuple[str | None, float | None]:
    sentence, confidence = found.get("sentence"), found.get("confidence_ratio")
    return (
        sentence if isinstance(sentence, str) else None,
        confidence if isinstance(confidence, float) else None,
    )
