"""`python -m ampguard_hil.torture`: a seeded storm of faults on whole simulated units, judged after each fault.

Every unit has a medium, a network, a clock and a broker of its own, so that several are struck beside each other. What
must hold: no acknowledged reading is lost or doubled, no counter falls, nothing right is called wrong, the lights tell
the truth, and what died measures and delivers again within its time. Wants root.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from ampguard_hil.processes import ProcessError
from ampguard_hil.torture.plan import Plan, chosen
from ampguard_hil.torture.storm import Ended, Storm, Struck
from ampguard_hil.torture.table import Outcome, saved, table
from ampguard_hil.torture.unit import TorturedUnit
from ampguard_hil.wire.build import BuildError

if TYPE_CHECKING:
    from collections.abc import Sequence

GOOD, VIOLATED, IMPOSSIBLE = 0, 1, 2
_MOST_UNITS = 9
_OF_ITS_OWN = "AMPGUARD_TORTURE_MOUNTS"
_IMPOSSIBLE = (ProcessError, OSError, BuildError)


class Storms:
    """One for each unit, at the same time, until so many faults have struck or so much time has passed."""

    def __init__(self, asked: argparse.Namespace, folder: Path) -> None:
        self._asked, self._folder = asked, folder
        self._lock = Lock()
        self._left: int = asked.faults
        self._begin_s = time.monotonic()

    def run(self) -> Outcome:
        """All of them."""
        with ThreadPoolExecutor(self._asked.units) as several:
            found = list(several.map(self._one, range(self._asked.units)))
        units = tuple(one for one in found if isinstance(one, Ended))
        failures = tuple(one for one in found if isinstance(one, str))
        return Outcome(self._asked.seed, time.monotonic() - self._begin_s, units, failures)

    def _one(self, number: int) -> Ended | str:
        """How it ended, or why it did not come to its end."""
        seed, serial = self._asked.seed + number, f"26110000{number + 1:02}1G"
        try:
            unit = TorturedUnit(self._folder / serial, serial, seed)
        except _IMPOSSIBLE as why:
            return f"{serial}, seed {seed}: {_words(why)}"
        try:
            unit.start()
            return Storm(unit, Plan(seed, self._asked.only), seed, self._asked.slowness).run(self._go_on, self._tell)
        except _IMPOSSIBLE as why:
            return f"{serial}, seed {seed}: {_words(why)}"
        finally:
            unit.keep(self._folder / serial / "kept")
            unit.close()

    def _go_on(self) -> bool:
        with self._lock:
            self._left -= 1
            minutes = self._asked.minutes
            return self._left >= 0 and (minutes is None or time.monotonic() - self._begin_s < minutes * 60.0)

    def _tell(self, struck: Struck) -> None:
        course = struck.course
        times = " ".join(
            f"{what} {'never' if took_s is None else f'{took_s:.1f} s'}"
            for what, took_s in (
                ("measures", course.measured_s),
                ("delivers", course.delivered_s),
                ("lights", course.lit_s),
            )
        )
        held_s = course.healed_s - course.struck_s
        _say(f"{struck.at_s:6.0f} s {struck.serial} {struck.number:4} {struck.kind:<15} for {held_s:4.1f} s  {times}")
        for words in struck.violations:
            _say(f"       VIOLATED {words}")


def _words(why: Exception) -> str:
    return f"{why}\n{why.last_words}".strip() if isinstance(why, ProcessError) else str(why)


def _say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201 - the program's output


def main(words: Sequence[str] | None = None) -> int:
    """Run one; 0 where every invariant held, 1 where one did not, 2 where it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m ampguard_hil.torture", description=__doc__)
    parser.add_argument("--faults", type=int, default=60, help="on all units together")
    parser.add_argument("--minutes", type=float, help="no fault strikes after so long")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of all chance; another one each time")
    parser.add_argument("--units", type=int, default=1, help="at the same time")
    parser.add_argument("--only", default="", help="kinds of faults or groups (kill), with commas between them")
    parser.add_argument("--slowness", type=float, default=1.0, help="of this machine: times may be so much longer")
    parser.add_argument("--report", type=Path, help="a JSON file with all that was found")
    asked = parser.parse_args(words)
    asked.only = [one for one in asked.only.split(",") if one]
    if asked.faults < 1 or not 1 <= asked.units <= _MOST_UNITS:
        parser.error(f"at least one fault, and 1 to {_MOST_UNITS} units")
    try:
        chosen(asked.only)
    except ValueError as why:
        parser.error(str(why))
    folder = Path(tempfile.mkdtemp(prefix="ampguard-torture-"))
    outcome = Storms(asked, folder).run()
    _say(table(outcome))
    if asked.report is not None:
        asked.report.write_text(saved(outcome))
    if outcome.good:
        shutil.rmtree(folder, ignore_errors=True)
        return GOOD
    _say(f"journals, stores and logs are kept in {folder}")
    return VIOLATED if outcome.units else IMPOSSIBLE


if __name__ == "__main__":
    if _OF_ITS_OWN not in os.environ and (unshare := shutil.which("unshare")) is not None and os.geteuid() == 0:
        # mounts of its own: whatever ends this process ends them; shared with the units' places below it
        os.environ[_OF_ITS_OWN] = "1"
        again = ["sh", "-c", 'mount --make-rshared / && exec "$@"', "sh", sys.executable, "-m", "ampguard_hil.torture"]
        os.execv(unshare, [unshare, "--mount", *again, *sys.argv[1:]])  # noqa: S606 - our own
    raise SystemExit(main())
