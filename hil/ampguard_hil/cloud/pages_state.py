"""How a measurement device is, in words: from its newest reading and from what its owner says of the main fuse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ampguard_hil.cloud.registry_mounted import Device

ONLINE_S = 150.0
"""A unit may collect its readings for a minute, and the way takes its time."""
_PHASES = ("l1", "l2", "l3")
_MARKS = {
    "clipped": "an input is beyond the converter's range",
    "missing_phase": "a phase carries no voltage",
    "clock_unsynchronised": "its clock has not been set",
}


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """A phase's part of the newest reading."""

    name: str
    voltage_rms_v: float | None
    current_rms_a: float | None
    active_power_w: float | None
    power_factor_ratio: float | None
    share_percent: float | None
    """Of the main fuse."""


@dataclass(frozen=True, slots=True)
class DeviceState:
    """A device with its newest reading."""

    device: Device
    word: str
    """`online`, `silent` or `new`: nothing has ever come."""
    last_utc: str | None
    total_active_power_w: float | None
    frequency_hz: float | None
    import_wh: float | None
    export_wh: float | None
    phases: tuple[PhaseRow, ...]
    problems: tuple[str, ...]

    @property
    def is_well(self) -> bool:
        """Whether nobody needs to look at it."""
        return not self.problems


def state_of(device: Device, latest: Mapping[str, Any] | None) -> DeviceState:
    """How it is now."""
    if latest is None:
        nothing = tuple(PhaseRow(name.upper(), None, None, None, None, None) for name in _PHASES)
        return DeviceState(device, "new", None, None, None, None, None, nothing, ("nothing has arrived from it yet",))
    age_s = (datetime.now(UTC) - datetime.fromisoformat(latest["end_utc"])) / timedelta(seconds=1)
    online = age_s <= ONLINE_S
    return DeviceState(
        device=device,
        word="online" if online else "silent",
        last_utc=latest["end_utc"],
        total_active_power_w=latest["total_active_power_w"],
        frequency_hz=latest["frequency_hz"],
        import_wh=latest["energy.total_import_wh"],
        export_wh=latest["energy.total_export_wh"],
        phases=tuple(_row(name, latest, device.main_fuse_a) for name in _PHASES),
        problems=tuple(_problems(device, latest)) if online else ("no reading for more than two minutes",),
    )


def _row(name: str, latest: Mapping[str, Any], fuse_a: float | None) -> PhaseRow:
    current_a = latest[f"current_rms_a.{name}"]
    share = None if current_a is None or not fuse_a else 100.0 * current_a / fuse_a
    return PhaseRow(
        name.upper(),
        latest[f"voltage_rms_v.{name}"],
        current_a,
        latest[f"active_power_w.{name}"],
        latest[f"power_factor_ratio.{name}"],
        share,
    )


def _problems(device: Device, latest: Mapping[str, Any]) -> Iterator[str]:
    if device.main_fuse_a is None:
        yield "the main fuse is not stated"
    elif any((latest[f"current_rms_a.{name}"] or 0.0) > device.main_fuse_a for name in _PHASES):
        yield f"a phase carries more than the main fuse's {device.main_fuse_a:g} A"
    if latest["voltage_order"] == "L3-L2-L1":
        yield "the voltages have the wrong phase order"
    if latest["current_order"] == "L3-L2-L1":
        yield "the currents have the wrong phase order"
    for mark, sentence in _MARKS.items():
        if mark in str(latest["quality"]):
            yield sentence
