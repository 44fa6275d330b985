"""Entrances of a cloud for tests: one that answers whatever it is told, and certificates to try."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ampguard.uplink.lane import Batch

HOST = "127.0.0.1"
BATCH = Batch("0123456789abcdef", 17, 76, 76)
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")
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


@dataclass
class Authority:
    """Who signs certificates."""

    folder: Path
    name: str

    def __post_init__(self) -> None:
        (self.folder / f"{self.name}.conf").write_text(
            "[req]\nprompt=no\ndistinguished_name=who\nx509_extensions=what\n"
            f"[who]\nCN={self.name}\n[what]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
            "subjectKeyIdentifier=hash\n"
        )
        self._openssl("req", "-x509", *self._new(self.name), "-out", f"{self.name}.pem", "-days", "2")

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.pem"

    def signed(self, name: str, place: str = "IP:127.0.0.1,DNS:localhost") -> tuple[Path, Path]:
        """Certificate and key."""
        (self.folder / f"{name}.conf").write_text(f"[req]\nprompt=no\ndistinguished_name=who\n[who]\nCN={name}\n")
        (self.folder / f"{name}.ext").write_text(
            "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nsubjectKeyIdentifier=hash\n"
            f"authorityKeyIdentifier=keyid\nsubjectAltName={place}\n"
        )
        self._openssl("req", *self._new(name), "-out", f"{name}.csr")
        by = ["-CA", f"{self.name}.pem", "-CAkey", f"{self.name}.key", "-CAcreateserial", "-days", "2"]
        self._openssl("x509", "-req", "-in", f"{name}.csr", *by, "-extfile", f"{name}.ext", "-out", f"{name}.pem")
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    @staticmethod
    def _new(name: str) -> list[str]:
        kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        return ["-config", f"{name}.conf", *kind, "-keyout", f"{name}.key"]

    def _openssl(self, *words: str) -> None:
        done = subprocess.run(["openssl", *words], cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
