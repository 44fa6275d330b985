"""What the guided check prints: plain lines for people, or one JSON object for each change."""

from __future__ import annotations

import json
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from ampguard.wiring.check_table import NoteKind, Stage
from ampguard.wiring.check_words import MEND_NEXT, degrees
from ampguard.wiring.finding import NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.phases import Phases
    from ampguard.readings import Json
    from ampguard.wiring.check import Check
    from ampguard.wiring.check_result import Result
    from ampguard.wiring.check_snapshot import Snapshot
    from ampguard.wiring.check_step import Step
    from ampguard.wiring.check_table import Note

LIVE_S = 1.0
"""So often what flows is shown on a terminal; where nobody watches it would only fill a file."""
_SIGNS = {NoteKind.ASK: "->", NoteKind.SEEN: "  ", NoteKind.REMARK: "  ", NoteKind.RESULT: "=="}

_HINTS: Mapping[Stage, str] = MappingProxyType({
    Stage.VOLTAGES: "Ctrl-C ends it; nothing is changed",
    Stage.QUIET: "Ctrl-C ends it; nothing is changed",
    Stage.ON: "press Enter if it is surely on and nothing is shown here",
    Stage.OFF: "press Enter if it is off and nothing is shown here",
})  # fmt: skip


class Show(Protocol):
    """Tells whoever does the check."""

    def window(self, check: Check) -> None:
        """One window more was looked at."""
        ...

    def note(self, check: Check, note: Note) -> None:
        """Something to tell."""
        ...

    def end(self, result: Result) -> None:
        """The verdict."""
        ...


class Plain:
    """Lines for people, without colours; on a terminal the last one shows what flows now."""

    def __init__(self) -> None:
        self._is_watched, self._is_asked = sys.stdout.isatty(), sys.stdin.isatty()
        self._next_s: float | None = None
        self._shown = 0

    def window(self, check: Check) -> None:
        """See `Show`."""
        seen = check.latest
        if not self._is_watched or seen is None or check.result is not None:
            return
        if self._next_s is None or seen.start_s >= self._next_s or seen.start_s < self._next_s - 2.0 * LIVE_S:
            self._next_s = seen.start_s + LIVE_S
            line = "   now: " + "  ".join(_flowing(seen, check.plan.clamps))
            sys.stdout.write("\r" + line.ljust(self._shown))
            sys.stdout.flush()
            self._shown = len(line)

    def note(self, check: Check, note: Note) -> None:
        """See `Show`."""
        if note.kind is NoteKind.RESULT:
            return
        self._wipe()
        at = f"  (at {note.step.seen_s:.1f} s)" if note.step is not None else ""
        # who sits at a keyboard can tell what no clamp shows
        hint = f"   ({_HINTS[check.stage]})\n" if self._is_asked and note.kind is NoteKind.ASK else ""
        sys.stdout.write(f"{_SIGNS[note.kind]} {note.sentence}{at}\n{hint}")
        sys.stdout.flush()

    def end(self, result: Result) -> None:
        """See `Show`."""
        self._wipe()
        lines = [
            f"== {result.condition} ({result.confidence_ratio:.1%}): {result.sentence.removeprefix('undecided: ')}"
        ]
        lines += [f"   {one}" for one in result.answers]
        how = ": ampguard wiring accept" if result.next_step == MEND_NEXT else ""
        lines += [f"-> {result.next_step}{how}"]
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()

    def _wipe(self) -> None:
        """Off the terminal's last line."""
        if self._shown:
            sys.stdout.write("\r" + " " * self._shown + "\r")
            self._shown = 0


class JsonLines:
    """One object a line, for each change."""

    def window(self, check: Check) -> None:
        """See `Show`: a window alone is no change."""

    def note(self, check: Check, note: Note) -> None:
        """See `Show`."""
        if note.kind is NoteKind.RESULT:
            return
        seen = check.latest
        _line({
            "kind": note.kind,
            "stage": check.stage,
            "sentence": note.sentence,
            "start_s": None if seen is None else round(seen.end_s, 3),
            "step": None if note.step is None else _step(note.step),
            "now": None if seen is None else _now(seen, check.plan.clamps),
        })  # fmt: skip

    def end(self, result: Result) -> None:
        """See `Show`."""
        placing = result.placing
        assignment: dict[str, Json] = {}
        for number, name in enumerate(NAMES):
            place = None if placing is None else list(placing.phase)[number]
            turned = placing is not None and list(placing.reversed)[number]
            assignment[name.lower()] = {"phase": None if place is None else NAMES[place], "reversed": turned}
        _line({
            "kind": NoteKind.RESULT,
            "verdict": result.condition,
            "confidence_ratio": round(result.confidence_ratio, 6),
            "sentence": result.sentence,
            "assignment": assignment,
            "answers": list(result.answers),
            "clamps": {name.lower(): _size(result, number) for number, name in enumerate(NAMES)},
            "next_step": result.next_step,
        })  # fmt: skip


def _line(content: Json) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


def _flowing(seen: Snapshot, clamps: Phases[bool]) -> list[str]:
    return [
        f"{NAMES[number]} {abs(seen.current_a[number]):5.1f} A {degrees(seen.lag_deg(number))!s:>5}°"
        for number, there in enumerate(clamps)
        if there
    ]


def _now(seen: Snapshot, clamps: Phases[bool]) -> Json:
    return {
        NAMES[number].lower(): {
            "current_a": round(abs(seen.current_a[number]), 3),
            "current_angle_deg": round(seen.lag_deg(number), 2),
        }
        for number, there in enumerate(clamps)
        if there
    }


def _step(step: Step) -> Json:
    return {
        "start_s": round(step.start_s, 3),
        "seen_s": round(step.seen_s, 3),
        "clamps": {
            name.lower(): {
                "change_a": round(abs(step.change_a[number]), 3),
                "current_angle_deg": round(step.lag_deg(number), 2),
                "unsure_a": round(step.unsure_a[number], 4),
                "answers": step.answers(number),
            }
            for number, name in enumerate(NAMES)
        },
    }


def _size(result: Result, number: int) -> Json:
    one = list(result.sizes)[number]
    if one is None:
        return None
    return {
        "shown_a": round(one.shown_a, 3),
        "expected_a": None if one.expected_a is None else round(one.expected_a, 3),
        "ratio_error_percent": None if one.ratio_error_percent is None else round(one.ratio_error_percent, 2),
        "ratio_unsure_percent": None if one.ratio_unsure_percent is None else round(one.ratio_unsure_percent, 2),
        "phase_error_deg": round(one.lead_deg, 2),
        "phase_unsure_deg": round(one.lead_unsure_deg, 2),
        "warning": one.warning,
    }
