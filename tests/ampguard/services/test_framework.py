"""FastAPI without what a unit seldom needs: it is not there after the start, and the API's document is the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.ampguard.web.unit import parts_at

from ampguard.web.application import application

ROOT = Path(__file__).resolve().parents[3]
STARTED = """
import json, sys
from pathlib import Path
import ampguard.services.web
from fastapi.openapi.models import OpenAPI
from tests.ampguard.web.unit import parts_at
from ampguard.web.application import application
parts, access = parts_at(Path(sys.argv[1]))
app = application(parts)
json.dump([sys.modules.get("pydantic.v1") is None, OpenAPI.__pydantic_complete__, app.openapi()], sys.stdout)
access.close()
"""


def test_it_is_left_out_and_the_document_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", STARTED, str(tmp_path / "there")], capture_output=True, check=True, cwd=ROOT
    )
    is_without, is_built, document = json.loads(done.stdout)
    assert (is_without, is_built) == (True, False)
    parts, access = parts_at(tmp_path)
    assert document == json.loads(json.dumps(application(parts).openapi()))
    access.close()
