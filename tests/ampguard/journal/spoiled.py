"""A journal whose medium damages it while its writer has it open."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from ampguard.journal.writer import JournalWriter

PAGE = 1024


def spoil(path: Path, writer: JournalWriter, *tables: str) -> None:
    """Whatever is done with these tables next meets garbage."""
    database = writer._database
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    roots = [
        page
        for table in tables
        for (page,) in database.execute("SELECT rootpage FROM sqlite_master WHERE tbl_name = ?", (table,))
    ]
    database.execute("PRAGMA shrink_memory")
    with path.open("r+b") as file:
        for page in roots:
            file.seek(PAGE * (page - 1))
            file.write(b"\xa5" * PAGE)
