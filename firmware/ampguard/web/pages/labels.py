"""What each setting is called on the pages, and what a reader must know of it: messages, to be translated.

Limits stand in `ampguard.settings.described` and come from there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from ampguard.catalogue import marked
from ampguard.settings.commands import CommandName
from ampguard.settings.described import SETTINGS, Kind, is_secret
from ampguard.settings.grid import GridType
from ampguard.settings.values import CHANGED, SET

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Label:
    """Of one setting."""

    name: str
    help: str = ""
    """What must be known to answer it; for a text also what is wanted, where it was refused."""
    words: Mapping[str, str] = field(default_factory=dict[str, str])
    """What each choice is called, where it is more than its own word."""
    none: str = ""
    """What it means that nothing is chosen."""


GRIDS: Mapping[str, tuple[str, str]] = MappingProxyType({
    GridType.THREE_PHASE.value: (marked("Three phases and N"), marked("TN or TT: 400 V between phases, 230 V to N.")),
    GridType.SINGLE_PHASE.value: (marked("One phase and N"), marked("L1 and N, 230 V or 120 V.")),
    GridType.SPLIT_PHASE.value: (
        marked("Split phase"), marked("L1 and L2 against each other, N between: 120/240 V.")
    ),
    GridType.IT.value: (
        marked("Three phases without N"), marked("IT: 230 V between phases; L1 and L2 are enough without generation.")
    ),
})  # fmt: skip
"""Name and sentence."""
COMMANDS: Mapping[str, str] = MappingProxyType({
    CommandName.PING.value: marked("Ask whether the unit is there"),
    CommandName.IDENTIFY.value: marked("Let the lights blink, so that somebody finds the unit"),
    CommandName.RESEND.value: marked("Have readings sent again"),
    CommandName.REPORT.value: marked("Have a report of the unit's state sent"),
    CommandName.GROUP.value: marked("Set up the load-balancing group, and limit its chargers"),
    CommandName.UPDATE.value: marked("Have the unit install an update, signed by whom it trusts"),
})  # fmt: skip
_CLAMP, _TERMINAL = marked("Which phase this clamp is on"), marked("Which phase this voltage terminal is on")
_BATCH = Label(marked("Wait for a full batch (s)"), marked("Readings go out together; live values do not wait."))
_AUTHORITY, _CERTIFICATE, _KEY = (
    Label(marked("File of the trusted authority"), marked("Only this authority is trusted then.")),
    Label(marked("File of the unit's certificate"), marked("Together with its key.")),
    Label(marked("File of the certificate's key")),
)
_ENROLLED = Label(
    marked("Use the certificates of the unit's enrolment"), marked("Then none of the files below may be named.")
)

LABELS: Mapping[str, Label] = MappingProxyType({
    "main_fuse_a": Label(marked("Main fuse"), marked("The rated current that stands on the fuse or breaker.")),
    "grid_type": Label(
        marked("Grid type"),
        marked("How the building is connected to the grid, as its connection papers say."),
        {value: name for value, (name, _) in GRIDS.items()},
    ),
    "generation_on_site": Label(
        marked("Generation on site"),
        marked("Sun, wind, or a battery that may feed in. With it the voltages of all phases must be wired."),
    ),
    "nominal_voltage_v": Label(
        marked("Nominal voltage"),
        marked("Between a phase and N; without N, between two phases. Dips and swells are told against it."),
    ),
    "nominal_frequency_hz": Label(marked("Nominal frequency")),
    "voltage_terminals": Label(
        marked("Voltage terminals"),
        marked(
            "Without generation one phase and N are enough, or L1 and L2 where there is no N: the other voltages are "
            "inferred, and marked so."
        ),
    ),
    **{f"wiring.clamps.l{number}": Label(_CLAMP) for number in (1, 2, 3)},
    **{f"wiring.voltages.l{number}": Label(_TERMINAL) for number in (1, 2, 3)},
    "https.url": Label(
        marked("Address of the cloud"),
        marked("It begins with https:// and has no name, password, ? or # in it. The unit only ever calls out."),
    ),
    "https.token": Label(marked("Token"), marked("Letters, digits and signs without blanks, as the cloud gave it.")),
    "https.enrolled": _ENROLLED,
    "https.ca_file": _AUTHORITY,
    "https.client_certificate_file": _CERTIFICATE,
    "https.client_key_file": _KEY,
    "https.proxy": Label(marked("Proxy"), marked("The way out, where there is one: http://name:port.")),
    "https.batch_s": _BATCH,
    "mqtt.host": Label(marked("Name or address of the broker"), marked("As in broker.local or 192.168.1.10.")),
    "mqtt.port": Label(marked("Port"), marked("Usual: 1883; encrypted: 8883.")),
    "mqtt.username": Label(marked("User name")),
    "mqtt.password": Label(marked("Password")),
    "mqtt.enrolled": _ENROLLED,
    "mqtt.tls_ca_file": _AUTHORITY,
    "mqtt.client_certificate_file": _CERTIFICATE,
    "mqtt.client_key_file": _KEY,
    "mqtt.batch_s": _BATCH,
    "commands.allow": Label(marked("What may be asked of the unit"), "", COMMANDS),
})  # fmt: skip
"""By key; a test fails where one has none."""
_PARTS: Mapping[str, str] = MappingProxyType({"https": marked("Cloud"), "mqtt": marked("Owner's broker")})
_FLAG: Mapping[str, str] = MappingProxyType({"true": marked("yes"), "false": marked("no")})
_SECRET: Mapping[str, str] = MappingProxyType({SET: marked("set (not shown)"), CHANGED: marked("changed (not shown)")})


def name_of(say: Callable[[str], str], key: str) -> str:
    """What a setting is called where it stands alone; one that nobody has named, by its key."""
    if key not in LABELS:
        return key
    part, _, last = key.rpartition(".")
    name = say(LABELS[key].name)
    if part in _PARTS:
        return f"{say(_PARTS[part])}: {name}"
    return f"{last.upper()}: {name}" if part.startswith("wiring.") else name


def words_of_values(key: str) -> Mapping[str, str]:
    """What its values are called that are words, as `settings.values.written` writes them."""
    if is_secret(key):
        return _SECRET
    return _FLAG if SETTINGS[key].kind is Kind.FLAG else LABELS[key].words
