"""The simulated card's boot loader, and bundles as RAUC's stand-in takes them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ampguard_hil.places import bundles, software
from ampguard_hil.places.bundles import FIRST
from ampguard_hil.places.place import Bundle
from ampguard_hil.places.slots import COMPATIBLE, KERNEL_WORDS, RELEASE, TRIES, Slots, Software
from ampguard_hil.rauc import Installer


@pytest.fixture
def slots(tmp_path: Path) -> Slots:
    found = Slots(tmp_path / "slots.json")
    found.make(Software(FIRST))
    return found


def put(slots: Slots, slot: str, software: Software) -> None:
    """As an installation does."""
    found = read(slots)
    found["primary"] = slot
    found["left"][slot] = TRIES
    found["software"][slot] = {"version": software.version, "starts": software.starts}
    slots.path.write_text(json.dumps(found))


def read(slots: Slots) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(slots.path.read_text())
    return found


def test_a_new_card_starts_slot_a_and_says_what_is_in_it(slots: Slots) -> None:
    slots.start()
    assert slots.running() == Software(FIRST)
    assert "rauc.slot=A" in slots.path.with_name(KERNEL_WORDS).read_text().split()
    assert json.loads(slots.path.with_name(RELEASE).read_text())["version"] == FIRST


def test_who_is_never_found_good_is_given_up_after_three_starts(slots: Slots) -> None:
    put(slots, "B", Software("2"))
    started: list[str] = []
    for _ in range(TRIES + 1):
        slots.start()
        started.append(read(slots)["booted"])
    assert started == ["B", "B", "B", "A"]


def test_who_does_not_start_is_given_up_at_once(slots: Slots) -> None:
    put(slots, "B", Software("2", starts=False))
    slots.start()
    assert (read(slots)["booted"], read(slots)["left"]) == ("A", {"A": TRIES - 1, "B": 0})


def test_where_nobody_has_tries_left_all_begins_anew(slots: Slots) -> None:
    for _ in range(TRIES):
        slots.start()
    assert read(slots)["left"]["A"] == 0
    found = read(slots)
    found["left"]["B"] = 0
    slots.path.write_text(json.dumps(found))
    slots.start()
    assert read(slots)["booted"] == "A"


def test_a_mark_of_rauc_counts_for_the_boot_loader(slots: Slots) -> None:
    installer = Installer(slots.path)
    slots.start()
    installer.mark.__wrapped__(installer, "good", "booted")  # type: ignore[attr-defined]  # without a bus
    assert read(slots)["left"]["A"] == TRIES
    put(slots, "B", Software("2"))
    slots.start()
    installer.mark.__wrapped__(installer, "bad", "booted")  # type: ignore[attr-defined]  # likewise
    slots.start()
    assert (read(slots)["booted"], read(slots)["left"]["B"]) == ("A", 0)


def test_each_bundle_is_newer_than_the_one_before_and_only_one_is_older(tmp_path: Path) -> None:
    told = {
        what: json.loads(bundles.write(tmp_path, what, number).read_text()) for number, what in enumerate(Bundle, 1)
    }
    assert all((one["version"] > FIRST) == (what is not Bundle.OLDER) for what, one in told.items())
    assert [what for what, one in told.items() if one["forged"]] == [Bundle.FORGED]
    others = [what for what, one in told.items() if one["compatible"] != COMPATIBLE]
    assert others == [Bundle.OTHER_BOARD]
    faultless = {"gain_ratio": {}, "without": [], "starts": True}
    faulty = {what for what, one in told.items() if {name: one["software"][name] for name in faultless} != faultless}
    assert faulty == {Bundle.MEASURES_WRONG, Bundle.WITHOUT_PAGE, Bundle.WITHOUT_UPLINK, Bundle.DEAD}


def test_a_process_is_told_which_software_it_is(slots: Slots) -> None:
    """In a child, which becomes that process."""
    words = [sys.executable, "-m", software.__name__, str(slots.path), "web"]
    slots.start()
    asking = [*words, sys.executable, "-c", "import os; print(open(os.environ['AMPGUARD_RELEASE']).read())"]
    said = subprocess.run(asking, capture_output=True, text=True, check=True).stdout
    assert json.loads(said)["version"] == FIRST
