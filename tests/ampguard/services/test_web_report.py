"""The report for the web is made by a child in a folder of its own, which goes with the next one."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from ampguard.errors import SetupError
from ampguard.services.web_report import OwnReports


def maker(folder: Path, script: str) -> OwnReports:
    """A command that does as `ampguard report` does."""
    path = folder / "command.py"
    path.write_text(f"import sys, json\nfrom pathlib import Path\nasked = sys.argv[1:]\n{script}\n")
    return OwnReports(folder / "web" / "report", (sys.executable, "-S", str(path)))


MAKES = """
output = Path(next(one for one in asked if one.startswith("--output=")).removeprefix("--output="))
assert output.stat().st_mode & 0o777 == 0o700
(output / "r.pdf").write_text("pdf")
(output / "r.json").write_text(json.dumps(asked))
"""


def test_what_somebody_typed_arrives_as_it_is(tmp_path: Path) -> None:
    files = asyncio.run(maker(tmp_path, MAKES).made("da", "--output=/etc", "$(id)\n-x"))
    told = files.json.read_text()
    assert '"--installer=--output=/etc", "--note=$(id)\\n-x"]' in told
    assert told.startswith('["report", "make", "--quiet", "--output=')


def test_the_last_files_go_with_the_next_ones_and_with_the_process(tmp_path: Path) -> None:
    under_test = maker(tmp_path, MAKES)
    first = asyncio.run(under_test.made("da", "", ""))
    (first.pdf.parent / "old.pdf").touch()
    second = asyncio.run(under_test.made("da", "", ""))
    assert sorted(path.name for path in second.pdf.parent.iterdir()) == ["r.json", "r.pdf"]
    assert "installer" not in second.json.read_text()
    maker(tmp_path, MAKES)
    assert not second.pdf.exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    under_test = maker(tmp_path, MAKES)
    (tmp_path / "web").write_text("no folder")
    with pytest.raises(SetupError, match="wanted to keep a report there"):
        asyncio.run(under_test.made("da", "", ""))


@pytest.mark.parametrize(
    ("script", "why"),
    [("sys.exit('ampguard: language: wanted one of da, de')", "^language: wanted"), ("", "met none")],
)
def test_one_that_cannot_be_made_says_why(tmp_path: Path, script: str, why: str) -> None:
    with pytest.raises(SetupError, match=why):
        asyncio.run(maker(tmp_path, script).made("xx", "", ""))


def test_the_keys_fingerprint_is_the_commands(tmp_path: Path) -> None:
    script = "assert asked == ['report', 'key']\nprint('fingerprint ab cd\\npublic key  xyz')"
    assert asyncio.run(maker(tmp_path, script).key()) == "ab cd"
