"""Whether there is a network, as the kernel's tables say it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ampguard.uplink.route import has_route

HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
DEFAULT = "eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
DOWN = "eth0\t00000000\t0100A8C0\t0002\t0\t0\t0\t00000000\t0\t0\t0\n"
OWN_ACCESS_POINT = "wlan0\t00FBA8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
ZERO, GATEWAY = "0" * 32, "fe80" + "0" * 27 + "1"
DEFAULT_V6 = f"{ZERO} 00 {ZERO} 00 {GATEWAY} 00000400 00000003 00000000 00000003 eth0\n"
REJECTED_V6 = f"{ZERO} 00 {ZERO} 00 {ZERO} ffffffff 00000001 00000000 00200200 lo\n"


@pytest.mark.parametrize(
    ("ipv4", "ipv6", "there"),
    [
        (HEAD + DEFAULT, "", True),
        (HEAD + OWN_ACCESS_POINT + DEFAULT, REJECTED_V6, True),
        (HEAD, DEFAULT_V6 + REJECTED_V6, True),
        (HEAD, REJECTED_V6, False),
        (HEAD + OWN_ACCESS_POINT, REJECTED_V6, False),
        (HEAD + DOWN, "", False),
        (HEAD, "", False),
        ("", "garbage", False),
        ("\x00 1 2 3 4 5 6 7 8 9", "x " * 10, False),
    ],
)
def test_a_default_route_is_a_network(
    tmp_path: Path,
    ipv4: str,
    ipv6: str,
    there: bool,  # noqa: FBT001 - pytest calls it by name
) -> None:
    (tmp_path / "route").write_text(ipv4)
    (tmp_path / "ipv6_route").write_text(ipv6)
    assert has_route(tmp_path / "route", tmp_path / "ipv6_route") is there


def test_no_tables_are_no_network(tmp_path: Path) -> None:
    assert not has_route(tmp_path / "no", tmp_path / "none")
