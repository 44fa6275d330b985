"""What the README says of the wire: a snippet that decodes a block, links that lead somewhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from tests.conventions.source import ROOT

from ampguard import block
from ampguard.uplink.documents import schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ampguard.readings import Json

README = (ROOT / "README.md").read_text()
SECTION = README[README.index("## The wire\n") :].split("\n## ", 1)[0]
NODE = shutil.which("node")


def snippet() -> str:
    [found] = re.findall(r"```js\n(.*?)```", SECTION, re.DOTALL)
    return str(found)


def test_its_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", SECTION)
    assert len(links) >= 3
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_it_is_short() -> None:
    assert len(snippet().splitlines()) <= 8
    assert len(SECTION.replace(snippet(), "").strip().splitlines()) <= 12


@pytest.mark.skipif(NODE is None, reason="no node on this machine: the README's snippet is not run")
def test_the_snippet_decodes_a_block(tmp_path: Path) -> None:
    script = tmp_path / "decode.cjs"
    script.write_text(snippet())
    path = schema.FOLDER / "examples/records.bin"
    told = subprocess.run([str(NODE), str(script), str(path)], check=True, capture_output=True, timeout=60).stdout
    assert with_moments(json.loads(told)) == with_moments(block.columns(path.read_bytes()))


def with_moments(columns: Mapping[str, Sequence[Json]]) -> dict[str, Sequence[Json | datetime]]:
    """JavaScript writes the same moments otherwise."""
    return {**columns, "end_utc": [datetime.fromisoformat(str(one)) for one in columns["end_utc"]]}
