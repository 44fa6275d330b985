"""The first visit: what an installer does in which order, and how far it is, from what the unit really says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ampguard.chronicle.reported import Reported, kept, stated
from ampguard.errors import SetupError
from ampguard.settings.settings import load
from ampguard.wiring.faults import FaultKind, kind_of
from ampguard.wiring.verdict import Condition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.readings import Json
    from ampguard.web.parts import Parts


class StepId(StrEnum):
    """In their order."""

    NETWORK = "network"
    ELECTRICAL = "electrical"
    WIRING = "wiring"
    CLOUD = "cloud"
    REPORT = "report"


class StepState(StrEnum):
    """How far it is."""

    DONE = "done"
    OPEN = "open"
    LATER = "later"
    """Its turn comes when what it builds upon is done."""


class Reason(StrEnum):
    """Why a step is as it is."""

    CONNECTED = "connected"
    NO_NETWORK = "no-network"
    UNKNOWN = "unknown"
    """Nobody who would know says anything."""
    SAID = "said"
    MAIN_FUSE = "main-fuse"
    GRID_TYPE = "grid-type"
    GENERATION = "generation"
    UNREADABLE = "unreadable"
    """The settings file."""
    RIGHT = "right"
    WRONG = "wrong"
    ABSENT = "absent"
    UNDECIDED = "undecided"
    LOST_PHASE = "lost-phase"
    SUPPLY = "supply"
    """The supply itself has a fault."""
    NO_DESTINATION = "no-destination"
    BROKER_ONLY = "broker-only"
    """The owner's broker is set, and no cloud."""
    NOT_REACHED = "not-reached"
    READY = "ready"
    """It can be made now."""
    REPORTED = "reported"
    """It was made, and what it states is still so."""
    OUTDATED = "outdated"
    """It was made before something that it states was changed."""
    NOT_YET = "not-yet"


@dataclass(frozen=True, slots=True)
class Step:
    """One of them."""

    id: StepId
    state: StepState
    reasons: tuple[Reason, ...]
    is_needed: bool
    """Whether the installation is not complete without it."""


SAID_FIRST: Mapping[str, Reason] = {
    "main_fuse_a": Reason.MAIN_FUSE,
    "grid_type": Reason.GRID_TYPE,
    "generation_on_site": Reason.GENERATION,
}
"""What nobody can guess: keys of the settings."""
_WIRING: Mapping[str, Reason] = {
    Condition.RIGHT: Reason.RIGHT,
    Condition.WRONG: Reason.WRONG,
    Condition.ABSENT: Reason.ABSENT,
    Condition.UNDECIDED: Reason.UNDECIDED,
}


def steps(parts: Parts) -> tuple[Step, ...]:
    """As they are now; reads the settings file."""
    uplink = parts.hub.latest("uplink")
    try:
        is_set: frozenset[str] | None = frozenset(
            one.setting.key for one in parts.settings.seen().settings if one.is_set
        )
        as_now = Reported(stated(load(parts.places.settings)), Condition.RIGHT.value)
    except SetupError:
        is_set, as_now = None, None
    before = (
        _network(parts.hub.latest("network"), _word(uplink, "communication")),
        _electrical(is_set),
        _wiring(parts.hub.latest("wiring")),
    )
    ready = all(step.state is StepState.DONE for step in before)
    return (*before, _cloud(uplink, is_set), _report(kept(parts.places.wiring), as_now, ready=ready))


def is_complete(found: tuple[Step, ...]) -> bool:
    """Whether all that is needed is done."""
    return all(step.state is StepState.DONE for step in found if step.is_needed)


def is_over(found: tuple[Step, ...]) -> bool:
    """Whether, too, there is a report that states what is so."""
    return is_complete(found) and all(step.state is StepState.DONE for step in found if step.id is StepId.REPORT)


def next_of(found: tuple[Step, ...]) -> StepId | None:
    """The first that is open; None where none is."""
    return next((step.id for step in found if step.state is StepState.OPEN), None)


def _network(state: Mapping[str, Json] | None, communication: str | None) -> Step:
    """The network's own word; without a NetworkManager, what the uplink found of a way out."""
    if state is not None and state.get("manager") is True:
        communication = "network" if state.get("connected") is True else "none"
    if communication is None:
        return Step(StepId.NETWORK, StepState.OPEN, (Reason.UNKNOWN,), is_needed=True)
    if communication == "none":
        return Step(StepId.NETWORK, StepState.OPEN, (Reason.NO_NETWORK,), is_needed=True)
    return Step(StepId.NETWORK, StepState.DONE, (Reason.CONNECTED,), is_needed=True)


def _electrical(is_set: frozenset[str] | None) -> Step:
    if is_set is None:
        return Step(StepId.ELECTRICAL, StepState.OPEN, (Reason.UNREADABLE,), is_needed=True)
    missing = tuple(reason for key, reason in SAID_FIRST.items() if key not in is_set)
    state = StepState.OPEN if missing else StepState.DONE
    return Step(StepId.ELECTRICAL, state, missing or (Reason.SAID,), is_needed=True)


def _wiring(told: Mapping[str, Json] | None) -> Step:
    """However right it is: a fault of the supply comes first."""
    found = Reason.UNKNOWN if told is None else _WIRING.get(_word(told, "verdict") or "", Reason.UNKNOWN)
    reasons: tuple[Reason, ...] = (found,)
    match None if told is None else kind_of(told):
        case FaultKind.LOST_PHASE:
            reasons = (Reason.LOST_PHASE,)
        case FaultKind.SUPPLY:
            reasons = (Reason.SUPPLY, found) if found is Reason.RIGHT else (Reason.SUPPLY,)
        case None:
            pass
    state = StepState.DONE if reasons == (Reason.RIGHT,) else StepState.OPEN
    return Step(StepId.WIRING, state, reasons, is_needed=True)


def _cloud(uplink: Mapping[str, Json] | None, is_set: frozenset[str] | None) -> Step:
    """Optional: a unit may well serve its owner only."""
    told: Mapping[str, Json] = {} if uplink is None else uplink
    if told.get("cloud_connected") is True:
        return Step(StepId.CLOUD, StepState.DONE, (Reason.CONNECTED,), is_needed=False)
    named = frozenset[str]() if is_set is None else is_set
    if told.get("cloud") is True or "https.url" in named:
        reason = Reason.NOT_REACHED
    else:
        reason = Reason.BROKER_ONLY if "mqtt.host" in named else Reason.NO_DESTINATION
    return Step(StepId.CLOUD, StepState.OPEN, (reason,), is_needed=False)


def _report(reported: Reported | None, as_now: Reported | None, *, ready: bool) -> Step:
    """Good as long as what it states is so."""
    if not ready:
        return Step(StepId.REPORT, StepState.LATER, (Reason.NOT_YET,), is_needed=False)
    if reported is None:
        return Step(StepId.REPORT, StepState.OPEN, (Reason.READY,), is_needed=False)
    if reported == as_now:
        return Step(StepId.REPORT, StepState.DONE, (Reason.REPORTED,), is_needed=False)
    return Step(StepId.REPORT, StepState.OPEN, (Reason.OUTDATED,), is_needed=False)


def _word(body: Mapping[str, Json] | None, name: str) -> str | None:
    found = None if body is None else body.get(name)
    return found if isinstance(found, str) else None
