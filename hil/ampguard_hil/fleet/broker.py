"""Mosquitto for a fleet: one entrance without encryption and, where certificates are given, one with."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from ampguard_hil.broker import Broker, BrokerError, Secured
from ampguard_hil.ports import HOST

if TYPE_CHECKING:
    from pathlib import Path

    from ampguard_hil.fleet.certificates import Certificates

_WORDS = "set_tcp_nodelay true\nmax_inflight_messages 200\n"


class FleetBroker(Broker):
    """TLS 1.3 with the units' own certificates at `tls_port`; plain at `port`, also for who listens."""

    def __init__(self, folder: Path, port: int, tls_port: int | None = None, made: Certificates | None = None) -> None:
        secured = None
        if tls_port is not None and made is not None:
            secured = Secured(tls_port, made.authority, made.broker, made.broker_key)
        super().__init__(folder, port, secured)
        if not self.speaks_mqtt5:
            raise BrokerError(f"wanted Mosquitto, met only {self.kind}: it does not carry a fleet")
        self.tls_port = None if secured is None else tls_port
        with (folder / "broker.conf").open("a") as file:
            file.write(_WORDS)


def two_ports() -> tuple[int, int]:
    """Free ones."""
    with socket.socket() as one, socket.socket() as other:
        one.bind((HOST, 0))
        other.bind((HOST, 0))
        return one.getsockname()[1], other.getsockname()[1]
