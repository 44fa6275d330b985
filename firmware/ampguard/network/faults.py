"""What can go wrong between the unit and NetworkManager."""

from __future__ import annotations

from typing import ClassVar

from ampguard.errors import UplinkFault


class ManagerAbsent(UplinkFault):
    """NetworkManager, or the bus that leads to it, does not answer. It comes back by itself: wait."""

    code: ClassVar[str] = "U20"


class ManagerRefused(UplinkFault):
    """NetworkManager answered with an error; `name` is the error's."""

    code: ClassVar[str] = "U21"

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(f"NetworkManager refused: {sentence or name}")
        self.name = name


class ManagerUnclear(UplinkFault):
    """NetworkManager said something of another type than its interface promises."""

    code: ClassVar[str] = "U22"
