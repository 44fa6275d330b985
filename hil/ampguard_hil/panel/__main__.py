"""The bench panel as a process."""

from __future__ import annotations

import argparse
from pathlib import Path

import uvicorn

from ampguard_hil.panel.app import application
from ampguard_hil.ports import HOST


def main() -> int:
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(prog="python -m ampguard_hil.panel", description="A panel for a simulated board.")
    parser.add_argument("--board", type=Path, required=True, metavar="SOCKET", help="of the simulated board")
    parser.add_argument("--port", type=int, required=True, help="on this machine")
    chosen = parser.parse_args()
    uvicorn.run(application(chosen.board), host=HOST, port=chosen.port, log_level="warning", access_log=False)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
