"""Beginning a guided check: what it needs is heavy, and nobody's live values wait while it loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys, threading
from pathlib import Path
from tests.ampguard.web.unit import unit_at

by = []

class Watching:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            by.append(threading.current_thread() is threading.main_thread())

assert "numpy" not in sys.modules, "the web has loaded it already"
sys.meta_path.insert(0, Watching())
with unit_at(Path(sys.argv[1])) as unit:
    assert unit.owner.post("/api/v1/wiring/check", json={}).status_code == 201
    unit.owner.ask("DELETE", "/api/v1/wiring/check")
assert by == [False], by
"""


def test_what_a_check_needs_is_loaded_beside_the_event_loop(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
