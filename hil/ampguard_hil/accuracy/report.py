"""The report of an accuracy, in a folder: `accuracy.html` and `.pdf` for people, `accuracy.json` for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from ampguard_hil.accuracy.content import class_words, content, parts, title
from ampguard_hil.accuracy.limits import SCALES
from ampguard_hil.accuracy.page import html
from ampguard_hil.accuracy.sheets import pdf
from ampguard_hil.accuracy.table import influenced, reached
from ampguard_hil.accuracy.uncertainty import budgets

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ampguard_hil.accuracy.run import Result
    from ampguard_hil.accuracy.survey import Survey


def write(survey: Survey, folder: Path) -> None:
    """All three."""
    blocks, named = list(content(survey)), title(survey)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "accuracy.html").write_text(html(named, blocks), encoding="utf-8")
    (folder / "accuracy.pdf").write_bytes(pdf(named, blocks))
    (folder / "accuracy.json").write_text(json.dumps(document(survey), indent=1, allow_nan=False) + "\n")


def document(survey: Survey) -> Mapping[str, object]:
    """For programs; units as the limits have them (`unit`)."""
    return {
        "title": title(survey),
        "kind": survey.kind.value,
        "place": survey.place,
        "subject": asdict(survey.subject),
        "clamps": survey.clamps,
        "readings_per_point": survey.readings,
        "began_utc": survey.began.isoformat(),
        "ended_utc": survey.ended.isoformat(),
        "parts": {
            part.name.lower(): {
                "classes": [
                    {
                        "function": one.function.value,
                        "class": one.class_number,
                        "words": class_words(one),
                        "judged": one.judged,
                        "used_ratio": one.used_ratio if one.worst.error is not None else None,
                        "worst": _value(one.worst),
                    }
                    for one in reached(results)
                ],
                "influences": [
                    {
                        **_value(one.result),
                        "influence": one.result.point.influence,
                        "change": one.change if one.result.error is not None else None,
                        "change_uncertainty": one.uncertainty,
                        "class": one.class_number,
                        "allowed": one.allowed,
                    }
                    for one in influenced(results)
                ],
                "values": [_value(one) for one in results],
            }
            for part, results in parts(survey)
        },
        "budgets": [
            {
                "function": one.function.value,
                "point": one.point,
                "combined_percent": one.combined_percent,
                "expanded_percent": one.expanded_percent,
                "contributions": [
                    {
                        "name": each.name,
                        "type": each.evaluation,
                        "value": each.value,
                        "unit": each.unit,
                        "distribution": each.distribution.words,
                        "divisor": each.distribution.divisor_ratio,
                        "sensitivity": each.sensitivity_percent_per_unit,
                        "standard_percent": each.standard_percent,
                        "source": each.source,
                    }
                    for each in one.contributions
                ],
            }
            for one in budgets(survey.electronics or survey.whole, survey.readings)
        ],
    }


def _value(one: Result) -> dict[str, object]:
    return {
        "point": one.point.name,
        "function": one.spot.function.value,
        "phase": one.spot.phase or None,
        "wanted": one.true,
        "met": one.met,
        "error": one.error,
        "uncertainty": one.uncertainty,
        "scatter": one.scatter,
        "reference": one.reference,
        "unit": SCALES[one.spot.function].value,
    }
