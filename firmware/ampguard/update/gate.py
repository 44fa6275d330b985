"""What a new slot must show before it is kept: four proofs, each with the time that it may take. No I/O.

| proof    | what is wanted                                                          | within |
|----------|-------------------------------------------------------------------------|--------|
| measures | the same readings of the same samples as the software before            | at once |
| meter    | readings that are kept, and its self-check within the limit             | 4 min  |
| page     | it answers                                                              | 4 min  |
| uplink   | its broker or cloud is reached, if it was before                        | 10 min |
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Proof(StrEnum):
    """What is to be shown."""

    MEASURES = "measures"
    METER = "meter"
    PAGE = "page"
    UPLINK = "uplink"


WITHIN_S: Mapping[Proof, float] = MappingProxyType({
    Proof.MEASURES: 120.0,
    Proof.METER: 240.0,
    Proof.PAGE: 240.0,
    Proof.UPLINK: 600.0,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it is kept."""

    is_kept: bool
    reason: str | None
    """Why not."""


class Gate:
    """One trial."""

    def __init__(self, wanted: frozenset[Proof]) -> None:
        """`wanted`: what is to be shown."""
        self._met: dict[Proof, str] = dict.fromkeys(wanted, "nothing was heard of it")
        self._denied: str | None = None

    def shown(self, proof: Proof) -> None:
        """It has been."""
        self._met.pop(proof, None)

    def not_yet(self, proof: Proof, met: str) -> None:
        """What was met instead so far."""
        if proof in self._met:
            self._met[proof] = met

    def denied(self, proof: Proof, met: Sequence[str]) -> None:
        """It never will be."""
        self._denied = f"{proof}: {'; '.join(met)}"

    def verdict(self, since_s: float) -> Verdict | None:
        """None while something may still come."""
        if self._denied is not None:
            return Verdict(is_kept=False, reason=self._denied)
        if not self._met:
            return Verdict(is_kept=True, reason=None)
        late = [proof for proof in self._met if since_s >= WITHIN_S[proof]]
        if not late:
            return None
        told = "; ".join(f"{proof}: not within {WITHIN_S[proof]:.0f} s: {self._met[proof]}" for proof in sorted(late))
        return Verdict(is_kept=False, reason=told)


def wanted(*, uplink: bool) -> frozenset[Proof]:
    """`uplink`: whether it was reached before."""
    return frozenset(Proof) if uplink else frozenset(Proof) - {Proof.UPLINK}
