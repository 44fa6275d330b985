"""`ampguard-web`: the local management interface. Network, settings file and journal; no devices."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy, which only the guided check loads

import argparse
import asyncio
import sys
import time
from importlib import metadata
from typing import TYPE_CHECKING

import ampguard.services.framework  # noqa: F401 # pyright: ignore[reportUnusedImport] - before FastAPI
from ampguard import log
from ampguard.clock import SystemClock
from ampguard.errors import SetupError
from ampguard.identity import read_card
from ampguard.services.doors import Doors, handed_over, opened
from ampguard.services.memory import keep_little
from ampguard.services.serving import Serving, Unanswered
from ampguard.services.tasks import run_until_asked
from ampguard.services.web_balancing import balancing_of
from ampguard.services.web_enrolment import OwnEnrolment
from ampguard.services.web_network import UnitNetwork
from ampguard.services.web_pin import compared
from ampguard.services.web_secure import Secure
from ampguard.services.web_system import system_of
from ampguard.services.web_update import OwnUpdates
from ampguard.settings.places import Places
from ampguard.settings.store import SettingsStore
from ampguard.web.access.access import Access
from ampguard.web.application import application
from ampguard.web.guided import Guided
from ampguard.web.live import Hub
from ampguard.web.parts import Parts

if TYPE_CHECKING:
    import logging
    from collections.abc import Sequence

DESCRIPTION = """\
The local management interface of a unit. On the unit systemd hands over the sockets; elsewhere say where to listen.
Plain HTTP is answered on the access point's address and on this machine only.
"""


class Web:
    """The process."""

    def __init__(self, places: Places, doors: Doors, logger: logging.Logger) -> None:
        self._places = places
        self._log = logger
        self._hub = Hub()
        self._clock = SystemClock()
        self._access = Access(places.web, lambda: read_card(places.identity), time.monotonic, self._utc, logger)
        self._access.compare = compared
        self._secure = Secure(places.identity, logger)
        http_port = doors.http[0].getsockname()[1] if doors.http else None
        self._network = UnitNetwork(places, self._hub, lambda: self._access.sessions.sources, http_port, logger)
        self._balancing = balancing_of(places, self._hub)
        parts = Parts(
            places=places,
            settings=SettingsStore(places.settings),
            hub=self._hub,
            access=self._access,
            certificate=self._secure,
            enrolment=OwnEnrolment(places),
            guided=Guided(places.live_feed, self._hub, places.wiring, self._utc, logger),
            system=system_of(places, logger),
            updates=OwnUpdates(places),
            network=self._network,
            balancing=self._balancing,
            version=metadata.version("ampguard"),
            https_port=doors.https_port,
        )
        self._doors = doors
        self._serving = Serving(application(parts), logger)

    async def run(self) -> int:
        """Serve until asked to stop; the exit code."""
        for door in self._doors.http:
            self._serving.begin(door, None)
        try:
            await run_until_asked(
                self._hub.follow_meter(self._places.live_feed),
                self._hub.follow(self._places.uplink_feed, {"status": "uplink"}),
                self._hub.follow(self._places.lights_feed, {"lights": "lights"}),
                self._balancing.follow(self._places.balancer_feed),
                self._serve_securely(),
                self._network.run(),
                self._serving.prove(),
            )
        finally:
            await self._serving.end()
            self._access.close()
        self._log.info("stopped")
        return 0

    async def _serve_securely(self) -> None:
        """As soon as there is a certificate: the unit makes its own at its first start."""
        if self._doors.https:
            context = await self._secure.ready()
            for door in self._doors.https:
                self._serving.begin(door, context)
        await self._secure.follow()

    def _utc(self) -> str | None:
        return self._clock.stamp(time.monotonic_ns()).utc


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the web application; 0 when it was asked to stop."""
    wanted = _parser().parse_args(sys.argv[1:] if arguments is None else arguments)
    keep_little()
    logger = log.begin("ampguard-web")
    try:
        doors = _doors(wanted)
        return asyncio.run(Web(Places.from_environment(), doors, logger).run())
    except SetupError as fault:
        logger.error("%s %s: %s", fault.code, type(fault).__name__, fault)  # noqa: TRY400 - a sentence for people
        return 1
    except Unanswered as why:
        logger.error("%s: this process ends, to be started again", why)  # noqa: TRY400 - as above
        return 1
    except Exception:
        logger.exception("ended by a defect of its own")
        return 70


def _doors(wanted: argparse.Namespace) -> Doors:
    """Raises SetupError."""
    doors = handed_over(os.environ) or opened(wanted.http, wanted.https)
    if not doors.http and not doors.https:
        raise SetupError("wanted sockets from systemd, or --http HOST:PORT, met neither")
    return doors


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ampguard-web", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--http", action="append", default=[], metavar="HOST:PORT", help="plain HTTP (may be repeated)")
    parser.add_argument("--https", action="append", default=[], metavar="HOST:PORT", help="HTTPS (may be repeated)")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
