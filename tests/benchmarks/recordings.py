"""How far our results are from the references of recordings made by real instruments: a table."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.ampguard.recordings.reference import FOLDER, TRUSTED, deviations, inputs, load, measure_window


def main() -> int:
    if not inputs():
        sys.stdout.write(f"no recordings at {FOLDER}: set AMPGUARD_RECORDINGS to their folder\n")
        return 0
    names: list[str] = []
    sys.stdout.write("Largest deviation over all trusted reference windows (same cycles measured by both)\n")
    for given in inputs():
        loaded = load(given.path)
        worst: dict[str, float] = {}
        windows = [w for w in given.reference["windows"] if w["xcheck_max_rel"] < TRUSTED]
        for window in windows:
            found = deviations(window, measure_window(loaded, window, given.reference["f_nominal_hz"]))
            worst = {name: max(value, worst.get(name, 0.0)) for name, value in found.items()}
        if not names:
            names = list(worst)
            sys.stdout.write("set      n" + "".join(name.rjust(12) for name in names) + "\n")
        sys.stdout.write(f"{given.name:6}{len(windows):4}" + "".join(f"{worst[name]:12.2g}" for name in names) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
