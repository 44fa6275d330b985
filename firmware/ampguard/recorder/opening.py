"""Opening a recording, whatever its format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.recorder.csv import open_csv
from ampguard.recorder.recording import MAXIMUM_RATE_HZ, MINIMUM_RATE_HZ, RecordingUnreadable

if TYPE_CHECKING:
    from pathlib import Path

    from ampguard.recorder.recording import Recording

COMTRADE_SUFFIXES = frozenset({".cfg", ".dat", ".cff"})


def open_recording(path: Path) -> Recording:
    """Open a COMTRADE recording (cfg, dat or cff) or a text table.

    Raises:
        RecordingUnreadable: it cannot be opened, is neither, is damaged, or was sampled too slowly. One sentence.
    """
    try:
        if path.is_dir():
            raise RecordingUnreadable(f"{path}: a folder; wanted a COMTRADE file (cfg, dat, cff) or a text table")
        if path.stat().st_size == 0:
            raise RecordingUnreadable(f"{path}: the file is empty")
        recording = _open_comtrade(path) if path.suffix.lower() in COMTRADE_SUFFIXES else open_csv(path)
    except OSError as why:
        raise RecordingUnreadable(f"{why.filename or path}: cannot be read: {why.strerror or why}") from why
    fastest_hz = max(stretch.sample_rate_hz for stretch in recording.stretches)
    if fastest_hz < MINIMUM_RATE_HZ:
        raise RecordingUnreadable(
            f"{path}: sampled at {fastest_hz:.6g} Hz; at least {MINIMUM_RATE_HZ:g} Hz are needed to measure waveforms"
        )
    if not fastest_hz <= MAXIMUM_RATE_HZ:
        raise RecordingUnreadable(f"{path}: sampled at {fastest_hz:.6g} Hz; believed up to {MAXIMUM_RATE_HZ:g} Hz")
    return recording


def _open_comtrade(path: Path) -> Recording:
    try:
        from ampguard.recorder.comtrade import open_comtrade  # noqa: PLC0415 - its library is an extra
    except ImportError as why:
        raise RecordingUnreadable(
            f"{path}: COMTRADE needs a library: install ampguard with the extra 'recordings' ({why})"
        ) from why
    return open_comtrade(path)
