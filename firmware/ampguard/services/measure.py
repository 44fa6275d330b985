"""`ampguard measure`: a recording of any instrument, measured as the meter would."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ampguard.errors import SetupError
from ampguard.readings import Measurement, as_json
from ampguard.recorder.opening import open_recording
from ampguard.recorder.selection import TARGETS, select
from ampguard.services.measure_run import Wishes, run
from ampguard.services.measure_table import Summary, Table, heading_lines
from ampguard.services.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ampguard.readings import VoltageEvent
    from ampguard.recorder.recording import Recording
    from ampguard.recorder.signals import Selection

PLOT_SUFFIXES = (".png", ".svg")
DESCRIPTION = """\
Measure a recording as the meter would: RMS, angles, powers, harmonics for each window of 10 cycles (12 at 60 Hz).

FILE is COMTRADE (cfg, dat or cff; 1991, 1999, 2013; ASCII or binary) or a text table with a line of column names:
  # fs_hz=8000
  t, ua, ub, uc, ia, ib, ic
The rate may also come from the time column; kV, kA, mA, semicolons and decimal commas are understood.
"""
EPILOG = """\
examples:
  ampguard measure fault.cfg
  ampguard measure wave.csv --json | jq .frequency_hz
  ampguard measure fault.cff --plot picture.svg
  ampguard measure relay.cfg --channels "u1=VA,u2=VB,u3=VC,i1=-IA,in=none"
"""


class Output(Protocol):
    """What becomes of the results."""

    def begin(self, recording: Recording, selection: Selection) -> Iterator[str]:
        """Lines before the first window."""
        ...

    def window(self, measurement: Measurement) -> Iterator[str]:
        """Lines of one window."""
        ...

    def end(self, events: Sequence[VoltageEvent]) -> Iterator[str]:
        """Lines after the last window."""
        ...


class JsonLines:
    """One JSON object for each window, one a line, and nothing else."""

    def begin(self, recording: Recording, selection: Selection) -> Iterator[str]:
        """Nothing."""
        del recording, selection
        yield from ()

    def window(self, measurement: Measurement) -> Iterator[str]:
        """The object."""
        yield json.dumps(as_json(measurement), allow_nan=False)

    def end(self, events: Sequence[VoltageEvent]) -> Iterator[str]:
        """Nothing."""
        del events
        yield from ()


class Tables:
    """Tables for people."""

    def __init__(self) -> None:
        self._table = Table()
        self._summary = Summary()

    def begin(self, recording: Recording, selection: Selection) -> Iterator[str]:
        """What was opened, and which column is which phase."""
        yield from heading_lines(recording, selection)

    def window(self, measurement: Measurement) -> Iterator[str]:
        """The table of a window."""
        self._summary.add(measurement)
        yield from self._table.lines(measurement)

    def end(self, events: Sequence[VoltageEvent]) -> Iterator[str]:
        """The summary."""
        self._summary.events.extend(events)
        yield from self._summary.lines()


def main(arguments: Sequence[str]) -> int:
    """Run with the arguments behind "measure"; raises SetupError with one sentence."""
    wanted = _parser().parse_args(arguments)
    picture_path: Path | None = wanted.plot
    if picture_path is not None and picture_path.suffix.lower() not in PLOT_SUFFIXES:
        raise SetupError(f"--plot {picture_path}: wanted a name that ends with {' or '.join(PLOT_SUFFIXES)}")
    recording = open_recording(wanted.file)
    selection = select(recording, wanted.channels)
    output: Output = JsonLines() if wanted.json else Tables()
    shown = Shown()
    with Progress(str(wanted.file), quiet=wanted.quiet) as progress:
        _write(output.begin(recording, selection))
        wishes = Wishes(wanted.nominal_hz, wanted.nominal_v)
        results = _through_chip if wanted.through_chip else run
        for result in results(recording, selection, wishes, progress):
            shown.add(result)
            if isinstance(result, Measurement):
                _write(output.window(result))
        if shown.first is None:
            raise SetupError(f"{wanted.file}: too short: not one whole cycle of the grid is in it")
        _write(output.end(shown.events))
    if picture_path is not None:
        _draw(picture_path, recording, selection, shown)
    return 0


def _through_chip(
    recording: Recording, selection: Selection, wishes: Wishes, progress: Progress
) -> Iterator[Measurement | VoltageEvent]:
    from ampguard.services.measure_chip import through_chip  # noqa: PLC0415 - a board is simulated only when asked for

    return through_chip(recording, selection, wishes, progress)


@dataclass
class Shown:
    """Of the results, what the picture and the summary need."""

    first: Measurement | None = None
    events: list[VoltageEvent] = field(default_factory=list["VoltageEvent"])

    def add(self, result: Measurement | VoltageEvent) -> None:
        """One more result."""
        if not isinstance(result, Measurement):
            self.events.append(result)
        elif self.first is None:
            self.first = result


def _draw(path: Path, recording: Recording, selection: Selection, shown: Shown) -> None:
    try:
        from ampguard.services.measure_picture import gather  # noqa: PLC0415 - matplotlib only when it is asked for
        from ampguard.services.plot import Picture, draw  # noqa: PLC0415 - likewise
    except ImportError as why:
        raise SetupError(f"--plot needs matplotlib: install ampguard with the extra 'recordings' ({why})") from why
    if shown.first is None:
        return
    first_event = shown.events[0] if shown.events else None
    waves, rms = gather(
        recording, selection, shown.first.frequency_hz or 50.0, first_event.start_s if first_event else None
    )
    picture = Picture(
        title=f"{recording.path.name} ({recording.format_name}, {recording.stretches[0].sample_rate_hz:.6g} Hz)",
        waves=waves,
        phasors=shown.first,
        rms=rms,
        reference_voltage_v=first_event.reference_v if first_event else None,
        events=shown.events,
    )
    try:
        draw(picture, path)
    except OSError as why:
        raise SetupError(f"--plot {path}: cannot be written: {why.strerror or why}") from why


def _write(lines: Iterator[str]) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ampguard measure",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the recording")
    parser.add_argument("--json", action="store_true", help="one JSON object for each window, one a line, SI units")
    parser.add_argument("--plot", type=Path, metavar="PICTURE", help="draw it: a name ending with .png or .svg")
    parser.add_argument(
        "--through-chip",
        action="store_true",
        help="play it through the simulated chip and the real driver (8 kSPS, scaled to fit the inputs)",
    )
    parser.add_argument(
        "--channels",
        default="",
        metavar="LIST",
        help=f"which column is what: {'|'.join(TARGETS)}=NAME or =#NUMBER, with commas between; "
        "a minus sign before the name turns it round, none drops it",
    )
    parser.add_argument(
        "--nominal-hz", type=float, choices=(50.0, 60.0), help="the grid's frequency, if it must be told"
    )
    parser.add_argument("--nominal-v", type=float, metavar="V", help="the voltage that dips and swells refer to")
    parser.add_argument("--quiet", action="store_true", help="no progress, no remarks on standard error")
    return parser
