"""`python -m ampguard_hil.halo`: Halos with cars, at a central system and at the simulated board's supply."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import logging
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ampguard_hil.halo import capi, page
from ampguard_hil.halo.cable import Cable, rotation
from ampguard_hil.halo.capi_cloud import CapiCloud
from ampguard_hil.halo.car import Behaviour
from ampguard_hil.halo.halo import OFFLINE_AFTER_S, OLD_FIRMWARE, Halo
from ampguard_hil.halo.host import Host, Place, run
from ampguard_hil.halo.session import Credentials, handshake
from ampguard_hil.halo.variant import Protocol, Variant

if TYPE_CHECKING:
    from collections.abc import Sequence

OLD = "169"
DRAWN, NONE = "drawn", "none"


def main(words: Sequence[str] | None = None) -> int:
    """Until a signal ends it; 2 where it cannot be."""
    parser = _parser()
    asked = parser.parse_args(words)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        host = _host(asked)
    except ValueError as why:
        parser.error(str(why))
    run(host, _end_at_signals)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ampguard_hil.halo", description="Halo chargers for a bench, with cars at their cables."
    )
    charger = parser.add_argument_group("the charger")
    charger.add_argument("--serial", default="2611000001M", help="digits and an M; further ones count up")
    charger.add_argument("--pin", default="12345678", help="of its page and its access point")
    charger.add_argument("--count", type=int, default=1, help="so many of them in this process")
    charger.add_argument("--phases", type=int, default=3, choices=(1, 3))
    charger.add_argument("--rated", type=float, default=16.0, choices=(16.0, 32.0), help="amperes per phase")
    charger.add_argument("--firmware", default="180", help=f"{OLD} refuses ChargePointMaxProfile and TxDefaultProfile")
    charger.add_argument("--offline-current", type=int, help="InstallationOfflineCurrent, in amperes")
    charger.add_argument("--offline-phase", choices=("123", "1", "2", "3"), help="its terminals meanwhile")
    charger.add_argument("--offline-after-s", type=float, default=OFFLINE_AFTER_S, help="from the loss of the backend")
    charger.add_argument("--rfid-lock", action="store_true", help="charge with a tag only")
    charger.add_argument("--wifi", action="store_true", help="no cable in its socket: its access point opens")
    backend = parser.add_argument_group("its cloud")
    backend.add_argument("--backend", default="", metavar="URL", help="ws:// or wss://; the serial is added")
    backend.add_argument("--security-profile", type=int, default=0, choices=range(4))
    backend.add_argument("--authorization-key", default="", metavar="HEX", help="for profiles 1 and 2")
    backend.add_argument("--ca", type=Path, help="whom to trust, for profiles 2 and 3")
    backend.add_argument("--certificate", type=Path, help="its own, for profile 3")
    backend.add_argument("--key", type=Path, help="of the certificate")
    backend.add_argument("--capi-port", type=int, help="they speak CAPI: the makers' REST API is served here")
    backend.add_argument(
        "--capi-key", default="bench", help="apiKey; the account is bench@example.org, its password too"
    )
    around = parser.add_argument_group("around it")
    around.add_argument("--board", type=Path, metavar="SOCKET", help="of the simulated board whose supply they load")
    around.add_argument("--rotation", default="123", help="phases of its terminals 1, 2, 3; several: 123,231,312")
    around.add_argument("--page-ports", default="", metavar="PORT,...", help="of this machine, for their pages in turn")
    around.add_argument("--car", default=DRAWN, help=f"{DRAWN}, {NONE}, or fields: phases=1,most_a=32,resume_s=20")
    around.add_argument("--seed", type=int, default=0, help="of drawn cars")
    around.add_argument("--arrive-every-s", type=float, default=5.0, help="one car after the other")
    return parser


def _host(asked: argparse.Namespace) -> Host:
    """Raises ValueError with a sentence."""
    if asked.count < 1:
        raise ValueError(f"wanted one charger or more, met {asked.count}")
    speaks_capi = asked.capi_port is not None
    if speaks_capi and asked.backend:
        raise ValueError("wanted --backend or --capi-port, met both")
    pair = None if asked.certificate is None or asked.key is None else (asked.certificate, asked.key)
    credentials = Credentials(asked.ca, pair)
    rotations = [rotation(each) for each in asked.rotation.split(",")]
    places = [
        Place(
            halo=_halo(asked, number),
            rotation=rotations[number % len(rotations)],
            car=_car(asked.car, asked.seed + number),
            arrives_s=number * asked.arrive_every_s,
            credentials=None if speaks_capi else credentials,
        )
        for number in range(asked.count)
    ]
    ports = [int(port) for port in asked.page_ports.split(",") if port]
    pages = [(port, page.application(place.halo)) for port, place in zip(ports, places, strict=False)]
    if asked.backend:
        handshake(places[0].halo, credentials)  # what cannot be is said now
    cloud = None
    if speaks_capi:
        cloud = CapiCloud([place.halo for place in places])
        account = capi.Login(email="bench@example.org", password="bench@example.org")  # noqa: S106 - of the bench
        pages.append((asked.capi_port, capi.application(cloud, asked.capi_key, account)))
    cable = None if asked.board is None else Cable(asked.board, places[0].halo.variant.serial)
    return Host(places, cable, pages, cloud)


def _halo(asked: argparse.Namespace, number: int) -> Halo:
    digits = asked.serial.removesuffix("M")
    if not digits.isdigit():
        raise ValueError(f"wanted a serial of digits and an M, met {asked.serial}")
    variant = Variant(
        serial=f"{int(digits) + number:0{len(digits)}d}M",
        pin=asked.pin,
        protocol=Protocol.OCPP if asked.capi_port is None else Protocol.CAPI,
        phases=asked.phases,
        rated_a=asked.rated,
        firmware=asked.firmware,
    )
    halo = Halo(
        variant,
        datetime.now(UTC),
        backend=asked.backend or ("CAPI" if asked.capi_port is not None else ""),
        offline_after_s=asked.offline_after_s,
        plugged_ethernet=not asked.wifi,
        refused=OLD_FIRMWARE if asked.firmware == OLD else None,
    )
    wanted = {
        "AuthorizationKey": asked.authorization_key or None,
        "SecurityProfile": str(asked.security_profile),
        "RfidLock": "true" if asked.rfid_lock else "false",
        "InstallationOfflineCurrent": None if asked.offline_current is None else f"1.{asked.offline_current}",
        "InstallationOfflinePhase": None if asked.offline_phase is None else f"1.{asked.offline_phase}",
    }
    for name, value in wanted.items():
        if value is not None and halo.configuration.set(name, value) not in {"Accepted", "RebootRequired"}:
            raise ValueError(f"wanted a value that {name} can have, met {value}")
    return halo


def _car(told: str, seed: int) -> Behaviour | None:
    if told == NONE:
        return None
    if told == DRAWN:
        return Behaviour.drawn(seed)
    fields = {field.name: field.type for field in dataclasses.fields(Behaviour)}
    values: dict[str, float | int] = {}
    for pair in told.split(","):
        name, _, value = pair.partition("=")
        if name not in fields:
            raise ValueError(f"wanted of {', '.join(fields)}, met {name or told}")
        values[name] = int(value) if fields[name] == "int" else float(value)
    return Behaviour(**values)  # type: ignore[arg-type]  # its fields, each of its kind


def _end_at_signals(task: asyncio.Task[None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)


if __name__ == "__main__":
    sys.exit(main())
