"""Factory reset: asked for by a mark in the data folder, done at the next start before any process runs.

`ampguard factory-reset --if-asked` comes first at every start. It may be cut off at any instant and begins anew:

    1. everything that is not kept is renamed, one after the other, to `wiped.<n>`: nobody finds it any more
    2. a note for whoever owns the network, who has profiles of its own to delete
    3. the mark goes: from here on the unit is as new
    4. what was renamed is deleted; what a cut leaves of that is deleted at the next start

What is deleted is not overwritten: a flash medium keeps old blocks where no file system reaches them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import socket
import sys
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.services.factory_reset_table import ANYTHING_ELSE, KEPT_PATHS, ROWS
from ampguard.settings.places import Places
from ampguard.wholefile import replace_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MARK = "factory-reset"
NETWORK_NOTE = "network/factory-reset"
"""For `ampguard.network`: there was a reset, delete the profiles; who has done so deletes the note."""
_AWAY = "wiped."


def ask(data: Path, who: str) -> None:
    """Have it done at the next start; whoever asks restarts the unit then. Raises SetupError."""
    mark = {"who": who, "utc": datetime.now(UTC).isoformat(timespec="seconds")}
    try:
        replace_whole(data / MARK, json.dumps(mark))
        _sync(data)
    except OSError as why:
        raise SetupError(f"{data / MARK}: the wish for a factory reset cannot be kept: {why.strerror or why}") from why


def withdraw(data: Path) -> None:
    """Not any more. Raises SetupError."""
    try:
        (data / MARK).unlink(missing_ok=True)
        _sync(data)
    except OSError as why:
        raise SetupError(
            f"{data / MARK}: the wish for a factory reset cannot be withdrawn: {why.strerror or why}"
        ) from why


def perform(data: Path) -> bool:
    """Do it if it was asked for, and end what was cut off; whether it was asked for. Raises SetupError."""
    try:
        asked = (data / MARK).exists()
        if asked:
            _forget(data)
        left = [path for path in data.glob(f"{_AWAY}*") if not _is_deleted(path)]
    except OSError as why:
        raise SetupError(f"{data}: the factory reset is not complete: {why.strerror or why}") from why
    if left:
        names = ", ".join(path.name for path in left)
        raise SetupError(f"{data}: wanted to delete what a factory reset wipes, cannot delete {names}")
    return asked


def _forget(data: Path) -> None:
    mark = data / MARK
    for path in list(_wiped(data, data)):
        path.rename(_away(data))
        _sync(path.parent)
    _sync(data)
    note = data / NETWORK_NOTE
    note.parent.mkdir(mode=0o700, exist_ok=True)
    replace_whole(note, mark.read_bytes())
    _sync(note.parent)
    _sync(data)
    mark.unlink()
    _sync(data)


def _wiped(data: Path, folder: Path) -> Iterator[Path]:
    """What is to go: all that is not kept; of a folder with something to keep in it, the rest."""
    for path in sorted(folder.iterdir()):
        name = path.relative_to(data).as_posix()
        if path == data / MARK or (folder == data and name.startswith(_AWAY)):
            continue
        if any(fnmatchcase(name, kept) for kept in KEPT_PATHS):
            continue
        if path.is_dir() and not path.is_symlink() and any(kept.startswith(f"{name}/") for kept in KEPT_PATHS):
            yield from _wiped(data, path)
        else:
            yield path


def _away(data: Path) -> Path:
    number = 1
    while os.path.lexists(path := data / f"{_AWAY}{number}"):
        number += 1
    return path


def _is_deleted(path: Path) -> bool:
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    return not os.path.lexists(path)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def main(arguments: Sequence[str]) -> int:
    """Run with the arguments behind "factory-reset"; raises SetupError with one sentence."""
    parser = argparse.ArgumentParser(
        prog="ampguard factory-reset",
        description="Wipe what is the owner's. Asked for on the page or at the button, done when the unit starts.",
    )
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--if-asked", action="store_true", help="do it if it was asked for: first of all at each start")
    action.add_argument("--ask", action="store_true", help="have it done at the next start")
    action.add_argument("--list", action="store_true", help="say what is wiped and what stays")
    chosen = parser.parse_args(arguments)
    if chosen.list:
        sys.stdout.write("".join(f"{row.fate}  {row.what}: {row.why}\n" for row in (*ROWS, ANYTHING_ELSE)))
        return 0
    places = Places.from_environment()
    if chosen.ask:
        ask(places.data, "command line")
        sys.stdout.write("asked for: it is done when the unit starts again\n")
        return 0
    if not (places.data / MARK).exists() and not any(places.data.glob(f"{_AWAY}*")):
        return 0
    if running := [feed.name for feed in (places.live_feed, places.uplink_feed, places.lights_feed) if _answers(feed)]:
        raise SetupError(
            f"a factory reset is done before the unit's processes start, met {', '.join(running)}: restart"
        )
    if perform(places.data):
        sys.stdout.write("factory reset: done\n")
    return 0


def _answers(feed: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asker:
        try:
            asker.connect(os.fspath(feed))
        except OSError:
            return False
    return True
