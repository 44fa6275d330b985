"""What a load-balancing group must have before it may balance; what it lacks is said in a sentence each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard_hil.cloud.registry_mounted import MODELS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ampguard_hil.cloud.registry_mounted import Charger
    from ampguard_hil.cloud.registry_parameters import GroupSettings


@dataclass(frozen=True, slots=True)
class Members:
    """What belongs to a group."""

    chargers: tuple[Charger, ...]
    model: str | None
    """Of the measurement device."""
    main_fuse_a: float | None
    """What the measurement device's owner says of the fuse."""


def missing(group: GroupSettings, members: Members) -> tuple[str, ...]:
    """A sentence for each thing that activation still wants; nothing where it is complete."""
    return (*_unstated(group), *_supply(group, members), *_chargers(group, members.chargers))


def _unstated(group: GroupSettings) -> Iterator[str]:
    if group.device_serial is None:
        yield "no measurement device is chosen"
    if group.chargers_in_measurements is None:
        yield "it is not stated whether the chargers are included in the measurements"
    if not group.phases:
        yield "the phases and their order are not stated"
    if group.fuse_kind is None:
        yield "the kind of the main fuse is not stated"
    for name, value_a in (
        ("max current per phase with the meter online", group.max_current_online_a),
        ("max current per phase with the meter offline", group.max_current_offline_a),
        ("min current per phase", group.min_current_a),
        ("supply max current (the main fuse)", group.supply_max_current_a),
    ):
        if value_a is None:
            yield f"{name} is not stated"


def _supply(group: GroupSettings, members: Members) -> Iterator[str]:
    supply_a = group.supply_max_current_a
    if supply_a is None:
        return
    if members.model is not None and supply_a > MODELS[members.model][1]:
        name, most_a = MODELS[members.model]
        yield f"supply max current is {supply_a:g} A, and the {name} measures up to {most_a:g} A"
    if members.main_fuse_a is not None and supply_a > members.main_fuse_a:
        yield f"supply max current is {supply_a:g} A, and the device's main fuse {members.main_fuse_a:g} A"


def _chargers(group: GroupSettings, chargers: tuple[Charger, ...]) -> Iterator[str]:
    if not chargers:
        yield "no charger is in the group"
    for one in chargers:
        if one.offline_current_a is None:
            yield f"the offline current limit of {one.name} is not stated"
        if one.offline_phase is None:
            yield f"the offline phase of {one.name} is not stated"
        foreign = [phase for phase in one.phases if phase not in group.phases]
        if foreign and group.phases:
            yield f"{one.name} uses {', '.join(foreign)}, and the group does not balance that"
    if group.max_current_offline_a is None:
        return
    for phase in group.phases:
        sum_a = sum(one.offline_current_a or 0.0 for one in chargers if one.offline_phase == phase)
        if sum_a > group.max_current_offline_a:
            yield (
                f"the offline current limits of the chargers on {phase} sum to {sum_a:g} A, "
                f"and max current per phase with the meter offline is {group.max_current_offline_a:g} A"
            )
