"""A recording of waveforms: its channels, and its rows of samples as they are read from a file piece by piece."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeAlias

from ampguard.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    Samples: TypeAlias = "NDArray[np.float64]"

MINIMUM_RATE_HZ = 800.0
"""Sixteen samples a cycle at 50 Hz: below that a waveform cannot be told from its harmonics."""
MAXIMUM_RATE_HZ = 10e6
"""What is stated beyond it is no rate of a power recorder but a damaged number."""
HEAD_ROWS = 4096
"""How many rows are looked at to find out what a column is."""


class RecordingUnreadable(SetupError):
    """The file is no recording, or is damaged. The message names file, place and limit."""

    code: ClassVar[str] = "S20"


class ChannelsUnclear(SetupError):
    """Which column is which phase cannot be told, or not as asked for."""

    code: ClassVar[str] = "S21"


@dataclass(frozen=True, slots=True)
class Channel:
    """One column of a recording, as the file describes it."""

    name: str
    unit: str = ""
    """As written in the file: V, kV, A, degrees ...; empty where the file is silent."""
    phase: str = ""
    """The phase the file states; empty where it is silent."""
    primary_ratio: float = 1.0
    """Primary over recorded values: the instrument transformer's ratio where the file holds secondary values."""
    skew_s: float = 0.0
    """How much later than the row's time stamp this channel was sampled."""

    @property
    def label(self) -> str:
        """Name and unit, for people."""
        return f"{self.name} [{self.unit}]" if self.unit else self.name


@dataclass(frozen=True, slots=True)
class Rows:
    """Consecutive rows of the columns asked for."""

    values: Samples
    """Shape (rows, columns), in the file's units; NaN where the file has no value."""
    time_s: NDArray[np.float64] | None
    """Time stamp of each row, where the file's time stamps count (else the rate does)."""
    done_ratio: float
    """Share of the file that is read, with these rows."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive rows sampled at one rate."""

    sample_rate_hz: float
    rows: int | None
    """None: up to the end of the file."""
    gap_s: float | None = None
    """Time between two rows above which samples are missing; None where time stamps do not count."""


class RowSource(Protocol):
    """What reads the rows of one file format."""

    def read(self, columns: Sequence[int]) -> Iterator[Rows]:
        """All rows from the first on, piece by piece, with the named columns (numbers from 0) in that order.

        Raises RecordingUnreadable where the file is damaged.
        """
        ...


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that was opened: described, with its samples still in the file."""

    path: Path
    format_name: str
    """For the reader: "COMTRADE 1999, BINARY"."""
    channels: tuple[Channel, ...]
    head: Samples
    """The first rows of all channels, at most HEAD_ROWS."""
    stretches: tuple[Stretch, ...]
    source: RowSource
    start: datetime | None
    """Time of the first sample by the instrument's clock, zone unknown."""
    nominal_frequency_hz: float | None
    notes: tuple[str, ...]
    """What a reader of the results should know."""
