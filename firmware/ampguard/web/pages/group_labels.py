"""What each parameter of the load-balancing group is called on the page, and what must be known to answer it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ampguard.catalogue import marked
from ampguard.settings.grid import Device
from ampguard.web.pages.labels import Label

if TYPE_CHECKING:
    from collections.abc import Mapping

DEVICES: Mapping[str, str] = MappingProxyType({
    Device.FUSE_GG.value: marked("Fuse, gG"),
    Device.MCB_B.value: marked("Circuit breaker, B"),
    Device.MCB_C.value: marked("Circuit breaker, C"),
})  # fmt: skip
ORDERS = (
    "L1 L2 L3", "L2 L3 L1", "L3 L1 L2", "L1 L3 L2", "L2 L1 L3", "L3 L2 L1",
    "L1", "L2", "L3",
    "L1 L2", "L2 L3", "L3 L1", "L2 L1", "L3 L2", "L1 L3",
)  # fmt: skip
"""All ways to connect a charger: as electricians turn them first."""

GROUP_LABELS: Mapping[str, Label] = MappingProxyType({
    "name": Label(marked("Name of the group")),
    "description": Label(marked("Description")),
    "active": Label(marked("Balanced")),
    "supply_max_a": Label(marked("Shared fuse"), marked("Leave it empty where it is the building's main fuse.")),
    "device": Label(marked("Kind of fuse"), marked("It decides for how long a little too much may flow."), DEVICES),
    "max_online_a": Label(
        marked("Most for all chargers"),
        marked("On each phase, while the meter is heard. Empty: all that the fuse has left."),
    ),
    "max_offline_a": Label(
        marked("Most for all chargers without the meter"),
        marked("On each phase, when the meter is not heard: what is surely free beside the building."),
    ),
    "min_a": Label(marked("Least for a charger"), marked("No car charges with less than 6 A.")),
    "unbalance_a": Label(
        marked("Unbalance"), marked("By how much chargers may load one phase more than another. Empty: as they like.")
    ),
    "dimmable": Label(
        marked("The grid operator may limit the chargers"), marked("Germany, §14a EnWG: each charger keeps 4.2 kW.")
    ),
    "surplus_only": Label(
        marked("Charge with surplus only"), marked("Only what the building would feed into the grid is charged with.")
    ),
    "port": Label(marked("Port for chargers"), marked("They connect to ws://, this unit's address, this port.")),
    "tls_port": Label(marked("Port for chargers, encrypted"), marked("The same with wss://. Empty: none.")),
    "free": Label(
        marked("Anybody may charge while there is no cloud to ask"), marked("Else only the RFID tags below may.")
    ),
    "tags": Label(
        marked("RFID tags"), marked("Who may charge while there is no cloud to ask: several with commas between.")
    ),
    "chargers.id": Label(
        marked("Charge point id"), marked("The end of the address that the charger connects to: often its serial.")
    ),
    "chargers.name": Label(marked("Name"), marked("What people call it. Empty: its id.")),
    "chargers.max_a": Label(marked("Most"), marked("What the charger and its cable may carry on each phase.")),
    "chargers.phases": Label(
        marked("Phases"),
        marked("Of the building, behind the charger's terminals 1, 2, 3 in their order."),
        dict.fromkeys(ORDERS, ""),
    ),
    "chargers.offline_a": Label(
        marked("Falls back to"), marked("By itself, when nobody tells it anything: 0 (pause), or 6 A and more.")
    ),
    "chargers.offline_phase": Label(
        marked("Phase of the fall-back"), marked("The one that it uses then."), none=marked("all of its own")
    ),
    "chargers.included": Label(
        marked("The meter measures it, too"), marked("Its cable is behind the clamps: usual in a building of one fuse.")
    ),
    "chargers.socket": Label(marked("It has a domestic socket that is switched on")),
    "chargers.priority": Label(marked("Priority"), marked("Twice as high: twice the share.")),
    "chargers.key": Label(
        marked("Password of the charger"), marked("It comes in with it. Without one anybody may pretend to be it.")
    ),
    "chargers.security": Label(
        marked("Least security profile"),
        marked("Of OCPP 1.6: 0 none, 1 a password, 2 encrypted too."),
    ),
    "chargers.cloud_url": Label(
        marked("Its own cloud"),
        marked("OCPP, ws:// or wss://, without the id. It goes on billing; the lower limit counts."),
    ),
    "chargers.cloud_key": Label(marked("Password for its cloud"), marked("The unit shows it there for the charger.")),
    "chargers.capi_url": Label(
        marked("Makers' API"),
        marked("https://, for a charger that speaks no OCPP. It is limited slowly, and does not protect the fuse."),
    ),
    "chargers.capi_email": Label(marked("Account at the makers'"), marked("E-mail address of that account.")),
    "chargers.capi_password": Label(marked("Password of that account")),
    "chargers.capi_key": Label(marked("Key for the makers' API"), marked("The makers' support gives it.")),
})  # fmt: skip
"""By key of the group's file; a test fails where one has none."""
