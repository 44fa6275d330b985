"""`ampguard wiring explain`: which clamp of a recording sits where, and how sure that is."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ampguard.errors import SetupError
from ampguard.phases import Phases
from ampguard.readings import Json, Measurement
from ampguard.recorder.opening import open_recording
from ampguard.recorder.selection import TARGETS, select
from ampguard.services.measure_run import Wishes, run
from ampguard.services.progress import Progress
from ampguard.wiring.judge import Finding, Judge
from ampguard.wiring.verdict import Condition
from ampguard.wiring.voltages import NAMES, VoltageFinding, judged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ampguard.phases import PhaseOrder
    from ampguard.readings import PhaseValues

DESCRIPTION = """\
Say of a recording which current transformer sits on which phase, and which way round; "undecided" where
that is the truth.
A recording shows loads as they are: all clamps reversed and a building that exports look alike.
"""
T = TypeVar("T")
LIKELY_RATIO = 2.0
"""An instrument measures at least so much more than was seen; for the noise, where nobody tells."""


def main(arguments: Sequence[str]) -> int:
    """Run with the arguments behind "explain"; raises SetupError with one sentence."""
    wanted = _parser().parse_args(arguments)
    recording = open_recording(wanted.file)
    selection = select(recording, wanted.channels)
    with Progress(str(wanted.file), quiet=wanted.quiet) as progress:
        results = run(recording, selection, Wishes(wanted.nominal_hz, None), progress)
        windows = [one for one in results if isinstance(one, Measurement)]
    if not windows:
        raise SetupError(f"{wanted.file}: too short: not one whole cycle of the grid is in it")
    clamps = Phases.of(signal is not None for signal in selection.current)
    if not any(clamps):
        raise SetupError(f"{wanted.file}: no current is recorded: nothing to explain")
    terminals = Phases.of(signal is not None for signal in selection.voltage)
    voltage = _agreed([judged(one, terminals) for one in windows])
    finding = _found(windows, voltage, clamps, wanted.full_scale_a, generation_on_site=wanted.generation_on_site)
    explained = _explained(
        finding,
        _agreed([one.voltage_order for one in windows if one.voltage_order is not None] or [None]),
        _agreed([one.current_order for one in windows if one.current_order is not None] or [None]),
        clamps,
    )
    sys.stdout.write(json.dumps(explained) + "\n" if wanted.json else _in_words(explained, finding))
    return 0


def _found(
    windows: Sequence[Measurement],
    voltage: VoltageFinding,
    clamps: Phases[bool],
    full_scale_a: float | None,
    *,
    generation_on_site: bool,
) -> Finding:
    if voltage.order is None:
        is_wrong = voltage.condition is Condition.WRONG
        condition = Condition.WRONG if is_wrong else Condition.UNDECIDED
        return Finding(condition, voltage.sentence, None, float(is_wrong), None)
    largest_a = max((_largest(one.current_fundamental_rms_a) for one in windows), default=0.0)
    judge = Judge(
        full_scale_a or max(LIKELY_RATIO * largest_a, 1.0), clamps, generation_on_site=generation_on_site, settled=1
    )
    if not all(judge.follow(one, voltage.order) for one in windows):
        sentence = "undecided: a voltage is missing, so its clamp has no angle"
        return Finding(Condition.UNDECIDED, sentence, None, 0.0, None)
    return judge.finding()


def _explained(
    finding: Finding, order: PhaseOrder | None, current_order: PhaseOrder | None, clamps: Phases[bool]
) -> dict[str, Json]:
    connection = finding.connection
    assignment: dict[str, Json] = {}
    for number, there in enumerate(clamps):
        place = None if connection is None or not there else list(connection.phase)[number]
        turned = connection is not None and there and list(connection.reversed)[number]
        assignment[NAMES[number].lower()] = {"phase": None if place is None else NAMES[place], "reversed": turned}
    return {
        "verdict": str(finding.condition),
        "confidence_ratio": round(finding.confidence_ratio, 6),
        "assignment": assignment,
        "voltage_order": order,
        "current_order": current_order,
        "sentence": finding.sentence,
        "decides_with_a": finding.decides_with_a,
    }


def _in_words(explained: dict[str, Json], finding: Finding) -> str:
    orders = f"voltages run {explained['voltage_order'] or 'in no known order'}"
    orders += f", currents {explained['current_order'] or 'in no known order'}"
    sentence = finding.sentence.removeprefix("undecided: ")
    return f"{explained['verdict']} ({finding.confidence_ratio:.1%}): {sentence}\n{orders}\n"


def _agreed(found: Sequence[T]) -> T:
    """What most windows say."""
    return Counter(found).most_common(1)[0][0]


def _largest(values: PhaseValues) -> float:
    return max((value for value in values if value is not None), default=0.0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ampguard wiring explain", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the recording")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--generation-on-site", action="store_true", help="the building may export (solar, battery)")
    parser.add_argument("--full-scale-a", type=float, metavar="A", help="what the current inputs measure at most, RMS")
    parser.add_argument(
        "--channels", default="", metavar="LIST", help=f"which column is what: {'|'.join(TARGETS)}=NAME, as for measure"
    )
    parser.add_argument(
        "--nominal-hz", type=float, choices=(50.0, 60.0), help="the grid's frequency, if it must be told"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress, no remarks on standard error")
    return parser
