"""A cluster of three NATS servers as the broker, on this machine: any one of them may die, and nothing it took is lost.

Each keeps every message (JetStream, three replicas, in files). They speak MQTT 3.1.1 only. Units know one address, that
of HAProxy before them, which passes a connection to a server that lives.
"""

from __future__ import annotations

import json
import os
import shutil
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from ampguard_hil.broker import BrokerError
from ampguard_hil.ports import HOST, answers, free_ports
from ampguard_hil.processes import Process, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

START_TIMEOUT_S = 60.0
ANSWER_TIMEOUT_S = 2.0
COPIES = 3
MESSAGES = "$MQTT_msgs"
"""The stream in which NATS keeps what came over MQTT with QoS 1."""
_NODE = """
server_name: {name}
listen: "{host}:{client}"
http: "{host}:{monitor}"
jetstream {{ store_dir: "{store}", max_file_store: 1GB, max_memory_store: 64MB }}
cluster {{ name: ampguard, listen: "{host}:{route}", routes: [{routes}] }}
mqtt {{
  host: "{host}", port: {mqtt}, stream_replicas: 3, consumer_replicas: 3
  # what is not acknowledged comes again; so many may wait for it
  ack_wait: "5s", max_ack_pending: 1000
}}
"""
_BALANCER = """
defaults
    mode tcp
    timeout connect 2s
    # longer than one and a half times the longest keepalive
    timeout client 90s
    timeout server 90s
    option redispatch
    retries 3
listen mqtt
    bind {host}:{port}
    balance leastconn
    default-server check inter 500ms fall 2 rise 2 on-marked-down shutdown-sessions
{servers}
"""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where one server listens."""

    client: int
    monitor: int
    route: int
    mqtt: int


@dataclass(frozen=True, slots=True)
class Replicated:
    """A stream or a consumer, as one server knows it."""

    name: str
    leader: str | None
    current: int
    """Copies that hold everything; only the leader knows."""
    messages: int
    """In a stream; of a consumer none."""


class Node:
    """One server of the cluster."""

    def __init__(self, name: str, ports: Ports, process: Process) -> None:
        self.name = name
        self.ports = ports
        self.process = process

    def asked(self, path: str) -> Mapping[str, object]:
        """What its monitoring says; nothing while it is away."""
        url = f"http://{HOST}:{self.ports.monitor}/{path}"
        try:
            with urllib.request.urlopen(url, timeout=ANSWER_TIMEOUT_S) as answer:
                return _table(json.load(answer))
        except (OSError, ValueError):
            return {}

    def serves(self, client: str) -> bool:
        """Whether this MQTT client is connected to it."""
        return any(one.get("mqtt_client") == client for one in _tables(self.asked("connz").get("connections")))

    def leader(self) -> str | None:
        """Who leads the cluster, as it knows it."""
        return _text(_table(self.asked("jsz").get("meta_cluster")).get("leader"))

    def replicated(self) -> list[Replicated]:
        """The streams and consumers that it has a copy of."""
        accounts = _tables(self.asked("jsz?accounts=true&streams=true&consumers=true").get("account_details"))
        streams = [stream for account in accounts for stream in _tables(account.get("stream_detail"))]
        return [_replicated(one) for stream in streams for one in (stream, *_tables(stream.get("consumer_detail")))]


def _replicated(found: Mapping[str, object]) -> Replicated:
    group = _table(found.get("cluster"))
    current = sum(copy.get("current") is True and not copy.get("offline") for copy in _tables(group.get("replicas")))
    messages = _table(found.get("state")).get("messages")
    held = messages if isinstance(messages, int) else 0
    return Replicated(_text(found.get("name")) or "", _text(group.get("leader")), current + 1, held)


def _table(found: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", found) if isinstance(found, dict) else {}


def _tables(found: object) -> list[Mapping[str, object]]:
    return [_table(one) for one in cast("list[object]", found)] if isinstance(found, list) else []


def _text(found: object) -> str | None:
    return found if isinstance(found, str) else None


class Cluster:
    """Three servers and what stands before them."""

    def __init__(self, folder: Path) -> None:
        """Raises BrokerError: not installed."""
        self.folder = folder
        *ports, self.port = free_ports(13)
        places = [Ports(*ports[first : first + 4]) for first in range(0, 12, 4)]
        routes = ", ".join(f'"nats-route://{HOST}:{one.route}"' for one in places)
        self.nodes = tuple(self._node(f"nats-{number}", ports, routes) for number, ports in enumerate(places, 1))
        self.balancer = self._made_balancer()

    def start(self) -> None:
        """Start all and wait until they agree on a leader and take connections. Raises BrokerError."""
        for node in self.nodes:
            node.process.start()
        self.balancer.start()
        if not wait_until(self.is_ready, START_TIMEOUT_S):
            raise BrokerError(
                f"the cluster: wanted three servers and a leader within {START_TIMEOUT_S:g} s, met "
                f"{sum(node.process.pid is not None for node in self.nodes)} servers, leader {self.leader() or 'none'}",
                "\n".join(one.last_words() for one in (*(node.process for node in self.nodes), self.balancer)),
            )

    def stop(self) -> None:
        """Go away; what they stored stays."""
        self.balancer.stop()
        for node in self.nodes:
            node.process.stop()

    def is_ready(self) -> bool:
        """Whether all three are there, follow one leader, and the way to them is open."""
        leaders = {node.leader() for node in self.nodes}
        return (
            len(leaders) == 1
            and None not in leaders
            and all(answers(node.ports.mqtt) for node in self.nodes)
            and answers(self.port)
        )

    def leader(self) -> str | None:
        """Who leads the cluster."""
        return next((found for node in self.nodes if (found := node.leader())), None)

    def is_whole(self) -> bool:
        """Whether it is ready, and each stream and consumer has all its copies: then another server may die."""
        known = [(node.name, one) for node in self.nodes for one in node.replicated()]
        led = {one.name: one for name, one in known if one.leader == name}
        return self.is_ready() and all(one.name in led and led[one.name].current == COPIES for _, one in known)

    def leads(self, stream: str = MESSAGES) -> Node | None:
        """The server that leads the replicas of a stream; None while there is none."""
        for node in self.nodes:
            if any(one.name == stream and one.leader == node.name for one in node.replicated()):
                return node
        return None

    def waiting(self, stream: str = MESSAGES) -> int:
        """Messages that a stream keeps because somebody has not taken them yet."""
        return max((one.messages for node in self.nodes for one in node.replicated() if one.name == stream), default=0)

    def serving(self, client: str) -> Node | None:
        """The server that an MQTT client is connected to."""
        return next((node for node in self.nodes if node.serves(client)), None)

    def _node(self, name: str, ports: Ports, routes: str) -> Node:
        file = self.folder / f"{name}.conf"
        file.write_text(
            _NODE.format(
                name=name, host=HOST, store=self.folder / name, routes=routes,
                client=ports.client, monitor=ports.monitor, route=ports.route, mqtt=ports.mqtt,
            )
        )  # fmt: skip
        command = [program("nats-server"), "-c", str(file)]
        return Node(name, ports, Process(name, command, self.folder / f"{name}.log", {}))

    def _made_balancer(self) -> Process:
        servers = "\n".join(f"    server {node.name} {HOST}:{node.ports.mqtt}" for node in self.nodes)
        file = self.folder / "haproxy.conf"
        file.write_text(_BALANCER.format(host=HOST, port=self.port, servers=servers))
        return Process("haproxy", [program("haproxy"), "-db", "-f", str(file)], self.folder / "haproxy.log", {})


def program(name: str) -> str:
    """Where a server's program is. Raises BrokerError."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        raise BrokerError(f"{name}: wanted it installed (apt install {name}), met nothing")
    return found
