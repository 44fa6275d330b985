"""Who may come in at a door: the charge point id in the address, the password, the certificate. No I/O."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote

from ampguard.balancing.ocpp.configuration import Security
from ampguard.settings.group import is_charge_point_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.balancing.ocpp.configuration import Charger


@dataclass(frozen=True, slots=True)
class Denied:
    """Nobody comes in."""

    status: int
    """Of HTTP."""
    why: str


def charge_point_id(path: str) -> str | None:
    """The last part of the address, decoded; None where it is none."""
    found = unquote(path.partition("?")[0].rpartition("/")[2], errors="replace")
    return found if is_charge_point_id(found) else None


def admitted(  # noqa: PLR0911 - each way out is a reason
    charger_id: str, charger: Charger | None, security: Security, authorization: str | None, peer: object
) -> Denied | None:
    """Whether somebody may come in as this charger; None: he may. Who has a password is asked for it at every door.

    Args:
        charger_id: what it calls itself.
        charger: how it is set up; None: nobody knows it.
        security: of the door.
        authorization: the header of its request.
        peer: the certificate that it showed, as `ssl.SSLSocket.getpeercert` has it.
    """
    if charger is None:
        return None if security is Security.NONE else Denied(401, "this charger is not set up")
    if security is Security.NONE and charger.key is not None:
        security = Security.PASSWORD  # a door at which nobody else is asked
    if security < charger.least_security:
        return Denied(403, "this charger must come in by a safer door")
    if security is Security.NONE:
        return None
    if security is Security.CERTIFICATES:
        return None if common_name(peer) == charger_id else Denied(403, "the certificate is another one's")
    if charger.key is None:
        return Denied(401, "this charger has no password")
    met = _credentials(authorization)
    if met is None:
        return Denied(401, "a password is wanted")
    name, password = met
    is_key = any([hmac.compare_digest(password, key) for key in _keys(charger.key)])  # noqa: C419 - each takes its time
    return None if name == charger_id.encode() and is_key else Denied(401, "the password is wrong")


def common_name(peer: object) -> str | None:
    """Of a certificate's subject."""
    if not isinstance(peer, dict):
        return None
    subject = cast("Mapping[str, tuple[tuple[tuple[str, str], ...], ...]]", peer).get("subject", ())
    names = [value for part in subject for name, value in part if name == "commonName"]
    return names[0] if len(names) == 1 else None


def _credentials(header: str | None) -> tuple[bytes, bytes] | None:
    kind, _, coded = (header or "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(coded.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return (name, password) if colon else None


def _keys(key: str) -> list[bytes]:
    """The key as it is, and what its digits mean: chargers are set up with either."""
    found = [key.encode()]
    try:
        found.append(bytes.fromhex(key))
    except ValueError:
        found.append(key.encode())
    return found
