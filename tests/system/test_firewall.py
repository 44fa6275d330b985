"""The firewall of a card, as the kernel takes it: who gets in from the network, and how many at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from tests.conventions.source import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.system, pytest.mark.skipif(os.geteuid() != 0, reason="only root has networks of its own")]
RULES = ROOT / "image" / "card" / "files" / "etc" / "nftables.conf"
UNIT, GUEST = "ampguard-firewall-unit", "ampguard-firewall-guest"
DOORS, CLOSED = (80, 443, 9000), (22, 8080, 1883)
MOST = 32
LISTENER = """
import json, selectors, socket, sys
ready, kept = selectors.DefaultSelector(), []
for port in json.loads(sys.argv[1]):
    door = socket.create_server(("", port), backlog=256)
    ready.register(door, selectors.EVENT_READ, lambda one: kept.append(one.accept()))
for port in json.loads(sys.argv[2]):
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.bind(("", port))
    ready.register(line, selectors.EVENT_READ, lambda one: one.sendto(b"heard", one.recvfrom(99)[1]))
print("ready", flush=True)
while True:
    for key, _ in ready.select():
        key.data(key.fileobj)
"""
VISITOR = """
import json, socket, sys
kept = []
def comes(source, kind, host, port):
    one = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    kept.append(one)
    one.settimeout(0.7)
    one.bind((source, 0))
    try:
        one.connect((host, port))
        if kind == "udp":
            one.send(b"hello")
            one.recv(99)
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "silence"
    return "in"
print(json.dumps([comes(*one) for one in json.loads(sys.argv[1])]))
"""
LAN, RADIO = "10.77.1", "10.77.2"
"""Networks of the unit (.1), at its cable and at its access point, with a guest in both (.2, and .3)."""


def inside(name: str, *command: str) -> str:
    return subprocess.run(
        ["ip", "netns", "exec", name, *command], check=True, capture_output=True, text=True, timeout=100
    ).stdout


def comes(*visits: tuple[str, str, str, int]) -> list[str]:
    """What meets a guest: from which address, tcp or udp, to which address and port."""
    found: list[str] = json.loads(inside(GUEST, sys.executable, "-c", VISITOR, json.dumps(visits)))
    return found


@pytest.fixture(autouse=True)
def unit() -> Iterator[None]:
    with ExitStack() as undone:
        for name in (UNIT, GUEST):
            subprocess.run(["ip", "netns", "add", name], check=True)
            undone.callback(subprocess.run, ["ip", "netns", "delete", name], check=True)
            inside(name, "ip", "link", "set", "lo", "up")
        for link, network in (("eth0", LAN), ("wlan0", RADIO)):
            inside(UNIT, "ip", "link", "add", link, "type", "veth", "peer", "name", link, "netns", GUEST)
            for name, hosts in ((UNIT, (1,)), (GUEST, (2, 3))):
                for host in hosts:
                    inside(name, "ip", "address", "add", f"{network}.{host}/24", "dev", link)
                inside(name, "ip", "link", "set", link, "up")
        inside(UNIT, "nft", "--file", str(RULES))
        listening = ["ip", "netns", "exec", UNIT, sys.executable, "-c", LISTENER]
        ports = (json.dumps([*DOORS, *CLOSED, 53]), json.dumps([53, 67, 123, 5353]))
        with subprocess.Popen([*listening, *ports], stdout=subprocess.PIPE, text=True) as process:
            undone.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield
            process.kill()


def test_only_the_page_and_the_chargers_door_are_open() -> None:
    here = (f"{LAN}.2", "tcp", f"{LAN}.1")
    assert comes(*((*here, port) for port in (*DOORS, *CLOSED))) == ["in"] * 3 + ["silence"] * 3


def test_names_and_addresses_are_given_on_the_access_point_alone() -> None:
    for network, met in ((LAN, "silence"), (RADIO, "in")):
        here = (f"{network}.2", "udp", f"{network}.1")
        assert comes(*((*here, port) for port in (53, 67))) == [met] * 2
        assert comes((f"{network}.2", "tcp", f"{network}.1", 53)) == [met]
        assert comes((*here, 5353), (*here, 123)) == ["in", "silence"], "its name in both, its clock in none"


def test_whoever_opens_many_connections_and_says_nothing_does_not_keep_others_out() -> None:
    greedy, other = (f"{LAN}.2", "tcp", f"{LAN}.1", 443), (f"{LAN}.3", "tcp", f"{LAN}.1", 443)
    assert comes(*[greedy] * (MOST + 8), other) == ["in"] * MOST + ["refused"] * 8 + ["in"]


def test_nothing_goes_through_it() -> None:
    inside(UNIT, "sysctl", "--quiet", "--write", "net.ipv4.ip_forward=1")
    inside(GUEST, "ip", "route", "replace", "10.77.9.0/24", "via", f"{RADIO}.1")
    inside(UNIT, "ip", "route", "add", "10.77.9.0/24", "via", f"{LAN}.3")
    sees = ["ip", "netns", "exec", GUEST, sys.executable, "-c", SEES]
    with subprocess.Popen(sees, stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        assert watcher.stdout.readline() == "ready\n"
        assert comes((f"{RADIO}.2", "udp", "10.77.9.9", 999)) == ["silence"]
        assert watcher.stdout.readline() == "nothing\n"
        inside(UNIT, "nft", "delete", "table", "inet", "ampguard")
    with subprocess.Popen(sees, stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        assert watcher.stdout.readline() == "ready\n"
        assert comes((f"{RADIO}.2", "udp", "10.77.9.9", 999)) == ["silence"]
        assert watcher.stdout.readline() == "10.77.9.9\n", "without the firewall it would"


SEES = """
import socket
line = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
line.bind(("eth0", 0x0800))
line.settimeout(2.0)
print("ready", flush=True)
try:
    while True:
        packet = line.recv(2000)
        if packet[16:18] == bytes((10, 77)) and packet[18] == 9:
            print(".".join(map(str, packet[16:20])))
            break
except TimeoutError:
    print("nothing")
"""
