"""What stands around a box in a laboratory, as far as this machine can be that: a relay, a serial line, no card."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import socket
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import attr
from labgrid import target_factory
from labgrid.driver import USBSDMuxDriver, USBStorageDriver

from ampguard_hil.ports import HOST

if TYPE_CHECKING:
    from collections.abc import Callable


class Relay:
    """A power switch that is told over HTTP, as those of one maker are (labgrid's model shelly_gen2)."""

    def __init__(self, switched: Callable[[bool], None]) -> None:
        self.broken = False
        relay = self

        class Asked(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                assert request["method"] == "Switch.Set"
                if not relay.broken:
                    switched(request["params"]["on"])
                body = b'{"result": {}}'
                self.send_response(503 if relay.broken else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        # in one thread: the processes of the box end with the thread that started them
        self._server = HTTPServer((HOST, 0), Asked)
        self.address = f"http://{HOST}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class SerialLine:
    """A login prompt and a shell behind a TCP port; while the box has no power, nothing."""

    def __init__(self, path: Path) -> None:
        """`path`: where the shell finds its programs first."""
        self._environment = {"PATH": f"{path}:/usr/bin:/bin", "PS1": "root@box:~# ", "TERM": "dumb"}
        self._listening = socket.create_server((HOST, 0))
        self.port: int = self._listening.getsockname()[1]
        self._power, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def switch(self, *, on: bool) -> None:
        (self._power.set if on else self._power.clear)()

    def close(self) -> None:
        self._ended.set()
        self._power.set()
        self._thread.join()
        self._listening.close()

    def _serve(self) -> None:
        self._listening.settimeout(0.2)
        while not self._ended.is_set():
            with contextlib.suppress(TimeoutError):
                line, _ = self._listening.accept()
                with line:
                    line.settimeout(0.2)
                    self._life(line)

    def _life(self, line: socket.socket) -> None:
        while not self._ended.is_set():
            if self._power.wait(0.2) and not self._ended.is_set():
                line.sendall(b"Starting kernel ...\r\n\r\nDebian GNU/Linux 13 box ttyS0\r\n\r\nbox login: ")
                if not self._named(line) or not self._shell(line):
                    return

    def _named(self, line: socket.socket) -> bool:
        """Who types nothing is asked again. False: whoever listened has gone."""
        said = b""
        while self._on and not said.endswith(b"root\n"):
            with contextlib.suppress(TimeoutError):
                more = line.recv(100)
                if not more:
                    return False
                said += more
                if said.endswith(b"\n") and not said.endswith(b"root\n"):
                    line.sendall(b"\r\nbox login: ")
        return True

    def _shell(self, line: socket.socket) -> bool:
        """Until the power goes; False: whoever listened has gone."""
        ours, its = pty.openpty()
        shell = subprocess.Popen(
            ["/bin/bash", "--norc", "--noprofile", "--noediting", "-i"],
            stdin=its, stdout=its, stderr=its, env=self._environment, start_new_session=True,
        )  # fmt: skip
        os.close(its)
        poll = select.poll()
        poll.register(ours, select.POLLIN)
        poll.register(line, select.POLLIN)
        try:
            while self._on:
                ready = [end for end, _ in poll.poll(200)]
                if ours in ready:
                    line.sendall(os.read(ours, 4096))
                if line.fileno() in ready:
                    told = line.recv(4096)
                    if not told:
                        return False
                    os.write(ours, told)
        finally:
            shell.kill()
            shell.wait()
            os.close(ours)
        return True

    @property
    def _on(self) -> bool:
        return self._power.is_set() and not self._ended.is_set()


@target_factory.reg_driver
@attr.s(eq=False)
class CardlessMuxDriver(USBSDMuxDriver):  # type: ignore[misc]  # labgrid has no types
    """A mux without a card; it notes where it was turned to in the folder `LG_NOTES`."""

    bindings: ClassVar[dict[str, object]] = {}

    def set_mode(self, mode: str) -> None:
        note(mode)


@target_factory.reg_driver
@attr.s(eq=False)
class CardlessStorageDriver(USBStorageDriver):  # type: ignore[misc]  # labgrid has no types
    bindings: ClassVar[dict[str, object]] = {}

    def write_image(self, filename: str) -> None:
        note(f"write {Path(filename).name}")


def note(what: str) -> None:
    with Path(os.environ["LG_NOTES"]).open("a") as notes:
        notes.write(what + "\n")
