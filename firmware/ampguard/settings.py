"""What the owner and the installer decided, from a TOML file; and where a unit keeps its things.

Nothing physical is assumed: what nobody told is None. Whoever needs it says so.
"""

from __future__ import annotations

import math
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import SplitResult, urlsplit

from ampguard.errors import SetupError
from ampguard.phases import Phase, Phases

_T = TypeVar("_T")
_E = TypeVar("_E", bound=StrEnum)
_KINDS: Mapping[type, str] = {bool: "true or false", str: "a text in quotation marks"}
_LONGEST_SHOWN = 80
BATCH_S = 60.0
CERTIFICATES = "certificates"
"""The folder beside the settings file that `ampguard enrol` keeps (`ampguard.uplink.keyring`)."""
_THIS_MACHINE = frozenset(("127.0.0.1", "localhost"))
_PROXY_SCHEMES = frozenset(("http", "https"))


class GridType(StrEnum):
    """How the building is connected."""

    THREE_PHASE = "three-phase"
    """TN or TT: three phases and N."""
    SINGLE_PHASE = "single-phase"
    IT = "it"
    """Three phases without N."""


class CommandName(StrEnum):
    """What the other side can ask of the unit over MQTT, where the owner allows it (`ampguard.uplink.commands`)."""

    PING = "ping"
    IDENTIFY = "identify"
    RESEND = "resend"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """The owner's broker, or the cloud's."""

    host: str
    port: int = 1883
    username: str | None = None
    password: str | None = None
    tls_ca_file: str | None = None
    """Set: TLS 1.3, with this authority and no other one; None: plain."""
    client_certificate_file: str | None = None
    client_key_file: str | None = None
    enrolled: bool = False
    """The three files are those of `ampguard enrol`."""
    batch_s: float = BATCH_S
    """A batch of records waits so long to become full."""


@dataclass(frozen=True, slots=True)
class HttpsSettings:
    """A cloud's HTTPS entrance. Its certificate is always verified."""

    url: str
    """Up to where `/v1/units/...` begins, without a slash at its end."""
    token: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    """Set: only this authority is trusted; None: those of the system."""
    client_certificate_file: str | None = None
    client_key_file: str | None = None
    proxy: str | None = field(default=None, repr=False)
    """Only this one; those of the environment do not count."""
    batch_s: float = BATCH_S
    """A batch of records waits so long to become full."""
    enrolled: bool = False
    """The three files are those of `ampguard enrol`."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it."""

    main_fuse_a: float | None = None
    """Rated current of the main fuse."""
    grid_type: GridType = GridType.THREE_PHASE
    generation_on_site: bool = False
    nominal_voltage_v: float | None = None
    """Between a phase and the neutral; where there is none (IT), between two phases."""
    nominal_frequency_hz: float | None = None
    voltage_terminals: frozenset[Phase] | None = None
    """Which voltage terminals are wired; None = one for each phase of the grid."""
    mqtt: MqttSettings | None = None
    https: HttpsSettings | None = None
    commands: frozenset[CommandName] = frozenset()
    """What the other side may ask of the unit: nothing, unless the owner says so."""

    @property
    def phases(self) -> Phases[bool]:
        """Which phases the grid connection has: those a clamp belongs to."""
        return Phases(l1=True, l2=self.has_three_phases, l3=self.has_three_phases)

    @property
    def wired_voltages(self) -> Phases[bool]:
        """Which voltages are measured; the others, where the grid has them, are inferred."""
        wired = self.voltage_terminals
        return self.phases if wired is None else Phases.of(phase in wired for phase in Phase)

    @property
    def has_three_phases(self) -> bool:
        """Whether the building is connected to all phases."""
        return self.grid_type is not GridType.SINGLE_PHASE

    @property
    def star_voltage_v(self) -> float | None:
        """Nominal voltage of a phase against the neutral or, without one, against the artificial star point."""
        if self.nominal_voltage_v is None or self.grid_type is not GridType.IT:
            return self.nominal_voltage_v
        return self.nominal_voltage_v / math.sqrt(3.0)


@dataclass(frozen=True, slots=True)
class Places:
    """Where a process finds what it shares with others."""

    data: Path
    run: Path
    board: Path | None

    @staticmethod
    def from_environment() -> Places:
        """AMPGUARD_DATA, AMPGUARD_RUN and AMPGUARD_BOARD, or the system's folders and the reference board."""
        board = os.environ.get("AMPGUARD_BOARD")
        return Places(
            data=Path(os.environ.get("AMPGUARD_DATA", "/var/lib/ampguard")),
            run=Path(os.environ.get("AMPGUARD_RUN", "/run/ampguard")),
            board=Path(board) if board else None,
        )

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.data / "settings.toml"

    @property
    def journal(self) -> Path:
        """The journal."""
        return self.data / "journal.sqlite"

    @property
    def counters(self) -> Path:
        """The energy counters' second copy."""
        return self.data / "counters.json"

    @property
    def live_feed(self) -> Path:
        """The meter's feed."""
        return self.run / "live.sock"

    @property
    def uplink_feed(self) -> Path:
        """The uplink's feed."""
        return self.run / "uplink.sock"


def load(path: Path) -> Settings:
    """Read the file; a missing one is a unit that nobody has set up. Raises SetupError with one sentence."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as why:
        raise SetupError(f"{path}: cannot be read: {why}") from why
    except (ValueError, RecursionError) as why:  # TOMLDecodeError, endless digits, nesting without end
        raise SetupError(f"{path}: not TOML: {why}") from why
    table = _Table(path, "", content, {one.name for one in fields(Settings)})
    broker, cloud = content.get("mqtt"), content.get("https")
    settings = Settings(
        main_fuse_a=table.number("main_fuse_a", 1.0, 1000.0),
        grid_type=GridType(table.choice("grid_type", [kind.value for kind in GridType]) or GridType.THREE_PHASE),
        generation_on_site=table.value("generation_on_site", bool) or False,
        nominal_voltage_v=table.number("nominal_voltage_v", 50.0, 400.0),
        nominal_frequency_hz=table.number("nominal_frequency_hz", 50.0, 60.0),
        voltage_terminals=table.choices("voltage_terminals", Phase),
        mqtt=None if broker is None else _mqtt(path, broker),
        https=None if cloud is None else _https(path, cloud),
        commands=_commands(path, content.get("commands", {})),
    )
    _check_terminals(path, settings)
    return settings


def _check_terminals(path: Path, settings: Settings) -> None:
    """Only where nothing generates and the neutral is there can the other voltages be inferred from one."""
    wired = settings.voltage_terminals
    if wired is None:
        return
    needed = frozenset(phase for phase, there in zip(Phase, settings.phases, strict=True) if there)
    if not settings.has_three_phases and wired != needed:
        raise SetupError(f"{path}: voltage_terminals: a single-phase grid is wired to L1, met {_named(wired)}")
    if wired != needed and (settings.generation_on_site or settings.grid_type is GridType.IT):
        why = "with generation on site" if settings.generation_on_site else "without a neutral"
        raise SetupError(f"{path}: voltage_terminals: {why} all phases must be wired, met {_named(wired)}")


def _named(phases: frozenset[Phase]) -> str:
    return ", ".join(sorted(phases))


def _commands(path: Path, content: object) -> frozenset[CommandName]:
    if not isinstance(content, dict):
        raise SetupError(f"{path}: commands: wanted a table [commands], met {_shown(content)}")
    found = cast("dict[str, Any]", content)
    table = _Table(path, "commands.", found, {"allow"})
    return frozenset() if found.get("allow") == [] else table.choices("allow", CommandName) or frozenset()


def _mqtt(path: Path, content: object) -> MqttSettings:
    if not isinstance(content, dict):
        raise SetupError(f"{path}: mqtt: wanted a table [mqtt], met {_shown(content)}")
    names = {one.name for one in fields(MqttSettings)}
    table = _Table(path, "mqtt.", cast("dict[str, Any]", content), names)
    host = table.value("host", str)
    if not host:
        raise SetupError(f"{path}: mqtt.host: wanted the broker's name or address, met nothing")
    authority, certificate, key = _certificates(path, table, "tls_ca_file")
    if authority is None and certificate is not None:
        raise SetupError(f"{path}: mqtt: wanted tls_ca_file beside client_certificate_file, met none: there is no TLS")
    return MqttSettings(
        host=host,
        port=table.whole("port", 1, 65535) or (1883 if authority is None else 8883),
        username=table.value("username", str),
        password=table.value("password", str),
        tls_ca_file=authority,
        client_certificate_file=certificate,
        client_key_file=key,
        enrolled=table.value("enrolled", bool) or False,
        batch_s=table.number("batch_s", 0.5, 3600.0) or BATCH_S,
    )


def _https(path: Path, content: object) -> HttpsSettings:
    if not isinstance(content, dict):
        raise SetupError(f"{path}: https: wanted a table [https], met {_shown(content)}")
    names = {one.name for one in fields(HttpsSettings)}
    table = _Table(path, "https.", cast("dict[str, Any]", content), names)
    authority, certificate, key = _certificates(path, table, "ca_file")
    settings = HttpsSettings(
        url=_cloud(path, table.value("url", str)),
        token=table.value("token", str),
        ca_file=authority,
        client_certificate_file=certificate,
        client_key_file=key,
        enrolled=table.value("enrolled", bool) or False,
        proxy=table.value("proxy", str),
        batch_s=table.number("batch_s", 0.5, 3600.0) or BATCH_S,
    )
    files = (settings.ca_file, settings.client_certificate_file, settings.client_key_file)
    if settings.url.lower().startswith("http:") and any(one is not None for one in files):
        raise SetupError(f"{path}: https: wanted certificates only with https://, met {_shown(settings.url)}")
    if settings.token is not None and re.fullmatch(r"[!-~]+", settings.token) is None:
        # never shown: it is a secret
        raise SetupError(f"{path}: https.token: wanted letters, digits and signs without blanks, met something else")
    if settings.proxy is not None:
        proxy = _split(path, "proxy", settings.proxy, shown="something else")
        if proxy.scheme not in _PROXY_SCHEMES or proxy.path not in {"", "/"} or proxy.query or proxy.fragment:
            raise SetupError(f"{path}: https.proxy: wanted http://name:port, met something else")
    return settings


def _certificates(path: Path, table: _Table, authority_key: str) -> tuple[str | None, str | None, str | None]:
    """Authority, certificate and key of a table: those that it names, or those of the unit's enrolment."""
    keys = (authority_key, "client_certificate_file", "client_key_file")
    authority, certificate, key = (table.value(one, str) for one in keys)
    if table.value("enrolled", bool):
        if (authority, certificate, key) != (None, None, None):
            raise SetupError(f"{path}: {table.name}: wanted enrolled = true or {', '.join(keys)}, met both")
        folder = path.parent / CERTIFICATES
        return str(folder / "authority.crt"), str(folder / "unit.crt"), str(folder / "unit.key")
    if (certificate is None) != (key is None):
        raise SetupError(
            f"{path}: {table.name}: wanted client_certificate_file and client_key_file together, met one of them"
        )
    return authority, certificate, key


def _cloud(path: Path, url: str | None) -> str:
    """The address records go to: encrypted, unless it is this machine's own."""
    if not url:
        raise SetupError(f"{path}: https.url: wanted the cloud's address, https://..., met nothing")
    parts = _split(path, "url", url, shown=_shown(url))
    if parts.username is not None or parts.password is not None:
        raise SetupError(f"{path}: https.url: wanted an address without name and password; there is https.token")
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise SetupError(f"{path}: https.url: wanted an address without ? and #, met {_shown(url)}")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _THIS_MACHINE):
        raise SetupError(
            f"{path}: https.url: wanted https://..., or http:// with {' or '.join(sorted(_THIS_MACHINE))}, "
            f"met {_shown(url)}"
        )
    return url.rstrip("/")


def _split(path: Path, key: str, url: str, *, shown: str) -> SplitResult:
    """The parts of an address with a host. Raises SetupError."""
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0 and re.fullmatch(r"[!-\[\]-~]+", url) is not None
    except ValueError:  # a port that is none, brackets without end
        usable, parts = False, SplitResult("", "", "", "", "")
    if not usable:
        raise SetupError(f"{path}: https.{key}: wanted an address such as https://cloud.example:443, met {shown}")
    return parts


class _Table:
    """A table of the file whose keys are checked."""

    def __init__(self, path: Path, prefix: str, content: Mapping[str, object], known: set[str]) -> None:
        self._path, self._prefix, self._content = path, prefix, content
        self.name = prefix.rstrip(".")
        for key in content:
            if key not in known:
                name = key if key.isprintable() and key else repr(key)
                raise SetupError(f"{path}: {prefix}{name}: no such setting; there are {', '.join(sorted(known))}")

    def value(self, key: str, kind: type[_T]) -> _T | None:
        """A value of that type; None where it is not given."""
        found = self._content.get(key)
        if found is not None and type(found) is not kind:
            raise SetupError(f"{self._path}: {self._prefix}{key}: wanted {_KINDS[kind]}, met {_shown(found)}")
        return found

    def number(self, key: str, least: float, most: float) -> float | None:
        """A number within limits."""
        found = self._content.get(key)
        if found is None:
            return None
        if isinstance(found, bool) or not isinstance(found, (int, float)) or not least <= found <= most:
            raise SetupError(
                f"{self._path}: {self._prefix}{key}: wanted a number from {least:g} to {most:g}, met {_shown(found)}"
            )
        return float(found)

    def whole(self, key: str, least: int, most: int) -> int | None:
        """A whole number within limits."""
        found = self.number(key, least, most)
        if found is not None and not found.is_integer():
            raise SetupError(
                f"{self._path}: {self._prefix}{key}: wanted a whole number from {least} to {most}, met {found:g}"
            )
        return None if found is None else int(found)

    def choices(self, key: str, kind: type[_E]) -> frozenset[_E] | None:
        """Several of the words, at least one."""
        found = self._content.get(key)
        if found is None:
            return None
        words = [member.value for member in kind]
        listed: list[object] = list(cast("list[object]", found)) if isinstance(found, list) else []
        if not listed or any(word not in words for word in listed):
            raise SetupError(
                f"{self._path}: {self._prefix}{key}: wanted a list of {', '.join(words)}, "
                f"met {_shown(self._content[key])}"
            )
        return frozenset(member for member in kind if member.value in listed)

    def choice(self, key: str, allowed: list[str]) -> str | None:
        """One of the words."""
        found = self.value(key, str)
        if found is not None and found not in allowed:
            raise SetupError(
                f"{self._path}: {self._prefix}{key}: wanted one of {', '.join(allowed)}, met {_shown(found)}"
            )
        return found


def _shown(found: object) -> str:
    """A wrong value in a sentence: short, whatever it is."""
    try:
        text = repr(found)
    except ValueError:  # Python refuses to write integers of thousands of digits
        return "a number of thousands of digits"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
