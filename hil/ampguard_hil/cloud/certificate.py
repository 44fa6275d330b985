"""Whose certificate a connection showed, told to the ASGI application; and nobody speaks for another unit.

uvicorn has the server check the certificate and tells the application nothing of it. `CertifiedProtocol` adds the TLS
extension of ASGI (https://asgi.readthedocs.io/en/latest/specs/tls.html) to the scope, as far as it is known here, and
the common name, which OpenSSL has read, as `ampguard.client`.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, cast

from cryptography import x509
from fastapi import HTTPException, Request
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

_OWN = "ampguard.client"


class CertifiedProtocol(H11Protocol):
    """One connection whose requests say who is at its other end."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """The handshake is over, also in TLS 1.3: the client's certificate has been checked."""
        super().connection_made(transport)
        secured = transport.get_extra_info("ssl_object")
        if isinstance(secured, (ssl.SSLObject, ssl.SSLSocket)):
            application: ASGIApp = self.app
            self.app = _telling(application, _client(secured))


def common_name(request: Request) -> str | None:
    """Of the certificate that the client showed, checked by the server; None: it showed none."""
    extensions = cast("dict[str, dict[str, str | None]]", request.scope.get("extensions") or {})
    return extensions.get(_OWN, {}).get("common_name")


def number(request: Request) -> int | None:
    """Of that certificate, as its authority gave it."""
    extensions = cast("dict[str, dict[str, list[str]]]", request.scope.get("extensions") or {})
    chain = extensions.get("tls", {}).get("client_cert_chain") or []
    return x509.load_pem_x509_certificate(chain[0].encode()).serial_number if chain else None


def speaks_for_itself(*, wanted: bool) -> Callable[[Request, str], None]:
    """A dependency of routes below `/{serial}/`: whoever shows a certificate speaks for its serial and no other one.

    `wanted`: whoever shows none does not speak at all.
    """

    def check(request: Request, serial: str) -> None:
        shown = common_name(request)
        if shown is None and wanted:
            raise HTTPException(403, f"wanted a certificate of {serial}, met none: enrol the unit")
        if shown is not None and shown != serial:
            raise HTTPException(403, f"wanted a certificate of {serial}, met one of {shown[:64]}")

    return check


def _client(secured: ssl.SSLObject | ssl.SSLSocket) -> dict[str, dict[str, object]]:
    """The extensions of this connection's scopes."""
    der, found = secured.getpeercert(binary_form=True), secured.getpeercert() or {}
    subject = cast("tuple[tuple[tuple[str, str], ...], ...]", found.get("subject", ()))
    names = [value for one in subject for key, value in one if key == "commonName"]
    return {
        "tls": {
            "server_cert": None,
            "client_cert_chain": [] if der is None or not found else [ssl.DER_cert_to_PEM_cert(der)],
            "client_cert_name": None,
            "client_cert_error": None,
            "tls_version": {"TLSv1.2": 0x0303, "TLSv1.3": 0x0304}.get(secured.version() or ""),
            "cipher_suite": None,
        },
        # two names are none: nobody chooses the better one
        _OWN: {"common_name": names[0] if len(names) == 1 else None},
    }


def _telling(application: ASGIApp, extensions: dict[str, dict[str, object]]) -> ASGIApp:
    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        scope["extensions"] = {**(scope.get("extensions") or {}), **extensions}
        await application(scope, receive, send)

    return told
