"""The manual's tables are made from the tables that the firmware runs by, and the shipped file is the one they make."""

from __future__ import annotations

import itertools

from tests.conventions.source import ROOT

from ampguard.indication.button import STAGES
from ampguard.indication.manual import button, lights, table
from ampguard.indication.table import COMMUNICATION_LIGHT, CURRENT_LIGHT, VOLTAGE_LIGHT
from ampguard.services.factory_reset_table import ANYTHING_ELSE, ROWS, as_markdown
from ampguard.services.lights_manual import text


def cells(markdown: str) -> list[list[str]]:
    """The rows of the first table, without its head."""
    lines = itertools.takewhile(lambda line: line.startswith("|"), markdown.splitlines())
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines][2:]


def test_the_shipped_file_is_what_the_tables_make() -> None:
    assert (ROOT / "firmware" / "LIGHTS.md").read_text() == text(), "run: python -m ampguard.services.lights_manual"


def test_every_state_of_every_light_is_a_row() -> None:
    rows = cells(lights())
    shown = {
        "logo": 3,
        "communication": len(COMMUNICATION_LIGHT),
        "voltage": len(VOLTAGE_LIGHT),
        "current": len(CURRENT_LIGHT),
    }
    assert {light: len([row for row in rows if row[0] == light]) for light in shown} == shown
    assert any(row[0] == "logo" and row[1].startswith("winks") for row in rows)
    assert ["communication", "blue", "connected to a network, not to the cloud"] in rows
    assert ["voltage", "red", "wrong phase order"] in rows
    assert ["current", "off", "clamps not connected"] in rows
    assert len({tuple(row) for row in rows}) == len(rows)


def test_every_stage_is_a_row_with_its_times_and_colours() -> None:
    rows = cells(button())
    assert [row[0] for row in rows] == ["0 s to 3 s", "3 s to 10 s", "10 s to 20 s", "20 s and longer"]
    assert len(rows) == len(STAGES)
    assert rows[1][1] == "communication blue blinking slowly; logo"
    assert rows[2][1] == "voltage red and current red blinking quickly; logo"
    assert rows[2][3].endswith("then all lights out until the unit is back")


def test_what_a_factory_reset_wipes_is_told_line_by_line() -> None:
    assert cells(as_markdown()) == [[row.what, row.fate, row.why] for row in (*ROWS, ANYTHING_ELSE)]


def test_a_table_is_one_for_readers_of_markdown() -> None:
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |\n"
    for line in text().splitlines():
        if line.startswith("|"):
            assert line.count("|") in {4, 5}
