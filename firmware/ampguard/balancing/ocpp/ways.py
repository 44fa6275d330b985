"""Which way a charger is limited, given which ways it has refused: a table. No I/O.

TxDefault   ChargePointMax   TxProfile   the safe current is in   a limit is given in     before it charges
taken       -                taken       TxDefaultProfile         TxProfile               -
taken       -                refused     TxDefaultProfile         TxDefaultProfile        TxDefaultProfile
refused     taken            -           ChargePointMaxProfile    ChargePointMaxProfile   -
refused     refused          taken       the schedule itself      TxProfile               -
refused     refused          refused     the vendor's key         the vendor's key        -

In the fourth row the TxProfile steps down to the safe current by itself. In the last one there is no lease: a limit
that never ends is never above the safe current. Before it charges a charger holds the safe current and needs no other:
a lease that is renewed all day would wear its flash. Only where a running charge takes no limit it must have it before,
as soon as a car is plugged in.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ampguard.balancing.ocpp.profile import Purpose

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet


class Way(StrEnum):
    """How a limit is given."""

    TX = "TxProfile"
    TX_DEFAULT = "TxDefaultProfile"
    CHARGE_POINT_MAX = "ChargePointMaxProfile"
    VENDOR_KEY = "InstallationOfflineCurrent"

    @property
    def purpose(self) -> Purpose | None:
        """Of its profiles; None: it has none."""
        return None if self is Way.VENDOR_KEY else Purpose(self.value)


@dataclass(frozen=True, slots=True)
class Ways:
    """What follows from what was refused."""

    safe: Way | None
    """By which the safe current is armed; None: only by the schedule."""
    charging: Way | None
    """By which limits are given; None: there is no way."""
    before: Way | None = None
    """By which they are given already while a car only waits."""

    @property
    def is_leased(self) -> bool:
        """While it charges, a limit ends by itself."""
        return self.charging is not None and self.charging is not Way.VENDOR_KEY


def ways(refused: AbstractSet[Way], *, has_vendor_key: bool) -> Ways:
    """The row of the table."""
    vendor = Way.VENDOR_KEY if has_vendor_key and Way.VENDOR_KEY not in refused else None
    if Way.TX_DEFAULT not in refused:
        if Way.TX not in refused:
            return Ways(Way.TX_DEFAULT, Way.TX)
        return Ways(Way.TX_DEFAULT, Way.TX_DEFAULT, Way.TX_DEFAULT)
    if Way.CHARGE_POINT_MAX not in refused:
        return Ways(Way.CHARGE_POINT_MAX, Way.CHARGE_POINT_MAX)
    if Way.TX not in refused:
        return Ways(vendor, Way.TX)
    return Ways(vendor, vendor)
