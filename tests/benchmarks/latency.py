"""From the end of a sample window to a subscriber at the broker: a unit on the simulated board, in real time.

latency.py [SECONDS]      of each way (240 by default): plain, and TLS 1.3 with the unit's certificate; QoS 1

On a machine with other work: `chrt -r 5 ...`, as root, or it measures who else wants the processor. Ends with 0 where
99 of 100 readings arrived within 50 ms by both ways, with 1 where they did not or none came; the last line says which.

A second's reading carries the monotonic clock of the end of its last window, with which it is told; unit and subscriber
share that clock. The parts: until that window's measurement is in the unit's own feed (the chip hands its samples over
in halves of a buffer: 16 ms, and the processing), until the reading is there too, and over uplink and broker to the
subscriber.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
import tempfile
import threading
import time
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from ampguard.live.subscriber import Subscriber
from ampguard.uplink import message
from ampguard_drivers.simulated.board import SERIAL
from ampguard_hil.box import Box
from ampguard_hil.fleet.broker import FleetBroker, two_ports
from ampguard_hil.fleet.certificates import prepare
from ampguard_hil.fleet.tally import Latency
from ampguard_hil.ports import HOST
from ampguard_hil.processes import wait_until

if TYPE_CHECKING:
    from ampguard_hil.fleet.certificates import Certificates

DURATION_S, WARM_S, TARGET_S = 240.0, 10.0, 0.05
NS = 1e9


@dataclass
class Heard:
    """When what was heard, by the monotonic clock (ns)."""

    at_broker: dict[int, tuple[int, int]] = field(default_factory=dict)
    """By sequence: the reading's own clock, and when the subscriber had it."""
    in_feed: dict[int, tuple[int, int]] = field(default_factory=dict)
    """By sequence: when the feed had the measurement of the reading's last window, and when it had the reading."""


def subscribed(port: int, heard: Heard) -> paho.Client:
    """Somebody at the broker."""
    client = paho.Client(CallbackAPIVersion.VERSION2, "listener", protocol=MQTTProtocolVersion.MQTTv5)

    def connected(one: paho.Client, *_: object) -> None:
        one.subscribe(message.topic(SERIAL, "live"), qos=1)

    def arrived(_one: paho.Client, _userdata: object, what: paho.MQTTMessage) -> None:
        now_ns = time.monotonic_ns()
        body = json.loads(what.payload)
        heard.at_broker[body["sequence"]] = body["monotonic_ns"], now_ns

    def opened(_one: paho.Client, _userdata: object, connection: object) -> None:
        if isinstance(connection, socket.socket):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    client.on_connect, client.on_message, client.on_socket_open = connected, arrived, opened
    client.connect(HOST, port)
    client.loop_start()
    return client


async def listen(feed: Path, heard: Heard) -> None:
    """Somebody at the unit's own feed."""
    measured_ns = 0
    async for one in Subscriber(feed).messages():
        now_ns = time.monotonic_ns()
        if one is None:
            continue
        body: Any = one.body
        if one.kind == "measurement":
            measured_ns = now_ns
        elif one.kind == "reading" and body["interval"] == "1s" and measured_ns:
            heard.in_feed[body["sequence"]] = measured_ns, now_ns


def told(name: str, seconds: list[float]) -> None:
    print(f"  {name:<58} {Latency.of(array('d', seconds))}")


def analysed(way: str, heard: Heard, from_ns: int) -> bool:
    """Print the whole and its parts; whether the target is met."""
    known = [
        (end_ns, *heard.in_feed[sequence], arrived_ns)
        for sequence, (end_ns, arrived_ns) in sorted(heard.at_broker.items())
        if end_ns >= from_ns and sequence in heard.in_feed
    ]
    if not known:
        print(f"{way}: NOT MEASURED: {len(heard.at_broker)} readings at the broker, {len(heard.in_feed)} in the feed")
        return False
    print(f"{way}: {len(known)} readings; load average {os.getloadavg()[0]:.1f}")
    whole = [(arrived_ns - end_ns) / NS for end_ns, _, _, arrived_ns in known]
    told("end of a reading's last window -> subscriber", whole)
    told("  of it: end of that window -> its measurement in the feed", [(one[1] - one[0]) / NS for one in known])
    told("  of it: measurement in the feed -> reading in the feed", [(one[2] - one[1]) / NS for one in known])
    told("  of it: reading in the feed -> subscriber", [(one[3] - one[2]) / NS for one in known])
    p99_s = Latency.of(array("d", whole)).p99_s
    met = p99_s is not None and p99_s <= TARGET_S
    print(f"  99 of 100 within {1e3 * TARGET_S:g} ms: {'yes' if met else 'NO'}")
    return met


def run(way: str, folder: Path, own: Certificates, duration_s: float) -> bool:
    """One way, for so long."""
    folder.mkdir()
    port, tls_port = two_ports()
    broker = FleetBroker(folder, port, tls_port, own)
    broker.start()
    box = Box(folder, "steady")
    where = f'[mqtt]\nhost = "{HOST}"\nport = {tls_port if way == "tls" else port}\n'
    if way == "tls":
        where += f'tls_ca_file = "{own.authority}"\nclient_certificate_file = "{own.unit(SERIAL)}"\n'
        where += f'client_key_file = "{own.unit(SERIAL)}"\n'
    box.settings.write_text(f"nominal_voltage_v = 230.0\nnominal_frequency_hz = 50.0\nmain_fuse_a = 63.0\n{where}")
    heard = Heard()
    client = subscribed(port, heard)
    panel = box.power_on()
    box.boot()
    loop = asyncio.new_event_loop()
    listening = loop.create_task(listen(folder / "run" / "live.sock", heard))
    thread = threading.Thread(target=lambda: loop.run_until_complete(asyncio.gather(listening, return_exceptions=True)))
    thread.start()
    try:
        wait_until(lambda: bool(heard.at_broker), 30.0)
        from_ns = time.monotonic_ns() + int(WARM_S * NS)
        wait_until(lambda: False, WARM_S + duration_s)
        met = analysed(way, heard, from_ns)
        if not heard.at_broker:
            print("\n".join(process.last_words() for process in box.processes))
        return met
    finally:
        loop.call_soon_threadsafe(listening.cancel)
        thread.join()
        loop.close()
        client.disconnect()
        client.loop_stop()
        with contextlib.suppress(OSError):
            panel.close()
        box.stop()
        broker.stop()


def main() -> int:
    """Both ways, one after the other."""
    duration_s = float(sys.argv[1]) if len(sys.argv) > 1 else DURATION_S
    with tempfile.TemporaryDirectory(prefix="ag-") as place:
        folder = Path(place)
        own = prepare(folder / "certificates", [SERIAL])
        met = [run(way, folder / way, own, duration_s) for way in ("plain", "tls")]
    print(f"target {'met by both ways' if all(met) else 'NOT MET'}")
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
