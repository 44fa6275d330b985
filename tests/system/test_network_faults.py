"""What goes wrong on the way between a unit and its cloud: everything arrives once, and the log says what it was.

Wants root and TUN devices (/dev/net/tun): a machine without them fails here, with a sentence.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.system.apart import CLOUD, LIFE, MOVED, NAME, PATIENCE_S, Apart, apart
from tests.system.lone import Lone, logs, lone_uplink

from ampguard_hil.cloud.authority import Authority
from ampguard_hil.network import Quality
from ampguard_hil.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

pytestmark = [pytest.mark.system, pytest.mark.full, pytest.mark.timeout(300)]
KEEPALIVE_S, LATE_S = 20.0, 10.0
"""The broker session's, and what a busy machine may add."""
MEGABIT = Quality(bytes_per_s=125_000)
BACKLOG = 3_600
SLOW_BACKLOG = 2_400
FEW = 600
FLOOD = 40
"""Lines that an uplink may write in one of these tests, all in all."""


@pytest.fixture(name="net")
def _net() -> Iterator[Apart]:
    with apart() as found:
        yield found


def quiet(unit: Lone) -> None:
    """The log is short, and no way says the same twice in a row."""
    for place in (f"{NAME}:8883", f"https://{NAME}"):
        said = [line for line in unit.lines if place in line]
        again = [one for one, other in pairwise(said) if one == other and "tried again" in one]
        assert not again, f"{again}\n{logs(unit.folder)}"
    assert len(unit.lines) <= FLOOD, f"{len(unit.lines)} lines\n{logs(unit.folder)}"


def test_a_black_hole_in_the_middle_of_a_backlog_is_noticed_in_two_keepalives(net: Apart) -> None:
    net.wire.quality = MEGABIT
    net.begin()
    with lone_uplink(net.folder, net.settings(), BACKLOG, within=net.unit.within) as unit:
        net.under_way()
        net.unit.drop_all(on=True)
        net.until(lambda: unit.says("connection lost: "), 2 * KEEPALIVE_S + LATE_S)
        net.until(lambda: unit.says(f"https://{NAME}: no answer"), 2 * KEEPALIVE_S + LATE_S)
        assert all(count < BACKLOG for count in net.stored().values()), "it was too quick to be disturbed"
        net.unit.drop_all(on=False)
        net.wire.quality = Quality()
        net.judge(unit)
        quiet(unit)


def test_two_percent_of_the_packets_lost_and_each_50_ms_late(net: Apart) -> None:
    net.wire.quality = Quality(delay_s=0.05, loss_ratio=0.02)
    net.begin()
    with lone_uplink(net.folder, net.settings(), BACKLOG, within=net.unit.within) as unit:
        net.judge(unit)
        assert net.wire.lost > 0
        quiet(unit)


def test_on_a_slow_way_the_newest_reading_passes_the_backlog(net: Apart) -> None:
    """1 Mbit/s and 200 ms there and back."""
    net.wire.quality = Quality(delay_s=0.1, bytes_per_s=125_000)
    net.begin()
    arrived: dict[int, float] = {}

    def heard(payload: bytes) -> None:
        arrived[int(json.loads(payload)["sequence"])] = time.monotonic()

    net.until(net.socket.exists)
    with (
        net.listening("live", heard),
        lone_uplink(net.folder, net.settings(), SLOW_BACKLOG, within=net.unit.within, live_s=1.0) as unit,
    ):
        net.under_way()
        begin_s = time.monotonic()
        net.until(lambda: min(net.stored().values()) >= SLOW_BACKLOG, 2 * PATIENCE_S)
        end_s = time.monotonic()
        late_s = [
            arrived.get(number, end_s) - told_s
            for number, told_s in unit.told.items()
            if begin_s < told_s < end_s - 5.0
        ]
        assert len(late_s) >= 3, "it was too quick to see"
        # what is told is how long, not how fast: the way itself takes 0.1 s, its queue half a second
        assert statistics.median(late_s) < 5.0, late_s
        assert max(late_s) < 15.0, late_s
        unit.hush.set()
        net.judge(unit)
        quiet(unit)


def test_a_name_that_resolves_only_later(net: Apart) -> None:
    net.begin()
    net.dns.stop()
    with lone_uplink(net.folder, net.settings(), FEW, within=net.unit.within) as unit:
        net.until(lambda: count(unit, "name resolution") >= 2)
        net.resolves_to(None)
        net.dns.start()
        net.until(lambda: count(unit, "not known") + count(unit, "No address") >= 2)
        assert unit.says(NAME)
        assert not any(net.stored().values())
        net.resolves_to(CLOUD)
        net.judge(unit)
        quiet(unit)


def count(unit: Lone, words: str) -> int:
    return sum(words in line for line in unit.lines)


PORTALS = ["in plain words", "with a certificate of its own"]


@pytest.mark.parametrize("portal_kind", PORTALS)
def test_a_captive_portal_acknowledges_nothing(net: Apart, portal_kind: str) -> None:
    encrypted = portal_kind != "in plain words"
    certificate, key = Authority(net.folder / "portal").pair("portal", [NAME])
    words = [sys.executable, str(Path(__file__).with_name("portal.py")), "8080"]
    words += ["--certificate", str(certificate), "--key", str(key)] if encrypted else []
    portal = net.started_in(net.cloud, "portal", words)
    redirect = ["PREROUTING", "-p", "tcp", "-m", "multiport", "--dports", "443,8883,1883", "-j", "REDIRECT"]
    net.cloud.do("iptables", "-w", "-t", "nat", "-A", *redirect, "--to-ports", "8080")
    net.begin()
    portal.start()
    with lone_uplink(net.folder, net.settings(), FEW, within=net.unit.within) as unit:
        why = "CERTIFICATE" if encrypted else "SSL"
        net.until(lambda: sum(why.lower() in line.lower() for line in unit.lines) >= 2)
        wait_until(lambda: False, 3.0)
        assert not any(net.stored().values())
        assert not moved(unit)
        net.cloud.do("iptables", "-w", "-t", "nat", "-D", *redirect, "--to-ports", "8080")
        net.judge(unit)
        assert not unit.says("3.1.1"), "a portal is no broker of another version"
        quiet(unit)


def complained(unit: Lone, words: Sequence[str]) -> bool:
    """Whether both ways say what is wrong."""
    return all(
        any(place in line and any(one in line for one in words) for line in unit.lines)
        for place in (f"{NAME}:8883: ", f"https://{NAME}: ")
    )


def moved(unit: Lone) -> bool:
    """Whether any destination is believed to have anything."""
    files = [unit.journal.with_name(f"uplink-{way}.json") for way in ("mqtt", "https")]
    return any(json.loads(one.read_text())["position"] > 0 for one in files if one.is_file())


MISTRUSTED = [
    ("of another name", "not valid for"),
    ("expired", "expired"),
    ("of another authority", "authority|issuer|signature"),
]


@pytest.mark.parametrize(("kind", "words"), MISTRUSTED)
def test_a_server_certificate_that_is_not_to_be_believed(net: Apart, kind: str, words: str) -> None:
    good = net.certificate, net.key
    match kind:
        case "expired":
            net.certificate, net.key = net.authority.pair("old", [NAME], LIFE, datetime.now(UTC) - 5 * LIFE)
        case "of another name":
            net.certificate, net.key = net.authority.pair("elsewhere", ["elsewhere.test"])
        case _:
            net.certificate, net.key = Authority(net.folder / "other").pair("server", [NAME])
    net.begin()
    with lone_uplink(net.folder, net.settings(), FEW, within=net.unit.within) as unit:
        net.until(lambda: complained(unit, words.split("|")))
        assert not any(net.stored().values())
        assert not moved(unit)
        net.serve_with(*good)
        net.judge(unit)
        quiet(unit)


def test_a_cloud_that_moves_to_another_address(net: Apart) -> None:
    net.wire.quality = MEGABIT
    net.begin()
    with lone_uplink(net.folder, net.settings(), BACKLOG, within=net.unit.within) as unit:
        net.under_way()
        net.resolves_to(MOVED)
        net.cloud.do(
            "iptables", "-w", "-A", "INPUT", "-d", CLOUD, "-p", "tcp", "-j", "REJECT", "--reject-with", "tcp-reset"
        )
        known = net.stored()
        assert all(one < BACKLOG for one in known.values()), "it was too quick to be disturbed"
        net.until(lambda: unit.says("connection lost") and all(net.stored()[way] > known[way] for way in known))
        net.wire.quality = Quality()
        net.judge(unit)
        quiet(unit)


def false_clock(net: Apart, offset: str) -> dict[str, str]:
    """The environment of a process whose wall clock is wrong by what a file says."""
    (found,) = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
    file = net.folder / "offset"
    file.write_text(offset)
    return {
        "LD_PRELOAD": str(found),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def test_a_clock_a_day_slow_is_named_and_the_backlog_waits_for_it(net: Apart) -> None:
    """The cloud's certificate is of today: for this unit it is of tomorrow."""
    wrong = false_clock(net, "-1d")
    net.begin()
    with lone_uplink(net.folder, net.settings(), FEW, within=net.unit.within, environment=wrong) as unit:
        net.until(lambda: complained(unit, ["not yet valid"]) and complained(unit, ["clock"]))
        assert not any(net.stored().values())
        (net.folder / "offset").write_text("+0")
        net.judge(unit)
        quiet(unit)


def test_a_captive_portal_on_a_way_without_encryption_acknowledges_nothing(net: Apart) -> None:
    """A broker in the clear, and a proxy on the unit itself that speaks to the cloud."""
    net.begin()
    portal = net.started_in(net.unit, "portal", [sys.executable, str(Path(__file__).with_name("portal.py")), "8080"])
    portal.start()
    redirect = ["OUTPUT", "-p", "tcp", "-m", "multiport", "--dports", "8000,1883", "-j", "REDIRECT"]
    net.unit.do("iptables", "-w", "-t", "nat", "-A", *redirect, "--to-ports", "8080")
    words = ["--store", str(net.stores["https"]), "--host", "127.0.0.1", "--port", "8000"]
    cloud = net.started_in(net.unit, "plain", [sys.executable, "-m", "ampguard_hil.cloud.https", *words])
    cloud.start()
    broker = f'[mqtt]\nhost = "{NAME}"\nport = 1883\nbatch_s = 1.0\n'
    settings = f'{broker}[https]\nurl = "http://127.0.0.1:8000"\nbatch_s = 1.0\n'
    with lone_uplink(net.folder, settings, FEW, within=net.unit.within) as unit:
        net.until(lambda: unit.says("answered 200, but not that") and unit.says(":1883: "))
        wait_until(lambda: False, 3.0)
        assert not any(net.stored().values())
        assert not moved(unit)
        net.unit.do("iptables", "-w", "-t", "nat", "-D", *redirect, "--to-ports", "8080")
        net.judge(unit)
        quiet(unit)


def test_a_link_that_goes_up_and_down(net: Apart) -> None:
    net.wire.quality = MEGABIT
    net.begin()
    with lone_uplink(net.folder, net.settings(), BACKLOG, within=net.unit.within) as unit:
        net.under_way()
        for _ in range(5):
            for up in (False, True):
                net.unit.link(up=up)
                wait_until(lambda: False, 2.0)
        net.wire.quality = Quality()
        net.judge(unit)
        quiet(unit)


def test_a_clock_a_day_fast_that_is_set_back_in_the_middle_changes_nothing(net: Apart) -> None:
    wrong = false_clock(net, "+1d")
    net.wire.quality = MEGABIT
    net.begin()
    with lone_uplink(net.folder, net.settings(), BACKLOG, within=net.unit.within, environment=wrong) as unit:
        net.under_way()
        known = net.stored()
        assert all(one < BACKLOG for one in known.values()), "it was too quick to be disturbed"
        (net.folder / "offset").write_text("+0")
        net.until(lambda: all(net.stored()[way] > known[way] for way in known))
        net.wire.quality = Quality()
        net.judge(unit)
        assert not unit.says("connection lost")
        quiet(unit)
