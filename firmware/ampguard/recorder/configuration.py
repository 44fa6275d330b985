"""The configuration of a COMTRADE recording: channels with their scaling, sample rates, time stamps, kind of data.

Parsed by the library `comtrade`; before it sees the text, what is met in the field and would stop it is mended:
stations with commas in their names, whole seconds, impossible dates, encodings other than UTF-8.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, SupportsFloat, cast

import comtrade

from ampguard.recorder.recording import Channel, RecordingUnreadable, Stretch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

REVISIONS = ("1991", "1999", "2001", "2013")
DATA_KINDS = ("ASCII", "BINARY", "BINARY32", "FLOAT32")
MOST_ROWS = 1 << 40
_STAMP = re.compile(
    r"\s*(\d{1,2})\s*/\s*(\d{1,2})\s*/\s*(\d{2,4})\s*,\s*(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,12}))?"
)
_ANY_STAMP = re.compile(r"[\s\d]*/[\s\d]*/[\s\d]*,")


@dataclass(frozen=True, slots=True)
class Analogue:
    """An analogue channel and how its codes become numbers in its unit."""

    channel: Channel
    units_per_code: float
    value_at_zero_codes: float
    lowest_codes: float
    highest_codes: float


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a cfg file says."""

    revision: str
    data_kind: str
    """One of DATA_KINDS."""
    analogue: tuple[Analogue, ...]
    status_count: int
    total_rows: int
    stretches: tuple[Stretch, ...]
    """Rows of one rate each; a rate of 0 where only the time stamps tell it."""
    by_stamps: bool
    """No rate is stated: the time stamps count."""
    stamp_s: float
    """Seconds for one unit of a time stamp."""
    start: datetime | None
    nominal_frequency_hz: float | None


class _LibraryChannel(Protocol):
    name: str
    ph: str
    uu: str
    a: SupportsFloat
    b: SupportsFloat
    skew: SupportsFloat
    """In microseconds."""
    cmin: SupportsFloat
    cmax: SupportsFloat
    primary: SupportsFloat
    secondary: SupportsFloat
    pors: str


class _Lines:
    """Hands the library one line after the other, and knows which was the last, for the error message."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self.number = 0

    def readline(self) -> str:
        """The next line; empty behind the last."""
        self.number += 1
        return f"{self._lines[self.number - 1]}\n" if self.number <= len(self._lines) else ""


def parse_configuration(path: Path, text: bytes) -> Configuration:
    """Parse the bytes of a cfg file (or of that part of a cff). Raises RecordingUnreadable."""
    lines = _decoded(text).splitlines()
    if not any(line.strip() for line in lines):
        raise RecordingUnreadable(f"{path}: the configuration is empty")
    counts = re.match(r"\s*(\d+)\s*,\s*(\d+)\s*A\s*,\s*(\d+)\s*D", lines[1] if len(lines) > 1 else "", re.IGNORECASE)
    if counts is None:
        raise RecordingUnreadable(
            f"{path}, line 2: wanted the numbers of channels, as in '8,6A,2D': not a COMTRADE configuration"
        )
    if int(counts[2]) + int(counts[3]) > len(lines):
        raise RecordingUnreadable(
            f"{path}, line 2: {counts[2]} analogue and {counts[3]} status channels in a file of {len(lines)} lines"
        )
    stamps = [line for line in lines if _ANY_STAMP.match(line)]
    mended = _Lines([_first_line(lines[0]), *(_stamp_line(line) for line in lines[1:])])
    parsed = comtrade.Cfg(ignore_warnings=True)
    try:
        parsed.read(mended)  # pyright: ignore[reportUnknownMemberType] - the library is untyped
    except (ValueError, TypeError, IndexError, OverflowError) as why:
        raise RecordingUnreadable(f"{path}, line {mended.number}: damaged configuration: {why}") from why
    return _configuration(path, parsed, stamps[0] if stamps else "")


def _configuration(path: Path, parsed: comtrade.Cfg, stamp: str) -> Configuration:
    revision = str(parsed.rev_year) if str(parsed.rev_year) in REVISIONS else "1999"
    data_kind = str(parsed.ft).strip("\x1a \t").upper()
    if data_kind not in DATA_KINDS:
        raise RecordingUnreadable(f"{path}: data of kind {data_kind[:24]!r}; known are {', '.join(DATA_KINDS)}")
    if not parsed.analog_count:
        raise RecordingUnreadable(f"{path}: no analogue channel: there is nothing to measure")
    rates = cast("Sequence[tuple[float, int]]", parsed.sample_rates)  # pyright: ignore[reportUnknownMemberType] - untyped
    by_stamps = bool(parsed.timestamp_critical)
    stretches: list[Stretch] = []
    done = 0
    for sample_rate_hz, last in rates:
        if not (done < last <= MOST_ROWS) or not (by_stamps or 0 < sample_rate_hz < math.inf):
            raise RecordingUnreadable(
                f"{path}: wanted a sample rate and the number of its last sample, met {sample_rate_hz},{last}"
            )
        stretches.append(Stretch(sample_rate_hz, last - done))
        done = last
    stamp_s = float(parsed.time_base) * float(parsed.timemult)
    if by_stamps and not 0 < stamp_s < math.inf:
        raise RecordingUnreadable(f"{path}: time stamps are to be multiplied by {parsed.timemult}: wanted more than 0")
    channels = cast("Sequence[_LibraryChannel]", parsed.analog_channels)  # pyright: ignore[reportUnknownMemberType] - untyped
    frequency_hz = float(parsed.frequency)
    return Configuration(
        revision=revision,
        data_kind=data_kind,
        analogue=tuple(_analogue(channel) for channel in channels),
        status_count=int(parsed.status_count),
        total_rows=done,
        stretches=_merged(stretches),
        by_stamps=by_stamps,
        stamp_s=stamp_s,
        start=_time(stamp, month_first=revision == "1991"),
        nominal_frequency_hz=frequency_hz if 0 < frequency_hz < math.inf else None,
    )


def _analogue(channel: _LibraryChannel) -> Analogue:
    secondary = channel.pors.strip().upper().startswith("S")
    below = float(channel.secondary)
    ratio = float(channel.primary) / below if secondary and below else 1.0
    skew_s = float(channel.skew) * 1e-6
    return Analogue(
        Channel(
            name=channel.name.strip() or "unnamed",
            unit=channel.uu.strip(),
            phase=channel.ph.strip(),
            primary_ratio=ratio if 0 < ratio < math.inf else 1.0,
            skew_s=skew_s if math.isfinite(skew_s) else 0.0,
        ),
        float(channel.a),
        float(channel.b),
        float(channel.cmin),
        float(channel.cmax),
    )


def _merged(stretches: Sequence[Stretch]) -> tuple[Stretch, ...]:
    """Neighbours of the same rate as one."""
    merged: list[Stretch] = []
    for stretch in stretches:
        if merged and merged[-1].sample_rate_hz == stretch.sample_rate_hz:
            rows = (merged.pop().rows or 0) + (stretch.rows or 0)
            merged.append(Stretch(stretch.sample_rate_hz, rows))
        else:
            merged.append(stretch)
    return tuple(merged)


def _decoded(text: bytes) -> str:
    """The text in whichever encoding the instrument used; bytes without a meaning become question marks."""
    if text.startswith((b"\xff\xfe", b"\xfe\xff")):
        return text.decode("utf-16", errors="replace")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        return text.decode("cp1252", errors="replace")


def _first_line(line: str) -> str:
    """Station, device and revision, with commas inside the names taken out."""
    station, *rest = [field.strip() for field in line.split(",")]
    while rest and not rest[-1]:
        rest.pop()
    year = rest.pop() if len(rest) > 1 or (rest and rest[-1] in REVISIONS) else None
    device = " ".join(rest)
    return f"{station},{device}" if year is None else f"{station},{device},{year}"


def _stamp_line(line: str) -> str:
    """A time stamp that the library can parse, with as many digits of a second (they tell the unit of the stamps)."""
    if not _ANY_STAMP.match(line):
        return line
    stamp = _STAMP.match(line)
    return f"01/01/2000,00:00:00.{stamp[7] or '0'}" if stamp else ""


def _time(line: str, *, month_first: bool) -> datetime | None:
    """The time of the first sample; None where the instrument's clock says nothing possible."""
    stamp = _STAMP.match(line)
    if stamp is None:
        return None
    first, second, year, hour, minute, whole_s = (int(stamp[index]) for index in range(1, 7))
    if year < 100:  # noqa: PLR2004 - two digits: the standard is of 1991
        year += 1900 if year >= 80 else 2000  # noqa: PLR2004 - likewise
    microsecond = int(f"{stamp[7] or '0':0<6}"[:6])
    orders = [(first, second), (second, first)]
    for month, day in orders if month_first else reversed(orders):
        try:
            return datetime(year, month, day, hour, minute, whole_s, microsecond)  # noqa: DTZ001 - no zone is recorded
        except ValueError:
            continue
    return None
