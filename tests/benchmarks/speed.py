"""Speed of the signal processing: the full set of seven channels at 8 kSPS in blocks of 200 ms, against pqopen-lib.

Both get the same samples in the same process, turn by turn; the ratio is of processor time, round by round.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.peer import Peer
from tests.benchmarks.signals import RATE_HZ, USUAL, analyser, noisy, samples

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

DURATION_S, BLOCK, ROUNDS = 20.0, 1600, 9
TARGET = 10.0


def spent_s(push: Callable[[NDArray[np.float64]], object], signal: NDArray[np.float64]) -> float:
    begin_s = time.process_time()
    for first in range(0, len(signal), BLOCK):
        push(signal[first : first + BLOCK])
    return time.process_time() - begin_s


def main() -> int:
    signal = samples(noisy(USUAL), DURATION_S)
    blocks = len(signal) / BLOCK
    ours: list[float] = []
    peers: list[float] = []
    for _ in range(ROUNDS):
        ours.append(spent_s(analyser().push, signal))
        peers.append(spent_s(Peer(RATE_HZ).push, signal))
    ratios = sorted(theirs / own for theirs, own in zip(peers, ours, strict=True))
    own_s, peer_s = statistics.median(ours) / blocks, statistics.median(peers) / blocks
    print(f"ours    {own_s * 1e6:6.0f} us per 200 ms, {0.2 / own_s:6.0f} x real time")
    print(f"pqopen  {peer_s * 1e6:6.0f} us per 200 ms, {0.2 / peer_s:6.0f} x real time")
    median = statistics.median(ratios)
    print(f"ratio   {median:.2f} (from {ratios[0]:.2f} to {ratios[-1]:.2f} in {ROUNDS} rounds); target {TARGET:g}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
