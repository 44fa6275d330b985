"""A short campaign of kills loses nothing; and its judge finds what somebody takes out of the store afterwards."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ampguard_hil.broker import Broker
from ampguard_hil.campaign import Campaign, Wishes, journal_of
from ampguard_hil.campaign_judge import UnitVerdict, judged
from ampguard_hil.campaign_report import Outcome, table

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
KILLS = 12
SEED = 26
"""Every kind is among its first twelve, and a broker that nobody had listened to."""


@dataclass(frozen=True)
class Ended:
    """A campaign that is over, with what it left."""

    folder: Path
    outcome: Outcome

    @property
    def store(self) -> Path:
        return self.folder / "cloud.sqlite"

    @property
    def serial(self) -> str:
        """Of a unit whose meter was killed."""
        return max(self.outcome.units, key=lambda unit: unit.boots).serial

    def judged(self, store: Path) -> UnitVerdict:
        return judged(self.serial, journal_of(self.folder, self.serial), store, self.outcome.kills)


@pytest.fixture(scope="module")
def ended() -> Iterator[Ended]:
    with tempfile.TemporaryDirectory(prefix="ampguard-test-", ignore_cleanup_errors=True) as folder:
        if not Broker(Path(folder), 1).speaks_mqtt5:
            pytest.skip("no Mosquitto: no other broker here shares a subscription")
        yield Ended(Path(folder), Campaign(Wishes(KILLS, SEED, units=2), Path(folder)).main())


def test_nothing_is_lost_doubled_or_unexplained(ended: Ended) -> None:
    assert ended.outcome.good, table(ended.outcome)
    assert len(ended.outcome.kills) >= KILLS
    assert ended.outcome.settled_s is not None
    assert max(unit.boots for unit in ended.outcome.units) > 1, table(ended.outcome)


LAST = "(SELECT max(sequence) FROM reading WHERE serial = :serial AND boot = :boot)"
OF_BOOT = "serial = :serial AND boot = :boot"


@pytest.mark.parametrize(
    ("tampering", "lost", "words"),
    [
        (f"DELETE FROM reading WHERE {OF_BOOT} AND sequence = 2", 1, None),
        (f"DELETE FROM reading WHERE {OF_BOOT} AND sequence = {LAST}", 1, "ends with"),
        (f"DELETE FROM reading WHERE {OF_BOOT}", None, "ends with"),
        (
            f"UPDATE reading SET voltage_rms_v_l2 = voltage_rms_v_l2 + 0.001 WHERE {OF_BOOT} AND sequence = 1",
            0,
            "differ",
        ),
        (f"UPDATE reading SET energy_export_wh_l1 = 1.0 WHERE {OF_BOOT} AND sequence = 1", 0, "fell"),
        (f"UPDATE reading SET energy_total_import_wh = 99.0 WHERE {OF_BOOT} AND sequence = 4", 0, "than flowed"),
        (f"UPDATE reading SET boot = 'nobody' WHERE {OF_BOOT} AND sequence = 1", 1, "the journal lacks"),
        (f"UPDATE reading SET monotonic_ns = monotonic_ns - 700000000 WHERE {OF_BOOT} AND sequence = 1", 0, "missing"),
    ],
)
def test_the_judge_finds_what_was_done_to_the_store(
    ended: Ended, tmp_path: Path, tampering: str, lost: int | None, words: str | None
) -> None:
    store = Path(shutil.copy(ended.store, tmp_path))
    with closing(sqlite3.connect(store)) as database, database:
        (boot,) = database.execute(
            "SELECT boot FROM reading WHERE serial = ? ORDER BY monotonic_ns LIMIT 1", (ended.serial,)
        ).fetchone()
        assert database.execute(tampering, {"serial": ended.serial, "boot": boot}).rowcount > 0
    verdict = ended.judged(store)
    assert not verdict.good
    assert verdict.lost > 0 if lost is None else verdict.lost == lost
    assert words is None or words in " ".join(verdict.unexplained), verdict.unexplained


def test_the_judge_finds_a_reading_that_is_there_under_two_names(ended: Ended, tmp_path: Path) -> None:
    store = Path(shutil.copy(ended.store, tmp_path))
    with closing(sqlite3.connect(store)) as database, database:
        database.execute("CREATE TABLE one AS SELECT * FROM reading WHERE serial = ? LIMIT 1", (ended.serial,))
        database.execute("UPDATE one SET boot = 'nobody'")
        database.execute("INSERT INTO reading SELECT * FROM one")
    assert ended.judged(store).doubled == 1


def test_a_gap_that_no_kill_explains_is_found(ended: Ended) -> None:
    verdict = judged(ended.serial, journal_of(ended.folder, ended.serial), ended.store, [])
    assert len(verdict.gaps) == verdict.boots - 1
    assert len(verdict.unexplained) == len(verdict.gaps) > 0
