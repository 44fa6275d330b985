"""The network that is to be joined, as somebody asked for it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ampguard.network.air import Security
from ampguard.network.credentials import check_password, check_ssid, shown

if TYPE_CHECKING:
    from ampguard.network.address import FixedAddress
    from ampguard.network.air import Heard


@dataclass(frozen=True, slots=True)
class Target:
    """What to join, and how."""

    ssid: bytes
    password: str | None = field(repr=False)
    """None: the network has none."""
    fixed: FixedAddress | None
    hidden: bool
    """It does not tell its name: ask for it."""
    only_sae: bool
    enhanced_open: bool
    level_dbm: int | None
    """As it was heard last; None: it was not."""
    uuid: str
    """Of the profile that is made for it."""

    @property
    def name(self) -> str:
        """For people."""
        return shown(self.ssid)


def target(ssid: bytes, password: str | None, fixed: FixedAddress | None, heard: Heard | None) -> Target:
    """What was asked for, checked as far as that goes without trying. Raises SetupError.

    Args:
        ssid: the network's name.
        password: None or empty for a network that has none.
        fixed: instead of DHCP.
        heard: the network as it was heard last; None if it was not: then it may hide its name.
    """
    return Target(
        ssid=check_ssid(ssid),
        password=check_password(password) if password else None,
        fixed=fixed,
        hidden=heard is None,
        only_sae=heard is not None and heard.only_sae,
        enhanced_open=heard is not None and heard.security is Security.ENHANCED_OPEN,
        level_dbm=None if heard is None else heard.level_dbm,
        uuid=str(uuid.uuid4()),
    )
