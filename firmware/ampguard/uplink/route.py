"""Whether there is a way out of this box at all."""

from __future__ import annotations

from pathlib import Path

IPV4, IPV6 = Path("/proc/net/route"), Path("/proc/net/ipv6_route")
_UP = 0x1
_REJECT = 0x200
_ANYWHERE_V4, _ANYWHERE_V6 = "00000000", ("0" * 32, "00")


def has_route(ipv4: Path = IPV4, ipv6: Path = IPV6) -> bool:
    """Whether a default route is up. The unit's own access point makes none, so a phone on it is no network."""
    return any(
        fields[1] == fields[7] == _ANYWHERE_V4 and _usable(fields[3], fields[0]) for fields in _rows(ipv4, 8)
    ) or any((fields[0], fields[1]) == _ANYWHERE_V6 and _usable(fields[8], fields[9]) for fields in _rows(ipv6, 10))


def _rows(table: Path, least: int) -> list[list[str]]:
    try:
        lines = table.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return []
    return [fields for line in lines if len(fields := line.split()) >= least]


def _usable(flags: str, interface: str) -> bool:
    try:
        bits = int(flags, 16)
    except ValueError:
        return False
    return bool(bits & _UP) and not bits & _REJECT and interface != "lo"
