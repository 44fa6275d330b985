"""A transaction, the status of the connector that follows from it, and what StatusNotification and MeterValues tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard_hil.halo.lights import Status
from ampguard_hil.halo.pilot import PilotState

if TYPE_CHECKING:
    from datetime import datetime

    from ampguard_hil.halo.connector import Connector
    from ampguard_hil.halo.outbox import Json
    from ampguard_hil.halo.profiles import Profile

FREQUENCY_HZ = 50.0
INSIDE_DEGC = 31.0
"""The charger's own temperature; nothing here depends on it."""


@dataclass(eq=False, slots=True)
class Transaction:
    """From the permission to charge to its end."""

    tag: str
    begin_utc: datetime
    begin_wh: float
    number: int | None = None
    """From the central system; None until it has answered."""
    untellable: bool = False
    """The central system did not take its beginning: it has no number, and nothing about it can be told."""
    profile: Profile | None = None
    """That came with the order to start; it is installed once the number is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What decides the status of a connector."""

    pilot: PilotState
    offered_a: float
    closed: bool
    operative: bool = True
    faulted: bool = False
    running: bool = False
    """A transaction."""
    allowed: bool = False
    """Somebody may charge and has not begun yet."""
    ended: bool = False
    """A transaction has ended and the car is still plugged in."""


def status_of(facts: Facts) -> Status:
    """OCPP 1.6 edition 2, section 4.9, as a table; the first line that fits holds."""
    plugged = facts.pilot is not PilotState.A
    table = (
        (facts.faulted, Status.FAULTED),
        (not facts.operative, Status.UNAVAILABLE),
        (facts.running and facts.offered_a == 0.0, Status.SUSPENDED_EVSE),
        (facts.running and facts.closed, Status.CHARGING),
        (facts.running, Status.SUSPENDED_EV),
        (plugged and facts.ended, Status.FINISHING),
        (plugged or facts.allowed, Status.PREPARING),
        (True, Status.AVAILABLE),
    )
    return next(status for fits, status in table if fits)


def stamp(moment_utc: datetime) -> str:
    """As OCPP writes it."""
    return moment_utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sampled(measurands: str, connector: Connector, phases: int, context: str) -> list[Json]:
    """The sampled values of one moment, for each phase that the charger has."""
    lines = range(phases)
    known: dict[str, tuple[str, list[tuple[str, str]]]] = {
        "Current.Import": ("A", [(f"L{n + 1}", f"{connector.currents_a[n]:.2f}") for n in lines]),
        "Current.Offered": ("A", [("", f"{connector.offered_a:.1f}")]),
        "Energy.Active.Import.Register": ("Wh", [("", f"{connector.energy_wh:.0f}")]),
        "Frequency": ("", [("", f"{FREQUENCY_HZ:.1f}")]),
        "Power.Active.Import": (
            "W",
            [("", f"{sum(connector.powers_w):.0f}"), *((f"L{n + 1}", f"{connector.powers_w[n]:.0f}") for n in lines)],
        ),
        "Temperature": ("Celsius", [("", f"{INSIDE_DEGC:.0f}")]),
        "Voltage": ("V", [(f"L{n + 1}-N", f"{connector.voltage_v:.1f}") for n in lines]),
    }
    found: list[Json] = []
    for measurand in filter(None, measurands.split(",")):
        unit, values = known[measurand]
        for phase, value in values:
            one: Json = {"value": value, "context": context, "measurand": measurand, "location": "Outlet"}
            found.append(one | ({"phase": phase} if phase else {}) | ({"unit": unit} if unit else {}))
    return found
