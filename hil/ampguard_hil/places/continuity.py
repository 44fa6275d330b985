"""Whether readings go on over restarts: each once, none left out, no second measured twice, each break explained.

What comes as a record is judged: it comes out of the box's journal, while what comes live is a courtesy.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ampguard_hil.listener import Heard

    Reading: TypeAlias = "Mapping[str, Any]"

OVERLAP_S = 0.05
"""The clocks of two runs agree to that."""
COUNTERS = ("total_import_wh", "total_export_wh")


def faults(heard: Sequence[Heard], events: Sequence[Reading], within_s: float | None) -> Iterator[str]:
    """A sentence for each. `events`: at least those of the same time; `within_s`: how long a restart may take."""
    runs, twice = _runs(heard)
    yield from twice
    for number, run in enumerate(runs):
        first = run[0]["sequence"] if number == 0 else 1
        missing = set(range(first, run[-1]["sequence"] + 1)) - {one["sequence"] for one in run}
        if missing:
            yield f"run {run[0]['boot']}: readings {sorted(missing)} are lost"
    gaps = [one["event"] for one in events if one["kind"] == "gap"]
    for before, after in pairwise(runs):
        yield from _between(before[-1], after[0], gaps, within_s)
    everything = [one for run in runs for one in run]
    for earlier, later in pairwise(everything):
        for name in COUNTERS:
            if later["energy"][name] < earlier["energy"][name]:
                yield f"{name} falls from {earlier['energy'][name]} to {later['energy'][name]} at {_name(later)}"


def _runs(heard: Sequence[Heard]) -> tuple[list[list[Reading]], list[str]]:
    """Of the meter, in their order; and what came twice and was not the same."""
    found: defaultdict[str, dict[int, Reading]] = defaultdict(dict)
    differing: list[str] = []
    for one in heard:
        if one.lane == "records":
            reading = one.reading
            known = found[reading["boot"]].setdefault(reading["sequence"], reading)
            if known != reading:
                differing.append(f"{_name(reading)} came twice, and differs")
    runs = [[each[number] for number in sorted(each)] for each in found.values()]
    return sorted(runs, key=lambda run: _end_s(run[0])), differing


def _between(last: Reading, first: Reading, gaps: Sequence[Mapping[str, Any]], within_s: float | None) -> Iterator[str]:
    """A run and the next one."""
    silent_s = _end_s(first) - first["duration_s"] - _end_s(last)
    if silent_s < -OVERLAP_S:
        yield f"{_name(first)} measures {-silent_s:.2f} s again that {_name(last)} has measured"
    if within_s is not None and silent_s > within_s:
        yield f"nothing was measured for {silent_s:.1f} s before {_name(first)}, wanted {within_s:g} s at most"
    told = [gap["after"] for gap in gaps if gap["before"] and gap["before"]["boot"] == first["boot"]]
    if not any(mark and _name(mark) == _name(last) for mark in told):
        met = ", ".join(_name(mark) if mark else "nothing" for mark in told) or "no gap told"
        yield f"the break between {_name(last)} and {_name(first)} is not explained: {met}"


def _name(mark: Mapping[str, Any]) -> str:
    return f"reading {mark['sequence']} of run {mark['boot']}"


def _end_s(reading: Reading) -> float:
    return datetime.fromisoformat(reading["end_utc"]).timestamp()
