"""`ampguard report`: makes the commissioning report, checks one, and shows the unit's signing key."""

from __future__ import annotations

import argparse
import base64
import binascii
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ampguard.catalogue import LANGUAGES
from ampguard.chronicle import reported
from ampguard.errors import SetupError
from ampguard.report import left, sealing, signing
from ampguard.report.catalogue import language_of
from ampguard.report.signing import Validity
from ampguard.report.token import token
from ampguard.services.progress import Progress
from ampguard.settings.places import Places
from ampguard.wholefile import replace_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ampguard.report.sealing import Sealed
    from ampguard.report.signing import Document

KEY = Path("identity") / "report.key"
"""In the data folder."""
LARGEST_FILE = 50_000_000
VERIFY = """\
Says whether a report (PDF or JSON) is as the unit signed it.

Without --key that only says that the file and the key in it belong together: whoever changed a report could have signed
it anew with a key of his own. Compare the fingerprint with the one that `ampguard report key` shows on the unit.
Of a paper the QR code says which file it was printed from: --qr holds it against that file, whose page is the true one.

exit codes: 0 valid, 1 changed or signed by another key, 2 no report, or it cannot be read
"""
_FINGERPRINT_DIGITS, _KEY_BYTES = 32, 32


def main(arguments: Sequence[str]) -> int:
    """Run with the arguments behind "report"; raises SetupError with one sentence."""
    wanted = _parser().parse_args(arguments)
    match wanted.action:
        case "make":
            return _make(wanted)
        case "verify":
            return _verify(wanted.file, wanted.key, wanted.qr)
        case _:
            return _key()


def _make(wanted: argparse.Namespace) -> int:
    places = Places.from_environment()
    with Progress("report", quiet=wanted.quiet) as progress:
        key = signing.key_of_unit(places.data / KEY)
        progress.done(0.1)
        from ampguard.report.ink import unknown  # noqa: PLC0415 - the PDF library is heavy, and to verify needs none
        from ampguard.report.page import pages  # noqa: PLC0415 - likewise
        from ampguard.services.report_facts import Gathering  # noqa: PLC0415 - numpy, likewise

        for what, text in (("installer", wanted.installer), ("note", wanted.note)):
            if odd := unknown(left.text(text) or ""):
                raise SetupError(
                    f"{what}: wanted letters that the report's font has (Latin, Greek, Cyrillic), met {odd}"
                )
        gathering = Gathering(places)
        report = gathering.report(wanted.language or language_of(os.environ), wanted.installer, wanted.note)
        progress.done(0.4)
        document = signing.signed(report.as_json(), key)
        pdf = sealing.sealed(pages(report, document), key)
        progress.done(0.9)
        name = _name(report.unit.serial, report.utc)
        for suffix, content in ((".pdf", pdf), (".json", document.as_bytes())):
            _write(wanted.output / f"{name}{suffix}", content)
            sys.stdout.write(f"{wanted.output / name}{suffix}\n")
        try:
            reported.keep(places.wiring, gathering.reported(report))
        except OSError as why:
            progress.say(f"{places.wiring}: that it was made could not be noted: {why.strerror or why}")
        for one in report.absences:
            progress.say(f"not in the report: {one.what}: {one.why}")
    sys.stdout.write(f"signed with the key {signing.fingerprint(document.public_key)}\n")
    return 0


def _verify(path: Path, wanted: str | None, scanned: str | None) -> int:
    content = _content(path)
    try:
        found: Sealed | Document = (
            sealing.opened(content) if content.startswith(b"%PDF-") else signing.document(content)
        )
        scan = None if scanned is None else token(scanned)
    except ValueError as why:
        raise SetupError(f"{path}: no report of an Amp Guard, or a damaged one: {why}") from why
    document = found if isinstance(found, signing.Document) else found.attached
    mark = signing.fingerprint(document.public_key)
    validity = found.validity(None if wanted is None else _wanted_key(wanted, document.public_key))
    if validity is Validity.CHANGED:
        sys.stdout.write(f"{path}: CHANGED: this is not what the unit signed\n")
        return 1
    if validity is Validity.UNKNOWN_KEY:
        sys.stdout.write(f"{path}: SIGNED BY AN UNKNOWN KEY: {mark}, not the one that was asked for\n")
        return 1
    if scan is not None and not scan.is_of(document):
        sys.stdout.write(f"{path}: CHANGED: the QR code is of another report\n")
        return 1
    sys.stdout.write(f"{path}: valid: unchanged since it was signed\n")
    if scan is not None:
        sys.stdout.write("the QR code is of this report\n")
    if wanted is None:
        sys.stdout.write(
            f"the signature only shows that file and key belong together; the key is {mark}: "
            "compare it with what `ampguard report key` shows on the unit\n"
        )
    return 0


def _key() -> int:
    key = signing.public_bytes(signing.key_of_unit(Places.from_environment().data / KEY))
    sys.stdout.write(f"fingerprint {signing.fingerprint(key)}\npublic key  {base64.b64encode(key).decode()}\n")
    return 0


def _wanted_key(text: str, met: bytes) -> bytes:
    """The public key as base64, or its fingerprint. Raises SetupError."""
    digits = "".join(text.split()).lower()
    if len(digits) == _FINGERPRINT_DIGITS and all(one in "0123456789abcdef" for one in digits):
        return met if signing.fingerprint(met) == signing.grouped(digits) else b""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _KEY_BYTES:
        raise SetupError("--key: wanted a public key or a fingerprint as `ampguard report key` shows them")
    return raw


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as why:
        raise SetupError(f"{path}: cannot be read: {why.strerror or why}") from why
    if len(content) > LARGEST_FILE:
        raise SetupError(f"{path}: wanted a report, met more than {LARGEST_FILE} bytes")
    return content


def _name(serial: str | None, utc: str) -> str:
    safe = "".join(one if one.isascii() and one.isalnum() else "-" for one in serial or "unknown")
    return f"ampguard-report-{safe}-{utc[:19].replace('-', '').replace(':', '')}Z"


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_whole(path, content)
    except OSError as why:
        raise SetupError(f"{path}: cannot be written: {why.strerror or why}") from why


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ampguard report", description="The signed commissioning report.")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    make = actions.add_parser("make", help="make it: a PDF, and the same facts as JSON")
    make.add_argument(
        "--language", choices=tuple(LANGUAGES), help="of the PDF; without it the environment's (LANG), or English"
    )
    make.add_argument("--output", type=Path, default=Path(), metavar="FOLDER", help="where to (default: here)")
    make.add_argument("--installer", metavar="NAME", help="who installed the unit")
    make.add_argument("--note", metavar="TEXT", help="what else is to be said, at most 500 letters")
    make.add_argument("--quiet", action="store_true", help="no progress, no remarks on standard error")
    verify = actions.add_parser(
        "verify", help="check one", description=VERIFY, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verify.add_argument("file", type=Path, metavar="FILE", help="the PDF or the JSON")
    verify.add_argument("--key", metavar="PUBLIC", help="the unit's public key, or its fingerprint")
    verify.add_argument("--qr", metavar="TEXT", help="what the QR code on the paper says")
    actions.add_parser("key", help="show the fingerprint of the unit's signing key")
    return parser
