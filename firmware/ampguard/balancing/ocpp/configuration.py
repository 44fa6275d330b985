"""What the central system is set up with: its doors, the chargers it knows, and each one's own cloud."""

from __future__ import annotations

import functools
import ssl
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.phrase import phrase

if TYPE_CHECKING:
    from pathlib import Path


class Security(IntEnum):
    """Security profiles of the OCPP 1.6 security whitepaper."""

    NONE = 0
    PASSWORD = 1
    """Basic authentication, unencrypted: on a network that is trusted."""
    TLS = 2
    """A certificate of the unit's, and a password."""
    CERTIFICATES = 3
    """A certificate of the unit's, and one of the charger's with its id as common name."""


class Unknown(Enum):
    """What a charger hears that nobody set up."""

    PENDING = "Pending"
    """It may wait until somebody does, and asks again."""
    REJECTED = "Rejected"


@dataclass(frozen=True, slots=True)
class Identity:
    """Files (PEM) with which one shows oneself over TLS, and whom one believes."""

    certificate: Path | None = None
    key: Path | None = None
    """None: it is in the certificate's file."""
    authority: Path | None = None
    """Of those on the other side. None: those of the system."""


@dataclass(frozen=True, slots=True)
class Door:
    """A port that chargers come in at."""

    host: str
    port: int
    security: Security = Security.NONE
    identity: Identity = Identity()

    def context(self) -> ssl.SSLContext | None:
        """To serve with: TLS 1.2 or newer; None where it is not encrypted. Raises SetupError."""
        if self.security < Security.TLS:
            return None
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        _load(made, self.identity)
        if self.security is Security.CERTIFICATES:
            if self.identity.authority is None:
                raise SetupError(
                    phrase("wanted the authority of the chargers' certificates, met none: nobody could come in")
                )
            made.verify_mode = ssl.CERT_REQUIRED
        return made


@dataclass(frozen=True, slots=True)
class Cloud:
    """The charger's own central system, which goes on billing it."""

    url: str
    """ws:// or wss://, without the charger's id."""
    key: str | None = field(default=None, repr=False)
    """AuthorizationKey that the charger has there."""
    identity: Identity = Identity()

    def context(self) -> ssl.SSLContext | None:
        """To connect with; None where it is not encrypted. Raises SetupError."""
        return _believing(self.identity) if self.url.startswith("wss://") else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Charger:
    """One that the unit knows."""

    id: str
    """Charge point id: the end of the address that it connects to."""
    max_a: float
    offline_a: float
    """What it falls back to when nobody tells it anything: 0, or 6 A and more."""
    key: str | None = field(default=None, repr=False)
    """Its AuthorizationKey: as it is, or the hexadecimal digits of it."""
    least_security: Security = Security.NONE
    """It never comes in at a door with less."""
    cloud: Cloud | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Of one unit."""

    doors: tuple[Door, ...]
    chargers: tuple[Charger, ...]
    nominal_v: float
    """Between phase and neutral: for chargers and clouds that limit watts."""
    unknown: Unknown = Unknown.REJECTED
    tags: frozenset[str] = frozenset()
    """Who may charge while there is no cloud to ask."""
    is_free: bool = False
    """Whoever comes may, then."""
    sample_s: int = 5
    """How often a charger is to tell what it measures."""
    heartbeat_s: int = 60


@functools.cache  # the system's authorities take 0.8 MB each time
def _believing(identity: Identity) -> ssl.SSLContext:
    made = ssl.create_default_context() if identity.authority is None else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(made, identity)
    return made


def _load(context: ssl.SSLContext, identity: Identity) -> None:
    try:
        if identity.certificate is not None:
            # a key with a password is none of ours: without an answer here Python would ask at the terminal
            context.load_cert_chain(identity.certificate, identity.key, password="")
        if identity.authority is not None:
            context.load_verify_locations(identity.authority)
    except (OSError, ValueError) as why:
        at = identity.authority if identity.certificate is None else identity.certificate
        raise SetupError(phrase("no certificate to use: {why}", why=str(why)), at) from why
