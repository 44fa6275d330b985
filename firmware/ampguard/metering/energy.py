"""Energy counters: import and export, for each phase and phase-summed. They only ever grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.phases import Phases
from ampguard.readings import NO_ENERGY, Energy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ampguard.readings import Measurement

_SECONDS_PER_HOUR = 3600.0


def furthest(candidates: Iterable[Energy | None]) -> Energy:
    """The highest of each counter: they only grow, so the highest is the latest."""
    known = [NO_ENERGY, *(one for one in candidates if one is not None)]
    return Energy(
        import_wh=Phases.of(max(values) for values in zip(*(one.import_wh for one in known), strict=True)),
        export_wh=Phases.of(max(values) for values in zip(*(one.export_wh for one in known), strict=True)),
        total_import_wh=max(one.total_import_wh for one in known),
        total_export_wh=max(one.total_export_wh for one in known),
    )


class EnergyCounters:
    """Adds up window by window; a window's sign decides, for each phase and for the sum of the phases."""

    def __init__(self, start: Energy = NO_ENERGY) -> None:
        self._start = start
        self._import_wh = list(start.import_wh)
        self._export_wh = list(start.export_wh)
        self._total_import_wh = start.total_import_wh
        self._total_export_wh = start.total_export_wh

    def add(self, measurement: Measurement) -> None:
        """One window more."""
        hours = measurement.duration_s / _SECONDS_PER_HOUR
        for index, power_w in enumerate(measurement.active_power_w):
            if power_w is not None:
                self._import_wh[index] += max(power_w, 0.0) * hours
                self._export_wh[index] += max(-power_w, 0.0) * hours
        total_w = measurement.total_active_power_w
        if total_w is not None:
            self._total_import_wh += max(total_w, 0.0) * hours
            self._total_export_wh += max(-total_w, 0.0) * hours

    def continue_from(self, earlier: Energy) -> None:
        """Counters of the time before were found late: by what they are beyond the start, these are too low."""
        start, self._start = self._start, furthest((self._start, earlier))
        for own, before, known in (
            (self._import_wh, start.import_wh, self._start.import_wh),
            (self._export_wh, start.export_wh, self._start.export_wh),
        ):
            own[:] = [value + after - first for value, first, after in zip(own, before, known, strict=True)]
        self._total_import_wh += self._start.total_import_wh - start.total_import_wh
        self._total_export_wh += self._start.total_export_wh - start.total_export_wh

    def energy(self) -> Energy:
        """The counters now."""
        return Energy(
            import_wh=Phases.of(self._import_wh),
            export_wh=Phases.of(self._export_wh),
            total_import_wh=self._total_import_wh,
            total_export_wh=self._total_export_wh,
        )
