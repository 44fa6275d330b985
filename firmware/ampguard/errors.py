"""Errors, sorted by who must act.

SetupError     the owner: a setting, a file, an argument
HardwareFault  the installer: wiring, chip, bus (drawn in `ampguard_drivers.errors`)
JournalFault   the unit cannot keep its records
UplinkFault    wait, skip or ask: the other side's business
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ampguard_drivers.errors import HardwareFault

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["HardwareFault", "JournalFault", "SetupError", "UplinkFault"]


class SetupError(Exception):
    """Something its owner must set right. The message says what was wanted, what was met and the limit."""

    code: ClassVar[str] = "S00"

    def __init__(self, said: str, at: Path | None = None) -> None:
        """`said`: a phrase can be told in other languages; `at`: the file that it is about, before it in English."""
        super().__init__(str(said) if at is None else f"{at}: {said}")
        self.said = said


class JournalFault(Exception):
    """The journal cannot be read or written."""

    code: ClassVar[str] = "J00"


class UplinkFault(Exception):
    """The other side cannot be reached, or refused."""

    code: ClassVar[str] = "U00"
