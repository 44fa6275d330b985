"""Four lights, each with its own colours and never two at once."""

from __future__ import annotations

from dataclasses import dataclass, fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard_drivers.board import LIGHT_LINES, PanelParts
from ampguard_drivers.bus import Level
from ampguard_drivers.lights.panel import (
    DARK,
    CommunicationColour,
    CurrentColour,
    Light,
    LightColours,
    LightPanel,
    LogoColour,
    VoltageColour,
)

colours = st.builds(
    LightColours,
    logo=st.sampled_from(LogoColour),
    communication=st.sampled_from(CommunicationColour),
    voltage=st.sampled_from(VoltageColour),
    current=st.sampled_from(CurrentColour),
)
PAIRS = [
    ("communication_green", "communication_blue"),
    ("voltage_green", "voltage_red"),
    ("current_green", "current_red"),
]


@dataclass
class Line:
    name: str
    board: Board

    def drive(self, level: Level) -> None:
        self.board.lit.discard(self.name)
        if level is Level.HIGH:
            self.board.lit.add(self.name)
        self.board.changes += 1
        for pair in PAIRS:
            assert not self.board.lit.issuperset(pair)

    def close(self) -> None:
        pass


class Board:
    def __init__(self) -> None:
        self.lit = set(LIGHT_LINES)
        self.changes = 0

    def level(self) -> Level:
        return Level.HIGH

    def wait_low(self, timeout_s: float) -> bool:
        return timeout_s < 0

    def close(self) -> None:
        pass

    def now_ns(self) -> int:
        return 0

    def pause(self, duration_s: float) -> None:
        pass

    def parts(self) -> PanelParts:
        self.lit.clear()
        return PanelParts(lights={name: Line(name, self) for name in LIGHT_LINES}, button=self, clock=self)


def test_a_new_panel_is_dark() -> None:
    board = Board()
    parts = board.parts()
    board.lit.add("logo")
    panel = LightPanel(parts)
    assert board.lit == set()
    assert panel.shown == DARK


@given(st.lists(colours, min_size=1, max_size=8))
def test_exactly_the_lines_of_the_shown_colours_are_lit_and_never_two_of_one_light(shows: list[LightColours]) -> None:
    board = Board()
    panel = LightPanel(board.parts())
    for shown in shows:
        panel.show(shown)
        wanted = {shown.logo.value, shown.communication.value, shown.voltage.value, shown.current.value} - {None}
        assert board.lit == wanted
        assert panel.shown == shown
    panel.dark()
    assert board.lit == set()


def test_showing_the_same_again_touches_no_line() -> None:
    board = Board()
    panel = LightPanel(board.parts())
    panel.show(LightColours(**{**{f.name: getattr(DARK, f.name) for f in fields(DARK)}, "logo": LogoColour.ON}))
    before = board.changes
    panel.show(panel.shown)
    assert board.changes == before


def test_every_light_has_its_colours_and_every_line_its_colour() -> None:
    assert {field.name for field in fields(LightColours)} == {light.value for light in Light}
    kinds = (LogoColour, CommunicationColour, VoltageColour, CurrentColour)
    assert {colour.value for kind in kinds for colour in kind} - {None} == set(LIGHT_LINES)


def test_a_board_without_one_of_the_lines_is_refused() -> None:
    parts = Board().parts()
    lacking = PanelParts(
        lights={name: line for name, line in parts.lights.items() if name != "voltage_red"},
        button=parts.button,
        clock=parts.clock,
    )
    with pytest.raises(ValueError, match="voltage_red"):
        LightPanel(lacking)
