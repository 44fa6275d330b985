"""The reference cloud over TLS in a thread of the test: certificates may be shown, and are checked then."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import uvicorn

from ampguard_hil.cloud.authority import Authority
from ampguard_hil.cloud.certificate import CertifiedProtocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp

HOST = "127.0.0.1"


@contextlib.contextmanager
def secured(application: ASGIApp, authority: Authority) -> Iterator[str]:
    """Its address."""
    certificate, key = authority.pair("server", [HOST, "localhost"])
    configuration = uvicorn.Config(
        application,
        log_config=None,
        ws="none",
        http=CertifiedProtocol,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        ssl_ca_certs=str(authority.file),
        ssl_cert_reqs=ssl.CERT_OPTIONAL,
        timeout_graceful_shutdown=2,
    )
    with socket.create_server((HOST, 0)) as listening:
        server = uvicorn.Server(configuration)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield f"https://{HOST}:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10.0)
            assert not thread.is_alive()
