"""The load-balancing group as its owner has set it up: a file of its own, since a page or a cloud brings it as a whole.

What cannot be for electrical reasons is found where the group is balanced (`ampguard.balancing.site`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from ampguard.errors import SetupError
from ampguard.phases import Phase
from ampguard.settings.described import GROUP
from ampguard.settings.grid import Device
from ampguard.settings.settings import content, tables
from ampguard.settings.table import Table, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PORT = 9000
MOST_CHARGERS = 50
LEAST_A = 6.0
"""IEC 61851-1: a charger cannot offer less."""
_ID = re.compile(r"[A-Za-z0-9*\-_=:+|@. ]{1,48}")
"""What OCPP's identifierString has, and blanks, which some have as well."""
_HERE = {"127.0.0.1", "localhost", "::1"}
HEAD = "# What shares the main fuse: written by the unit's page, by `ampguard balance`, or by hand.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargerSettings:
    """One charger."""

    id: str
    """Charge point id."""
    name: str
    max_a: float
    phases: tuple[Phase, ...]
    """Behind its terminals, in their order."""
    offline_a: float
    """What it falls back to by itself."""
    offline_phase: Phase | None = None
    included: bool = True
    """The meter measures it, too."""
    socket: bool = False
    priority: int = 1
    key: str | None = field(default=None, repr=False)
    security: int = 0
    """The least security profile that it must come in with."""
    cloud_url: str | None = None
    cloud_key: str | None = field(default=None, repr=False)
    capi_url: str | None = None
    """Of the makers' REST API, for one that speaks no OCPP with the unit; None: it does."""
    capi_email: str | None = None
    capi_password: str | None = field(default=None, repr=False)
    capi_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSettings:
    """All of it."""

    name: str
    description: str = ""
    active: bool = False
    supply_max_a: float | None = None
    """None: the main fuse of the settings."""
    device: Device
    max_online_a: float | None = None
    """None: the supply's."""
    max_offline_a: float
    min_a: float = LEAST_A
    unbalance_a: float | None = None
    dimmable: bool = False
    surplus_only: bool = False
    port: int = PORT
    tls_port: int | None = None
    free: bool = False
    tags: tuple[str, ...] = ()
    chargers: tuple[ChargerSettings, ...] = ()


def load(path: Path) -> GroupSettings | None:
    """Read the file; None: there is none, nobody has set up a group. Raises SetupError with one sentence."""
    return parsed(path, content(path))


def parsed(path: Path, content: bytes) -> GroupSettings | None:
    """What a file says that holds this; nothing: there is no group. Raises SetupError with one sentence."""
    if not content.strip():
        return None
    table = Table(path, "", tables(path, content), GROUP)
    device, offline_a = table.choice("device"), table.number("max_offline_a")
    if device is None:
        raise _missing(path, "device", "what kind of fuse or circuit breaker the group shares: gG, B or C")
    if offline_a is None:
        raise _missing(path, "max_offline_a", "what all chargers may draw together while the meter is offline")
    port = table.whole("port")
    group = GroupSettings(
        name=table.text("name") or "",
        description=table.text("description") or "",
        active=table.flag("active") or False,
        supply_max_a=table.number("supply_max_a"),
        device=Device(device),
        max_online_a=table.number("max_online_a"),
        max_offline_a=offline_a,
        min_a=table.number("min_a") or LEAST_A,
        unbalance_a=table.number("unbalance_a"),
        dimmable=table.flag("dimmable") or False,
        surplus_only=table.flag("surplus_only") or False,
        port=PORT if port is None else port,
        tls_port=table.whole("tls_port"),
        free=table.flag("free") or False,
        tags=table.texts("tags") or (),
        chargers=tuple(_charger(path, one, number) for number, one in enumerate(table.tables("chargers"), 1)),
    )
    _check(path, group)
    return group


def written(told: Mapping[str, object]) -> bytes:
    """A file that says this: keys as in the file, `chargers` a list of such; None: not set.

    Nothing is checked: whoever keeps it reads it with `parsed` first.
    """
    import tomlkit  # noqa: PLC0415 - wanted for a change only

    document = tomlkit.document()
    for key, value in told.items():
        if value is not None and key != "chargers":
            document[key] = value
    listed = tomlkit.aot()
    for one in cast("Sequence[Mapping[str, object]]", told.get("chargers") or ()):
        table = tomlkit.table()
        for key, value in one.items():
            if value is not None:
                table[key] = value
        listed.append(table)  # pyright: ignore[reportUnknownMemberType]  # the library does not say
    if len(listed):
        document["chargers"] = listed
    return (HEAD + tomlkit.dumps(document)).encode()


def is_charge_point_id(text: str) -> bool:
    """A charger can call itself so."""
    return _ID.fullmatch(text) is not None and bool(text.strip(" ."))


def _check(path: Path, group: GroupSettings) -> None:
    if len(group.chargers) > MOST_CHARGERS:
        raise _wrong(path, "chargers", f"at most {MOST_CHARGERS}", str(len(group.chargers)))
    for what in ("id", "name"):
        values = [str(getattr(one, what)) for one in group.chargers]
        if twice := next((one for one in values if values.count(one) > 1), None):
            raise _wrong(path, f"chargers.{what}", "each once", f"{shown(twice)} twice")
    _check_printable(path, "name", group.name)
    if group.port == group.tls_port:
        raise _wrong(path, "tls_port", "another port than the other one", str(group.port))
    for number, one in enumerate(group.chargers, 1):
        _check_charger(path, one, f"chargers[{number}]", has_tls=group.tls_port is not None)


def _check_charger(path: Path, one: ChargerSettings, where: str, *, has_tls: bool) -> None:
    """That it can come in at all."""
    _check_printable(path, f"{where}.name", one.name)
    if not is_charge_point_id(one.id):
        raise _wrong(path, f"{where}.id", "1 to 48 letters, digits, blanks and *-_=:+|@.", shown(one.id))
    if one.key == "":
        raise _wrong(path, f"{where}.key", "a password, or nothing at all", "an empty one")
    if one.key is not None and ":" in one.id:
        raise _wrong(path, f"{where}.id", "none with a colon where there is a key (RFC 7617)", shown(one.id))
    if one.key is None and one.security > 0:
        raise _wrong(path, f"{where}.key", f"a password, which security {one.security} asks for", "none")
    if one.security > 1 and not has_tls:
        raise _wrong(path, "tls_port", f"a port for charger {one.id}, whose security is {one.security}", "none")
    if one.cloud_url is not None and not _is_address(one.cloud_url):
        raise _wrong(path, f"{where}.cloud_url", "an address, ws://... or wss://...", shown(one.cloud_url))
    if one.capi_url is not None:
        _check_api(path, one, where, one.capi_url)


def _check_api(path: Path, one: ChargerSettings, where: str, url: str) -> None:
    """That its makers' API can be asked, and nobody else limits it."""
    if not _is_api(url):
        raise _wrong(path, f"{where}.capi_url", "an address, https://...", shown(url))
    for key in ("capi_email", "capi_password", "capi_key"):
        if not getattr(one, key):
            raise _missing(path, f"{where}.{key}", f"what the makers' API asks for charger {one.id}")
    if one.cloud_url is not None or one.key is not None:
        raise _wrong(path, f"{where}.capi_url", "either the makers' API or OCPP", "both")


def _check_printable(path: Path, key: str, text: str) -> None:
    if not text.isprintable():
        raise _wrong(path, key, "a text of one line", shown(text))


def _is_address(text: str) -> bool:
    """Of a central system, to which a charger's id can be added."""
    try:
        found = urlsplit(text)
        is_whole = bool(found.hostname) and (found.port is None or found.port > 0)
    except ValueError:
        return False
    is_plain = text.isascii() and text.isprintable() and not set(text) & set("?#@ ")
    return found.scheme in {"ws", "wss"} and is_whole and is_plain


def _is_api(text: str) -> bool:
    """Passwords go there: encrypted, or within this machine."""
    try:
        found = urlsplit(text)
        is_whole = bool(found.hostname) and (found.port is None or found.port > 0)
    except ValueError:
        return False
    is_plain = text.isascii() and text.isprintable() and not set(text) & set("?#@ ")
    return is_whole and is_plain and (found.scheme == "https" or (found.scheme == "http" and found.hostname in _HERE))


def _charger(path: Path, table: Table, number: int) -> ChargerSettings:
    identity, max_a, offline_a = table.text("id"), table.number("max_a"), table.number("offline_a")
    phases = table.sequence("phases", Phase)
    where, called = f"chargers[{number}]", shown(identity)
    if not identity:
        raise _missing(path, f"{where}.id", "the charge point id, the end of the address that it connects to")
    if max_a is None:
        raise _missing(path, f"{where}.max_a", f"what charger {called} and its cable may carry")
    if phases is None:
        raise _missing(path, f"{where}.phases", f'the phases of charger {called}, as in ["L1", "L2", "L3"]')
    if offline_a is None:
        raise _missing(path, f"{where}.offline_a", f"what charger {called} falls back to by itself: 0, or 6 and more")
    phase = table.choice("offline_phase")
    included = table.flag("included")
    return ChargerSettings(
        id=identity,
        name=table.text("name") or identity,
        max_a=max_a,
        phases=phases,
        offline_a=offline_a,
        offline_phase=None if phase is None else Phase(phase),
        included=True if included is None else included,
        socket=table.flag("socket") or False,
        priority=table.whole("priority") or 1,
        key=table.text("key"),
        security=table.whole("security") or 0,
        cloud_url=table.text("cloud_url"),
        cloud_key=table.text("cloud_key"),
        capi_url=table.text("capi_url"),
        capi_email=table.text("capi_email"),
        capi_password=table.text("capi_password"),
        capi_key=table.text("capi_key"),
    )


def _missing(path: Path, key: str, what: str) -> SetupError:
    return _wrong(path, key, what, "nothing")


def _wrong(path: Path, key: str, wanted: str, met: str) -> SetupError:
    return SetupError(f"{path}: {key}: wanted {wanted}, met {met}")
