"""What a unit's journal holds, as a program in the guest: of each boot, from which number to which none is missing.

`kept.py JOURNAL`: as JSON, by the name of the boot; more than one pair where there is a hole.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ampguard.journal.reader import JournalReader

AT_ONCE = 2000


def main() -> None:
    journal = JournalReader(Path(sys.argv[1]))
    found: dict[str, list[list[int]]] = {}
    after = 0
    while readings := journal.readings(after, AT_ONCE):
        for one in readings:
            runs = found.setdefault(one.boot, [])
            if runs and runs[-1][1] == one.sequence - 1:
                runs[-1][1] = one.sequence
            else:
                runs.append([one.sequence, one.sequence])
        after = readings[-1].position
    print(json.dumps(found))  # noqa: T201 - what it is for


main()
