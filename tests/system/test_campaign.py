"""A short campaign of kills loses nothing; and its judges find what somebody does to the store afterwards."""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from ampguard_hil.broker import Broker
from ampguard_hil.campaign import Campaign, Wishes
from ampguard_hil.campaign_cloud import Engine
from ampguard_hil.campaign_report import Outcome, table
from ampguard_hil.campaign_store import is_in_postgresql, select
from ampguard_hil.campaign_victim import Death

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ampguard_hil.campaign_account import AccountVerdict
    from ampguard_hil.campaign_judge import UnitVerdict

pytestmark = [pytest.mark.system, pytest.mark.full, pytest.mark.timeout(300)]
KILLS = {Engine.SQLITE: 4, Engine.POSTGRESQL: 8}
SEEDS = {Engine.SQLITE: 3868, Engine.POSTGRESQL: 4448}
"""A meter that has just kept its first reading, uplink and entrance are among the killed of both."""
NUMBERS = count(1)
"""Of copies of a store."""


@dataclass(frozen=True)
class Ended:
    """A campaign that is over, with what it left."""

    campaign: Campaign
    folder: Path
    outcome: Outcome

    @property
    def store(self) -> str:
        return self.campaign.cloud.store

    @property
    def serial(self) -> str:
        """Of a unit whose meter was killed."""
        return max(self.outcome.units, key=lambda unit: unit.boots).serial

    @property
    def boot(self) -> str:
        """Its longest run."""
        counted = "SELECT boot, count(*) FROM reading WHERE serial = ? GROUP BY boot ORDER BY 2 DESC LIMIT 1"
        ((boot, readings),) = select(self.store, counted, (self.serial,))
        assert readings >= 3, table(self.outcome)
        return str(boot)

    def judged(self, store: str) -> tuple[UnitVerdict, AccountVerdict]:
        return self.campaign.judged(self.serial, store)

    def tampered_with(self, *statements: str) -> str:
        """A copy of the store to which these were done."""
        values = {"serial": self.serial, "boot": self.boot}
        if not is_in_postgresql(self.store):
            copy = str(shutil.copy(self.store, self.folder / f"copy-{next(NUMBERS)}.sqlite"))
            with closing(sqlite3.connect(copy)) as file, file:
                counts = [file.execute(statement, values).rowcount for statement in statements]
        else:
            name = f"copy{next(NUMBERS)}"
            with psycopg.connect(self.store, dbname="template1", autocommit=True) as server:
                server.execute(f"CREATE DATABASE {name} TEMPLATE postgres".encode())
            copy = self.store.replace("/postgres?", f"/{name}?")
            with psycopg.connect(copy, cursor_factory=psycopg.ClientCursor) as database:
                inside = [re.sub(r":(\w+)", r"%(\1)s", statement).encode() for statement in statements]
                counts = [database.execute(statement, values).rowcount for statement in inside]
        assert counts[-1] > 0, statements
        return copy


@pytest.fixture(scope="module", params=list(Engine))
def ended(request: pytest.FixtureRequest) -> Iterator[Ended]:
    engine = Engine(request.param)
    with tempfile.TemporaryDirectory(prefix="ampguard-test-", ignore_cleanup_errors=True) as folder:
        if not Broker(Path(folder), 1).speaks_mqtt5:
            pytest.skip("no Mosquitto: no other broker here shares a subscription")
        wishes = Wishes(KILLS[engine], SEEDS[engine], units=2, engine=engine)
        with closing(Campaign(wishes, Path(folder))) as campaign:
            yield Ended(campaign, Path(folder), campaign.main())


def test_nothing_is_lost_doubled_or_unexplained(ended: Ended) -> None:
    assert ended.outcome.good, table(ended.outcome)
    assert len(ended.outcome.kills) >= KILLS[ended.campaign.cloud.engine]
    assert ended.outcome.settled_s is not None
    assert max(unit.boots for unit in ended.outcome.units) > 1, table(ended.outcome)
    assert all(account.events > 0 for account in ended.outcome.accounts), table(ended.outcome)


def test_postgresql_was_killed_where_it_was_the_store(ended: Ended) -> None:
    kinds = {kill.kind for kill in ended.outcome.kills}
    assert ("postgresql" in kinds) == (ended.campaign.cloud.engine is Engine.POSTGRESQL), kinds


LAST = "(SELECT max(sequence) FROM reading WHERE serial = :serial AND boot = :boot)"
OF_BOOT = "serial = :serial AND boot = :boot"
NO_MARKS = f"UPDATE reading SET quality = '[]' WHERE {OF_BOOT} AND sequence = 2"


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
        (f"UPDATE reading SET energy_total_import_wh = 99.0 WHERE {OF_BOOT} AND sequence = 2", 0, "than flowed"),
        (f"UPDATE reading SET boot = 'nobody' WHERE {OF_BOOT} AND sequence = 1", 1, "the journal lacks"),
        (
            f"{NO_MARKS}; UPDATE reading SET monotonic_ns = monotonic_ns - 700000000 WHERE {OF_BOOT} AND sequence = 1",
            0,
            "missing",
        ),
    ],
)
def test_the_judge_finds_what_was_done_to_the_store(
    ended: Ended, tampering: str, lost: int | None, words: str | None
) -> None:
    verdict, _ = ended.judged(ended.tampered_with(*tampering.split(";")))
    assert not verdict.good
    assert verdict.lost > 0 if lost is None else verdict.lost == lost
    assert words is None or words in " ".join(verdict.unexplained), verdict.unexplained


OF_GAPS = "serial = :serial AND kind = 'gap' AND body LIKE '%%restart%%'"


@pytest.mark.parametrize(
    ("tampering", "words"),
    [
        (f"DELETE FROM event WHERE {OF_GAPS}", "UNEXPLAINED"),
        (f"DELETE FROM event WHERE {OF_GAPS}", "is not stored"),
        (f"UPDATE event SET body = replace(body, 'restart', 'power_off') WHERE {OF_GAPS}", "the reason is not true"),
        (f"UPDATE event SET body = replace(body, 'restart', 'power_off') WHERE {OF_GAPS}", "journal"),
        (f"UPDATE event SET boot = 'nobody' || boot WHERE {OF_GAPS}", "the journal lacks it"),
    ],
)
def test_the_account_finds_what_was_done_to_the_store(ended: Ended, tampering: str, words: str) -> None:
    _, verdict = ended.judged(ended.tampered_with(tampering))
    assert not verdict.good
    assert words in " ".join(verdict.disagreements), verdict.disagreements


def test_the_judge_finds_a_reading_that_is_there_under_two_names(ended: Ended) -> None:
    verdict, _ = ended.judged(
        ended.tampered_with(
            "CREATE TABLE one AS SELECT * FROM reading WHERE serial = :serial LIMIT 1",
            "UPDATE one SET boot = 'nobody'",
            "INSERT INTO reading SELECT * FROM one",
        )
    )
    assert verdict.doubled == 1


def test_a_gap_that_no_kill_explains_is_found(ended: Ended) -> None:
    verdict, account = ended.campaign.judged(ended.serial, kills=[])
    assert len(verdict.gaps) == verdict.boots - 1
    assert len(verdict.unexplained) == len(verdict.gaps) > 0
    assert sum("nothing was killed" in one for one in account.disagreements) == len(verdict.gaps)


def test_a_kill_of_which_the_account_knows_nothing_is_found(ended: Ended) -> None:
    # among whole readings: where a starved machine lost samples there is a break already
    whole = "SELECT sequence, monotonic_ns, quality FROM reading WHERE serial = ? AND boot = ? AND duration_s > 0.9"
    found = select(ended.store, whole, (ended.serial, ended.boot))
    ends_ns = {number: end_ns for number, end_ns, quality in found if "overrun" not in quality}
    best = max((one for one in ends_ns if one > 1), key=lambda one: len({one - 1, one + 1} & ends_ns.keys()))
    end_ns = ends_ns[best]
    invented = Death(end_ns / 1e9 - 0.5, "meter", ended.serial)
    _, account = ended.campaign.judged(ended.serial, kills=[*ended.outcome.kills, invented])
    assert sum("tells of no break" in one for one in account.disagreements) == 1
