"""Joining a network as a table: where it is, what happens, what is to be done then. No I/O, no clock.

The phone that asks is thrown off the access point, so every path ends in one of two places: joined, or failed with the
access point open again and the reason kept. The profile that worked before is kept until the new one has worked.
Every pair that is not in the table leaves the state and does nothing. A loop elsewhere performs what is to be done.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from ampguard.network.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping


class State(StrEnum):
    """Where it is."""

    IDLE = "idle"
    LEAVING = "leaving"
    """The access point is being closed, so that the radio is free."""
    ASSOCIATING = "associating"
    ADDRESSING = "addressing"
    CHECKING = "checking"
    """Whether the gateway is there."""
    KEEPING = "keeping"
    """It works; its profile is put on disk."""
    JOINED = "joined"
    RESTORING = "restoring"
    """It failed; the access point is being opened again."""
    FAILED = "failed"
    """And the access point is open."""


class Event(StrEnum):
    """What happens."""

    ASKED = "asked"
    LEFT = "left"
    """The access point is closed, or was not open."""
    ASSOCIATED = "associated"
    ADDRESSED = "addressed"
    ANSWERED = "answered"
    """The gateway is there, or there is none."""
    KEPT = "kept"
    FAILED = "failed"
    """For a reason."""
    LATE = "late"
    """The state has lasted too long."""
    OPENED = "opened"
    """The access point is open."""


class Do(StrEnum):
    """What is to be done."""

    CLOSE_ACCESS_POINT = "close_access_point"
    ACTIVATE = "activate"
    """The new profile; what it takes the place of stays."""
    ASK_GATEWAY = "ask_gateway"
    KEEP = "keep"
    """The new profile, on disk; forget what it takes the place of."""
    DROP = "drop"
    """The new profile."""
    OPEN_ACCESS_POINT = "open_access_point"


_TRYING = (State.LEAVING, State.ASSOCIATING, State.ADDRESSING, State.CHECKING, State.KEEPING)
UNDER_WAY = frozenset({*_TRYING, State.RESTORING})
"""The radio belongs to the attempt."""
_BACK = (State.RESTORING, (Do.DROP, Do.OPEN_ACCESS_POINT))

TABLE: Mapping[tuple[State, Event], tuple[State, tuple[Do, ...]]] = MappingProxyType({
    **{(state, Event.ASKED): (State.LEAVING, (Do.CLOSE_ACCESS_POINT,))
       for state in (State.IDLE, State.JOINED, State.FAILED)},
    (State.LEAVING, Event.LEFT): (State.ASSOCIATING, (Do.ACTIVATE,)),
    (State.ASSOCIATING, Event.ASSOCIATED): (State.ADDRESSING, ()),
    (State.ASSOCIATING, Event.ADDRESSED): (State.CHECKING, (Do.ASK_GATEWAY,)),
    (State.ADDRESSING, Event.ADDRESSED): (State.CHECKING, (Do.ASK_GATEWAY,)),
    (State.CHECKING, Event.ANSWERED): (State.KEEPING, (Do.KEEP,)),
    (State.KEEPING, Event.KEPT): (State.JOINED, ()),
    **{(state, event): _BACK for state in _TRYING for event in (Event.FAILED, Event.LATE)},
    (State.RESTORING, Event.OPENED): (State.FAILED, ()),
    (State.RESTORING, Event.FAILED): (State.RESTORING, (Do.OPEN_ACCESS_POINT,)),
    (State.RESTORING, Event.LATE): (State.RESTORING, (Do.OPEN_ACCESS_POINT,)),
})  # fmt: skip

LIMIT_S: Mapping[State, float] = MappingProxyType({
    State.LEAVING: 15.0,
    State.ASSOCIATING: 45.0,
    State.ADDRESSING: 45.0,
    State.CHECKING: 10.0,
    State.KEEPING: 10.0,
    State.RESTORING: 10.0,
})  # fmt: skip
"""How long a state may last. NetworkManager itself gives up associating after 25 s, and DHCP when it was told to."""

_LATE: Mapping[State, Reason] = MappingProxyType({
    State.LEAVING: Reason.TIMEOUT,
    State.ASSOCIATING: Reason.TIMEOUT,
    State.ADDRESSING: Reason.NO_DHCP,
    State.CHECKING: Reason.NO_GATEWAY,
    State.KEEPING: Reason.TIMEOUT,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attempt:
    """Where it is, and why it failed if it did."""

    state: State
    reason: Reason | None

    @property
    def is_under_way(self) -> bool:
        """Whether something of it is still to come."""
        return self.state in UNDER_WAY


BEGINNING = Attempt(State.IDLE, None)


def step(attempt: Attempt, event: Event, reason: Reason | None = None) -> tuple[Attempt, tuple[Do, ...]]:
    """Where it is after an event, and what to do. The first reason stays: what fails afterwards is its consequence."""
    before = attempt.state
    if (before, event) not in TABLE:
        return attempt, ()
    state, todo = TABLE[before, event]
    match event:
        case Event.ASKED:
            why = None
        case Event.FAILED | Event.LATE if attempt.reason is None:
            why = reason or (_LATE[before] if event is Event.LATE else Reason.REFUSED)
        case _:
            why = attempt.reason
    return Attempt(state, why), todo
