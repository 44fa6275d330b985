"""`ampguard wiring check`: the guided check in a terminal, one appliance at a time."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ampguard.clock import SystemClock
from ampguard.errors import SetupError
from ampguard.phases import Phases
from ampguard.recorder.opening import open_recording
from ampguard.recorder.selection import TARGETS, select
from ampguard.services.measure_run import Wishes
from ampguard.services.progress import Progress
from ampguard.services.wiring_check_feed import live, replayed
from ampguard.services.wiring_check_show import JsonLines, Plain, Show
from ampguard.settings.places import Places
from ampguard.settings.settings import load
from ampguard.wiring import check_plan
from ampguard.wiring.check import Check
from ampguard.wiring.check_kept import keep
from ampguard.wiring.check_plan import LABEL_PERCENT, LEAST_A, PATIENCE_S, plan, plan_for
from ampguard.wiring.check_size import StatedLoad
from ampguard.wiring.check_table import Stage
from ampguard.wiring.check_weigh import Kind
from ampguard.wiring.verdict import Condition

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ampguard.events import Inputs
    from ampguard.wiring.check_result import Result
    from ampguard.wiring.check_table import Note

EXIT_CODES = {Condition.RIGHT: 0, Condition.WRONG: 3}
EXIT_UNDECIDED, EXIT_STOPPED = 4, 130
DESCRIPTION = """\
Find out with a kettle or a heater which current transformer sits on which phase, which way round, and how
well it measures. The check asks for one appliance at a time, shows which clamp answers, and has it switched
off again: what comes on by itself does not count. Take something without a motor, 6 A (1.4 kW) or more.
Where something is on and no clamp answers, press Enter: that says something too.
Needs the running meter (AMPGUARD_RUN, AMPGUARD_DATA), or a recording with --replay. It changes nothing.
Clamps bear the names of the phases that the unit takes them for now.
"""
EPILOG = """\
examples:
  ampguard wiring check                                      a heater on L1, then on L2, then on L3
  ampguard wiring check --any-phase                          any heater anywhere: nobody need know its phase
  ampguard wiring check --three-phase                        a charger: 6 A or more on all phases at once
  ampguard wiring check --load-w 2000 --load-rated-v 230     also how far each clamp's ratio and phase are off
  ampguard wiring check --replay wave.csv --json             on a recording, one JSON object for each change

exit codes: 0 right, 3 wrong, 4 undecided, 2 a file or an argument must be set right, 130 stopped (Ctrl-C)
"""


def main(arguments: Sequence[str]) -> int:
    """Run with the arguments behind "check"; raises SetupError with one sentence."""
    wanted = _parser().parse_args(arguments)
    if wanted.load_rated_v is not None and wanted.load_w is None:
        raise SetupError("--load-rated-v: wanted --load-w as well: the power at that voltage")
    show: Show = JsonLines() if wanted.json else Plain()
    wishes, check, kept = _wishes(wanted), None, None
    try:
        if wanted.replay is not None:
            recording = open_recording(wanted.replay)
            selection = select(recording, wanted.channels)
            clamps, terminals = (
                Phases.of(one is not None for one in each) for each in (selection.current, selection.voltage)
            )
            check = Check(plan(clamps, terminals, wishes))
            with Progress(str(wanted.replay), quiet=True) as progress:
                for measured in replayed(recording, selection, Wishes(wanted.nominal_hz, None), progress):
                    _tell(check, show, check.observe(measured))
                    show.window(check)
        else:
            places = Places.from_environment()
            settings = load(places.settings)
            check = Check(plan_for(settings, wishes))
            kept = _Kept(places.wiring, settings.assignment.inputs)
            asyncio.run(_live(check, show, places))
    except KeyboardInterrupt:
        if check is None or not check.situation.stimuli:
            sys.stderr.write("\nampguard: stopped; nothing was changed\n")
            return EXIT_STOPPED
        _end(check, show, kept)
        sys.stderr.write("ampguard: stopped before the end; nothing was changed\n")
        return EXIT_STOPPED
    found = _end(check, show, kept)
    return EXIT_CODES.get(found.condition, EXIT_UNDECIDED)


class _Kept(NamedTuple):
    """Where the result is kept for reports."""

    folder: Path
    inputs: Inputs
    """What they are taken to measure while it runs."""


def _end(check: Check, show: Show, kept: _Kept | None) -> Result:
    """Show and keep it; a recording's (None) is not this unit's."""
    found = check.end()
    show.end(found)
    if kept is not None:
        try:
            keep(kept.folder, check, kept.inputs, SystemClock().stamp(time.monotonic_ns()).utc)
        except OSError as why:
            sys.stderr.write(f"ampguard: {kept.folder}: a report will not know of this: {why.strerror or why}\n")
    return found


async def _live(check: Check, show: Show, places: Places) -> None:
    """Until it is done."""
    loop, words, typing = asyncio.get_running_loop(), asyncio.Event(), sys.stdin

    def typed() -> None:
        if not typing.readline():  # closed: nobody types any more
            loop.remove_reader(typing.fileno())
            return
        words.set()

    if typing.isatty():
        loop.add_reader(typing.fileno(), typed)
    windows = live(places.live_feed)
    async with contextlib.aclosing(windows):
        async for measured in windows:
            if words.is_set():
                words.clear()
                _tell(check, show, check.told())
            if measured is not None:
                _tell(check, show, check.observe(measured))
                show.window(check)
            if check.stage is Stage.DONE:
                return


def _tell(check: Check, show: Show, notes: Iterable[Note]) -> None:
    for note in notes:
        show.note(check, note)


def _wishes(wanted: argparse.Namespace) -> check_plan.Wishes:
    stated = None if wanted.load_w is None else StatedLoad(wanted.load_w, wanted.load_rated_v, wanted.load_percent)
    return check_plan.Wishes(
        kind=Kind.THREE_PHASE if wanted.three_phase else Kind.HEATER,
        is_phase_known=not wanted.any_phase,
        least_a=wanted.least_a,
        patience_s=wanted.patience_s,
        load=stated,
    )


def _positive(text: str) -> float:
    value = float(text)
    if not 0.0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"wanted a number above 0, met {text}")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ampguard wiring check",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--any-phase", action="store_true", help="heaters, and nobody knows on which phase they are")
    what.add_argument("--three-phase", action="store_true", help="an appliance on all phases at once (a charger)")
    parser.add_argument("--load-w", type=_positive, metavar="W", help="the power on the heater's label")
    parser.add_argument(
        "--load-rated-v", type=_positive, metavar="V",
        help="the voltage on the label, if the power is meant at that (a heater's goes with its square); "
        "else the power is taken to be what it draws now",
    )  # fmt: skip
    parser.add_argument(
        "--load-percent", type=_positive, default=LABEL_PERCENT, metavar="PERCENT",
        help=f"how far the label may be off (default: {LABEL_PERCENT:g}; IEC 60335-1 permits heaters +5, -10)",
    )  # fmt: skip
    parser.add_argument(
        "--least-a", type=_positive, default=LEAST_A, metavar="A",
        help=f"what comes on with less is another appliance (default: {LEAST_A:g})",
    )  # fmt: skip
    parser.add_argument(
        "--patience-s", type=_positive, default=PATIENCE_S, metavar="SECONDS",
        help=f"waited for each thing that is asked for (default: {PATIENCE_S:g})",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object for each change, the verdict last")
    parser.add_argument(
        "--replay", type=Path, metavar="FILE", help="a recording (COMTRADE or CSV) instead of the meter"
    )
    parser.add_argument(
        "--channels", default="", metavar="LIST", help=f"of the recording: {'|'.join(TARGETS)}=NAME, as for measure"
    )
    parser.add_argument("--nominal-hz", type=float, choices=(50.0, 60.0), help="of the recording, if it must be told")
    return parser
