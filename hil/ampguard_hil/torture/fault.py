"""What a fault of a storm is: how it strikes, how it heals, and what it may cost."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from random import Random

    from ampguard_hil.torture.lights import Broken
    from ampguard_hil.torture.unit import TorturedUnit

MEASURES_S = 5.0
"""Within so long after any single fault has healed a new reading is kept."""
PATIENCE_S, BACKOFF_S, NOTICED_S = 20.0, 30.0, 10.0
"""An uplink's: for the cloud's word on a block, at most until its next try to connect, and to know of a loss."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a fault may cost."""

    hold_s: tuple[float, float] = (0.0, 0.0)
    """How long it lasts: at least, at most."""
    delivers_s: float = 20.0
    """Within so long after it has healed a new reading is in the cloud."""
    breaks: frozenset[Broken] = frozenset()
    """While it lasts."""
    shows_s: float = 6.0
    """Within so long the lights tell that."""
    may_end: frozenset[str] = frozenset()
    """Processes that may end by themselves because of it."""
    refuses: bool = False
    """Whether the medium takes nothing while it lasts."""


class Fault(ABC):
    """One kind of fault; an instance strikes once."""

    kind: ClassVar[str]
    """As the table and `--only` call it; what stands before a blank is a group."""
    terms: ClassVar[Terms]

    def __init__(self, chance: Random) -> None:
        """`chance`: for what is different each time; asked now, so that a seed tells all of a storm."""
        self._chance = chance

    @abstractmethod
    def strike(self, unit: TorturedUnit) -> None:
        """Break it."""

    @abstractmethod
    def heal(self, unit: TorturedUnit) -> None:
        """What broke is whole again: from now on the unit has its time."""
