"""`python -m ampguard_hil.networkmanager`: a fake NetworkManager as a process, on a bus that is there."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from ampguard_hil.networkmanager.air import MHZ_5, Router, Trouble
from ampguard_hil.networkmanager.control import offer, routers
from ampguard_hil.networkmanager.service import FakeService

NOWHERE = "224.0.0.9"
"""No machine makes a connection to a group."""
PACE_S = 0.7
"""Each step of a device, as it feels on the real one."""
NEIGHBOURHOOD = (
    Router(b"Villa Sol", "sunny days 2026", 82, bssid="02:00:00:00:10:00"),
    Router(b"Villa Sol", "sunny days 2026", 55, MHZ_5, bssid="02:00:00:00:10:01"),
    Router(b"Garage", "sunny days 2026", 27, bssid="02:00:00:00:11:00"),
    Router(b"Caf\xc3\xa9 Nord", None, 48, bssid="02:00:00:00:12:00"),
    Router(b"Upstairs 5G", "sunny days 2026", 70, MHZ_5, bssid="02:00:00:00:13:00"),
    Router(b"No addresses here", "sunny days 2026", 64, bssid="02:00:00:00:14:00", trouble=Trouble.NO_DHCP),
    Router(b"No router here", "sunny days 2026", 61, bssid="02:00:00:00:15:00", gateway=NOWHERE),
)
"""Something of each kind; the password is the same everywhere."""


async def run(arguments: argparse.Namespace) -> None:
    """Until a signal ends it."""
    fake = FakeService(arguments.bus, second_radio_interface=arguments.second_interface)
    fake.pace_s = arguments.pace
    fake.air = list(NEIGHBOURHOOD) if arguments.air is None else routers(arguments.air)
    await fake.start()
    offer(fake)
    if arguments.cable:
        fake.plug(plugged=True)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await ended.wait()
    await fake.stop()


def main() -> None:
    """The process."""
    parser = argparse.ArgumentParser(prog="ampguard_hil.networkmanager", description=__doc__)
    parser.add_argument("--bus", required=True, help="address of the message bus, such as unix:path=…/bus.sock")
    parser.add_argument("--pace", type=float, default=PACE_S, help="seconds that each step of a device takes")
    parser.add_argument("--cable", action="store_true", help="begin with the cable plugged in")
    parser.add_argument("--second-interface", action="store_true", help="the radio has ap0 beside wlan0")
    parser.add_argument("--air", help="JSON list of access points; a neighbourhood without it")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
