"""`python -m ampguard_hil.cloud.report --store STORE [SERIAL ...]`: which readings of which unit are there."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ampguard_hil.cloud.store import StoreError, is_there, open_store

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(words: Sequence[str] | None = None) -> int:
    """Print the report; 1 where anything is missing that the unit does not explain, 2 where there is no store."""
    parser = argparse.ArgumentParser(prog="ampguard-cloud-report", description="which seconds of which unit are there")
    parser.add_argument("--store", required=True, help="the SQLite file, or postgresql://...")
    parser.add_argument("serial", nargs="*", help="only of these units")
    asked = parser.parse_args(words)
    try:
        if not is_there(asked.store):
            sys.stderr.write(f"{asked.store}: there is no store\n")
            return 2
        store = open_store(asked.store)
        missing = False
        for serial in asked.serial or store.serials():
            account = store.account(serial)
            missing |= not account.complete
            sys.stdout.write(account.sentence + "\n")
        store.close()
    except StoreError as why:
        sys.stderr.write(f"{why}\n")
        return 2
    return int(missing)


if __name__ == "__main__":
    raise SystemExit(main())
