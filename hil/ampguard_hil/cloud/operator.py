"""`python -m ampguard_hil.cloud.operator`: what must be there before anybody can sign in, and what a factory tells.

    operator --store STORE add EMAIL [--name NAME] [--one-time]    who runs this cloud; the first one, and others
    operator --store STORE device add [SERIAL] [--pin PIN] [--model MODEL] [--csv FILE]
    operator --store STORE charger add [SERIAL] [--password PASSWORD] [--csv FILE]

A password is asked for, or with `--one-time` made up and printed. A PIN or a charger's password that is not given is
made up, and printed to be put on the label: the cloud keeps only its hash. A CSV file has a heading: `serial`, and as
one likes `pin` and `model` (of a charger: `password`); all of its lines are tried, and those refused are told.
Whoever may write to the store may do all this: what is changed is noted with the word of this program.
"""

from __future__ import annotations

import argparse
import csv
import getpass
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from ampguard_hil.cloud.registry import Registry
from ampguard_hil.cloud.registry_database import NewerStoreError
from ampguard_hil.cloud.registry_mounted import MODELS
from ampguard_hil.cloud.registry_refusals import Refused
from ampguard_hil.cloud.registry_rights import Actor, Role
from ampguard_hil.cloud.registry_secrets import label_pin
from ampguard_hil.cloud.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_MYSELF = Actor("", "command-line", "", Role.OPERATOR, None)
_USUAL_MODEL = next(iter(MODELS))


def main(words: Sequence[str] | None = None) -> int:
    """Do it; 0 done, 1 something was refused, 2 the store takes nothing or the file cannot be read."""
    asked = _parser().parse_args(words)
    try:
        registry = Registry(asked.store)
    except StoreError as why:
        sys.stderr.write(f"{why}\n")
        return 2
    try:
        return _added_operator(registry, asked) if asked.what == "add" else _added_equipment(registry, asked)
    except Refused as why:
        sys.stderr.write(f"{why.sentence}\n")
        return 1
    except (OSError, UnicodeDecodeError, csv.Error, SQLAlchemyError, NewerStoreError) as why:
        sys.stderr.write(f"{str(why).splitlines()[0]}\n")
        return 2
    finally:
        registry.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ampguard-cloud-operator", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--store", required=True, help="the SQLite file, or postgresql://...")
    what = parser.add_subparsers(dest="what", required=True)
    add = what.add_parser("add", help="somebody who runs this cloud")
    add.add_argument("email")
    add.add_argument("--name", default="")
    add.add_argument("--one-time", action="store_true", help="print a password instead of asking for one")
    for kind, secret in (("device", "pin"), ("charger", "password")):
        verbs = what.add_parser(kind, help=f"make a {kind} known").add_subparsers(dest="verb", required=True)
        known = verbs.add_parser("add", help="so that who has its label can claim it")
        known.add_argument("serial", nargs="?")
        known.add_argument(f"--{secret}", dest="secret", default="", help="the 8 characters of the label")
        if kind == "device":
            known.add_argument("--model", choices=MODELS, default=_USUAL_MODEL)
        known.add_argument("--csv", type=Path, help="many of them; `-` for the standard input")
    return parser


def _added_operator(registry: Registry, asked: argparse.Namespace) -> int:
    if asked.one_time:
        password = secrets.token_urlsafe(12)
    else:
        password = getpass.getpass("password: ")
        if getpass.getpass("once more: ") != password:
            sys.stderr.write("the second password is another one\n")
            return 1
    added = registry.people.add(None, (asked.email, asked.name, Role.OPERATOR, None), password)
    sys.stdout.write(f"{added.email} may sign in\n")
    if asked.one_time:
        sys.stdout.write(f"password {password} (to be changed at first: Organisation, Your password)\n")
    return 0


def _added_equipment(registry: Registry, asked: argparse.Namespace) -> int:
    if (asked.serial is None) == (asked.csv is None):
        sys.stderr.write("wanted a serial or --csv FILE\n")
        return 2
    refused = 0
    for row in _rows(asked):
        serial, secret = row["serial"], row["secret"] or label_pin()
        try:
            if asked.what == "device":
                registry.equipment.register_device(_MYSELF, serial, secret, row["model"])
            else:
                registry.equipment.register_charger(_MYSELF, serial, secret)
        except Refused as why:
            refused += 1
            sys.stderr.write(f"{serial}: {why.sentence}\n")
        else:
            sys.stdout.write(f"{serial.strip().upper()} {secret.strip()}\n")
    return int(refused > 0)


def _rows(asked: argparse.Namespace) -> Iterator[Mapping[str, str]]:
    """Serial, secret and model of each. Raises OSError, UnicodeDecodeError, csv.Error."""
    usual = {"serial": asked.serial, "secret": asked.secret, "model": getattr(asked, "model", "")}
    if asked.csv is None:
        yield usual
        return
    text = sys.stdin.read() if str(asked.csv) == "-" else asked.csv.read_text(encoding="utf-8-sig")
    lines = csv.DictReader(text.splitlines())
    if "serial" not in (lines.fieldnames or ()):
        raise csv.Error("the file's heading: wanted serial, and as you like pin, password and model")
    for line in lines:
        secret = line.get("pin" if asked.what == "device" else "password") or asked.secret
        yield {"serial": line["serial"] or "", "secret": secret, "model": line.get("model") or usual["model"]}


if __name__ == "__main__":
    raise SystemExit(main())
