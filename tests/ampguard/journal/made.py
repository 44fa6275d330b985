"""Measurements and readings made up for tests: everything absent but what a test is about."""

from __future__ import annotations

from dataclasses import fields, replace

from ampguard.clock import ClockQuality
from ampguard.phases import LinePairs, Phases
from ampguard.readings import NO_ENERGY, Health, Interval, Measurement, PhaseValues, Reading

_NOTHING: PhaseValues = Phases(None, None, None)
_NO_PAIRS: LinePairs[float | None] = LinePairs(None, None, None)
WELL = Health(
    selfcheck_percent=None,
    temperature_degc=None,
    clipped_samples=0,
    lost_samples=0,
    corrupt_frames=0,
    missed_interrupts=0,
)


def _absent(kind: type[Measurement | Reading]) -> dict[str, object]:
    values: dict[str, object] = {}
    for field in fields(kind):
        if "LinePairs" in str(field.type):
            values[field.name] = _NO_PAIRS
        elif "Phases" in str(field.type) or "PhaseValues" in str(field.type):
            values[field.name] = _NOTHING
        else:
            values[field.name] = None
    return values


def measurement(duration_s: float = 0.2, **known: object) -> Measurement:
    """A window of which nothing is known but this."""
    values = _absent(Measurement) | {"start_s": 0.0, "duration_s": duration_s, "quality": frozenset()}
    return Measurement(**(values | known))  # type: ignore[arg-type]  # checked by who asks for it


def reading(
    sequence: int, *, boot: str = "boot", interval: Interval = Interval.SECOND, wh: float = 0.0, seconds: float = 1.0
) -> Reading:
    """A reading with a name."""
    values = _absent(Reading) | {
        "interval": interval,
        "boot": boot,
        "sequence": sequence,
        "end_utc": "2026-01-01T00:00:00+00:00",
        "monotonic_ns": sequence * 1_000_000_000,
        "clock_quality": ClockQuality.SYNCHRONISED,
        "duration_s": seconds,
        "windows": 5,
        "energy": replace(NO_ENERGY, total_import_wh=wh),
        "health": WELL,
        "quality": frozenset(),
    }
    return Reading(**values)  # type: ignore[arg-type]  # all fields are given
