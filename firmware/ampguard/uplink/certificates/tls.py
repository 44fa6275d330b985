"""TLS to either destination: whom the unit believes, who it is, and why the other side would not have it.

One place for both. The authority is pinned where one is given, the host's name is always checked. TLS 1.3 for MQTT, and
wherever the unit shows a certificate: before 1.3 it, and with it the serial, passes in the clear. Only HTTPS without a
certificate may go down to 1.2, for the sake of what stands before other people's clouds.

In TLS 1.3 the unit's own handshake is over before the other side has looked at its certificate: a refusal comes later,
as an alert, and is lost where the unit has already sent something (the system resets the connection). So a connection
that breaks before its first answer is made once more, only to listen (`asked_why`).
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from ampguard.errors import UplinkFault
from ampguard.uplink.certificates import certificate
from ampguard.uplink.faults import NotAdmitted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LISTEN_S, LONGEST_ASKED_S = 2.0, 10.0
"""For an alert, and with everything before it."""
_ALERTS: Mapping[str, str] = MappingProxyType({
    "CERTIFICATE_REQUIRED": "a certificate is wanted, and none was shown",
    "CERTIFICATE_EXPIRED": "the unit's certificate has expired",
    "CERTIFICATE_REVOKED": "the unit's certificate was revoked",
    "UNKNOWN_CA": "the unit's certificate is of an authority that is not known there",
    "BAD_CERTIFICATE": "the unit's certificate is not accepted",
    "UNSUPPORTED_CERTIFICATE": "the unit's kind of certificate is not accepted",
    "CERTIFICATE_UNKNOWN": "the unit's certificate is not accepted",
    "ACCESS_DENIED": "access is denied",
})  # fmt: skip
"""How the alerts of RFC 8446, 6.2 that speak of a certificate end in OpenSSL's names."""


SILENT = "hangs up right after the handshake without a word, perhaps over the unit's certificate"
"""All that is known where the other side sends no alert (servers on Python's asyncio do not)."""


@dataclass(frozen=True, slots=True)
class Trust:
    """The files of one destination."""

    authority: str | None
    """Only this one is believed; None: those of the system."""
    certificate: str | None = None
    key: str | None = None

    def context(self, least: ssl.TLSVersion) -> ssl.SSLContext:
        """For one connection, or several. Raises NotAdmitted: a file is not there, or is not what it should be."""
        authority, mine, key = self._settled()
        try:
            made = ssl.create_default_context(cafile=authority)
        except OSError as why:
            raise NotAdmitted(f"{authority}: no certificate authority: {why}") from why
        made.minimum_version = least if mine is None else ssl.TLSVersion.TLSv1_3
        if mine is not None:
            try:
                # a key with a password is none of ours: without an answer here Python would ask at the terminal
                made.load_cert_chain(mine, key, password="")
            except (OSError, ValueError) as why:
                raise NotAdmitted(f"{mine}, {key}: no client certificate with its key: {why}") from why
        return made

    def mark(self) -> object:
        """Another one when the files are others: then what was made of them is to be made anew."""
        found: list[tuple[int, int] | None] = []
        for path in self._settled():
            with contextlib.suppress(OSError):
                state = None if path is None else Path(path).stat()
                found.append(None if state is None else (state.st_ino, state.st_mtime_ns))
        return tuple(found)

    def denied(self, words: str) -> UplinkFault:
        """The other side refuses us, in a sentence that says what we showed; NotAdmitted where that is certain."""
        if words == SILENT:
            return UplinkFault(f"{SILENT} ({self.shown()})")
        return NotAdmitted(f"does not admit this unit: {words} ({self.shown()})")

    def shown(self) -> str:
        """What we show of ourselves."""
        if self.certificate is None:
            return "no certificate is set up"
        try:
            ours = certificate.read(Path(self.certificate))
        except (OSError, ValueError) as why:
            return str(why)
        now = datetime.now(UTC)
        clock = "" if ours.begins_utc <= now <= ours.ends_utc else f", this unit's clock says {now:%Y-%m-%d %H:%M}"
        return f"certificate {self.certificate}: {ours}{clock}"

    def _settled(self) -> Iterator[str | None]:
        """The files as they are together now: their folder may be exchanged for another one at any time."""
        folders: dict[Path, Path] = {}
        for one in (self.authority, self.certificate, self.key):
            if one is None:
                yield None
                continue
            path = Path(one)
            yield str(folders.setdefault(path.parent, path.parent.resolve()) / path.name)


class TidySocket(ssl.SSLSocket):
    """Closed when its handshake fails: paho would leave it open for whoever sweeps up."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - as Python declares it
        """Raises OSError."""
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def denial(why: BaseException | None) -> str | None:
    """What the other side has against our certificate; None where it was something else."""
    for seen in _causes(why):
        if isinstance(seen, ssl.SSLError) and "ALERT" in (reason := str(seen.reason)):
            words = next((words for end, words in _ALERTS.items() if reason.endswith(end)), None)
            if words is not None:
                return words
    return None


def mistrust(why: BaseException | None) -> str | None:
    """What we have against the other side's certificate; None where it was something else."""
    for seen in _causes(why):
        if isinstance(seen, ssl.SSLCertVerificationError):
            found = seen.verify_message
            dated = "expired" in found or "not yet valid" in found
            clock = f"; this unit's clock says {datetime.now(UTC):%Y-%m-%d %H:%M} UTC" if dated else ""
            return f"its certificate is not trusted: {found}{clock} ({seen.reason})"
    return None


async def asked_why(context: ssl.SSLContext, host: str, port: int) -> str | None:
    """Why it hangs up on us, if it is over our certificate: one more connection that only listens."""
    try:
        async with asyncio.timeout(LONGEST_ASKED_S):
            reader, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
            try:
                return await _heard(reader)
            finally:
                writer.transport.abort()
    except (OSError, ValueError) as why:  # TimeoutError is an OSError
        return denial(why)


async def _heard(reader: asyncio.StreamReader) -> str | None:
    """What comes of itself behind the handshake."""
    try:
        async with asyncio.timeout(LISTEN_S):
            return None if await reader.read(1) else SILENT
    except TimeoutError:
        return None  # it waits for us to begin, as it should
    except OSError as why:
        return denial(why) or (SILENT if isinstance(why, ConnectionError) else None)


def _causes(why: BaseException | None) -> Iterator[BaseException]:
    while why is not None:
        yield why
        why = why.__cause__ or why.__context__
