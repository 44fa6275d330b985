"""The last guided check, kept for reports: a small file that whichever process ran the check replaces as a whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from ampguard.phrase import as_told
from ampguard.readings import as_json
from ampguard.wholefile import replace_whole
from ampguard.wiring.check_result import SURE_PROBABILITY
from ampguard.wiring.check_weigh import Kind
from ampguard.wiring.finding import NAMES
from ampguard.wiring.verdict import Condition

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ampguard.events import Inputs
    from ampguard.readings import Json
    from ampguard.wiring.check import Check
    from ampguard.wiring.check_result import Result, Situation

FILE = "check.json"
"""In the folder of what is kept about the wiring."""


def keep(folder: Path, check: Check, inputs: Inputs, utc: str | None) -> None:
    """One that has ended; where no appliance was recognised it says nothing, and the one before stays.

    Args:
        folder: of what is kept about the wiring.
        check: it has a result.
        inputs: what they were taken to measure meanwhile.
        utc: when it ended, ISO 8601; None where no clock was set.

    Raises:
        OSError: it could not be kept.
    """
    situation, result = check.situation, check.result
    if result is None or not any(one.is_seen for one in situation.stimuli):
        return
    there = [clamp for clamp, one in enumerate(situation.clamps) if one]
    content: dict[str, Json] = {
        "utc": utc,
        "inputs": as_json(inputs),
        "verdict": result.condition.value,
        "confidence_ratio": result.confidence_ratio,
        "sentence": str(result.sentence),
        "told": cast("Json", as_told(result.sentence)),
        "clamps": {NAMES[clamp].lower(): _clamp(situation, result, clamp) for clamp in there},
    }
    folder.mkdir(parents=True, exist_ok=True)
    replace_whole(folder / FILE, json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False))


def _clamp(situation: Situation, result: Result, clamp: int) -> Mapping[str, Json]:
    """What it answered, and where that puts it; its errors are against that place, and none where it is not sure."""
    weighed, best = situation.weighed, situation.best(clamp)
    place, turned = list(weighed.placing.phase)[clamp], list(weighed.placing.reversed)[clamp]
    is_sure = list(weighed.places_probability)[clamp] >= SURE_PROBABILITY and not situation.is_astray(clamp)
    size = list(result.sizes)[clamp]
    if not is_sure or best is None or place is None or size is None:
        found: dict[str, Json] = {"verdict": Condition.UNDECIDED.value, "phase": None, "reversed": None}
        size = None
    else:
        verdict = Condition.RIGHT if place == clamp and not turned else Condition.WRONG
        found = {"verdict": verdict.value, "phase": NAMES[place].value, "reversed": turned}
    return found | {
        "appliance": None if best is None else _appliance(best.kind, best.phase),
        "step_a": None if best is None else round(abs(best.change_a[clamp]), 3),
        "ratio_error_percent": None if size is None else _rounded(size.ratio_error_percent),
        "ratio_unsure_percent": None if size is None else _rounded(size.ratio_unsure_percent),
        "phase_error_deg": None if size is None else round(size.lead_deg, 2),
        "phase_unsure_deg": None if size is None else round(size.lead_unsure_deg, 2),
    }


def _appliance(kind: Kind, phase: str | None) -> str:
    """Where somebody said that it is."""
    return kind.value if kind is Kind.THREE_PHASE else phase or "anywhere"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
