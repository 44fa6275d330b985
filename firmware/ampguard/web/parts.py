"""What the application is made of: the seams that its composition root (`ampguard.services.web`) fills in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ampguard.web.turns import Turns

if TYPE_CHECKING:
    from starlette.requests import Request

    from ampguard.settings.places import Places
    from ampguard.settings.store import SettingsStore
    from ampguard.web.balancing import Balancing
    from ampguard.web.enrolment import Enrolment
    from ampguard.web.guided import Guided
    from ampguard.web.live import Hub
    from ampguard.web.network import Network
    from ampguard.web.system import System
    from ampguard.web.update import Updates


class SignedIn(Protocol):
    """Somebody who has shown the PIN."""

    @property
    def csrf(self) -> str:
        """What a page must send along with each request that changes something."""
        ...


class Access(Protocol):
    """Who may come in."""

    def session_of(self, request: Request) -> SignedIn | None:
        """The session that a request belongs to; None where it is none, or over."""
        ...


class Certificate(Protocol):
    """What browsers are shown over HTTPS."""

    @property
    def fingerprint(self) -> str:
        """SHA-256, for people to compare; "" while there is none."""
        ...

    @property
    def is_own(self) -> bool:
        """Whether it is the unit's own, and none of its owner's."""
        ...

    async def install(self, pem: str) -> None:
        """Serve the owner's, key and chain in one. Raises SetupError: why it is refused."""
        ...

    async def reset(self) -> None:
        """Serve the unit's own again. Raises SetupError."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """All of it."""

    places: Places
    settings: SettingsStore
    hub: Hub
    guided: Guided
    access: Access
    certificate: Certificate
    enrolment: Enrolment
    system: System
    updates: Updates
    network: Network
    balancing: Balancing
    version: str
    https_port: int | None
    """Where HTTPS is served; None where it is not."""
    event_turns: Turns = field(default_factory=lambda: Turns(at_once=1, waiting=6))
    """Of the pages and the API together, to read what happened."""

    @property
    def serial(self) -> str:
        """Of the unit, as its meter says; "" until it has."""
        status = self.hub.latest("status")
        serial = None if status is None else status.get("serial")
        return serial if isinstance(serial, str) else ""
