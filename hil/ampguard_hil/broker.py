"""A real MQTT broker on this machine: Mosquitto where it is installed, else the embedded one (amqtt)."""

from __future__ import annotations

import errno
import os
import pwd
import shutil
import socket
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ampguard_hil.ports import HOST, answers, free_port
from ampguard_hil.processes import Process, ProcessError, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

PORT = 1883
START_TIMEOUT_S = 15.0
_MOSQUITTO = (
    "listener {port} {host}\nallow_anonymous true\nlog_dest stdout\nlog_timestamp false\n"
    # the folder is ours, so the broker stays ourselves; an outage must not lose what it has acknowledged
    "user {user}\npersistence true\npersistence_location {folder}/\nmax_queued_messages 100000\n"
)
_SECURED = (
    # the cloud's own side, on this machine alone, beside the units' entrance
    "per_listener_settings true\nlistener {port} {host}\nallow_anonymous true\n"
    "listener {units_port} {host}\ncafile {authority}\ncertfile {certificate}\nkeyfile {key}\ntls_version tlsv1.3\n"
    "require_certificate true\nuse_identity_as_username true\nallow_anonymous false\nacl_file {folder}/broker.acl\n"
    "log_dest stdout\nlog_timestamp false\n"
    "user {user}\npersistence true\npersistence_location {folder}/\nmax_queued_messages 100000\n"
)
_ACL = "pattern readwrite ampguard/%u/#\n"
"""A unit's certificate names its serial: it has its own topics and no others."""
_AMQTT = (
    "listeners:\n  default:\n    type: tcp\n    bind: {host}:{port}\n"
    "plugins:\n  amqtt.plugins.authentication.AnonymousAuthPlugin:\n    allow_anonymous: true\n"
)


class BrokerError(ProcessError):
    """No broker can be had; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Secured:
    """A second entrance with TLS 1.3 for units with certificates, each of which has its own topics only."""

    units_port: int
    authority: Path
    certificate: Path
    key: Path


class Broker:
    """The broker as a process that can be away for a while."""

    def __init__(self, folder: Path, port: int, secured: Secured | None = None) -> None:
        self.port = port
        mosquitto = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        amqtt = Path(sys.executable).with_name("amqtt")
        file = folder / "broker.conf"
        if mosquitto is not None:
            self.kind, self.speaks_mqtt5 = "Mosquitto", True
            template = _MOSQUITTO if secured is None else _SECURED
            command = [mosquitto, "-c", str(file)]
        elif amqtt.exists():
            self.kind, template, self.speaks_mqtt5 = "amqtt, the embedded broker", _AMQTT, False
            command = [str(amqtt), "-c", str(file)]
        else:
            raise BrokerError("no broker: neither Mosquitto nor amqtt is installed")
        if secured is not None:
            if not self.speaks_mqtt5:
                raise BrokerError("no broker with TLS: Mosquitto is not installed")
            acl = folder / "broker.acl"
            acl.write_text(_ACL)
            acl.chmod(0o600)
        user = pwd.getpwuid(os.geteuid()).pw_name
        places = {} if secured is None else asdict(secured)
        file.write_text(template.format(host=HOST, port=port, folder=folder, user=user, **places))
        environment: Mapping[str, str] = {}
        self.process = Process("broker", command, folder / "broker.log", environment)

    def start(self) -> None:
        """Start and wait until it takes connections. Raises BrokerError."""
        self.process.start()
        wait_until(lambda: answers(self.port) or self.process.pid is None, START_TIMEOUT_S)
        if self.process.pid is None or not answers(self.port):
            why = "its process ended" if self.process.pid is None else f"nothing answers at port {self.port}"
            raise BrokerError(f"the broker does not start: {why}", self.process.last_words())

    def stop(self) -> None:
        """Go away."""
        self.process.stop()


def choose_port(wanted: int | None) -> int:
    """The wanted port; without a wish the usual one, or any that is free. Raises BrokerError for one in use."""
    if wanted is not None:
        reason = _refusal(wanted)
        if reason is not None:
            raise BrokerError(f"port {wanted}: {reason}; choose another with --port")
        return wanted
    return PORT if _refusal(PORT) is None else free_port()


def _refusal(port: int) -> str | None:
    """Why nothing of ours can listen there; None where it can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return "something else listens there" if error.errno == errno.EADDRINUSE else (error.strerror or "refused")
    return None
