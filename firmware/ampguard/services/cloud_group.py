"""Whether this unit can balance a load-balancing group that comes from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.phrase import Number, phrase

if TYPE_CHECKING:
    from ampguard.settings.group import GroupSettings
    from ampguard.settings.settings import Settings


def possible(settings: Settings, group: GroupSettings) -> None:
    """Raises SetupError with one sentence where it cannot. `settings`: what the unit's owner says."""
    from ampguard.services.balancer import setup  # noqa: PLC0415 - the core is needed only where a group is brought

    fuse_a, wanted_a = settings.main_fuse_a, group.supply_max_a
    if fuse_a is not None and wanted_a is not None and wanted_a > fuse_a:
        raise SetupError(phrase(
            "the group shares {wanted} A, and the main fuse is {fuse} A",
            wanted=Number(wanted_a, ".1f"), fuse=Number(fuse_a, ".1f"),
        ))  # fmt: skip
    setup.shared(settings, group)
    setup.central(settings, group)
