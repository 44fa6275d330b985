"""`ampguard update`: says what runs and how the last update ended, or asks for one and follows it."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ampguard import log
from ampguard.errors import SetupError
from ampguard.services.power import power_of
from ampguard.services.stick import PLACE, bundles
from ampguard.settings.places import Places
from ampguard.update import before, release, state, trial
from ampguard.update.intake import Intake, sole
from ampguard.update.refusal import Kind, RefusedError
from ampguard.update.state import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ampguard.update.release import Release

EXAMPLES = """\
examples:
  ampguard update                                   what runs, and how the last update ended
  ampguard update ampguard-0.2.0.raucb              installs it; the unit restarts and has to measure as before
  ampguard update https://example.org/latest.raucb  the unit fetches it itself
"""
RELEASE = "AMPGUARD_RELEASE"
"""Environment: what this software is, on a bench."""
_PIECE = 1 << 20
_LOOK_S = 0.2
_BEGIN_S = 30.0
"""Within which somebody must take up the wish."""


def release_here() -> Release | None:
    """What runs; None where the unit has no slots. Raises SetupError."""
    return release.here(Path(os.environ.get(RELEASE, release.PLACE)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it is done. Raises SetupError."""
    asked = _parser().parse_args(arguments)
    places = Places.from_environment()
    if asked.perform:
        return _perform(places)
    if asked.settle:
        return _settle(places)
    if asked.stick:
        return offer(places)
    if asked.restore:
        return _restore(places)
    if asked.source is None:
        return _show(places)
    try:
        _ask(places, asked.source)
        return _follow(places)
    except RefusedError as why:
        raise SetupError(str(why)) from why
    except OSError as why:
        raise SetupError(f"{places.update}: wanted to leave the update there, met: {why}") from why


def _perform(places: Places) -> int:
    from ampguard.services.installing import Installing  # noqa: PLC0415 - for the unit's own process only

    logger = log.begin("ampguard-update")
    try:
        return asyncio.run(Installing(places, release_here(), power_of(places.board), logger).run())
    except OSError as why:
        raise SetupError(f"{places.update}: wanted to keep how the update goes, met: {why}") from why


def _settle(places: Places) -> int:
    """What was broken off is over; what is installed waits for the restart."""
    told = state.read(places.update / trial.STATE)
    if told.is_under_way and told.state not in {State.INSTALLED, State.ON_TRIAL}:
        state.keep(places.update / trial.STATE, told.refused(RefusedError(Kind.INTERRUPTED)))
    return 0


def offer(places: Places, place: Path = PLACE) -> int:
    """Have what is on a USB stick installed; until the stick is not needed any more. Raises SetupError."""
    logger = log.begin("ampguard-stick")
    if not (found := bundles(place)):
        logger.info("no update on the USB stick")
        return 0
    try:
        may_begin(places, release_here())
        trial.ask(places.update, trial.Wish(trial.STICK, trial.STICK))
    except RefusedError as why:
        logger.warning("%s: %s", found[0].name, why)
        return 0
    except OSError as why:
        raise SetupError(f"{places.update}: wanted to ask for the update there, met: {why}") from why
    _taken_up(places)
    while state.read(places.update / trial.STATE).state in {State.ASKED, State.FETCHING}:
        _pause()
    return 0


def _restore(places: Places) -> int:
    """Before anything starts: settings are kept aside when software is tried, and put back when it was not kept."""
    here, found = release_here(), trial.read(places.update)
    if here is None or found is None:
        return 0
    try:
        if here.version == found.version:
            # somebody may have set something since it was installed; what it sets itself comes later
            if state.read(places.update / trial.STATE).state is not State.ON_TRIAL:
                before.keep(places.data)
        elif names := before.put_back(places.data):
            told = f"{found.reason or trial.GONE}; as before the update again: {', '.join(names)}"
            trial.keep(places.update, replace(found, reason=told))
            log.begin("ampguard-update").warning("settings that %s has written: %s", found.version, told)
    except OSError as why:
        raise SetupError(f"{places.data}: wanted the settings of before the update there, met: {why}") from why
    return 0


def _show(places: Places) -> int:
    here, told = release_here(), state.read(places.update / trial.STATE)
    version = "no slots: its software is replaced with its card" if here is None else here.version
    sys.stdout.write(f"runs:    {version}\n")
    sys.stdout.write(f"update:  {told.state}{'' if told.version is None else f' ({told.version})'}\n")
    if told.sentence:
        sys.stdout.write(f"because: {told.sentence}\n")
    return 0


def _ask(places: Places, source: str) -> None:
    """Raises RefusedError, OSError."""
    may_begin(places, release_here())
    if not source.startswith(("https://", "http://")):
        path = Path(source)
        with path.open("rb") as file, Intake(places.update, path.stat().st_size) as intake:
            while piece := file.read(_PIECE):
                intake.take(piece)
            intake.whole()
            trial.ask(places.update, trial.Wish(trial.BUNDLE, "command line"))
    else:
        trial.ask(places.update, trial.Wish(source, "command line"))


def may_begin(places: Places, here: Release | None) -> None:
    """Raises RefusedError where no update can begin now."""
    if here is None:
        raise RefusedError(Kind.NO_SLOTS)
    if state.read(places.update / trial.STATE).is_under_way or (places.update / trial.WISH).exists():
        raise RefusedError(Kind.BUSY)
    with sole(places.update):
        pass  # nobody sends one at the moment


def _follow(places: Places) -> int:
    """Until the unit restarts or it is refused."""
    _taken_up(places)
    last = ""
    while True:
        told = state.read(places.update / trial.STATE)
        line = told.state if told.percent is None else f"{told.state} {told.percent} %"
        if line != last:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
            last = line
        if told.state is State.REFUSED:
            raise SetupError(told.sentence or "refused")
        if told.state is State.INSTALLED or not told.is_under_way:
            return 0
        _pause()


def _taken_up(places: Places) -> None:
    """Somebody sees to the wish. Raises SetupError."""
    until_s = time.monotonic() + _BEGIN_S
    while (places.update / trial.WISH).exists():
        if time.monotonic() > until_s:
            raise SetupError("wanted ampguard-update.service to take it up, met nobody: does the unit's target run?")
        _pause()


def _pause() -> None:
    asyncio.run(asyncio.sleep(_LOOK_S))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ampguard update",
        description="Installs other software into the other slot; it stays only if it measures as the one before.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", nargs="?", help="a bundle (.raucb): a file, or an address")
    parser.add_argument("--perform", action="store_true", help="do what was asked for: what the unit itself calls")
    parser.add_argument("--settle", action="store_true", help="say that what was under way was broken off: likewise")
    parser.add_argument("--stick", action="store_true", help="install what is on a USB stick: likewise")
    parser.add_argument(
        "--restore", action="store_true", help="settings of before an update that did not stay: likewise"
    )
    return parser
