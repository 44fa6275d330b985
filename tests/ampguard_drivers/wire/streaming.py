"""Runs the real driver on a board for a number of blocks: `streaming WAY SOCKET BLOCKS` tells in JSON what came."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from tests.ampguard_drivers.wire.runner import Way

from ampguard_drivers.ade9000.chip import Ade9000
from ampguard_drivers.ade9000.settings import Ade9000Settings


def main() -> None:
    way = Way(sys.argv[1], Path(sys.argv[2]))
    with way.metering() as parts:
        chip = Ade9000(parts, Ade9000Settings(nominal_frequency_hz=50.0, nominal_voltage_ratio=0.4))
        chip.start()
        began_s, spent_s = time.monotonic(), time.process_time()
        next_index, shapes, gaps, lost, peaks = 0, set(), [], 0, [0] * 7
        for _ in range(int(sys.argv[3])):
            block = chip.next_block()
            shapes.add(block.codes.shape)
            if block.first_index - next_index != block.lost_samples:
                gaps.append([next_index, block.first_index, block.lost_samples])
            next_index = block.first_index + len(block.codes)
            lost += block.lost_samples
            peaks = [max(one, int(other)) for one, other in zip(peaks, abs(block.codes).max(0), strict=True)]
        told = {
            "shapes": sorted(shapes),
            "gaps": gaps,
            "lost": lost,
            "peaks": peaks,
            "samples": next_index,
            "elapsed_s": time.monotonic() - began_s,
            "process_s": time.process_time() - spent_s,
            "missed_interrupts": chip.missed_interrupts,
            "corrupt_frames": chip.corrupt_frames,
        }
        chip.stop()
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
