"""A phasor diagram in characters: voltages as long lines, currents as short ones, drawn with braille dots."""

from __future__ import annotations

import cmath
import math
from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

COLOURS = ("dark_orange3", "white", "deep_sky_blue1")
"""Brown, black and grey are the conductors' colours; on a dark terminal these stand for them."""
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BRAILLE = 0x2800
_VOLTAGE_LENGTH, _CURRENT_LENGTH = 0.92, 0.62
"""Of the radius, for the longest of its kind."""
_STEPS = 200


class Canvas:
    """Characters of two by four dots each."""

    def __init__(self, columns: int, rows: int) -> None:
        self._dots = [[0] * columns for _ in range(rows)]
        self._styles: list[list[str]] = [[""] * columns for _ in range(rows)]
        self._words: dict[tuple[int, int], str] = {}

    def dot(self, x: float, y: float, style: str) -> None:
        """Set the dot at (x, y) in [-1, 1], y upwards."""
        rows, columns = len(self._dots), len(self._dots[0])
        across, down = round((x + 1.0) / 2.0 * (2 * columns - 1)), round((1.0 - y) / 2.0 * (4 * rows - 1))
        if 0 <= across < 2 * columns and 0 <= down < 4 * rows:
            self._dots[down // 4][across // 2] |= _DOTS[down % 4][across % 2]
            self._styles[down // 4][across // 2] = style

    def word(self, x: float, y: float, word: str, style: str) -> None:
        """Write a word with its middle at (x, y)."""
        rows, columns = len(self._dots), len(self._dots[0])
        row = min(rows - 1, max(0, round((1.0 - y) / 2.0 * (rows - 1))))
        first = min(columns - len(word), max(0, round((x + 1.0) / 2.0 * (columns - 1) - (len(word) - 1) / 2.0)))
        for offset, letter in enumerate(word):
            self._words[row, first + offset] = letter
            self._styles[row][first + offset] = style

    def text(self) -> Text:
        """The picture."""
        text = Text()
        for row, dots in enumerate(self._dots):
            for column, pattern in enumerate(dots):
                letter = self._words.get((row, column)) or (chr(_BRAILLE + pattern) if pattern else " ")
                text.append(letter, style=self._styles[row][column])
            text.append("\n")
        text.rstrip()
        return text


def diagram(voltages: Sequence[complex | None], currents: Sequence[complex | None], rows: int) -> Text:
    """Draw three phasors of each kind, None where there is none; `rows` high and twice as wide."""
    canvas = Canvas(2 * rows, rows)
    for step in range(_STEPS):
        turn = cmath.rect(0.98, 2.0 * math.pi * step / _STEPS)
        if step % 2:
            canvas.dot(turn.real, turn.imag, "grey30")
    for phasors, length, name in ((currents, _CURRENT_LENGTH, "I"), (voltages, _VOLTAGE_LENGTH, "U")):
        longest = max((abs(phasor) for phasor in phasors if phasor is not None), default=0.0)
        for phase, phasor in enumerate(phasors):
            if phasor is None or not longest or abs(phasor) < 0.02 * longest:
                continue
            tip = phasor * (length / longest)
            for step in range(_STEPS):
                if name == "U" or step % 8 < 5:  # noqa: PLR2004 - currents dashed
                    point = tip * step / _STEPS
                    canvas.dot(point.real, point.imag, COLOURS[phase])
            canvas.word(tip.real, tip.imag, f"{name}{phase + 1}", f"bold {COLOURS[phase]}")
    return canvas.text()
