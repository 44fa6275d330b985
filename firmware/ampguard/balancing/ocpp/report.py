"""What the central system tells of a charger, for whoever shares the current out. Times are of the monotonic clock."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ampguard.balancing.ocpp.ways import Way
    from ampguard.phases import Phases
    from ampguard.phrase import Phrase


class ConnectorStatus(StrEnum):
    """ChargePointStatus of OCPP 1.6."""

    AVAILABLE = "Available"
    PREPARING = "Preparing"
    CHARGING = "Charging"
    SUSPENDED_EV = "SuspendedEV"
    SUSPENDED_EVSE = "SuspendedEVSE"
    FINISHING = "Finishing"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"


class CloudState(StrEnum):
    """Of the way to a charger's own cloud."""

    AWAY = "away"
    JOINING = "joining"
    """Connected; it is still being told what it missed, or has not accepted the charger yet."""
    THROUGH = "through"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The last that is known of one charger."""

    charger: str
    is_online: bool
    """It is connected with the unit."""
    asked_s: float | None
    """Since when, in its latest connection, it has been asked what it holds and measures; None: that is not through,
    and nobody knows what became of it meanwhile."""
    heard_s: float | None
    """When it last gave a sign of life; None: never since the unit started."""
    status: ConnectorStatus | None
    """Of the connector that does most."""
    has_car: bool | None
    """A car is plugged in; None: it has not said yet."""
    wants: bool | None
    """The car would charge if it were allowed to, and somebody may pay for it."""
    current_a: Phases[float | None]
    """At its terminals."""
    unphased_a: float | None
    """It tells a current and not of which phase."""
    drawn_s: float | None
    """When these were measured, as far as the unit can know: when they came."""
    is_inferred: bool
    """They follow from something else: power and voltage, or that nothing is switched on."""
    power_w: float | None
    energy_wh: float | None
    limit_a: float | None
    """It has accepted this, and it has not run out."""
    limit_ends_s: float | None
    is_confirmed: bool
    """It said itself that it holds this limit, when asked for its composite schedule."""
    safe_a: float | None
    """It has accepted to fall back to this by itself; None: not yet, or it will not."""
    way: Way | None
    """How it is limited; None: it cannot be."""
    is_leased: bool
    """Its limit ends by itself when the unit is gone."""
    cloud: CloudState | None
    """None: it has no cloud."""
    cloud_a: float | None
    """What its cloud allows at the moment; None: as much as there is."""
    unsent: int
    """Messages that its cloud has still to be told."""
    told: tuple[Phrase, ...]
    """What somebody should know, in plain words."""
