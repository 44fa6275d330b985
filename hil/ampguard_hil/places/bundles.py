"""Bundles for a simulated box, as RAUC's stand-in takes them: all the same software, but for what is wrong in it."""

from __future__ import annotations

import json
from dataclasses import asdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ampguard.update.dataform import OWN
from ampguard_hil.places.place import Bundle
from ampguard_hil.places.slots import COMPATIBLE, Software

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PACKAGE = "0.1.0"
FIRST, OLD = f"{PACKAGE}-20260101000000", f"{PACKAGE}-20251231000000"
"""What is in a new box, and what is older than that."""
GAIN_RATIO = 1.01
WRONG: Mapping[Bundle, Mapping[str, Any]] = MappingProxyType({
    Bundle.MEASURES_WRONG: {"gain_ratio": {"meter": GAIN_RATIO, "gate": GAIN_RATIO}},
    Bundle.WITHOUT_PAGE: {"without": ("web",)},
    Bundle.WITHOUT_UPLINK: {"without": ("uplink",)},
    Bundle.DEAD: {"starts": False},
})  # fmt: skip
"""In the software."""


def write(folder: Path, what: Bundle, number: int) -> Path:
    """`number`: counts up, as versions do."""
    version = OLD if what is Bundle.OLDER else f"{PACKAGE}-{20260101000000 + number}"
    compatible = "toaster" if what is Bundle.OTHER_BOARD else COMPATIBLE
    told = {"version": version, "compatible": compatible, "build": str(OWN), "forged": what is Bundle.FORGED}
    path = folder / f"{what}.raucb"
    path.write_text(json.dumps({**told, "software": asdict(Software(version, **WRONG.get(what, {})))}))
    return path
