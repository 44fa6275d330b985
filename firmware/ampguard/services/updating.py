"""What the meter does for updates: records raw samples when somebody wants some, and tells how an update ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ampguard.errors import SetupError
from ampguard.update import parity, trial

if TYPE_CHECKING:
    import logging
    from pathlib import Path

    from ampguard.events import Update
    from ampguard_drivers.eeprom.records import Calibration
    from ampguard_drivers.samples import SampleBlock

WISH = "record"
"""In the folder: as long as it is there, somebody waits for samples."""


class Updating:
    """One run of the meter."""

    def __init__(self, folder: Path, calibration: Calibration, logger: logging.Logger) -> None:
        self._folder = folder
        self._calibration = calibration
        self._log = logger
        self._blocks: list[SampleBlock] | None = None

    def take(self, block: SampleBlock) -> None:
        """The next samples: held while somebody wants some, as long as none are missing."""
        if self._blocks is None:
            return
        if block.lost_samples or block.codes.shape[1] != len(self._calibration.channels):
            self._blocks = []
        self._blocks.append(block)
        if sum(len(one.codes) for one in self._blocks) >= parity.DURATION_S * block.sample_rate_hz:
            self._keep(self._blocks)
            self._blocks = None

    def news(self) -> Update | None:
        """Once a second: what there is to tell."""
        if self._blocks is None and (self._folder / WISH).exists():
            self._blocks = []
        found = trial.news(self._folder)
        if found is not None:
            try:
                trial.told(self._folder)
            except OSError as why:
                self._log.warning("how the update ended cannot be told: %s", why)
                return None
        return found

    def _keep(self, blocks: list[SampleBlock]) -> None:
        codes = np.concatenate([one.codes for one in blocks])
        samples = parity.Samples(codes, blocks[0].sample_rate_hz, blocks[0].full_scale_codes, self._calibration)
        try:
            parity.keep_samples(self._folder / f"{parity.RECORDED}.npz", samples)
            (self._folder / WISH).unlink(missing_ok=True)
        except OSError as why:
            self._log.warning("samples for an update cannot be kept: %s", why)


def want_samples(folder: Path) -> None:
    """Have the meter record some. Raises SetupError."""
    try:
        (folder / f"{parity.RECORDED}.npz").unlink(missing_ok=True)
        (folder / WISH).touch()
    except OSError as why:
        raise SetupError(f"wanted to record samples, met: {why}", folder) from why


def want_none(folder: Path) -> None:
    """Nobody waits any more."""
    (folder / WISH).unlink(missing_ok=True)
