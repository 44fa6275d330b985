"""`python -m ampguard_hil.cloud.report --store FILE [SERIAL ...]`: which readings of which unit are there."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ampguard_hil.cloud.store import Store, summary

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(words: Sequence[str] | None = None) -> int:
    """Print the report; 1 where anything is missing, 2 where there is no store."""
    parser = argparse.ArgumentParser(prog="ampguard-cloud-report", description="which seconds of which unit are there")
    parser.add_argument("--store", type=Path, required=True, help="the SQLite file")
    parser.add_argument("serial", nargs="*", help="only of these units")
    asked = parser.parse_args(words)
    if not asked.store.is_file():
        sys.stderr.write(f"{asked.store}: there is no store\n")
        return 2
    store = Store(asked.store)
    missing = False
    for serial in asked.serial or store.serials():
        boots = store.completeness(serial)
        missing |= any(boot.missing for boot in boots)
        sys.stdout.write(summary(serial, boots) + "\n")
    store.close()
    return int(missing)


if __name__ == "__main__":
    raise SystemExit(main())
