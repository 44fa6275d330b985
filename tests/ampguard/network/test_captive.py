"""Phones find the page by themselves: what they ask is led to it, by name (a real dnsmasq) and by path."""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess
import time
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.network.captive import PAGE, PROBES, REDIRECT, Probe, leads_to

OWN = ("192.168.251.1", "ampguard-2403001234567g.local")
DNSMASQ = shutil.which("dnsmasq", path="/usr/sbin:/usr/bin")
SNIPPET = Path(str(files("ampguard.network") / "dnsmasq-shared.conf"))
A, AAAA, HTTPS = 1, 28, 65


@pytest.mark.parametrize("probe", PROBES, ids=lambda one: f"{one.system} {one.host}{one.path}")
def test_every_system_is_led_to_the_page(probe: Probe) -> None:
    assert leads_to(probe.host, probe.path, OWN) == PAGE
    # and those that ask the gateway's address with a path of theirs
    assert leads_to("192.168.251.1", probe.path, OWN) == PAGE


@pytest.mark.parametrize("path", ["/", "/wifi", "/api/v1/network", "/static/style.css"])
@pytest.mark.parametrize("host", ["192.168.251.1", "192.168.251.1:80", "AmpGuard-2403001234567G.local."])
def test_the_units_own_pages_are_left_alone(host: str, path: str) -> None:
    assert leads_to(host, path, OWN) is None


@given(st.text(), st.text())
def test_nothing_that_is_asked_leads_anywhere_else(host: str, path: str) -> None:
    assert leads_to(host, path, OWN) in {None, PAGE}


def test_it_is_a_redirect_that_no_browser_keeps() -> None:
    assert REDIRECT == 302


def _asked(port: int, name: str, kind: int) -> tuple[int, list[bytes]]:
    """The response code and the addresses that a name server answers (RFC 1035)."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    question = labels + b"\x00" + struct.pack(">HH", kind, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.settimeout(2.0)
        out.sendto(struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + question, ("127.0.0.1", port))
        answer = out.recv(4096)
    _, flags, _, count, _, _ = struct.unpack(">HHHHHH", answer[:12])
    at, found = 12 + len(question), []
    for _ in range(count):
        length = struct.unpack(">H", answer[at + 10 : at + 12])[0]
        found.append(answer[at + 12 : at + 12 + length])
        at += 12 + length
    return flags & 0xF, found


def _is_there(port: int) -> bool:
    try:
        _asked(port, "captive.apple.com", A)
    except OSError:
        return False
    return True


@pytest.mark.skipif(DNSMASQ is None, reason="wants dnsmasq (Debian: dnsmasq-base)")
def test_a_real_dnsmasq_leads_every_name_to_the_unit_and_asks_nobody(tmp_path: Path) -> None:
    assert DNSMASQ is not None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    # as NetworkManager starts it: no file but the folder's
    folder = tmp_path / "dnsmasq-shared.d"
    folder.mkdir()
    shutil.copy(SNIPPET, folder / "ampguard.conf")
    process = subprocess.Popen([
        DNSMASQ, "--conf-file=/dev/null", "--no-hosts", "--keep-in-foreground", "--bind-interfaces",
        "--listen-address=127.0.0.1", f"--port={port}", f"--conf-dir={folder}", "--user=root", "--pid-file",
    ])  # fmt: skip
    try:
        deadline = time.monotonic() + 10.0
        while not _is_there(port):
            assert time.monotonic() < deadline
            assert process.poll() is None
        for name in {probe.host for probe in PROBES} | {"ampguard-x.local", "anything.at.all"}:
            assert _asked(port, name, A) == (0, [socket.inet_aton("192.168.251.1")])
            # an answer at once, without an address: the phone goes on with IPv4
            assert _asked(port, name, AAAA) == (0, [])
            assert _asked(port, name, HTTPS) == (0, [])
    finally:
        process.terminate()
        process.wait(10)
