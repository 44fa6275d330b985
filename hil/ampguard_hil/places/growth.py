"""What a unit takes more and more of, from looks at its vitals in equal steps of time."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ampguard_hil.places.vitals import Vitals

_DAY_S = 86_400.0
_THIRDS = 3


@dataclass(frozen=True, slots=True)
class Growth:
    """From the first third of all looks to the last one; medians, as memory breathes."""

    resident_bytes: Mapping[str, int]
    """By process: how much more memory it has."""
    descriptors: Mapping[str, int]
    restarted: tuple[str, ...]
    written_per_day_bytes: int
    """By all processes together, if it goes on like that."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be."""

    resident_bytes: int = 1024 * 1024
    descriptors: int = 2
    written_per_day_bytes: int = 500_000_000
    """Ten years on 8 GB that take 1000 rewrites, where each byte costs the flash memory four."""


def growth(looks: Sequence[Mapping[str, Vitals]], step_s: float) -> Growth:
    """Raises ValueError for fewer than six looks, or where one lacks a process that another one has."""
    names = set(looks[0])
    if len(looks) < 2 * _THIRDS or any(set(look) != names for look in looks):
        raise ValueError(f"wanted six looks or more at the same processes, met {[sorted(look) for look in looks]}")
    third = len(looks) // _THIRDS
    written = {name: sum(_rises([look[name] for look in looks])) for name in names}
    return Growth(
        {name: _risen([look[name].resident_bytes for look in looks], third) for name in names},
        {name: _risen([look[name].descriptors for look in looks], third) for name in names},
        tuple(sorted(name for name in names if len({look[name].pid for look in looks}) > 1)),
        round(sum(written.values()) / (step_s * (len(looks) - 1)) * _DAY_S),
    )


def faults(found: Growth, allowed: Allowed) -> Iterator[str]:
    """A sentence for each."""
    for name, grown in found.resident_bytes.items():
        if grown > allowed.resident_bytes:
            yield f"{name}: {grown / 1e6:.1f} MB more memory, wanted {allowed.resident_bytes / 1e6:.1f} MB at most"
    for name, grown in found.descriptors.items():
        if grown > allowed.descriptors:
            yield f"{name}: {grown} more descriptors, wanted {allowed.descriptors} at most"
    for name in found.restarted:
        yield f"{name} was started again"
    written_mb, most_mb = found.written_per_day_bytes / 1e6, allowed.written_per_day_bytes / 1e6
    if not 0 < found.written_per_day_bytes <= allowed.written_per_day_bytes:
        yield f"{written_mb:.0f} MB a day to its medium, wanted {most_mb:.0f} MB at most, and more than nothing"


def _risen(values: Sequence[int], third: int) -> int:
    return round(statistics.median(values[-third:]) - statistics.median(values[:third]))


def _rises(looks: Sequence[Vitals]) -> Iterator[int]:
    """What was written between the looks; another process began at nothing."""
    for before, after in pairwise(looks):
        yield after.written_bytes - (before.written_bytes if after.pid == before.pid else 0)
