"""The phases of a grid connection: L1, L2, L3, and what exists once for each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)
U = TypeVar("U")


class Phase(StrEnum):
    """A line conductor."""

    L1 = "L1"
    L2 = "L2"
    L3 = "L3"


class PhaseOrder(StrEnum):
    """In which order the phases pass through their maxima; "unknown" is None, never a third member."""

    L1_L2_L3 = "L1-L2-L3"
    L3_L2_L1 = "L3-L2-L1"


@dataclass(frozen=True, slots=True)
class Phases(Generic[T_co]):
    """One value for each phase."""

    l1: T_co
    l2: T_co
    l3: T_co

    @staticmethod
    def of(values: Iterable[U]) -> Phases[U]:
        """The three values in the order L1, L2, L3; ValueError unless there are exactly three."""
        l1, l2, l3 = values
        return Phases(l1, l2, l3)

    @staticmethod
    def all_of(value: U) -> Phases[U]:
        """The same value on every phase."""
        return Phases(value, value, value)

    def __iter__(self) -> Iterator[T_co]:
        yield self.l1
        yield self.l2
        yield self.l3

    def __getitem__(self, phase: Phase) -> T_co:
        match phase:
            case Phase.L1:
                return self.l1
            case Phase.L2:
                return self.l2
            case Phase.L3:
                return self.l3

    def map(self, function: Callable[[T_co], U]) -> Phases[U]:
        """The function's value for each phase."""
        return Phases(function(self.l1), function(self.l2), function(self.l3))


@dataclass(frozen=True, slots=True)
class LinePairs(Generic[T_co]):
    """One value for each pair of phases: line-to-line quantities."""

    l1_l2: T_co
    l2_l3: T_co
    l3_l1: T_co
