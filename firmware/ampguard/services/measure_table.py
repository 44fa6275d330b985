"""What `ampguard measure` prints for people: which column was taken as what, a table a window, a summary."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from ampguard.phases import Phase

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ampguard.readings import Measurement, VoltageEvent
    from ampguard.recorder.recording import Recording
    from ampguard.recorder.signals import Selection, Signal

    Values: TypeAlias = "tuple[float | None, ...]"

ABSENT = "-"
COLUMNS = ("U", "U1", "angle", "THD", "I", "I1", "lag", "THD", "P", "Q1", "S", "PF")
WIDTHS = (9, 9, 11, 7, 9, 9, 9, 7, 10, 10, 10, 8)


def heading_lines(recording: Recording, selection: Selection) -> Iterator[str]:
    """What was opened, and which column is which phase."""
    yield f"{recording.path}: {recording.format_name}"
    rates = ", ".join(f"{stretch.sample_rate_hz:.8g} Hz" for stretch in recording.stretches[:4])
    start = f", from {recording.start.isoformat(sep=' ')}" if recording.start else ""
    yield f"sampled at {rates}{start}"
    for name, signals in (("U", selection.voltage), ("I", selection.current)):
        for phase, signal in zip(Phase, signals, strict=True):
            yield f"  {name} {phase.value}  {_column(signal)}"
    if selection.neutral_current:
        yield f"  I N   {_column(selection.neutral_current)}"
    if not selection.has_neutral:
        yield "  voltages were recorded between lines: shown against the artificial star point"
    if selection.unused:
        names = ", ".join(name for name, _ in selection.unused[:8])
        more = f" and {len(selection.unused) - 8} more" if len(selection.unused) > 8 else ""  # noqa: PLR2004 - a line
        yield f"  not used: {names}{more}"
    for note in recording.notes:
        yield f"  note: {note}"


def _column(signal: Signal | None) -> str:
    if signal is None:
        return "not recorded"
    si_per_unit = signal.terms[0].si_per_unit
    scaled = f" x {si_per_unit:.6g}" if len(signal.terms) == 1 and abs(si_per_unit) != 1.0 else ""
    return f"{signal.label}{scaled}"


@dataclass(frozen=True, slots=True)
class Unit:
    """In what a column is shown."""

    name: str
    si_per_unit: float = 1.0


PREFIXES = (Unit("G", 1e9), Unit("M", 1e6), Unit("k", 1e3))


def fitting(unit: str, value: float) -> Unit:
    """The unit with the prefix that brings a value between 1 and 1000 (never below the unit itself)."""
    for prefix in PREFIXES:
        if abs(value) >= prefix.si_per_unit:
            return Unit(prefix.name + unit, prefix.si_per_unit)
    return Unit(unit)


@dataclass
class Table:
    """Tables of windows, with units that stay the same from the first window on."""

    units: tuple[Unit, ...] = ()

    def lines(self, measurement: Measurement) -> Iterator[str]:
        """One window."""
        rows = [_row(measurement, phase) for phase in Phase]
        total: Values = (
            *(None for _ in COLUMNS[:8]),
            measurement.total_active_power_w,
            measurement.total_reactive_power_var,
            measurement.total_apparent_power_va,
            measurement.total_power_factor_ratio,
        )
        if not self.units:
            self.units = _units([*rows, total])
        frequency = "f unknown" if measurement.frequency_hz is None else f"{measurement.frequency_hz:.4f} Hz"
        yield ""
        yield (
            f"{measurement.start_s:.4f} s  for {measurement.duration_s:.4f} s   {frequency}   "
            f"order: U {measurement.voltage_order or 'unknown'}, I {measurement.current_order or 'unknown'}"
            + (f"   [{', '.join(sorted(measurement.quality))}]" if measurement.quality else "")
        )
        titles = [f"{name} {unit.name}".strip() for name, unit in zip(COLUMNS, self.units, strict=True)]
        yield "      " + "".join(title.rjust(width) for title, width in zip(titles, WIDTHS, strict=True))
        for phase, row in zip(Phase, rows, strict=True):
            yield f"  {phase.value}  " + self._cells(row)
        yield "  sum " + self._cells(total)
        parts = [
            _part("U unbalance", measurement.voltage_unbalance_percent, "%"),
            _part("I unbalance", measurement.current_unbalance_percent, "%"),
            _part("I N", measurement.neutral_current_rms_a, "A"),
        ]
        if extra := [part for part in parts if part]:
            yield "      " + "   ".join(extra)

    def _cells(self, row: Values) -> str:
        return "".join(
            _shown(value, unit, name).rjust(width)
            for value, unit, name, width in zip(row, self.units, COLUMNS, WIDTHS, strict=True)
        )


def _row(measurement: Measurement, phase: Phase) -> Values:
    return (
        measurement.voltage_rms_v[phase],
        measurement.voltage_fundamental_rms_v[phase],
        measurement.voltage_angle_deg[phase],
        measurement.voltage_thd_percent[phase],
        measurement.current_rms_a[phase],
        measurement.current_fundamental_rms_a[phase],
        measurement.current_angle_deg[phase],
        measurement.current_thd_percent[phase],
        measurement.active_power_w[phase],
        measurement.reactive_power_var[phase],
        measurement.apparent_power_va[phase],
        measurement.power_factor_ratio[phase],
    )


def _units(rows: Sequence[Values]) -> tuple[Unit, ...]:
    """The unit of every column; powers share one prefix."""
    largest = [max((abs(row[index] or 0.0) for row in rows), default=0.0) for index in range(len(COLUMNS))]
    voltage, current = fitting("V", largest[0]), fitting("A", largest[4])
    powers = [fitting(unit, max(largest[8:11])) for unit in ("W", "var", "VA")]
    angle, share = Unit("deg"), Unit("%")
    return (voltage, voltage, angle, share, current, current, angle, share, *powers, Unit(""))


def _shown(value: float | None, unit: Unit, name: str) -> str:
    if value is None:
        return ABSENT
    if name in {"angle", "lag", "THD"}:
        return f"{value:.2f}"
    value /= unit.si_per_unit
    decimals = 4 if abs(value) < 10 else 3 if abs(value) < 100 else 2  # noqa: PLR2004 - five digits
    return f"{value:.{decimals}f}"


def _part(name: str, value: float | None, unit: str) -> str:
    return "" if value is None else f"{name} {value:.3g} {unit}"


@dataclass(slots=True)
class Range:
    """The mean and the limits of one quantity."""

    total: float = 0.0
    count: int = 0
    values: tuple[float, float] = (math.inf, -math.inf)
    """Lowest and highest."""

    def add(self, value: float) -> None:
        """One more value."""
        self.total += value
        self.count += 1
        self.values = (min(self.values[0], value), max(self.values[1], value))


@dataclass
class Summary:
    """What all windows together say; small, however many there are."""

    windows: int = 0
    duration_s: float = 0.0
    seen: dict[str, Range] = field(default_factory=dict[str, "Range"])
    quality: Counter[str] = field(default_factory=Counter[str])
    orders: Counter[str] = field(default_factory=Counter[str])
    events: list[VoltageEvent] = field(default_factory=list["VoltageEvent"])

    def add(self, measurement: Measurement) -> None:
        """One more window."""
        self.windows += 1
        self.duration_s += measurement.duration_s
        self._see("f Hz", measurement.frequency_hz)
        for phase in Phase:
            self._see(f"U {phase.value} V", measurement.voltage_rms_v[phase])
        for phase in Phase:
            self._see(f"I {phase.value} A", measurement.current_rms_a[phase])
        self._see("P W", measurement.total_active_power_w)
        self._see("U unbalance %", measurement.voltage_unbalance_percent)
        self.quality.update(str(flag) for flag in measurement.quality)
        self.orders[f"U {measurement.voltage_order or 'unknown'}, I {measurement.current_order or 'unknown'}"] += 1

    def _see(self, name: str, value: float | None) -> None:
        if value is not None:
            self.seen.setdefault(name, Range()).add(value)

    def lines(self) -> Iterator[str]:
        """The end of the output."""
        yield ""
        windows = "1 window" if self.windows == 1 else f"{self.windows} windows"
        yield f"{windows}, {self.duration_s:.4f} s measured"
        if self.seen:
            yield "                      mean          low         high"
        for name, seen in self.seen.items():
            quantity, _, plain = name.rpartition(" ")
            unit = fitting(plain, max(map(abs, seen.values))) if plain in {"V", "A", "W"} else Unit(plain)
            three = (seen.total / seen.count, *seen.values)
            shown = "".join(f"{value / unit.si_per_unit:13.4f}" for value in three)
            yield f"  {f'{quantity} {unit.name}':<14}{shown}"
        for order, count in self.orders.most_common():
            yield f"  order {order}: {count} x"
        for flag, count in sorted(self.quality.items()):
            yield f"  {flag.replace('_', ' ')}: {count} x"
        for event in self.events:
            yield "  " + event_line(event)


def event_line(event: VoltageEvent) -> str:
    """One dip, swell or interruption in a line."""
    extremes = ", ".join(
        f"{phase.value} {ABSENT if value is None else f'{100 * value / event.reference_v:.1f} %'}"
        for phase, value in zip(Phase, event.extreme_v, strict=True)
    )
    return (
        f"{event.kind.value} at {event.start_s:.4f} s for {event.duration_s:.4f} s: "
        f"{'highest' if event.kind.value == 'swell' else 'residual'} {extremes} of {event.reference_v:.6g} V"
    )
