"""A torn tail costs nothing that was synced, whatever is torn."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from tests.ampguard.journal.made import reading

from ampguard.journal.writer import JournalWriter
from ampguard_hil.campaign_journal import newest, readings
from ampguard_hil.torture.tear import torn

if TYPE_CHECKING:
    from pathlib import Path


def kept(journal: Path) -> list[int]:
    return sorted(sequence for _, sequence in readings(journal))


@pytest.mark.parametrize("seed", range(12))
def test_what_was_synced_is_there_and_what_was_not_may_be_gone(tmp_path: Path, seed: int) -> None:
    journal = tmp_path / "journal.sqlite"
    writer = JournalWriter(journal)
    for number in range(1, 71):
        writer.append([reading(number)])
    writer.sync()
    for number in range(71, 75):
        writer.append([reading(number)])
    # no close: it is killed here
    torn(journal, Random(seed))
    found = kept(journal)
    assert found == list(range(1, 71)), "the place that was being written is torn, the other one is whole"
    assert newest(journal) is not None
    again = JournalWriter(journal)
    again.append([reading(1, boot="next")])
    again.close()
    assert len(readings(journal)) == 71


def test_a_place_that_may_have_been_synced_is_left_alone(tmp_path: Path) -> None:
    journal = tmp_path / "journal.sqlite"
    writer = JournalWriter(journal)
    for number in range(1, 31):
        writer.append([reading(number)])
    torn(journal, Random(1))
    assert kept(journal) == list(range(1, 31))
