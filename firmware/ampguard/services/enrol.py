"""`ampguard enrol`: has the unit's own certificate signed by a cloud; `--renew` is what the uplink calls by itself.

The PIN is the one on the unit's label. The key is made here and never leaves the unit.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ampguard import log
from ampguard.errors import HardwareFault, SetupError, UplinkFault
from ampguard.live.subscriber import Subscriber
from ampguard.services.parts import open_metering
from ampguard.settings.places import Places
from ampguard.settings.settings import load
from ampguard.uplink.certificates.keyring import Keyring
from ampguard.uplink.certificates.refusal import Kind, NotEnrolledError, kind_of
from ampguard.uplink.faults import NotAdmitted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ampguard.uplink.cloud.enrolment import Enrolled

FEED_S = 3.0
"""The meter tells its serial about once a second."""
LONGEST_PIN_FILE = 1024
_LATER = 75
"""Exit code: EX_TEMPFAIL of sysexits.h, try again later."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Enrol or renew; 0 when the certificate is there."""
    asked = _parser().parse_args(arguments)
    places = Places.from_environment()
    if asked.renew:
        return _renew(places)
    try:
        return _enrol(places, asked)
    except (SetupError, HardwareFault, UplinkFault) as why:
        if asked.kind and (kind := kind_of(why)) is not None:
            sys.stdout.write(json.dumps({"kind": kind}))
            sys.stdout.flush()
        raise


def _enrol(places: Places, asked: argparse.Namespace) -> int:
    from ampguard.uplink.cloud.enrolment import Place, enrol  # noqa: PLC0415 - the libraries that it loads are heavy

    url = _address(asked.url)
    serial = asked.serial or _serial(places)
    pin = asked.pin or _pin(asked.pin_file, serial)
    place = Place(url, None if asked.ca_file is None else str(asked.ca_file), asked.proxy or _proxy(places))
    try:
        done = enrol(Keyring(places.data), place, serial, pin)
    except NotAdmitted as fault:
        raise SetupError(f"not enrolled: {fault}") from fault
    except OSError as why:
        raise SetupError(f"{places.data}: the certificate cannot be kept: {why}") from why
    sys.stdout.write(_told(places, url, done))
    return 0


def _renew(places: Places) -> int:
    from ampguard.uplink.cloud.enrolment import renew  # noqa: PLC0415 - heavy

    logger = log.begin("ampguard-enrol")
    try:
        done = renew(Keyring(places.data))
    except (SetupError, UplinkFault, OSError, ValueError) as fault:
        logger.error("the certificate is not renewed: %s", fault)  # noqa: TRY400 - a sentence for people
        return _LATER
    logger.info("renewed: %s", done.certificate)
    return 0


def _address(url: str | None) -> str:
    """Raises SetupError."""
    if url is None:
        raise SetupError("wanted --url https://..., the cloud to enrol at, met nothing")
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0 and parts.username is None
    except ValueError:  # a port that is none
        usable = False
    if not usable or "?" in url or "#" in url:
        sentence = "--url: wanted an address such as https://cloud.example:443, met something else"
        raise NotEnrolledError(Kind.ADDRESS, sentence)
    return url.rstrip("/")


def _proxy(places: Places) -> str | None:
    """The one that is set; it may have a password, which no list of processes is to show. Raises SetupError."""
    cloud = load(places.settings).https
    return None if cloud is None else cloud.proxy


def _serial(places: Places) -> str:
    """From the meter if it runs, else from the identity memory. Raises SetupError, HardwareFault."""
    if places.live_feed.exists() and (told := asyncio.run(_told_serial(places.live_feed))) is not None:
        return told
    from ampguard_drivers.eeprom.store import IdentityStore  # noqa: PLC0415 - only while the meter does not run

    parts = open_metering(places.board)
    return IdentityStore(parts.i2c, parts.clock, parts.eeprom_address).read_identity().serial


async def _told_serial(feed: Path) -> str | None:
    try:
        async with asyncio.timeout(FEED_S):
            async for heard in Subscriber(feed).messages():
                if heard is None:
                    return None
                if heard.kind == "status" and isinstance(serial := heard.body.get("serial"), str):
                    return serial
    except TimeoutError:
        pass
    return None


def _pin(file: str | None, serial: str) -> str:
    """Never from a list of processes, unless its owner puts it there with --pin. Raises SetupError."""
    if file is None:
        if not sys.stdin.isatty():
            raise SetupError("wanted the PIN: --pin-file FILE, or --pin-file - to read it from standard input")
        pin = getpass.getpass(f"PIN of {serial}: ")
    else:
        try:
            with open(0, closefd=False) if file == "-" else Path(file).open() as source:
                pin = source.read(LONGEST_PIN_FILE)
        except (OSError, UnicodeDecodeError) as why:
            raise SetupError(f"--pin-file {file}: cannot be read: {why}") from why
    if not pin.strip():
        raise SetupError("wanted the PIN, met nothing")
    return pin.strip()


def _told(places: Places, url: str, done: Enrolled) -> str:
    lines = [f"enrolled: {done.certificate}", "", f"In {places.settings} this certificate is used with:", "", "[https]"]
    lines += [f'url = "{url}"', "enrolled = true"]
    if done.mqtt is not None:
        host, port = done.mqtt
        lines += ["", "or", "", "[mqtt]", f'host = "{host}"', f"port = {port}", "enrolled = true"]
    return "\n".join([*lines, ""])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ampguard enrol",
        description=(__doc__ or "").partition("; `")[0].replace("`ampguard enrol`: has", "Has") + ".",
    )
    parser.add_argument("--url", help="the cloud's address, https://...")
    parser.add_argument("--ca-file", type=Path, help="trust only this authority (PEM) for that cloud")
    parser.add_argument(
        "--pin", help="the unit's PIN; visible in the list of processes, so better without: it is asked"
    )
    parser.add_argument("--pin-file", help="a file with the PIN; - is standard input")
    parser.add_argument("--serial", help="the unit's serial; without it the meter or the identity memory says it")
    parser.add_argument("--proxy", help="the way out (http://name:port); without it the one that is set")
    parser.add_argument("--renew", action="store_true", help="have the next certificate on the strength of this one")
    parser.add_argument("--kind", action="store_true", help="say on standard output of what kind a refusal is, as JSON")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
