"""What the other side may ask of the unit: form of a command and of its answer, and the tasks there are. No I/O.

| command    | arguments                                  | does                                               |
|------------|--------------------------------------------|----------------------------------------------------|
| `ping`     | `echo`: a text up to 256 signs, or nothing | says it again, with versions and uptime            |
| `identify` | `duration_s`: 1 to 60, or nothing (10)     | asks the lights to blink; somebody must look       |
| `resend`   | `boot`, `first_sequence`, `last_sequence`  | sends those again in `records`; 3600 at most, if kept |
| `report`   | none                                       | tells of journal, backlog, connection and clock    |
| `group`    | `group`: keys of `group.toml`, or null     | sets up the load-balancing group (`grouping`)      |
| `update`   | `url`: of a signed bundle                  | has it fetched and installed; an event tells the end |
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias, cast

from ampguard.settings.commands import CommandName
from ampguard.uplink import heard
from ampguard.uplink.heard import Unusable

if TYPE_CHECKING:
    from ampguard.readings import Json

LARGEST_COMMAND, LARGEST_GROUP = 4096, 65536
"""Bytes; of `group`, which brings a whole file."""
LONGEST_ECHO = 256
LONGEST_URL = 500
RESEND_AT_MOST = 3600
"""Readings."""
SHORTEST_BLINKING_S, LONGEST_BLINKING_S, BLINKING_S = 1.0, 60.0, 10.0
_HIGHEST_SEQUENCE = 2**53
_LONGEST_BOOT = 64


class Status(StrEnum):
    """What became of a command."""

    DONE = "done"
    REFUSED = "refused"
    """Nothing was done, and the reason says why."""
    FAILED = "failed"
    """It was begun, and the reason says what went wrong."""
    UNKNOWN = "unknown"
    """There is no such command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What somebody asks of the unit."""

    correlation: str
    """Up to 64 signs, chosen by who asks. The answer repeats it, and what bears the same one is done once."""
    expires_utc: str | None = None
    """ISO 8601 with offset; from then on it is refused. Whoever leaves it out has no such limit."""
    arguments: Mapping[str, object] = field(default_factory=dict[str, object])
    """What it needs. ping: `echo`; identify: `duration_s`; resend: `boot`, `first_sequence`, `last_sequence`; group:
    `group`; update: `url`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a command."""

    correlation: str | None
    """The command's; null where the command had none that can be read, but said by MQTT 5 who asks."""
    status: Status
    reason: str | None
    """A sentence; null where it is done."""
    result: Mapping[str, object]
    """What the command brings, by the command."""

    def body(self) -> Mapping[str, Json]:
        """As it is told."""
        return {
            "correlation": self.correlation,
            "status": self.status.value,
            "reason": self.reason,
            "result": cast("Mapping[str, Json]", self.result),
        }


@dataclass(frozen=True, slots=True)
class Ping:
    """Answer."""

    echo: str | None


@dataclass(frozen=True, slots=True)
class Identify:
    """Show which box it is."""

    duration_s: float


@dataclass(frozen=True, slots=True)
class Resend:
    """Bring readings once more."""

    boot: str
    first_sequence: int
    last_sequence: int


@dataclass(frozen=True, slots=True)
class Report:
    """Tell how it is."""


@dataclass(frozen=True, slots=True)
class SetGroup:
    """Take a load-balancing group."""

    told: Mapping[str, object] | None
    """Keys of its file; None: nothing is to be balanced."""


@dataclass(frozen=True, slots=True)
class Install:
    """Fetch a bundle and install it."""

    url: str


Task: TypeAlias = "Ping | Identify | Resend | Report | SetGroup | Install"


def command_of(found: Mapping[str, object]) -> Command:
    """The command in a message's fields. Raises Unusable."""
    correlation = heard.correlation_of(found)
    heard.check_schema(found)
    heard.moment(found, "expires_utc")
    arguments = found.get("arguments")
    if arguments is not None and not isinstance(arguments, dict):
        raise Unusable(f"arguments: wanted an object, met {heard.shown(arguments)}")
    return Command(
        correlation=correlation,
        expires_utc=cast("str | None", found.get("expires_utc")),
        arguments=cast("Mapping[str, object]", arguments or {}),
    )


def task_of(name: CommandName, arguments: Mapping[str, object]) -> Task:
    """What is to be done. Raises Unusable where the arguments are not those of the command."""
    match name:
        case CommandName.PING:
            _only(arguments, "echo")
            return Ping(_echo(arguments))
        case CommandName.IDENTIFY:
            _only(arguments, "duration_s")
            asked_s = heard.number(arguments, "duration_s", SHORTEST_BLINKING_S, LONGEST_BLINKING_S)
            return Identify(BLINKING_S if asked_s is None else asked_s)
        case CommandName.RESEND:
            _only(arguments, "boot", "first_sequence", "last_sequence")
            return _resend(arguments)
        case CommandName.REPORT:
            _only(arguments)
            return Report()
        case CommandName.GROUP:
            _only(arguments, "group")
            return _group(arguments)
        case CommandName.UPDATE:
            _only(arguments, "url")
            return _install(arguments)


def largest(name: str) -> int:
    """How many bytes a command of that name may have."""
    return LARGEST_GROUP if name == CommandName.GROUP else LARGEST_COMMAND


def digest(name: str, arguments: Mapping[str, object]) -> bytes:
    """The same for the same command with the same arguments. Raises Unusable where they are nested without end."""
    try:
        text = json.dumps([name, arguments], sort_keys=True)
    except RecursionError as why:
        raise Unusable("arguments: wanted a few values, met nesting without end") from why
    return hashlib.sha256(text.encode()).digest()


def _only(arguments: Mapping[str, object], *known: str) -> None:
    for key in arguments:
        if key not in known:
            there_are = ", ".join(known) or "none"
            raise Unusable(f"arguments: {heard.shown(key)} is no argument of it; there are {there_are}")


def _echo(arguments: Mapping[str, object]) -> str | None:
    echo = arguments.get("echo")
    if echo is not None and (not isinstance(echo, str) or len(echo) > LONGEST_ECHO):
        raise Unusable(f"echo: wanted a text of at most {LONGEST_ECHO} signs, met {heard.shown(echo)}")
    return echo


def _resend(arguments: Mapping[str, object]) -> Resend:
    boot = arguments.get("boot")
    if not isinstance(boot, str) or not 0 < len(boot) <= _LONGEST_BOOT:
        raise Unusable(f"boot: wanted the name of a boot, met {heard.shown(boot)}")
    first, last = (_sequence(arguments, key) for key in ("first_sequence", "last_sequence"))
    if not 0 <= last - first < RESEND_AT_MOST:
        raise Unusable(f"last_sequence: wanted {first} to {first + RESEND_AT_MOST - 1}, met {last}")
    return Resend(boot, first, last)


def _group(arguments: Mapping[str, object]) -> SetGroup:
    told = arguments.get("group")
    if "group" not in arguments or not (told is None or isinstance(told, dict)):
        raise Unusable(f"group: wanted an object with the keys of group.toml, or null, met {heard.shown(told)}")
    return SetGroup(cast("Mapping[str, object] | None", told))


def _install(arguments: Mapping[str, object]) -> Install:
    url = arguments.get("url")
    is_one = isinstance(url, str) and url.startswith(("https://", "http://")) and url.isprintable() and " " not in url
    if not is_one or len(str(url)) > LONGEST_URL:
        raise Unusable(f"url: wanted the address of a bundle, at most {LONGEST_URL} signs, met {heard.shown(url)}")
    return Install(str(url))


def _sequence(arguments: Mapping[str, object], key: str) -> int:
    found = arguments.get(key)
    if type(found) is not int or not 0 <= found <= _HIGHEST_SEQUENCE:
        raise Unusable(f"{key}: wanted the number of a reading, met {heard.shown(found)}")
    return found
