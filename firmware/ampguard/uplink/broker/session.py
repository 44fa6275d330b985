"""The life of a broker session as a table: states, what happens, what to do then. No I/O.

Every pair that is not in the table leaves the state and does nothing.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class State(StrEnum):
    """Where the session is."""

    IDLE = "idle"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    WAITING = "waiting"
    """For the next try."""


class Event(StrEnum):
    """What happens to it."""

    START = "start"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    """By the broker, or not reached."""
    LOST = "lost"
    WAITED = "waited"


class Do(StrEnum):
    """What is to be done then."""

    CONNECT = "connect"
    ANNOUNCE = "announce"
    """Say that the unit is there, and send what is behind."""
    WAIT = "wait"


TABLE: Mapping[tuple[State, Event], tuple[State, Do]] = MappingProxyType({
    (State.IDLE, Event.START): (State.CONNECTING, Do.CONNECT),
    (State.CONNECTING, Event.ACCEPTED): (State.CONNECTED, Do.ANNOUNCE),
    (State.CONNECTING, Event.REFUSED): (State.WAITING, Do.WAIT),
    (State.CONNECTING, Event.LOST): (State.WAITING, Do.WAIT),
    (State.CONNECTED, Event.LOST): (State.WAITING, Do.WAIT),
    (State.WAITING, Event.WAITED): (State.CONNECTING, Do.CONNECT),
})  # fmt: skip


def step(state: State, event: Event) -> tuple[State, Do | None]:
    """The state after an event, and what to do."""
    return TABLE.get((state, event), (state, None))
