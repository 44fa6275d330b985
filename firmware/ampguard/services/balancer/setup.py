"""What the owner's files say, as the core and the central system are set up with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.balancing import capi, site
from ampguard.balancing.ocpp import configuration as ocpp
from ampguard.errors import SetupError
from ampguard.phrase import phrase
from ampguard.web.access import certificate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ampguard.settings.group import ChargerSettings, GroupSettings
    from ampguard.settings.settings import Settings

EVERYWHERE = "0.0.0.0"  # noqa: S104 - chargers are on the LAN; the firewall says from where they may come


@dataclass(frozen=True, slots=True)
class Setup:
    """All of it; one that is equal needs no other core and no other central system."""

    group: GroupSettings
    shared: site.Group
    central: ocpp.Configuration
    accounts: Mapping[capi.Account, tuple[str, ...]]
    """At the makers' cloud, each with the chargers that are reached over it."""
    certificate: tuple[int, int] | None
    """Names the file that chargers are shown: it may be another one under the same name."""


def made(settings: Settings, group: GroupSettings, identity: Path) -> Setup:
    """What the files come to. Raises SetupError for what is missing or cannot be. `identity`: the unit's folder."""
    found = _certificate(identity) if group.tls_port is not None else None
    mark = None if found is None else found.stat()
    return Setup(
        group=group,
        shared=shared(settings, group),
        central=central(settings, group, found),
        accounts=accounts(group),
        certificate=None if mark is None else (mark.st_ino, mark.st_mtime_ns),
    )


def fast(group: GroupSettings) -> list[ChargerSettings]:
    """Those that speak with this unit."""
    return [one for one in group.chargers if one.capi_url is None]


def slow(group: GroupSettings) -> list[ChargerSettings]:
    """Those that speak with their makers' cloud alone."""
    return [one for one in group.chargers if one.capi_url is not None]


def accounts(group: GroupSettings) -> Mapping[capi.Account, tuple[str, ...]]:
    """Each account with its chargers' ids."""
    found: dict[capi.Account, tuple[str, ...]] = {}
    for one in slow(group):
        account = capi.Account(one.capi_url or "", one.capi_email or "", one.capi_password or "", one.capi_key or "")
        found[account] = (*found.get(account, ()), one.id)
    return found


def shared(settings: Settings, group: GroupSettings) -> site.Group:
    """What is balanced. Raises SetupError where something is missing or cannot be."""
    supply_max_a = group.supply_max_a or settings.main_fuse_a
    if supply_max_a is None:
        raise SetupError(phrase("nobody has told the rated current of the main fuse: nothing can be shared"))
    max_online_a = supply_max_a if group.max_online_a is None else group.max_online_a
    return site.Group(
        supply_max_a=supply_max_a,
        device=group.device,
        max_online_a=max_online_a,
        max_offline_a=group.max_offline_a,
        min_a=group.min_a,
        chargers=tuple(_charger(one) for one in fast(group)),
        slow=tuple(_charger(one) for one in slow(group)),
        nominal_v=nominal_v(settings),
        grid=settings.grid_type,
        rules=site.Rules(unbalance_a=group.unbalance_a, is_dimmable=group.dimmable, is_surplus_only=group.surplus_only),
    )


def central(settings: Settings, group: GroupSettings, shown: Path | None = None) -> ocpp.Configuration:
    """The central system. Raises SetupError. `shown`: key and certificate for those that come in over TLS."""
    doors = [ocpp.Door(EVERYWHERE, group.port)]
    if group.tls_port is not None:
        doors.append(ocpp.Door(EVERYWHERE, group.tls_port, ocpp.Security.TLS, ocpp.Identity(certificate=shown)))
    return ocpp.Configuration(
        doors=tuple(doors),
        chargers=tuple(
            ocpp.Charger(
                id=one.id,
                max_a=one.max_a,
                offline_a=one.offline_a,
                key=one.key,
                least_security=ocpp.Security(one.security),
                cloud=None if one.cloud_url is None else ocpp.Cloud(one.cloud_url, one.cloud_key),
            )
            for one in fast(group)
        ),
        nominal_v=nominal_v(settings),
        tags=frozenset(group.tags),
        is_free=group.free,
    )


def nominal_v(settings: Settings) -> float:
    """Of the grid. Raises SetupError."""
    if settings.nominal_voltage_v is None:
        raise SetupError(phrase("nobody has told the nominal voltage of the grid: limits in watts cannot be made"))
    return settings.nominal_voltage_v


def _certificate(identity: Path) -> Path:
    """The page's, for chargers as well. Raises SetupError."""
    try:
        found = certificate.files(identity)
    except OSError as why:
        raise SetupError(
            phrase("the certificate for chargers cannot be read: {why}", why=why.strerror or str(why))
        ) from why
    if not found:
        raise SetupError(
            phrase("there is no certificate for chargers yet: the unit's page makes it when it first starts")
        )
    return found[0]


def _charger(one: ChargerSettings) -> site.Charger:
    return site.Charger(
        name=one.name,
        max_a=one.max_a,
        phases=one.phases,
        is_included=one.included,
        offline_a=one.offline_a,
        offline_phase=one.offline_phase,
        has_socket=one.socket,
        priority=one.priority,
    )
