"""Power cuts of the card in QEMU, which is killed at random instants, while it boots and while it measures.

It always boots, has every reading that it gave away and every setting that it said to have, and no number is missing
before these. What the guest had handed to its medium is there after a cut, whether it had asked for that or not: a card
that loses what it had not yet been told to keep is `make torture`'s.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.system.card import Card, booted, table
from tests.system.container import DATA, SERVICES

from ampguard_hil.places.provisioning import browser
from ampguard_hil.places.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

CUTS, SEED = int(os.environ.get("CUTS", "30")), int(os.environ.get("SEED", "1"))
BOOT_S, PATIENCE_S = 90.0, 400.0
"""How long a boot takes, about; how long it may, in a machine in a machine."""
pytestmark = [pytest.mark.system, pytest.mark.full, pytest.mark.timeout(1800 + CUTS * 2 * int(PATIENCE_S))]
MOST_IN_USE_S = 25.0
FUSES_A = (25.0, 35.0, 50.0, 63.0)
PROGRAM = Path(__file__).with_name("kept.py").read_text()


class Owner:
    """Of the unit: knows what it said."""

    def __init__(self, card: Card) -> None:
        self.card = card
        self.fuse_a = card.bench.at(Stage.METERING).installation.main_fuse_a

    def sets(self, fuse_a: float) -> None:
        """Counts as soon as the unit says so."""
        with browser(self.card.place.page) as page:
            told = page.post("/api/v1/session", json={"pin": self.card.place.installation.pin}).json()
            csrf = {"X-CSRF-Token": told["csrf"]}
            page.patch("/api/v1/settings", json={"changes": {"main_fuse_a": fuse_a}}, headers=csrf).raise_for_status()
        self.fuse_a = fuse_a

    def given_away(self) -> dict[str, int]:
        """The highest number of each boot that has come out of the journal."""
        found: defaultdict[str, int] = defaultdict(int)
        for one in tuple(self.card.place.heard.heard):
            if one.lane == "records":
                boot = str(one.reading["boot"])
                found[boot] = max(found[boot], int(one.reading["sequence"]))
        return found

    def looks(self) -> int:
        """How many readings are kept. Whatever it misses fails."""
        card, given_away = self.card, self.given_away()
        assert card.place.until(lambda: card.run("systemctl is-system-running || true") == "running", PATIENCE_S), (
            card.run("systemctl --failed --plain --no-legend")
        )
        assert {card.shows(f"ampguard-{one}", "SubState") for one in SERVICES} == {"running"}
        card.put("/run/kept.py", PROGRAM)
        reading = "/usr/lib/ampguard/bin/python -I /run/kept.py"
        kept = json.loads(card.run(f"runuser -u ampguard -- {reading} {DATA}/journal.sqlite"))
        for boot, highest in given_away.items():
            assert len(kept[boot]) == 1, f"{boot}: {kept[boot]}"
            first, last = kept[boot][0]
            assert first == 1, boot
            assert last >= highest, boot
        assert f"main_fuse_a = {self.fuse_a:g}" in card.run(f"sed 's/\\.0$//' {DATA}/settings.toml")
        return sum(last - first + 1 for runs in kept.values() for first, last in runs)


@pytest.fixture(scope="module")
def owner() -> Iterator[Owner]:
    with booted() as card:
        yield Owner(card)


def test_it_boots_after_every_cut_and_has_what_it_gave_away_and_was_told(owner: Owner) -> None:
    chance, place = random.Random(SEED), owner.card.place
    while_booting, boots_s = 0, []
    with table() as rows:
        for number in range(1, CUTS + 1):
            place.power_off()
            began_s = time.monotonic()
            place.power_on()
            if chance.random() < 0.5 and number < CUTS:
                while_booting += 1
                time.sleep(chance.uniform(0.0, BOOT_S))
                continue
            kept = owner.looks()
            boots_s.append(time.monotonic() - began_s)
            rows["cuts"] = f"{number}, {while_booting} of them while it booted (SEED={SEED})"
            rows["looked at"] = f"{len(boots_s)} times, up to {max(boots_s):.0f} s after power on"
            rows["readings"] = f"{kept} kept, {sum(owner.given_away().values())} given away, none of these missing"
            owner.sets(chance.choice([one for one in FUSES_A if one != owner.fuse_a]))
            time.sleep(chance.uniform(0.0, MOST_IN_USE_S))
