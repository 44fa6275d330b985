"""Every setting there is, as data: its kind, its limits, its unit, what it says. Limits stand here and nowhere else.

The file is read against it, pages and the README's table are made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from ampguard.phases import Phase
from ampguard.settings.commands import CommandName
from ampguard.settings.grid import Device, GridType

REVERSED = "reversed"
"""Behind a phase: the clamp is the wrong way round."""


class Kind(StrEnum):
    """What a value is."""

    NUMBER = "number"
    WHOLE = "whole number"
    FLAG = "true or false"
    TEXT = "text"
    FILE = "path of a file on the unit"
    CHOICE = "one of some words"
    CHOICES = "several of some words"
    TEXTS = "several texts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One key of the settings file."""

    key: str
    """With the names of its tables before it: `mqtt.host`."""
    kind: Kind
    sentence: str
    """What it says, for people."""
    least: float | None = None
    """Of a number, with `most`."""
    most: float | None = None
    unit: str | None = None
    """As people write it: A, V, Hz, s."""
    choices: tuple[str, ...] = ()
    may_be_empty: bool = False
    """Of several words: whether none at all is an answer."""
    longest: int = 0
    """Of a text: so many characters at most."""
    secret: bool = False
    """Can be set, and is never given back."""

    @property
    def table(self) -> str:
        """The table that it stands in; empty: at the top."""
        return self.key.rpartition(".")[0]


_LONGEST = 1024
_LONGEST_TAG = 20
"""IdToken of OCPP 1.6."""
_LONGEST_NAME = 60
"""Of what people call something: it is told each second."""
_INPUTS = tuple(phase.lower() for phase in Phase)
_PHASES = tuple(phase.value for phase in Phase)
_CLAMPS = (*_PHASES, *(f"{phase} {REVERSED}" for phase in _PHASES))


def _text(key: str, sentence: str, *, kind: Kind = Kind.TEXT, secret: bool = False) -> Setting:
    return Setting(key=key, kind=kind, sentence=sentence, longest=_LONGEST, secret=secret)


def _name(key: str, sentence: str) -> Setting:
    return Setting(key=key, kind=Kind.TEXT, sentence=sentence, longest=_LONGEST_NAME)


def _file(key: str, sentence: str) -> Setting:
    return _text(key, sentence, kind=Kind.FILE)


def _flag(key: str, sentence: str) -> Setting:
    return Setting(key=key, kind=Kind.FLAG, sentence=sentence)


def _number(key: str, sentence: str, least: float, most: float, unit: str) -> Setting:
    return Setting(key=key, kind=Kind.NUMBER, sentence=sentence, least=least, most=most, unit=unit)


def _batch(table: str) -> Setting:
    return _number(f"{table}.batch_s", "How long a batch of readings waits to become full.", 0.5, 3600.0, "s")


def _enrolled(table: str) -> Setting:
    return _flag(f"{table}.enrolled", "Whether the three files are those of the unit's enrolment.")


_ALL = (
    _number("main_fuse_a", "Rated current of the main fuse.", 1.0, 1000.0, "A"),
    Setting(
        key="grid_type",
        kind=Kind.CHOICE,
        sentence="How the building is connected to the grid.",
        choices=tuple(kind.value for kind in GridType),
    ),
    _flag("generation_on_site", "Whether something generates here, so that the building may export."),
    _number(
        "nominal_voltage_v", "Nominal voltage between a phase and N; without N, between two phases.", 50.0, 400.0, "V"
    ),
    _number("nominal_frequency_hz", "Nominal frequency of the grid.", 50.0, 60.0, "Hz"),
    Setting(
        key="voltage_terminals",
        kind=Kind.CHOICES,
        sentence="Which voltage terminals are wired, where not all are.",
        choices=_PHASES,
    ),
    *(
        Setting(
            key=f"wiring.clamps.{name}",
            kind=Kind.CHOICE,
            sentence=f"Which phase the clamp in the input {name.upper()} is on, and whether it is the wrong way round.",
            choices=_CLAMPS,
        )
        for name in _INPUTS
    ),
    *(
        Setting(
            key=f"wiring.voltages.{name}",
            kind=Kind.CHOICE,
            sentence=f"Which phase the voltage terminal {name.upper()} is on.",
            choices=_PHASES,
        )
        for name in _INPUTS
    ),
    _text("mqtt.host", "Name or address of the owner's broker."),
    Setting(
        key="mqtt.port",
        kind=Kind.WHOLE,
        sentence="Port of the broker: 1883, and with TLS 8883, where it is not given.",
        least=1,
        most=65535,
    ),
    _text("mqtt.username", "Name that the unit signs in with."),
    _text("mqtt.password", "Password that the unit signs in with.", secret=True),
    _file("mqtt.tls_ca_file", "The only authority that is trusted; with it the connection is encrypted (TLS 1.3)."),
    _file("mqtt.client_certificate_file", "The unit's own certificate for the broker."),
    _file("mqtt.client_key_file", "The key of that certificate."),
    _enrolled("mqtt"),
    _batch("mqtt"),
    _text("https.url", "Address of a cloud's HTTPS entrance."),
    _text("https.token", "Bearer token for it.", secret=True),
    _file("https.ca_file", "The only authority that is trusted; those of the system where it is not given."),
    _file("https.client_certificate_file", "The unit's own certificate for the cloud."),
    _file("https.client_key_file", "The key of that certificate."),
    # it may hold a name and a password
    _text("https.proxy", "The way out, where there is one: http://name:port.", secret=True),
    _batch("https"),
    _enrolled("https"),
    Setting(
        key="commands.allow",
        kind=Kind.CHOICES,
        sentence="What the other side may ask of the unit over MQTT.",
        choices=tuple(name.value for name in CommandName),
        may_be_empty=True,
    ),
)

SETTINGS: Mapping[str, Setting] = MappingProxyType({one.key: one for one in _ALL})
"""By key, in the order in which people are shown them."""

_GROUP = (
    _name("name", "What the load-balancing group is called."),
    _text("description", "What else there is to say of it."),
    _flag("active", "Whether the chargers are balanced."),
    _number("supply_max_a", "The fuse that the group shares; the main fuse where it is not given.", 6.0, 1000.0, "A"),
    Setting(
        key="device",
        kind=Kind.CHOICE,
        sentence="What kind of fuse or circuit breaker that is.",
        choices=tuple(kind.value for kind in Device),
    ),
    _number("max_online_a", "The most for all chargers on each phase; where not given, the fuse.", 0.0, 1000.0, "A"),
    _number("max_offline_a", "The same while the meter is offline.", 0.0, 1000.0, "A"),
    _number("min_a", "The least current that a charger gets: 6 A where it is not given.", 6.0, 32.0, "A"),
    _number("unbalance_a", "By how much chargers may load one phase more than another.", 6.0, 1000.0, "A"),
    _flag("dimmable", "Whether the grid operator may limit the chargers' power."),
    _flag("surplus_only", "Whether only what the building would feed in is charged with."),
    Setting(
        key="port",
        kind=Kind.WHOLE,
        sentence="Port for chargers, ws://: 9000 where it is not given. Who has a password is asked for it.",
        least=1,
        most=65535,
    ),
    Setting(
        key="tls_port",
        kind=Kind.WHOLE,
        sentence="Port for chargers, wss:// with the page's certificate: none where it is not given.",
        least=1,
        most=65535,
    ),
    _flag("free", "Whether anybody may charge while there is no cloud to ask."),
    Setting(
        key="tags",
        kind=Kind.TEXTS,
        sentence="Whose RFID tags may charge while there is no cloud to ask.",
        longest=_LONGEST_TAG,
        may_be_empty=True,
    ),
    _text("chargers.id", "Charge point id: the end of the address that the charger connects to, often its serial."),
    _name("chargers.name", "What people call it; its id where it is not given."),
    _number("chargers.max_a", "What the charger and its cable may carry on each phase.", 6.0, 1000.0, "A"),
    Setting(
        key="chargers.phases",
        kind=Kind.CHOICES,
        sentence="Phase behind each of its terminals, in their order.",
        choices=_PHASES,
    ),
    _flag("chargers.included", "Whether the meter measures it, too: yes where it is not given."),
    _number("chargers.offline_a", "What it falls back to by itself: 0, or 6 A and more.", 0.0, 1000.0, "A"),
    Setting(
        key="chargers.offline_phase",
        kind=Kind.CHOICE,
        sentence="The one phase that it uses then; all of its own where it is not given.",
        choices=_PHASES,
    ),
    _flag("chargers.socket", "Whether it has a domestic socket that is switched on."),
    Setting(
        key="chargers.priority",
        kind=Kind.WHOLE,
        sentence="Twice as high: twice the share. 1 where it is not given.",
        least=1,
        most=10,
    ),
    _text("chargers.key", "Password that the charger comes in with.", secret=True),
    Setting(
        key="chargers.security",
        kind=Kind.WHOLE,
        sentence="The least security profile of OCPP 1.6 that it must come in with: 0 to 2, 0 where it is not given.",
        least=0,
        most=2,
    ),
    _text("chargers.cloud_url", "Its own OCPP cloud, which goes on billing it: ws:// or wss://, without its id."),
    _text("chargers.cloud_key", "Password that the unit shows there for it.", secret=True),
    _text("chargers.capi_url", "Its makers' REST API, https://, for one that speaks no OCPP: slow, and no protection."),
    _text("chargers.capi_email", "Whose account that is."),
    _text("chargers.capi_password", "The account's password.", secret=True),
    _text("chargers.capi_key", "Key for the makers' API.", secret=True),
)

GROUP: Mapping[str, Setting] = MappingProxyType({one.key: one for one in _GROUP})
"""What may stand in the file of the load-balancing group."""


def is_secret(key: str) -> bool:
    """Whether the value is never given back."""
    return key in SETTINGS and SETTINGS[key].secret


def names_in(table: str, described: Mapping[str, Setting] = SETTINGS) -> set[str]:
    """What may stand in a table: settings, and other tables."""
    within = f"{table}." if table else ""
    return {key.removeprefix(within).partition(".")[0] for key in described if key.startswith(within)}
