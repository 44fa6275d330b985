"""`ampguard enrol`: where serial and PIN come from, what is said, and what is never loaded by the uplink."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ampguard.live.publisher import Publisher
from ampguard.uplink.certificates.refusal import Kind
from ampguard_drivers.simulated.board import SERIAL
from ampguard_hil.box import Box

CODE = "from ampguard.services.cli import main; raise SystemExit(main())"


def enrol(
    folder: Path, *words: str, pin: str | None = "k3tt1e42\n", **environment: str
) -> subprocess.CompletedProcess[str]:
    """At a cloud that is not there."""
    places = {"AMPGUARD_DATA": str(folder), "AMPGUARD_RUN": str(folder)} | environment
    return subprocess.run(
        [sys.executable, "-c", CODE, "enrol", *words],
        env={**os.environ, **places},
        input=pin or "",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "wanted --url https://"),
        (["--url", "http://127.0.0.1"], "wanted an address such as https://"),
        (["--url", "https://c:99999"], "wanted an address such as https://"),
        (["--url", "https://me:pw@c"], "wanted an address such as https://"),
        (["--url", "https://127.0.0.1:1", "--serial", "AG1G"], "wanted the PIN: --pin-file"),
        (["--url", "https://127.0.0.1:1", "--serial", "AG1G", "--pin-file", "absent"], "cannot be read"),
        (["--url", "https://127.0.0.1:1", "--serial", "AG1G", "--pin-file", "-"], "no answer: ConnectError"),
        (["--url", "https://127.0.0.1:1", "--serial", "", "--pin-file", "-"], "of the simulated board"),
    ],
)
def test_what_must_be_set_right_is_one_sentence(tmp_path: Path, words: list[str], sentence: str) -> None:
    board = tmp_path / "board.toml"
    board.write_text(f'name = "b"\nkind = "simulated"\nsocket = "{tmp_path / "nobody.sock"}"\n')
    done = enrol(tmp_path, *words, AMPGUARD_BOARD=str(board))
    assert done.returncode in {1, 2}, done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert "k3tt1e42" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["--url", "https://c?x", "--serial", "AG1G"], Kind.ADDRESS),
        (["--url", "https://127.0.0.1:1", "--serial", "AG1G", "--ca-file", __file__], Kind.AUTHORITY),
        (["--url", "https://127.0.0.1:1", "--serial", "AG1G"], Kind.NOT_REACHED),
        (["--url", "https://127.0.0.1:1"], Kind.NO_METER),
    ],
)
def test_of_what_kind_a_refusal_is_can_be_asked_for(tmp_path: Path, words: list[str], kind: Kind) -> None:
    board = tmp_path / "board.toml"
    board.write_text(f'name = "b"\nkind = "simulated"\nsocket = "{tmp_path / "nobody.sock"}"\n')
    done = enrol(tmp_path, *words, "--pin-file", "-", "--kind", AMPGUARD_BOARD=str(board))
    assert done.returncode in {1, 2}
    assert json.loads(done.stdout) == {"kind": kind}, done.stderr


def test_the_way_out_is_the_proxy_that_is_set(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(60.0)
        heard: list[bytes] = []

        def listen() -> None:
            with contextlib.suppress(OSError):
                caller, _ = proxy.accept()
                with caller:
                    heard.append(caller.recv(4096))

        listener = threading.Thread(target=listen)
        listener.start()
        port = proxy.getsockname()[1]
        (tmp_path / "settings.toml").write_text(
            f'[https]\nurl = "https://before.example"\nproxy = "http://127.0.0.1:{port}"\n'
        )
        done = enrol(tmp_path, "--url", "https://127.0.0.1:1", "--serial", "AG1G", "--pin-file", "-")
        with contextlib.suppress(OSError), socket.create_connection(proxy.getsockname(), 1.0):
            pass  # nobody listens any more, where somebody has called
        listener.join()
    assert b"".join(heard).startswith(b"CONNECT 127.0.0.1:1 "), done.stderr


def test_an_empty_pin_is_none(tmp_path: Path) -> None:
    done = enrol(tmp_path, "--url", "https://127.0.0.1:1", "--serial", "AG1G", "--pin-file", "-", pin=" \n")
    assert "wanted the PIN, met nothing" in done.stderr


def test_the_serial_is_the_running_meters(tmp_path: Path) -> None:
    feed, ended = Publisher(tmp_path / "live.sock"), threading.Event()

    def tell() -> None:
        while not ended.wait(0.1):
            feed.publish("status", {"serial": "26110042G"})

    teller = threading.Thread(target=tell)
    teller.start()
    try:
        done = enrol(tmp_path, "--url", "https://127.0.0.1:1", "--ca-file", str(tmp_path / "no"), "--pin-file", "-")
    finally:
        ended.set()
        teller.join()
        feed.close()
    assert "no certificate authority" in done.stderr, "it came as far as that"


@pytest.mark.system
def test_without_a_meter_the_serial_is_the_identity_memorys(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("u")
    box = Box(folder, "steady")
    panel = box.power_on()
    try:
        code = (
            "from ampguard.services.enrol import _serial; from ampguard.settings.places import Places;"
            "print(_serial(Places.from_environment()))"
        )
        places = {"AMPGUARD_DATA": str(folder), "AMPGUARD_RUN": str(folder / "run")}
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **places, "AMPGUARD_BOARD": str(folder / "board.toml")},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    finally:
        panel.close()
        box.stop()
    assert done.stdout.strip() == SERIAL, done.stderr


def test_the_uplink_never_loads_the_library_of_certificates(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(
        '[mqtt]\nhost = "127.0.0.1"\nenrolled = true\n[https]\nurl = "https://c"\nenrolled = true\n'
    )
    code = (
        "import asyncio, logging, os, signal, sys\nfrom ampguard.services.uplink import Uplink\n"
        "from ampguard.settings.places import Places\n"
        "async def run():\n"
        "    asyncio.get_running_loop().call_later(0.3, os.kill, os.getpid(), signal.SIGTERM)\n"
        "    await Uplink(Places.from_environment(), logging.getLogger()).run()\n"
        "asyncio.run(run())\n"
        "print('cryptography' in sys.modules)"
    )
    environment = {**os.environ, "AMPGUARD_DATA": str(tmp_path), "AMPGUARD_RUN": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False, capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
