"""`ampguard wiring explain`: which clamp of a recording sits where, and how sure that is."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from ampguard.errors import SetupError
from ampguard.phases import Phases
from ampguard.readings import Json, Measurement
from ampguard.recorder.opening import open_recording
from ampguard.recorder.selection import TARGETS, select
from ampguard.services.measure_run import Wishes, run
from ampguard.services.progress import Progress
from ampguard.wiring.finding import NAMES, Finding, nothing_known
from ampguard.wiring.installation import Installation
from ampguard.wiring.judge import Judge
from ampguard.wiring.telling import told
from ampguard.wiring.verdict import Condition
from ampguard.wiring.voltages import VoltageFinding, judged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ampguard.phases import PhaseOrder
    from ampguard.recorder.signals import Signal


DESCRIPTION = """\
Say of a recording which current transformer sits on which phase, and which way round; "undecided" where
that is the truth.
A recording shows loads as they are: all clamps reversed and a building that exports look alike.
"""
T = TypeVar("T")
LIKELY_RATIO = 2.0
"""An instrument measures at least so much more than was seen; for the noise, where nobody tells."""
RECORDED_WINDOWS = 3
"""Recordings are short, and what is switched in them too."""
LEAST_FULL_SCALE_A = 63.0
"""And at least as much as a building's."""


def main(arguments: Sequence[str]) -> int:
    """Run with the arguments behind "explain"; raises SetupError with one sentence."""
    wanted = _parser().parse_args(arguments)
    recording = open_recording(wanted.file)
    selection = select(recording, wanted.channels)
    there, terminals = _recorded(selection.current), _recorded(selection.voltage)
    # one voltage stands for the others as well; where there are two, the third may be no phase at all
    wishes = Wishes(wanted.nominal_hz, None, infer_voltages=selection.has_neutral and sum(terminals) < sum(there))
    with Progress(str(wanted.file), quiet=wanted.quiet) as progress:
        results = run(recording, selection, wishes, progress)
        windows = [one for one in results if isinstance(one, Measurement)]
    if not windows:
        raise SetupError(f"{wanted.file}: too short: not one whole cycle of the grid is in it")
    if not any(there):
        raise SetupError(f"{wanted.file}: no current is recorded: nothing to explain")
    seen_a = max(_largest(one) for one in windows)
    full_scale_a = wanted.full_scale_a or max(LIKELY_RATIO * seen_a, LEAST_FULL_SCALE_A)
    generates = None if wanted.generation_on_site is None else wanted.generation_on_site == "yes"
    installation = Installation(full_scale_a, there, terminals, generates, has_neutral=selection.has_neutral)
    voltages = [judged(one, terminals) for one in windows]
    condition = _agreed([(one.condition, one.order) for one in voltages])
    alike = [one for one, said in zip(windows, voltages, strict=True) if (said.condition, said.order) == condition]
    voltage = next(one for one in voltages if (one.condition, one.order) == condition)
    finding = _found(alike, voltage, installation)
    order = _agreed([one.current_order for one in alike if one.current_order is not None] or [None])
    explained = told(finding, voltage, there, replace(alike[-1], current_order=order))
    if voltage.order is None:
        explained["voltage_order"] = _agreed([one.voltage_order for one in windows if one.voltage_order] or [None])
    missing = [name for name, is_there, wired in zip(NAMES, there, terminals, strict=True) if wired and not is_there]
    if missing:
        explained["sentence"] = f"{explained['sentence']}; no current of {', '.join(missing)} is recorded"
    sys.stdout.write(json.dumps(explained) + "\n" if wanted.json else _in_words(explained))
    return 0


def _recorded(signals: Phases[Signal | None]) -> Phases[bool]:
    return signals.map(lambda signal: signal is not None)


def _found(windows: Sequence[Measurement], voltage: VoltageFinding, installation: Installation) -> Finding:
    if voltage.order is None:
        return nothing_known(Condition.UNDECIDED, voltage.sentence)
    judge = _judged(windows, voltage.order, Judge(installation, settled=RECORDED_WINDOWS))
    if judge is not None and not judge.looks:  # a short recording, or one that never stays as it is
        judge = _judged(windows, voltage.order, Judge(installation, settled=1))
    if judge is None:
        return nothing_known(Condition.UNDECIDED, "undecided: a voltage is missing, so its clamp has no angle")
    return judge.finding()


def _judged(windows: Sequence[Measurement], order: PhaseOrder, judge: Judge) -> Judge | None:
    """The same judge after all windows; None where one has no angle."""
    return judge if all(judge.follow(one, order) for one in windows) else None


def _in_words(explained: dict[str, Json]) -> str:
    orders = f"voltages run {explained['voltage_order'] or 'in no known order'}"
    orders += f", currents {explained['current_order'] or 'in no known order'}"
    sentence = str(explained["sentence"]).removeprefix("undecided: ")
    # rounded down: 99.98 % is not 100
    sure = math.floor(1e3 * cast("float", explained["confidence_ratio"])) / 10.0
    return f"{explained['verdict']} ({sure:g} %): {sentence}\n{orders}\n"


def _agreed(found: Sequence[T]) -> T:
    """What most windows say."""
    return Counter(found).most_common(1)[0][0]


def _largest(window: Measurement) -> float:
    return max((value for value in window.current_fundamental_rms_a if value is not None), default=0.0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ampguard wiring explain", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the recording")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument(
        "--generation-on-site", choices=("yes", "no"), help="whether the building may export (solar, battery), if known"
    )
    parser.add_argument("--full-scale-a", type=float, metavar="A", help="what the current inputs measure at most, RMS")
    parser.add_argument(
        "--channels", default="", metavar="LIST", help=f"which column is what: {'|'.join(TARGETS)}=NAME, as for measure"
    )
    parser.add_argument(
        "--nominal-hz", type=float, choices=(50.0, 60.0), help="the grid's frequency, if it must be told"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress, no remarks on standard error")
    return parser
