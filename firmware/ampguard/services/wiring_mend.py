"""`ampguard wiring show|accept|set|undo|clear`: what the inputs measure, changed in the settings file.

The meter takes a change up by itself, within seconds and without a restart. Nothing is changed unless it is asked for.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.phases import Phase
from ampguard.services.wiring_heard import heard, is_taken_up
from ampguard.settings.assignment import AS_LABELLED, Assignment, assignment
from ampguard.settings.history import By, Means
from ampguard.settings.places import Places
from ampguard.settings.settings import load
from ampguard.settings.store import SettingsStore
from ampguard.wiring.heard import accepted, is_all_reversed
from ampguard.wiring.history import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ampguard.readings import Json

ALL_REVERSED = """\
All clamps would be turned. A building that feeds in on all phases looks just like clamps that are all the wrong way
round: say yes only if nothing generates at this moment, or if you have seen that the arrows point the wrong way."""
GENERATES = "Something generates here (generation_on_site): be sure that it did not mislead the verdict."
NOT_RUNNING = "The meter does not run: it counts from its next start on."
INPUTS = [phase.lower() for phase in Phase]


def show(arguments: Sequence[str]) -> int:
    """What is set, what the meter finds, what it proposes."""
    _parser("show", "Say what is set, what the running meter finds, and what it proposes.").parse_args(arguments)
    places = Places.from_environment()
    sys.stdout.write(f"set        {load(places.settings).assignment}\n")
    told = heard(places.live_feed)
    if told is None:
        sys.stdout.write("meter      does not run\n")
        return 0
    if told.in_force != load(places.settings).assignment:
        sys.stdout.write(f"in force   {told.in_force}\n")
    sure = "" if told.confidence_ratio is None else f" ({told.confidence_ratio:.1%})"
    sys.stdout.write(f"found      {told.verdict}{sure}: {told.sentence.removeprefix('undecided: ')}\n")
    if told.proposal is not None:
        sys.stdout.write(f"proposal   {told.proposal} (ampguard wiring accept)\n")
    return 0


def accept(arguments: Sequence[str]) -> int:
    """Take what the meter proposes."""
    parser = _parser("accept", "Have the settings say what the running meter found of the clamps.")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    agreed = parser.parse_args(arguments).yes
    places = Places.from_environment()
    settings = load(places.settings)
    told = heard(places.live_feed)
    if told is None:
        raise SetupError("wanted the running meter's finding, met no meter: is ampguard-meter started?")
    sys.stdout.write(f"found      {told.sentence}\nset        {settings.assignment}\n")
    proposed = accepted(told, settings.assignment)
    sys.stdout.write(f"proposal   {proposed}\n")
    if is_all_reversed(told.in_force, proposed):
        sys.stdout.write(f"{ALL_REVERSED}\n")
    if settings.generation_on_site:
        sys.stdout.write(f"{GENERATES}\n")
    if not agreed and not _says_yes():
        sys.stdout.write("nothing was changed\n")
        return 0
    code = _apply(places, proposed)
    sys.stdout.write("Check once more: `ampguard wiring check` shows whether the clamps are right now.\n")
    return code


def put(arguments: Sequence[str]) -> int:
    """Say what inputs measure; those that are not named stay as they are."""
    parser = _parser("set", "Say what inputs measure; the others stay as they are.")
    parser.add_argument(
        "clamps", nargs="*", metavar="INPUT=PHASE", help='what a clamp is on: l1=L2, or l1="L2 reversed"'
    )
    parser.add_argument("--voltages", default="", metavar="LIST", help="what voltage inputs are on: l1=L2,l2=L1")
    wanted = parser.parse_args(arguments)
    words = [one.strip() for one in wanted.voltages.split(",") if one.strip()]
    if not wanted.clamps and not words:
        raise SetupError(
            'wanted what an input measures, as in `ampguard wiring set l1=L2 l2="L1 reversed"`, met nothing'
        )
    places = Places.from_environment()
    inputs = load(places.settings).assignment.inputs
    clamps = {**_by_input(inputs.clamps), **_named(wanted.clamps)}
    voltages = {**_by_input(inputs.voltages), **_named(words)}
    return _apply(places, assignment(places.settings, {"clamps": clamps, "voltages": voltages}))


def undo(arguments: Sequence[str]) -> int:
    """What was set before the last change."""
    _parser("undo", "Set again what was set before the last change.").parse_args(arguments)
    places = Places.from_environment()
    now, changes = load(places.settings).assignment, read(places.wiring)
    in_force = changes[-1].after if changes else AS_LABELLED
    if now != in_force:  # changed since, and no meter has applied it yet
        return _apply(places, in_force)
    if not changes:
        raise SetupError("wanted a change to undo, met none: the wiring was never set otherwise")
    return _apply(places, changes[-1].before)


def clear(arguments: Sequence[str]) -> int:
    """Every input measures the phase whose name it bears."""
    _parser("clear", "Take every input for the phase whose name it bears.").parse_args(arguments)
    return _apply(Places.from_environment(), AS_LABELLED)


def _apply(places: Places, wanted: Assignment) -> int:
    before = load(places.settings).assignment
    if wanted == before:
        sys.stdout.write(f"set        {wanted}: nothing to change\n")
        return 0
    SettingsStore(places.settings).change(wanted.values, By(Means.COMMAND))
    sys.stdout.write(f"set        {wanted} (before: {before})\n")
    if heard(places.live_feed) is None:
        sys.stdout.write(f"{NOT_RUNNING}\n")
    elif is_taken_up(places.live_feed, wanted):
        sys.stdout.write("The meter has taken it up. `ampguard wiring undo` takes it back.\n")
    else:
        sys.stdout.write("The meter has not taken it up yet; its log says why.\n")
    return 0


def _says_yes() -> bool:
    if not sys.stdin.isatty():
        raise SetupError("wanted a yes: --yes, or a terminal to ask at")
    sys.stdout.write("Set it so? [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _by_input(texts: Iterable[str]) -> dict[str, Json]:
    return dict(zip(INPUTS, texts, strict=True))


def _named(words: Iterable[str]) -> dict[str, Json]:
    """From words such as l1=L2. Raises SetupError."""
    found: dict[str, Json] = {}
    for word in words:
        name, sign, text = word.partition("=")
        if not sign or name.strip().lower() not in INPUTS:
            raise SetupError(f'wanted l1, l2 or l3 with what it measures, as in l1="L2 reversed", met {word!r}')
        found[name.strip().lower()] = text.strip()
    return found


def _parser(action: str, description: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(prog=f"ampguard wiring {action}", description=description)
