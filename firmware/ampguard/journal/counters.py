"""The energy counters once more, beside the journal: a damaged journal must not set them back to zero."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, cast

from ampguard.errors import JournalFault
from ampguard.phases import Phases
from ampguard.readings import Energy, as_json
from ampguard.wholefile import replace_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ampguard.readings import Json


class CounterFile:
    """A small file, replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def save(self, energy: Energy) -> None:
        """Keep the counters, synced. Raises JournalFault."""
        try:
            replace_whole(self._path, json.dumps(as_json(energy)))
        except OSError as why:
            raise JournalFault(f"{self._path}: the counters could not be kept: {why}") from why

    def load(self) -> Energy | None:
        """The counters as kept; None where there are none that can be read."""
        try:
            return energy_of(json.loads(self._path.read_text()))
        except (OSError, ValueError, RecursionError):
            return None


def energy_of(body: Json) -> Energy | None:
    """Counters from their JSON form; None where it is damaged."""
    try:
        content = cast("Mapping[str, Mapping[str, object]]", body)
        return Energy(
            import_wh=_phases(content["import_wh"]),
            export_wh=_phases(content["export_wh"]),
            total_import_wh=_counter(content["total_import_wh"]),
            total_export_wh=_counter(content["total_export_wh"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _phases(content: Mapping[str, object]) -> Phases[float]:
    return Phases.of(_counter(content[phase]) for phase in ("l1", "l2", "l3"))


def _counter(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value < math.inf:
        raise ValueError(f"no counter: {value!r}")
    return float(value)
