"""Where readings begin that somebody asks for again: in sealed blocks, in the open one, of one boot of several."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard.journal.made import reading
from tests.ampguard.uplink.side import filled

from ampguard.errors import JournalFault
from ampguard.journal.reader import JournalReader
from ampguard.journal.writer import JournalWriter
from ampguard.uplink.message import RECORDS_AT_ONCE


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three boots: two blocks and seven readings of the first, a block of each other, five readings open."""
    folder = tmp_path_factory.mktemp("journal")
    path = filled(folder, 2, 7)
    writer = JournalWriter(path)
    for boot in ("second", "third"):
        writer.append([reading(number, boot=boot) for number in range(1, RECORDS_AT_ONCE + 1)])
    writer.append([reading(RECORDS_AT_ONCE + number, boot="third") for number in range(1, 6)])
    writer.sync()
    writer.close()
    return path


@settings(deadline=None, max_examples=40)
@given(st.sampled_from([("boot", 127), ("second", 60), ("third", 65)]), st.data())
def test_every_reading_is_found(journal: Path, boot: tuple[str, int], data: st.DataObject) -> None:
    name, last = boot
    wanted = data.draw(st.integers(1, last))
    reader = JournalReader(journal)
    after = reader.before(name, wanted)
    found = [one for one in reader.readings(after, RECORDS_AT_ONCE) if one.boot == name and one.sequence >= wanted]
    assert found[0].sequence == wanted


@pytest.mark.parametrize(("boot", "sequence"), [("boot", 1000), ("nobody", 1), ("third", 66)])
def test_what_is_not_kept_leads_to_nothing_of_that_boot(journal: Path, boot: str, sequence: int) -> None:
    reader = JournalReader(journal)
    found = reader.readings(reader.before(boot, sequence), RECORDS_AT_ONCE)
    assert [one for one in found if one.boot == boot and one.sequence >= sequence] == []


def test_without_a_journal_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(JournalFault, match="no journal"):
        JournalReader(tmp_path / "journal.sqlite").before("boot", 1)
