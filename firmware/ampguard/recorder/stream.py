"""A recording as a stream of samples in volts and amperes: blocks without gaps, and how many samples lack between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ampguard.recorder.recording import RecordingUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ampguard.recorder.recording import Recording, Rows, Samples
    from ampguard.recorder.signals import Selection

LARGEST_VALUE = 1e12
"""Volts or amperes: a hundred thousand times what any grid carries, and far from the end of the arithmetic."""


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive samples without a gap."""

    samples: Samples
    """Shape (samples, signals) in V and A, columns in the order of Selection.signals."""
    lost_samples: int
    """How many samples are missing directly before (0 = seamless)."""
    stretch: int
    """Number of the stretch of the recording, from 0."""
    done_ratio: float
    """Share of the file that is read."""


def blocks(recording: Recording, selection: Selection) -> Iterator[Block]:
    """The selected signals from the first sample on. Raises RecordingUnreadable."""
    columns, mixing = _mixing(selection)
    cutter = _Cutter(recording)
    for rows in recording.source.read(columns):
        yield from cutter.cut(_mixed(recording, rows.values, mixing), rows)


def head_samples(recording: Recording, selection: Selection) -> Samples:
    """The selected signals in V and A of the first rows; NaN where the file has no value.

    Raises RecordingUnreadable.
    """
    columns, mixing = _mixing(selection)
    return _mixed(recording, recording.head[:, columns], mixing)


def _mixed(recording: Recording, values: Samples, mixing: Samples) -> Samples:
    """The columns as signals, of a size that can be believed."""
    with np.errstate(over="ignore", invalid="ignore"):
        samples = np.asarray(values @ mixing, dtype=np.float64)
    size = np.nanmax(np.abs(samples), initial=0.0)
    if size > LARGEST_VALUE:
        raise RecordingUnreadable(
            f"{recording.path}: holds a value of {size:.3g} V or A; believed up to {LARGEST_VALUE:g}"
        )
    return samples


def _mixing(selection: Selection) -> tuple[list[int], Samples]:
    """The columns that are needed, and the matrix that makes signals in V and A of them."""
    signals = selection.signals
    columns = sorted({term.column for signal in signals for term in signal.terms})
    mixing = np.zeros((len(columns), len(signals)))
    for index, signal in enumerate(signals):
        for term in signal.terms:
            mixing[columns.index(term.column), index] = term.si_per_unit
    return columns, mixing


class _Cutter:
    """Cuts rows where a stretch ends, where samples are missing, and where values are."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._stretch = 0
        self._rows_left = recording.stretches[0].rows
        self._last_time_s: float | None = None
        self._lost = 0
        self._row = 0

    def cut(self, samples: Samples, rows: Rows) -> Iterator[Block]:
        while len(samples):
            stretch = self._recording.stretches[self._stretch]
            count = len(samples) if self._rows_left is None else min(len(samples), self._rows_left)
            times_s = rows.time_s[:count] if rows.time_s is not None and stretch.gap_s is not None else None
            for part, lost in self._runs(samples[:count], times_s):
                yield Block(part, lost, self._stretch, rows.done_ratio)
            samples = samples[count:]
            self._row += count
            if self._rows_left is not None:
                self._rows_left -= count
                if self._rows_left == 0 and self._stretch + 1 < len(self._recording.stretches):
                    self._stretch += 1
                    self._rows_left = self._recording.stretches[self._stretch].rows
                    self._lost = 0
                elif self._rows_left == 0:
                    return

    def _runs(self, samples: Samples, times_s: NDArray[np.float64] | None) -> Iterator[tuple[Samples, int]]:
        """Runs of rows with values in all columns, each with the number of samples missing before it."""
        good: NDArray[np.bool_] = np.asarray(np.isfinite(samples).all(axis=1))
        lost_before = np.zeros(len(samples), dtype=np.int64)
        if times_s is not None:
            lost_before = self._lost_before(times_s)
        changes = np.append(False, good[1:] != good[:-1])
        starts = np.union1d([0], np.flatnonzero(changes | (lost_before > 0)))
        for start, end in zip(starts, [*starts[1:], len(samples)], strict=True):
            self._lost += int(lost_before[start])
            if good[start]:
                yield samples[start:end], self._lost
                self._lost = 0
            else:
                self._lost += int(end - start)

    def _lost_before(self, times_s: NDArray[np.float64]) -> NDArray[np.int64]:
        stretch = self._recording.stretches[self._stretch]
        first_s = self._last_time_s if self._last_time_s is not None else times_s[0]
        steps_s = np.diff(times_s, prepend=first_s)
        if not (steps_s >= 0).all():
            row = self._row + int(np.flatnonzero(~(steps_s >= 0))[0]) + 1
            raise RecordingUnreadable(f"{self._recording.path}: the time runs backwards in data row {row}")
        self._last_time_s = float(times_s[-1])
        missing = np.rint(steps_s * stretch.sample_rate_hz) - 1
        return np.where(steps_s > (stretch.gap_s or 0.0), np.maximum(missing, 1), 0).astype(np.int64)
