"""A load-balancing group in the unit's words: the keys of its file, as the command `group` brings them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ampguard.readings import Json
    from ampguard_hil.cloud.registry_mounted import Charger
    from ampguard_hil.cloud.registry_parameters import GroupSettings


def document(group: GroupSettings, chargers: Sequence[Charger], *, active: bool) -> dict[str, Json]:
    """All that this cloud knows of it. How chargers come in (ports, keys, RFID tags) stands on the unit alone."""
    return {
        "name": group.name,
        "description": group.description,
        "active": active,
        "supply_max_a": group.supply_max_current_a,
        "device": group.fuse_kind,
        "max_online_a": group.max_current_online_a,
        "max_offline_a": group.max_current_offline_a,
        "min_a": group.min_current_a,
        "unbalance_a": group.unbalance_a,
        "dimmable": group.dimmable,
        "surplus_only": group.surplus_only,
        "chargers": [_charger(group, one) for one in chargers],
    }


def _charger(group: GroupSettings, one: Charger) -> Mapping[str, Json]:
    phases = group.phases if group.balancer_version == "1" else one.phases
    return {
        "id": one.serial,
        "name": one.name,
        "max_a": one.max_current_a,
        "phases": cast("list[Json]", list(phases)),
        "included": group.chargers_in_measurements,
        "offline_a": one.offline_current_a,
        "offline_phase": one.offline_phase,
        "socket": group.socket_enabled,
        "priority": one.priority,
    }
