"""Serves a MemoryBoard at the socket that is the first argument, until SIGTERM."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

from tests.ampguard_drivers.wire.memoryboard import MemoryBoard, MemoryStage

from ampguard_drivers import boardfile
from ampguard_drivers.simulated.bench import Bench
from ampguard_drivers.simulated.serving import BoardServer

if __name__ == "__main__":
    board = MemoryBoard()
    server = BoardServer(board, Bench(board, boardfile.load(), MemoryStage()), Path(sys.argv[1]))
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    server.run(stopped.is_set)
    server.close()
