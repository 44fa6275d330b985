"""The picture fits its terminal."""

from __future__ import annotations

import dataclasses
import io

import pytest
from rich.console import Console

from ampguard_hil.listener import Tally
from ampguard_hil.view import Snapshot, line, picture

SHOT = Snapshot(
    scenario="kettle",
    story="A 2 kW kettle on L1: on at 4 s, off at 12 s, again and again.",
    elapsed_s=8.0,
    reading=None,
    age_s=None,
    lit=frozenset({"logo"}),
    wiring=None,
    balance=None,
    tally=Tally(readings=0, missing=0, waiting=0, twice=0, boots=0, online=None),
    ways=(
        "unit page  http://127.0.0.1:41001/  PIN: 12345678  (as on a LAN, encrypted: https://127.0.0.1:41002/)",
        "bench panel  http://127.0.0.1:41003/  (no part of the unit: scenarios, heaters, its button)",
        "subscribe with:  mosquitto_sub -h 127.0.0.1 -p 1883 -v -t 'ampguard/+/#'",
    ),
    broker="Mosquitto",
    broker_up=True,
    processes=(("board", True, 0), ("meter", False, 2)),
)


def drawn(columns: int) -> list[str]:
    console = Console(file=io.StringIO(), width=columns, height=24, color_system=None)
    with console.capture() as capture:
        console.print(picture(SHOT, columns))
    return capture.get().splitlines()


@pytest.mark.parametrize("columns", [40, 60, 75, 76, 80, 120])
def test_every_name_is_whole_and_the_screen_holds_it(columns: int) -> None:
    lines = drawn(columns)
    assert len(lines) <= 24
    assert max(len(each) for each in lines) <= columns
    text = "\n".join(lines)
    for word in ("L1", "L2", "L3", "U angle", "I THD", "lights", "wiring", "received", "restarted 2"):
        assert word in text, word


def test_whoever_watches_sees_where_the_page_is_and_its_pin() -> None:
    text = "\n".join(drawn(80)[:24])
    assert "http://127.0.0.1:41001/" in text
    assert "12345678" in text
    assert "http://127.0.0.1:41003/" in text


GARAGE = {
    "active": True, "fault": None, "rung": "fresh", "leader": "unit",
    "chargers": [
        {"name": "Place 1", "limit_a": 13.2, "current_a": {"l1": 12.9, "l2": 13.1, "l3": None}},
        {"name": "Place 2", "limit_a": 0.0, "current_a": {"l1": 0.0, "l2": 0.0, "l3": 0.0}},
    ],
}  # fmt: skip


def test_what_chargers_draw_of_what_they_may_is_told() -> None:
    assert "charging Place 1 13/13 A  Place 2 0/0 A  (meter fresh, led by the unit)" in line(
        dataclasses.replace(SHOT, balance=GARAGE)
    )


def test_why_nothing_is_balanced_is_told() -> None:
    idle = {"active": False, "fault": "nobody has told the main fuse", "chargers": []}
    assert "charging nobody has told the main fuse" in line(dataclasses.replace(SHOT, balance=idle))


def test_a_line_names_who_was_started_again() -> None:
    assert line(SHOT).endswith("received 0 missing 0  meter restarted 2")
