"""The two slots of a simulated box: what software each holds, and which one the boot loader starts.

One file for all who have to do with it: RAUC's stand-in (`ampguard_hil.rauc`) writes what it installs and marks, the
boot loader here counts tries, and whoever is started asks which software it is (`places.software`). As on the card
(image/card/boot/boot.cmd), a slot has three tries, and marking it good gives it three again.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ampguard.wholefile import replace_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

COMPATIBLE = "ampguard-bench"
TRIES = 3
RELEASE, KERNEL_WORDS = "release.json", "cmdline"
"""Beside the file of the slots: what the root of a card and its kernel say of the slot that runs."""


@dataclass(frozen=True, slots=True)
class Software:
    """What a slot holds, and what is wrong with it."""

    version: str
    gain_ratio: Mapping[str, float] = field(default_factory=dict[str, float])
    """By process: what it multiplies all samples with."""
    without: tuple[str, ...] = ()
    """Processes that do nothing at all."""
    starts: bool = True
    """Whether its kernel is one."""


class Slots:
    """A and B."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def make(self, software: Software) -> None:
        """As a new card has them: the same in A as runs, nothing in B."""
        self._write({
            "booted": "A", "primary": "A", "marked": [], "holds": {"A": software.version, "B": None},
            "left": {"A": TRIES, "B": TRIES}, "software": {"A": asdict(software)},
        })  # fmt: skip

    def start(self) -> None:
        """What the boot loader does: the first of both that has tries left, again and again until one starts."""
        found = self._read()
        while not self._chosen(found).starts:
            pass
        self._write(found)
        slot: str = found["booted"]
        self.path.with_name(KERNEL_WORDS).write_text(f"root=/dev/bench ro rauc.slot={slot} quiet\n")
        told = {"version": self.running().version, "compatible": COMPATIBLE}
        replace_whole(self.path.with_name(RELEASE), json.dumps(told))

    def running(self) -> Software:
        """What the slot holds that was started last."""
        found = self._read()
        return _of(found, found["booted"])

    def _chosen(self, found: dict[str, Any]) -> Software:
        left: dict[str, int] = found["left"]
        first: str = found["primary"]
        order = [first, *(slot for slot in left if slot != first)]
        if not any(left.values()):
            left.update(dict.fromkeys(left, TRIES))
        slot = next(slot for slot in order if left[slot])
        left[slot] -= 1
        found["booted"] = slot
        return _of(found, slot)

    def _read(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.path.read_bytes())
        return found

    def _write(self, found: Mapping[str, Any]) -> None:
        replace_whole(self.path, json.dumps(found))


def _of(found: Mapping[str, Any], slot: str) -> Software:
    told: dict[str, Any] = {**found["software"][slot]}
    without = tuple(told.pop("without", ()))
    return Software(**told, without=without)
