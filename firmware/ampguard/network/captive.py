"""What phones ask to find out whether they are behind a sign-in page, and the answer that makes them open ours.

The access point's name service leads every name to the unit. A phone that gets anything but the answer that it expects
shows its sign-in sheet; a plain redirect does that on all of them. Sources: Android's NetworkMonitor (`generate_204`),
Apple's Captive Network Assistant (`hotspot-detect.html` wants "Success"), Microsoft's NCSI (`connecttest.txt`), Firefox
`captivedetect` (`canonical.html`), NetworkManager's and GNOME's own checks.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from ampguard.network.address import ACCESS_POINT_ADDRESS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PAGE = f"http://{ACCESS_POINT_ADDRESS.ip}/"
"""Where the sheet leads: plain HTTP, because no sheet opens a page whose certificate it does not know."""
REDIRECT = 302
"""Found: never kept by a browser, which would look for the unit there on other networks too."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What one system asks."""

    system: str
    host: str
    path: str


PROBES: tuple[Probe, ...] = (
    Probe("Android", "connectivitycheck.gstatic.com", "/generate_204"),
    Probe("Android", "connectivitycheck.android.com", "/generate_204"),
    Probe("Android", "clients3.google.com", "/generate_204"),
    Probe("Android", "play.googleapis.com", "/generate_204"),
    Probe("Android", "www.google.com", "/gen_204"),
    Probe("Android (Samsung)", "connectivity.samsung.com.cn", "/generate_204"),
    Probe("Android (Huawei)", "connectivitycheck.platform.hicloud.com", "/generate_204"),
    Probe("Android (Xiaomi)", "connect.rom.miui.com", "/generate_204"),
    Probe("iOS, macOS", "captive.apple.com", "/hotspot-detect.html"),
    Probe("iOS, macOS", "www.apple.com", "/library/test/success.html"),
    Probe("Windows", "www.msftconnecttest.com", "/connecttest.txt"),
    Probe("Windows", "www.msftconnecttest.com", "/redirect"),
    Probe("Windows", "ipv6.msftconnecttest.com", "/connecttest.txt"),
    Probe("Windows 7 to 8.1", "www.msftncsi.com", "/ncsi.txt"),
    Probe("Firefox", "detectportal.firefox.com", "/canonical.html"),
    Probe("Firefox", "detectportal.firefox.com", "/success.txt"),
    Probe("GNOME", "nmcheck.gnome.org", "/check_network_status.txt"),
    Probe("Kindle", "spectrum.s3.amazonaws.com", "/kindle-wifi/wifistub.html"),
)
PATHS = frozenset(probe.path for probe in PROBES)
"""Some phones ask the gateway's address itself, with a path of theirs."""

_SUCCESS = "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"
SATISFIED: Mapping[tuple[str, str], str] = MappingProxyType({
    ("captive.apple.com", "/hotspot-detect.html"): _SUCCESS,
    ("www.apple.com", "/library/test/success.html"): _SUCCESS,
    ("detectportal.firefox.com", "/success.txt"): "success\n",
    ("detectportal.firefox.com", "/canonical.html"): (
        '<meta http-equiv="refresh" content="0;url=https://support.mozilla.org/kb/captive-portal"/>'
    ),
})  # fmt: skip
"""What a phone wants to hear, by host and path: said as soon as somebody has signed in from it.

An iPhone's sheet then says "Done" where it said "Cancel", and closing it leaves the phone on the access point; with
"Cancel" it would leave. An Android phone and GNOME are led on all the same: their sheets close by themselves when they
hear it, in front of whoever has just signed in, and the phone stays on the access point without it. So does Windows.
"""


def satisfies(host: str, path: str) -> str | None:
    """What a phone that asks this wants to hear; None: it is never told so."""
    return SATISFIED.get((_without_port(host).lower().rstrip("."), path))


def leads_to(host: str, path: str, own_hosts: Iterable[str]) -> str | None:
    """Where a request over the access point is redirected to; None: it is for the unit itself.

    Args:
        host: the request's Host header, with or without a port.
        path: its path.
        own_hosts: names and addresses that are the unit's own.
    """
    name = _without_port(host).lower().rstrip(".")
    if name not in {one.lower() for one in own_hosts}:
        # every name leads here: whatever was meant, it is not the unit's page
        return PAGE
    return PAGE if path in PATHS else None


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
