"""Every parameter of a load-balancing group, with its limits."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ampguard_hil.cloud import registry_fields as limits
from ampguard_hil.cloud.registry_refusals import Unfit

LARGEST_A = 400.0
MIN_CURRENTS_A = (6.0, 32.0)
"""Below 6 A a car does not charge (IEC 61851-1)."""
BALANCER_VERSIONS = ("1", "2")
"""1: the group's limits alone; 2: also each charger's phases and their order."""
FUSE_KINDS = ("gG", "B", "C")
"""A fuse, a circuit breaker of type B, one of type C."""


@dataclass(frozen=True, slots=True)
class GroupSettings:
    """Every parameter; None where nobody has stated one yet."""

    name: str
    description: str = ""
    device_serial: str | None = None
    """Measurement device (i/a)."""
    balancer_version: str = BALANCER_VERSIONS[-1]
    """Loadbalancer type."""
    socket_enabled: bool = True
    """Whether the chargers' domestic sockets give current too."""
    chargers_in_measurements: bool | None = None
    """Whether the measurement device measures the chargers as well, not only the rest of the building."""
    phases: tuple[str, ...] = ()
    """Those that are balanced, in their order."""
    max_current_online_a: float | None = None
    """For the whole group per phase, while the measurement device is online."""
    max_current_offline_a: float | None = None
    """The same while it is offline."""
    min_current_a: float | None = None
    """The least that a charger gets per phase."""
    supply_max_current_a: float | None = None
    """The facility's main fuse, where the device measures."""
    fuse_kind: str | None = None
    """What kind of fuse or circuit breaker that is: how long it bears too much."""
    unbalance_a: float | None = None
    """By how much chargers may load one phase more than another; None: as they like."""
    dimmable: bool = False
    """Whether the grid operator may limit the chargers' power."""
    surplus_only: bool = False
    """Whether only what the building would feed in is charged with."""
    cloud_balancing: bool = False
    """Whether this cloud says what each charger gets, as long as it is there; below what the unit takes for safe."""

    def fit(self) -> GroupSettings:
        """The same, stripped and within its limits. Raises Unfit."""
        limits.one_of("balancer_version", self.balancer_version, BALANCER_VERSIONS)
        if self.fuse_kind is not None:
            limits.one_of("fuse_kind", self.fuse_kind, FUSE_KINDS)
        if self.phases:
            limits.phases("phases", self.phases)
        limits.amperes("max_current_online_a", self.max_current_online_a, 0.0, LARGEST_A)
        limits.amperes("max_current_offline_a", self.max_current_offline_a, 0.0, LARGEST_A)
        limits.amperes("min_current_a", self.min_current_a, *MIN_CURRENTS_A)
        limits.amperes("unbalance_a", self.unbalance_a, 6.0, LARGEST_A)
        limits.amperes("supply_max_current_a", self.supply_max_current_a, 6.0, LARGEST_A)
        _not_above("max_current_online_a", self.max_current_online_a, "supply_max_current_a", self.supply_max_current_a)
        _not_above(
            "max_current_offline_a", self.max_current_offline_a, "max_current_online_a", self.max_current_online_a
        )
        _not_above("min_current_a", self.min_current_a, "max_current_online_a", self.max_current_online_a)
        description = limits.text("description", self.description)
        name, serial = limits.name("name", self.name), self.device_serial or None
        return replace(self, name=name, description=description, device_serial=serial)


def _not_above(field: str, value_a: float | None, limit: str, limit_a: float | None) -> None:
    if value_a is not None and limit_a is not None and value_a > limit_a:
        raise Unfit("outside-limits", f"{field}: wanted at most {limit}, which is {limit_a:g} A, met {value_a:g} A")
