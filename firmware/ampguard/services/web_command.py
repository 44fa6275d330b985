"""`ampguard web certificate`: what the web shows to browsers: show it, install another one, or go back to the own one.

`make` is what the web calls by itself, once in a unit's life.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import ssl
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ampguard.clock import PLAUSIBLE_FROM, ClockQuality, SystemClock
from ampguard.errors import SetupError
from ampguard.identity import read_card
from ampguard.services import cli
from ampguard.settings.places import Places
from ampguard.web.access import certificate
from ampguard.wholefile import replace_secret

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

EXAMPLES = """\
examples:
  ampguard web certificate show                       whose it is, until when, and its fingerprint
  ampguard web certificate install chain.pem key.pem  from now on this one; it survives updates
  ampguard web certificate install both.pem           the same, with the key in the same file; - is standard input
  ampguard web certificate reset                      the unit's own again, with the fingerprint on its label
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it is done. Raises SetupError."""
    asked = _parser().parse_args(arguments)
    folder = Places.from_environment().identity
    try:
        match asked.act:
            case "install":
                _install(folder, asked.certificate, asked.key)
            case "reset":
                (folder / certificate.INSTALLED).unlink(missing_ok=True)
            case "make":
                _make(folder)
            case _:
                pass
        sys.stdout.write(_shown(folder))
    except OSError as why:
        raise SetupError(f"{folder}: wanted to keep the certificate there, met: {why}") from why
    return 0


def _make(folder: Path) -> None:
    from ampguard.services.web_certificate import own  # noqa: PLC0415 - the library below it is heavy

    path = folder / certificate.OWN
    if path.exists():
        return
    card = read_card(folder)
    if card is None:
        raise SetupError(f"{folder}: wanted the unit's serial, met no card of it: the meter writes it when it starts")
    # a clock that begins in the past must not make it invalid, nor one that is set later
    begins = max(datetime.now(UTC) - timedelta(days=1), PLAUSIBLE_FROM)
    with _alone(folder):
        if not path.exists():
            replace_secret(path, own(card.serial, begins.replace(microsecond=0)))


def _install(folder: Path, chain: Path, key: Path | None) -> None:
    from ampguard.services.web_certificate import LARGEST, checked  # noqa: PLC0415 - heavy

    contents: list[bytes] = []
    for path in (chain,) if key is None else (chain, key):
        try:
            with open(0, "rb", closefd=False) if str(path) == "-" else path.open("rb") as file:
                contents.append(file.read(LARGEST + 1))
        except OSError as why:
            raise SetupError(f"{path}: cannot be read: {why.strerror or why}") from why
    is_set = SystemClock().stamp(time.monotonic_ns()).quality is not ClockQuality.UNSYNCHRONISED
    whole = checked(contents[0], contents[-1], datetime.now(UTC) if is_set else None)
    trial = folder / f"{certificate.INSTALLED}.trial"
    with _alone(folder):
        replace_secret(trial, whole)
        try:
            certificate.context(trial)
            replace_secret(folder / certificate.INSTALLED, whole)
        except ssl.SSLError as why:
            raise SetupError(f"wanted a certificate that can be served, met: {why.reason or why}") from why
        finally:
            trial.unlink(missing_ok=True)


@contextlib.contextmanager
def _alone(folder: Path) -> Generator[None]:
    """Nobody else makes or installs one meanwhile: the lock is the folder's own, and goes with its process."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _shown(folder: Path) -> str:
    from ampguard.services.web_certificate import told  # noqa: PLC0415 - heavy

    found = certificate.files(folder)
    if not found:
        return "none yet: the unit makes its own when the web starts\n"
    path = found[0]
    whose = "the unit's own" if certificate.is_own(path) else "installed by the owner"
    try:
        return "\n".join([f"whose:   {whose}", *told(path.read_bytes()), ""])
    except (ValueError, IndexError) as why:
        raise SetupError(f"{path}: wanted key and certificate, met something else") from why


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ampguard web",
        description="The local management interface's certificate.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    subjects = parser.add_subparsers(required=True, metavar="certificate")
    acts = subjects.add_parser("certificate", help="what browsers are shown").add_subparsers(dest="act", required=True)
    acts.add_parser("show", help="whose it is, until when, and its fingerprint")
    install = acts.add_parser("install", help="serve this one instead of the unit's own")
    install.add_argument("certificate", type=Path, help="PEM: the unit's first, then those that lead to an authority")
    install.add_argument("key", type=Path, nargs="?", help="PEM, without a password; none: it is in the same file")
    acts.add_parser("reset", help="serve the unit's own again")
    acts.add_parser("make", help="make the unit's own, where there is none")
    return parser


if __name__ == "__main__":
    raise SystemExit(cli.main(["web", *sys.argv[1:]]))
