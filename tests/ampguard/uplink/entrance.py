"""An entrance of a cloud for tests: it answers whatever it is told."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ampguard.errors import UplinkFault
from ampguard.uplink.faults import BlockRefused, BlockTooLarge, Busy, NotAdmitted
from ampguard.uplink.lanes.lane import Batch

HOST = "127.0.0.1"
BATCH = Batch("0123456789abcdef", 17, 76, 76)
REFUSALS = [
    (401, NotAdmitted),
    (403, NotAdmitted),
    (400, BlockRefused),
    (409, BlockRefused),
    (422, BlockRefused),
    (413, BlockTooLarge),
    (429, Busy),
    (503, Busy),
    (500, UplinkFault),
    (404, UplinkFault),
]
"""What an answer's status is to the unit."""
Reply = bytes | Callable[[socket.socket], None]


def said(status: int, body: bytes = b"", **headers: str) -> bytes:
    """An answer as it goes over the wire."""
    lines = [f"HTTP/1.1 {status} Words", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def committed(batch: Batch = BATCH) -> bytes:
    boot, first, last = batch.name
    return json.dumps({"committed": {"boot": boot, "first_sequence": first, "last_sequence": last}}).encode()


@dataclass
class Heard:
    port: int
    requests: list[bytes] = field(default_factory=list)
    """Head and body of each."""


@contextlib.contextmanager
def entrance(*replies: Reply, context: ssl.SSLContext | None = None) -> Iterator[Heard]:
    """Answers each request with the next of these, then always with the last one; with a context over TLS."""
    with socket.create_server((HOST, 0)) as server:
        server.settimeout(0.05)
        heard, ended = Heard(server.getsockname()[1]), threading.Event()

        def serve() -> None:
            while not ended.is_set():
                with contextlib.suppress(OSError):
                    plain, _ = server.accept()
                    plain.settimeout(3.0)
                    with plain, context.wrap_socket(plain, server_side=True) if context else plain as connection:
                        heard.requests.append(_request(connection))
                        reply = replies[min(len(heard.requests), len(replies)) - 1]
                        if isinstance(reply, bytes):
                            connection.sendall(reply)
                        else:
                            reply(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield heard
        finally:
            ended.set()
            thread.join(5.0)


def _request(connection: socket.socket) -> bytes:
    found = b""
    while b"\r\n\r\n" not in found:
        found += connection.recv(65536) or _cut()
    head, _, body = found.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line), 0)
    while len(body) < length:
        body += connection.recv(65536) or _cut()
    return head + b"\r\n\r\n" + body


def _cut() -> bytes:
    raise OSError("cut")
