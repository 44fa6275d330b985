"""COMTRADE recordings (IEEE C37.111 of 1991, 1999 and 2013): cfg with dat, or cff; ASCII, BINARY, BINARY32, FLOAT32.

The configuration is parsed by `configuration` (with the library `comtrade`). The data are read here: a long recording
must not fill the memory, a damaged one must be told in a sentence, and the marks for missing values matter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ampguard.recorder.configuration import Configuration, parse_configuration
from ampguard.recorder.numerictext import NumericText, pieces, read_numbers
from ampguard.recorder.recording import HEAD_ROWS, Recording, RecordingUnreadable, Rows, Stretch
from ampguard.recorder.timing import RATE_TOLERANCE_RATIO, TimesUnusable, timing_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

ROWS_AT_ONCE = 65_536
LARGEST_CONFIGURATION_BYTES = 4 << 20
ASCII_MISSING = 99_999.0
WIDEST_SINGLE = 3.4e38  # unit: none, the mark of FLOAT32 is the most negative single-precision number
_CFF_HEADING = re.compile(rb"---\s*file type:\s*([a-z]+)(?:\s+([a-z0-9]+))?(?:\s*:\s*(\d+))?\s*---", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DataPlace:
    """Where the data lie: a dat file, or the last part of a cff."""

    path: Path
    offset: int
    length: int
    first_line: int


@dataclass(frozen=True, slots=True)
class BinaryData:
    """The rows of BINARY, BINARY32 and FLOAT32 data, mapped, not loaded."""

    configuration: Configuration
    rows: NDArray[np.void]

    def read(self, columns: Sequence[int]) -> Iterator[Rows]:
        """As RowSource says."""
        total = self.configuration.total_rows
        clock = _WrappingClock(self.configuration.stamp_s)
        for first in range(0, total, ROWS_AT_ONCE):
            part = self.rows[first : first + ROWS_AT_ONCE]
            with np.errstate(over="ignore", invalid="ignore"):  # damaged data: what is not finite becomes NaN below
                values = np.column_stack([self._values(part, column) for column in columns])
            times_s = clock.times_s(part["stamp"]) if self.configuration.by_stamps else None
            yield Rows(values, times_s, min(1.0, (first + len(part)) / total))

    def stamps_s(self) -> Floats:
        """The first time stamps, whether they count or not."""
        return _WrappingClock(self.configuration.stamp_s).times_s(self.rows[:ROWS_AT_ONCE]["stamp"])

    def _values(self, part: NDArray[np.void], column: int) -> Floats:
        """One column in the file's units, NaN where the revision's mark for a missing value stands."""
        analogue = self.configuration.analogue[column]
        raw = part["analogue"][:, column]
        kind = self.configuration.data_kind
        if kind == "FLOAT32":
            values = raw.astype(np.float64)
            missing = ~(np.abs(values) < WIDEST_SINGLE)
        elif kind == "BINARY32":
            values, missing = raw.astype(np.float64), raw == np.iinfo(np.int32).min
        elif self.configuration.revision == "1991":
            # The mark 0xFFFF is also -1: it counts only where the channel says that its codes are unsigned.
            unsigned = analogue.lowest_codes >= 0 and analogue.highest_codes > np.iinfo(np.int16).max
            codes = raw.astype(np.uint16) if unsigned else raw
            values = codes.astype(np.float64)
            missing = (codes == np.iinfo(np.uint16).max) if unsigned else np.zeros(len(raw), dtype=bool)
        else:
            values, missing = raw.astype(np.float64), raw == np.iinfo(np.int16).min
        values = analogue.units_per_code * values + analogue.value_at_zero_codes
        values[missing | ~np.isfinite(values)] = np.nan
        return values


class _WrappingClock:
    """Time stamps of 32 bits as seconds that go on where the counter starts again (every 71 minutes)."""

    def __init__(self, stamp_s: float) -> None:
        self._stamp_s = stamp_s
        self._last: int | None = None
        self._total = 0

    def times_s(self, stamps: NDArray[np.uint32]) -> Floats:
        """Seconds since the first stamp ever seen."""
        if self._last is None:
            self._last = int(stamps[0])
        steps = np.diff(stamps.astype(np.uint32), prepend=np.uint32(self._last)).astype(np.int32)
        times = self._total + np.cumsum(steps, dtype=np.int64)
        self._last, self._total = int(stamps[-1]), int(times[-1])
        return np.multiply(times, self._stamp_s, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class AsciiData:
    """The rows of ASCII data."""

    configuration: Configuration
    text: NumericText

    def read(self, columns: Sequence[int]) -> Iterator[Rows]:
        """As RowSource says."""
        by_stamps = self.configuration.by_stamps
        total, seen = self.configuration.total_rows, 0
        multipliers = np.array([self.configuration.analogue[column].units_per_code for column in columns])
        offsets = np.array([self.configuration.analogue[column].value_at_zero_codes for column in columns])
        wanted = [column + 2 for column in columns] + ([1] if by_stamps else [])
        for numbers, _ in read_numbers(self.text, wanted):
            part = numbers[: total - seen]
            seen += len(part)
            with np.errstate(over="ignore", invalid="ignore"):
                values = part[:, : len(columns)] * multipliers + offsets
            values[~np.isfinite(values)] = np.nan
            times_s = part[:, -1] * self.configuration.stamp_s if by_stamps else None
            yield Rows(values, times_s, seen / total)
            if seen == total:
                return
        raise _truncated(self.text.path, seen, total)

    def stamps_s(self) -> Floats:
        """The first time stamps, whether they count or not; none where they are not numbers."""
        try:
            numbers, _ = next(read_numbers(self.text, [1]))
        except RecordingUnreadable:
            return np.zeros(0)
        return np.multiply(numbers[: self.configuration.total_rows, 0], self.configuration.stamp_s, dtype=np.float64)


def open_comtrade(path: Path) -> Recording:
    """Open a cfg (its dat is looked for beside it, in any letter case), a dat or a cff file.

    Raises RecordingUnreadable.
    """
    if path.suffix.lower() == ".cff":
        text, place = _parts_of_cff(path)
    else:
        configuration_path = path if path.suffix.lower() == ".cfg" else _beside(path, ".cfg")
        data_path = path if path.suffix.lower() == ".dat" else _beside(path, ".dat")
        text = _beginning(configuration_path)
        place = DataPlace(data_path, 0, data_path.stat().st_size, 1)
        path = configuration_path
    return recording_of(path, parse_configuration(path, text), place)


def recording_of(path: Path, configuration: Configuration, place: DataPlace) -> Recording:
    """The recording of a parsed configuration and its data. Raises RecordingUnreadable."""
    source: BinaryData | AsciiData
    if configuration.data_kind == "ASCII":
        source = AsciiData(configuration, _ascii_text(configuration, place))
    else:
        source = BinaryData(configuration, _mapped(configuration, place))
    columns = range(len(configuration.analogue))
    first = next(iter(source.read(columns)))
    stretches = configuration.stretches
    notes: tuple[str, ...] = ()
    if configuration.by_stamps and first.time_s is not None:
        try:
            timing = timing_of(first.time_s)
        except TimesUnusable as why:
            raise RecordingUnreadable(f"{place.path}: no sample rate is stated, and the time column {why}") from why
        stretches = (Stretch(timing.sample_rate_hz, configuration.total_rows, timing.gap_s),)
        notes = timing.notes
    elif len(stretches) == 1:
        notes = _doubts(stretches[0].sample_rate_hz, source.stamps_s())
    return Recording(
        path=path,
        format_name=f"COMTRADE {configuration.revision}, {configuration.data_kind}",
        channels=tuple(analogue.channel for analogue in configuration.analogue),
        head=first.values[:HEAD_ROWS],
        stretches=stretches,
        source=source,
        start=configuration.start,
        nominal_frequency_hz=configuration.nominal_frequency_hz,
        notes=notes,
    )


def _doubts(stated_hz: float, stamps_s: Floats) -> tuple[str, ...]:
    """A word of warning where the time stamps contradict the stated rate, which counts by the standard."""
    try:
        found_hz = timing_of(stamps_s).sample_rate_hz
    except TimesUnusable:
        return ()
    if abs(found_hz / stated_hz - 1) < RATE_TOLERANCE_RATIO:
        return ()
    return (f"the time stamps are {found_hz:.6g} Hz apart, the stated rate is {stated_hz:.6g} Hz: taken as stated",)


def _mapped(configuration: Configuration, place: DataPlace) -> NDArray[np.void]:
    analogue = {"BINARY": "<i2", "BINARY32": "<i4", "FLOAT32": "<f4"}[configuration.data_kind]
    row = np.dtype(
        [
            ("number", "<u4"),
            ("stamp", "<u4"),
            ("analogue", analogue, (len(configuration.analogue),)),
            ("status", "<u2", (-(-configuration.status_count // 16),)),
        ]
    )
    there = place.length // row.itemsize
    if there < configuration.total_rows:
        raise _truncated(place.path, there, configuration.total_rows)
    return np.memmap(place.path, dtype=row, mode="r", offset=place.offset, shape=(configuration.total_rows,))


def _ascii_text(configuration: Configuration, place: DataPlace) -> NumericText:
    names = [analogue.channel.name for analogue in configuration.analogue]
    headings = ("number", "time", *names, *("status" for _ in range(configuration.status_count)))
    text = NumericText(
        path=place.path,
        offset=place.offset,
        length=place.length,
        first_line=place.first_line,
        delimiter=",",
        decimal_comma=False,
        headings=headings,
    )
    lines = 0
    for piece, _ in pieces(text):
        lines += (piece.count(b"\n") or piece.count(b"\r")) + (not piece.endswith((b"\n", b"\r", b"\x1a")))
        if lines >= configuration.total_rows:
            break
    if lines < configuration.total_rows:
        raise _truncated(place.path, lines, configuration.total_rows)
    if configuration.revision == "1991":
        return text  # an empty cell is the mark
    head, _ = next(read_numbers(text, range(2, 2 + len(names))))
    if np.nanmax(np.abs(head), initial=0.0) > ASCII_MISSING:
        return text  # the instrument uses more digits than the standard: 99999 is a number like others
    return replace(text, missing_codes=ASCII_MISSING)


def _truncated(path: Path, there: int, wanted: int) -> RecordingUnreadable:
    return RecordingUnreadable(f"{path}: truncated: {there} of the {wanted} samples of the configuration are there")


def _beside(path: Path, suffix: str) -> Path:
    """The file of the same name with another suffix, in any letter case."""
    wanted = (path.stem + suffix).lower()
    for candidate in sorted(path.parent.iterdir()):
        if candidate.name.lower() == wanted and candidate.is_file():
            return candidate
    raise RecordingUnreadable(f"{path}: there is no file {path.stem}{suffix} beside it")


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        text = file.read(LARGEST_CONFIGURATION_BYTES + 1)
    if len(text) > LARGEST_CONFIGURATION_BYTES:
        raise RecordingUnreadable(f"{path}: larger than {LARGEST_CONFIGURATION_BYTES} bytes: not a configuration")
    return text


def _parts_of_cff(path: Path) -> tuple[bytes, DataPlace]:
    """The configuration, and where the data begin, in a combined file."""
    text = bytearray()
    part = b""
    number = 0
    with path.open("rb") as file:
        while line := file.readline(LARGEST_CONFIGURATION_BYTES):
            number += 1
            heading = _CFF_HEADING.match(line.lstrip(b"\xef\xbb\xbf"))
            if heading is None:
                if part == b"CFG":
                    text += line
                continue
            part = heading[1].upper()
            if part == b"DAT":
                there = path.stat().st_size - file.tell()
                stated = int(heading[3]) if heading[3] else there
                return bytes(text), DataPlace(path, file.tell(), min(there, stated), number + 1)
    raise RecordingUnreadable(f"{path}: no part '--- file type: DAT ---' in the file: truncated, or not a CFF file")
