"""A picture of a recording: waveforms, phasors, and RMS half-cycle by half-cycle, as PNG or SVG."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from ampguard.phases import Phase, Phases
from ampguard.services.measure_table import event_line, fitting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ampguard.readings import Measurement, VoltageEvent
    from ampguard.recorder.recording import Samples
    from ampguard.services.measure_table import Unit

COLOURS = Phases("#8b4513", "#111111", "#8f8f8f")
"""Brown, black and grey, as the conductors of a cable (IEC 60445); the neutral is blue."""
NEUTRAL_COLOUR = "#1f77b4"
EVENTS_TOLD = 3
MOST_POINTS = 4000
"""More points in a line than a picture can show are thinned to their extremes."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Values over time of all signals, in V and A."""

    times_s: NDArray[np.float64]
    voltage: Phases[Samples | None]
    current: Phases[Samples | None]
    neutral_current: Samples | None


@dataclass(frozen=True, slots=True)
class Picture:
    """All that is drawn."""

    title: str
    waves: Trace
    phasors: Measurement
    rms: Trace
    """RMS over one cycle, renewed every half cycle."""
    reference_voltage_v: float | None
    events: Sequence[VoltageEvent]


def draw(picture: Picture, path: Path) -> None:
    """Write the picture; the suffix of the path decides the format. OSError where it cannot be written."""
    with cast("Any", mpl).rc_context({"font.size": 9, "axes.grid": True, "grid.alpha": 0.3, "svg.fonttype": "none"}):
        figure = cast("Any", Figure(figsize=(12, 9.5), layout="constrained"))
        figure.suptitle(picture.title, fontsize=11)
        grid = figure.add_gridspec(4, 3, height_ratios=(1.2, 1.2, 1, 1))
        voltage = figure.add_subplot(grid[0, :2])
        current = figure.add_subplot(grid[1, :2], sharex=voltage)
        _lines(voltage, picture.waves.times_s, picture.waves.voltage, None, "voltage in V")
        _lines(current, picture.waves.times_s, picture.waves.current, picture.waves.neutral_current, "current in A")
        current.set_xlabel("time in s")
        _phasors(figure.add_subplot(grid[:2, 2], projection="polar"), picture.phasors)
        voltage_rms = figure.add_subplot(grid[2, :])
        current_rms = figure.add_subplot(grid[3, :], sharex=voltage_rms)
        _lines(voltage_rms, picture.rms.times_s, picture.rms.voltage, None, "voltage, RMS in V")
        _lines(current_rms, picture.rms.times_s, picture.rms.current, picture.rms.neutral_current, "current, RMS in A")
        current_rms.set_ylim(bottom=0)
        current_rms.set_xlabel("time in s")
        _events(voltage_rms, picture)
        figure.savefig(path, format=path.suffix.lower().removeprefix("."), dpi=110)


# matplotlib's axes take numbers, text and keywords of every kind: Any is what it offers
def _lines(axes: Any, times_s: Samples, signals: Phases[Samples | None], neutral: Samples | None, what: str) -> None:
    """One line for each signal, in the colour of its conductor; `what` ends with the unit."""
    scale = _scale((*signals, neutral), what[-1])
    for phase, samples in zip(Phase, signals, strict=True):
        if samples is not None:
            axes.plot(*_thinned(times_s, samples / scale.si_per_unit), color=COLOURS[phase], lw=1.1, label=phase.value)
    if neutral is not None:
        axes.plot(*_thinned(times_s, neutral / scale.si_per_unit), color=NEUTRAL_COLOUR, lw=0.9, label="N")
    axes.set_ylabel(what[:-1] + scale.name)
    axes.margins(x=0)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=4, fontsize=8, frameon=False, borderaxespad=0.1)
    else:
        axes.text(0.5, 0.5, "not recorded", transform=axes.transAxes, ha="center", color="#777777")
        axes.set_yticks([])


def _phasors(axes: Any, measurement: Measurement) -> None:
    """Angles as in a commissioning report: L1 points up, lagging turns clockwise; lengths against the largest."""
    axes.set_theta_zero_location("N")
    axes.set_thetagrids(range(0, 360, 60), ["0\N{DEGREE SIGN}", "60", "120", "180", "-120", "-60"], fontsize=8)
    axes.set_rticks([0.5, 1.0])
    axes.set_yticklabels([])
    axes.set_rlim(0, 1.2)
    largest_v = max((value or 0.0 for value in measurement.voltage_fundamental_rms_v), default=0.0)
    largest_a = max((value or 0.0 for value in measurement.current_fundamental_rms_a), default=0.0)
    for phase in Phase:
        angle_deg, lag_deg = measurement.voltage_angle_deg[phase], measurement.current_angle_deg[phase]
        voltage_v = measurement.voltage_fundamental_rms_v[phase]
        current_a = measurement.current_fundamental_rms_a[phase]
        if angle_deg is None:
            continue
        if voltage_v is not None and largest_v > 0:
            _arrow(axes, angle_deg, voltage_v / largest_v, f"U {phase.value}")
        if current_a is not None and lag_deg is not None and largest_a > 0:
            _arrow(axes, angle_deg - lag_deg, 0.7 * current_a / largest_a, f"I {phase.value}")
    volts, amperes = fitting("V", largest_v), fitting("A", largest_a)
    axes.set_title(
        f"U up to {largest_v / volts.si_per_unit:.5g} {volts.name}, "
        f"I (dashed) up to {largest_a / amperes.si_per_unit:.5g} {amperes.name}\n"
        f"at {measurement.start_s:.3f} s; order U {measurement.voltage_order or 'unknown'}, "
        f"I {measurement.current_order or 'unknown'}",
        fontsize=8,
    )


def _arrow(axes: Any, angle_deg: float, length_ratio: float, label: str) -> None:
    angle_rad = math.radians(angle_deg)
    colour = COLOURS[Phase(label[2:])]
    look: dict[str, object] = {"ls": "-", "lw": 2.2} if label.startswith("U") else {"ls": (0, (4, 2)), "lw": 1.2}
    look |= {"arrowstyle": "-|>", "color": colour}
    axes.annotate("", xy=(angle_rad, length_ratio), xytext=(0, 0), arrowprops=look)
    axes.text(angle_rad, length_ratio + 0.09, label, color=colour, ha="center", va="center", fontsize=8)


def _events(axes: Any, picture: Picture) -> None:
    """The limits of dip and swell, and the events as stripes, the first ones told in words."""
    scale = _scale(picture.rms.voltage, "V")
    if picture.reference_voltage_v:
        for share_ratio in (0.9, 1.1):
            limit_v = picture.reference_voltage_v * share_ratio
            axes.axhline(limit_v / scale.si_per_unit, color="#cc3311", lw=0.8, ls=":")
    for event in picture.events:
        axes.axvspan(event.start_s, event.start_s + event.duration_s, color="#ffcc00", alpha=0.25, lw=0)
    told = "\n".join(event_line(event) for event in picture.events[:EVENTS_TOLD])
    if told:
        axes.text(0.005, 0.04, told, transform=axes.transAxes, fontsize=8, va="bottom")


def _scale(signals: Sequence[Samples | None] | Phases[Samples | None], unit: str) -> Unit:
    largest = max((float(np.nanmax(np.abs(s), initial=0.0)) for s in signals if s is not None and len(s)), default=0.0)
    return fitting(unit, largest)


def _thinned(times_s: Samples, values: Samples) -> tuple[Samples, Samples]:
    """A line of bearable length that still shows every peak: lowest and highest of each group of points."""
    group = len(values) // (MOST_POINTS // 2)
    if group < 2:  # noqa: PLR2004 - nothing to thin
        return times_s, values
    count = len(values) // group
    grouped = values[: count * group].reshape(count, group)
    thinned = np.column_stack([grouped.min(axis=1), grouped.max(axis=1)]).ravel()
    return np.repeat(times_s[: count * group : group], 2), thinned
