"""What charts of a full journal cost: thirteen months of it, a week of seconds; in one process, as the web asks.

Usage: history.py [FOLDER]; the journal is made there, and used again where it is there already.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.ampguard.journal.made import reading

from ampguard.block import flattened
from ampguard.journal.database import connected, transact
from ampguard.journal.moments import LENGTH_S, Moments
from ampguard.journal.schema import OpenBlock
from ampguard.readings import Interval, as_json
from ampguard.web.history import Chart, Quantity, chart, grid, suited, wanted

DAYS = {Interval.SECOND: 8, Interval.MINUTE: 400, Interval.MINUTES_10: 400, Interval.MINUTES_15: 400}
IN_A_BLOCK = 60
SPANS_S = {"1 h": 3600.0, "1 day": 86400.0, "1 week": 604800.0, "1 month": 2678400.0, "13 months": 34300800.0}
ROUNDS = 3


def fill(path: Path, end: datetime) -> None:
    database, _ = connected(path, replaces=False)
    database.execute("PRAGMA synchronous = OFF")
    with closing(database):
        for interval, days in DAYS.items():
            blocks = int(days * 86400 / LENGTH_S[interval] / IN_A_BLOCK)
            for first in range(0, blocks, 100):
                rows = [
                    block(interval, end, blocks * IN_A_BLOCK, one * IN_A_BLOCK)
                    for one in range(first, min(blocks, first + 100))
                ]
                transact(database, "INSERT INTO block VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def block(interval: Interval, end: datetime, count: int, first: int) -> tuple[object, ...]:
    """A row of readings that all move as a building's do."""
    flat = flattened(as_json(replace(reading(1, interval=interval), duration_s=LENGTH_S[interval])))  # type: ignore[arg-type]  # JSON of a reading is a table
    fields = {name: [value] * IN_A_BLOCK for name, value in flat.items()}
    numbers = range(first, first + IN_A_BLOCK)
    fields["sequence"] = [number + 1 for number in numbers]
    ends = (end - timedelta(seconds=(count - number - 1) * LENGTH_S[interval] + 0.1) for number in numbers)
    fields["end_utc"] = [one.isoformat(timespec="milliseconds") for one in ends]
    for name in fields:
        last = next((part for part in reversed(name.split(".")) if "_" in part), "")
        if last.endswith(("_v", "_a", "_w", "_var", "_va", "_hz", "_deg", "_ratio", "_percent")):
            fields[name] = [round(random.gauss(230.0, 3.0), 2) for _ in numbers]
        elif last.endswith("_wh"):
            fields[name] = [round(LENGTH_S[interval] / 3.6 * (number + 1), 3) for number in numbers]
    return OpenBlock("boot", first + 1, fields).row(interval, 0, IN_A_BLOCK)


def asked(moments: Moments, span_s: float, quantity: Quantity) -> tuple[float, Chart]:
    """A chart of the newest span, and the processor time that it took."""
    begin_s = time.process_time()
    spans_s = {one: found for one in LENGTH_S if (found := moments.span_s(one)) is not None}
    to_s = max(last for _, last in spans_s.values())
    shape = grid(suited(to_s - span_s, to_s, spans_s), to_s - span_s, to_s, 0.0)
    made = chart(moments.parts(shape.interval, shape.from_s, shape.to_s, wanted(quantity)), shape, quantity)
    return time.process_time() - begin_s, made


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    path = folder / "journal.sqlite"
    if not path.exists():
        fill(path, datetime.now(UTC).replace(microsecond=0))
    print(f"journal   {path.stat().st_size / 1e6:.0f} MB")
    moments = Moments(path)
    for name, span_s in SPANS_S.items():
        for quantity in (Quantity.CURRENT, Quantity.ENERGY):
            rounds = [asked(moments, span_s, quantity) for _ in range(ROUNDS)]
            made = rounds[0][1]
            points = sum(one is not None for one in next(iter(made.lines.values())).values)
            made_of = f"{quantity.value:14} of {made.grid.interval.value:5}"
            print(f"{name:10} {made_of} {points:4} points {min(spent_s for spent_s, _ in rounds) * 1e3:5.0f} ms")
    print(f"memory    {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")
    return 0


if __name__ == "__main__":
    sys.exit(main())
