"""Errors, sorted by who must act.

SetupError     the owner: a setting, a file, an argument
HardwareFault  the installer: wiring, chip, bus (drawn in `ampguard_drivers.errors`)
JournalFault   the unit cannot keep its records
UplinkFault    wait, skip or ask: the other side's business
"""

from __future__ import annotations

from typing import ClassVar

from ampguard_drivers.errors import HardwareFault

__all__ = ["HardwareFault", "JournalFault", "SetupError", "UplinkFault"]


class SetupError(Exception):
    """Something its owner must set right. The message says what was wanted, what was met and the limit."""

    code: ClassVar[str] = "S00"


class JournalFault(Exception):
    """The journal cannot be read or written."""

    code: ClassVar[str] = "J00"


class UplinkFault(Exception):
    """The other side cannot be reached, or refused."""

    code: ClassVar[str] = "U00"
