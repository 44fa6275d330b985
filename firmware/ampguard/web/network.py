"""What the tab Wi-Fi needs of the unit below the web: the seam that `ampguard.services.web_network` fills in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.readings import Json


class Phone(StrEnum):
    """What is done about a request over the unit's own access point."""

    LED = "led"
    """To the page."""
    CONTENT = "content"
    """The phone hears what it wants to hear."""


@dataclass(frozen=True, slots=True)
class ToPhone:
    """The answer to a request over the access point that is not for the unit's own page."""

    what: Phone
    text: str
    """Where it is led to, or the content."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """An address as somebody writes it, instead of DHCP."""

    address: str
    gateway: str | None
    name_servers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Air:
    """What was heard, and how long ago; None: the radio has not listened yet."""

    networks: tuple[Mapping[str, Json], ...]
    age_s: float | None


class Network(Protocol):
    """How the unit is connected, and what can be asked of that.

    All but `state` and `to_phone` raise UplinkFault where NetworkManager does not answer. Until the meter has said who
    the unit is, all but `to_phone` raise RefusedError.
    """

    def state(self) -> Mapping[str, Json]:
        """How it is now."""
        ...

    def heard(self) -> Air:
        """The networks that were heard last."""
        ...

    async def scan(self, *, close_access_point: bool) -> Air:
        """Listen, if the radio is free, or may be made so by closing the access point for some seconds."""
        ...

    def join(self, ssid: bytes, password: str | None, fixed: Fixed | None, who: str) -> None:
        """Begin to. Raises SetupError: not like this; nothing was begun."""
        ...

    async def forget(self, ssid: bytes, who: str) -> None:
        """A network that was saved; one that is in use is left."""
        ...

    def open_access_point(self, who: str) -> None:
        """Open it, or keep it open, for ten minutes."""
        ...

    def close_access_point(self, who: str) -> None:
        """Close it."""
        ...

    def to_phone(self, host: str, path: str, source: str) -> ToPhone | None:
        """What becomes of a request over the access point; None: it is for the unit's own page."""
        ...
