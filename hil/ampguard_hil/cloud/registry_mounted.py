"""What is said of a measurement device and of a charger, and its limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ampguard_hil.cloud import registry_fields as fields
from ampguard_hil.cloud.registry_refusals import Unfit

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

    from ampguard_hil.cloud.registry_rights import Actor

MODELS = {
    "one_module": ("Amp Guard, one module", 63.0),
    "home": ("Amp Guard Home", 100.0),
    "public": ("Amp Guard Public", 400.0),
}
"""What each model is called, and the largest current that it measures."""
LEAST_FUSE_A = 6.0
OFFLINE_CURRENTS_A = (0.0, 32.0)
CHARGER_CURRENTS_A = (6.0, 32.0)
HIGHEST_PRIORITY = 10


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """What people say about a measurement device."""

    name: str
    place: str = ""
    """Where it is: an address, a cabinet."""
    main_fuse_a: float | None = None
    """Rated current of the main fuse that it measures behind."""

    def fit(self, model: str) -> DeviceSettings:
        """The same, stripped. Raises Unfit."""
        most_a = MODELS[model][1]
        fuse_a = fields.amperes("main_fuse_a", self.main_fuse_a, LEAST_FUSE_A, most_a)
        return DeviceSettings(fields.name("name", self.name), fields.text("place", self.place), fuse_a)


@dataclass(frozen=True, slots=True)
class Device(DeviceSettings):
    """A measurement device."""

    serial: str = ""
    model: str = "one_module"
    organisation_id: str | None = None
    claimed_utc: str | None = None

    def since_utc(self, actor: Actor) -> str:
        """From when on somebody may see its readings: those before belong to whoever had it then."""
        return "" if actor.is_operator else self.claimed_utc or "~"


@dataclass(frozen=True, slots=True)
class ChargerSettings:
    """What people say about a charger."""

    name: str
    sockets: int = 1
    """Cars that it charges at once."""
    phases: tuple[str, ...] = ("L1", "L2", "L3")
    """The grid's phases at its terminals 1, 2, 3, in that order."""
    max_current_a: float = 16.0
    """What it may give a car per phase."""
    offline_current_a: float | None = None
    """Load balancer offline current limit: what it takes per phase while it hears nothing of the cloud."""
    offline_phase: str | None = None
    """Load balancer offline phase: the least loaded one, which it then uses."""
    priority: int = 1
    """Twice as high: twice the share."""

    def fit(self) -> ChargerSettings:
        """The same, stripped. Raises Unfit."""
        if self.sockets not in (1, 2):
            raise Unfit("outside-limits", f"sockets: wanted 1 or 2, met {self.sockets}")
        if not 1 <= self.priority <= HIGHEST_PRIORITY:
            raise Unfit("outside-limits", f"priority: wanted 1 to {HIGHEST_PRIORITY}, met {self.priority}")
        phases = fields.phases("phases", self.phases)
        if self.offline_phase is not None and self.offline_phase not in phases:
            raise Unfit("unfit-choice", f"offline_phase: wanted one of the charger's phases {', '.join(phases)}")
        fields.amperes("max_current_a", self.max_current_a, *CHARGER_CURRENTS_A)
        offline_a = fields.amperes(
            "offline_current_a", self.offline_current_a, OFFLINE_CURRENTS_A[0], self.max_current_a
        )
        name = fields.name("name", self.name)
        return replace(self, name=name, phases=phases, offline_current_a=offline_a)


@dataclass(frozen=True, slots=True)
class Charger(ChargerSettings):
    """A charger."""

    serial: str = ""
    organisation_id: str | None = None
    group_id: str | None = None
    claimed_utc: str | None = None


def charger_of(row: RowMapping) -> Charger:
    """A row as what it means."""
    values: dict[str, Any] = {key: value for key, value in row.items() if key != "password_hash"}
    values["phases"] = tuple(str(row["phases"]).split(","))
    return Charger(**values)


def device_of(row: RowMapping) -> Device:
    """A row as what it means."""
    return Device(**{key: value for key, value in row.items() if key != "pin_hash"})
