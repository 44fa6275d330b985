"""The manual's tables of lights and button, made from the tables that the lights run by. Markdown."""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from ampguard.indication import charging
from ampguard.indication.button import ANSWERS, ENDING, REFUSED, STAGES, WAY_OUT_S, Wish
from ampguard.indication.charging import EACH_S, WINK_S
from ampguard.indication.table import (
    COMMUNICATION_LIGHT,
    COMMUNICATION_WORDS,
    CURRENT_LIGHT,
    CURRENT_WORDS,
    LOGO_WORDS,
    SILENT_S,
    VOLTAGE_LIGHT,
    VOLTAGE_WORDS,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

State = TypeVar("State", bound=Enum)
_WISHES: Mapping[Wish | None, str] = MappingProxyType({
    Wish.REBOOT: "the unit restarts; nothing stored is lost",
    Wish.ACCESS_POINT: "the access point opens again",
    Wish.FACTORY_RESET: "factory reset: see below",
    None: "nothing: the way out",
})  # fmt: skip


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """As Markdown has it."""
    lines = (heads, ["---"] * len(heads), *rows)
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def lights() -> str:
    """What each light says."""
    rows = [["logo", colour.name.lower(), words] for colour, words in LOGO_WORDS.items()]
    rows.append(["logo", f"winks: out for {WINK_S:g} s, every {EACH_S:g} s", charging.WORDS])
    rows += _rows("communication", COMMUNICATION_LIGHT, COMMUNICATION_WORDS)
    rows += _rows("voltage", VOLTAGE_LIGHT, VOLTAGE_WORDS)
    rows += _rows("current", CURRENT_LIGHT, CURRENT_WORDS)
    return (
        f"{table(('light', 'shows', 'means'), rows)}\n"
        f"Voltage and current are off, too, when nothing has been measured for {SILENT_S:g} s.\n"
    )


def button() -> str:
    """What each length of a press does, and what the lights say to it."""
    rows: list[list[str]] = []
    ends = [*(f"{stage.from_s:g} s" for stage in STAGES[1:]), ""]
    for stage, end in zip(STAGES, ends, strict=True):
        held = f"{stage.from_s:g} s to {end}" if end else f"{stage.from_s:g} s and longer"
        shown = "as before" if stage.shown is None else stage.shown.words
        if stage.wish is None:
            shown = f"{shown}; after {WAY_OUT_S:g} s as before"
        answer = "as before" if stage.wish is None else _told(stage.wish)
        rows.append([held, shown, _WISHES[stage.wish], answer])
    heads = ("held for", "lights meanwhile", "when it is let go", "lights then")
    return (
        f"{table(heads, rows)}\n"
        f"What cannot be done is answered with: {REFUSED.shown.words}, for {REFUSED.lasts_s:g} s; the log says why.\n"
    )


def _told(wish: Wish) -> str:
    answer = ANSWERS[wish]
    first = f"{answer.shown.words}, for {answer.lasts_s:g} s"
    if wish is Wish.ACCESS_POINT:
        return first
    ending = f"{ENDING.shown.words} until the unit is back"
    return ending if answer.shown == ENDING.shown else f"{first}; then {ending}"


def _rows(light: str, shown: Mapping[State, Enum | None], words: Mapping[State, str]) -> Iterator[list[str]]:
    for state, colour in shown.items():
        yield [light, "as before" if colour is None else colour.name.lower(), words[state]]
