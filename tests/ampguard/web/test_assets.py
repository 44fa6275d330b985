"""The page must work on a phone without internet: nothing in it may come from elsewhere, and little of it there is."""

import gzip
import re
from importlib.resources import files
from pathlib import Path

import pytest

ROOM = Path(str(files("ampguard.web")))
ASSETS = sorted(path for folder in ("templates", "static") for path in (ROOM / folder).iterdir())
_ELSEWHERE = re.compile(r"""(?:https?:)?//[a-z0-9]""", re.IGNORECASE)
_NAMESPACES = ("http://www.w3.org/2000/svg",)


@pytest.mark.parametrize("path", ASSETS, ids=lambda path: path.name)
def test_nothing_comes_from_elsewhere(path: Path) -> None:
    text = path.read_text().replace("https://cloud.example", "")  # an address for people to read; RFC 2606: nobody's
    for name in _NAMESPACES:
        text = text.replace(f'"{name}"', '""')
    text = "\n".join(line.partition(" // ")[0] if path.suffix == ".js" else line for line in text.splitlines())
    assert not _ELSEWHERE.search(text), _ELSEWHERE.search(text)


@pytest.mark.parametrize("path", [one for one in ASSETS if one.suffix == ".html"], ids=lambda path: path.name)
def test_a_template_has_no_script_or_style_of_its_own(path: Path) -> None:
    text = path.read_text()
    if path.name == "sign_in.html":  # what stands there is a file's, and named in the page's policy
        for carried in ("<style>{{ style | safe }}</style>", '<script type="module">{{ script | safe }}</script>'):
            assert text.count(carried) == 1
            text = text.replace(carried, "")
    assert not re.search(r"<style|<script(?![^>]*\bsrc=)|\son[a-z]+=|\sstyle=|javascript:", text)


def test_what_the_first_page_loads_is_small() -> None:
    loaded = [path for path in ASSETS if path.suffix in {".css", ".js", ".svg"}]
    kilobytes = sum(len(gzip.compress(path.read_bytes())) for path in loaded) / 1000.0
    page_kilobytes = len(gzip.compress((ROOM / "templates" / "status.html").read_bytes())) / 1000.0
    assert kilobytes + page_kilobytes < 60.0


@pytest.mark.parametrize("path", [one for one in ASSETS if one.suffix == ".html"], ids=lambda path: path.name)
def test_a_page_names_all_that_its_scripts_import(path: Path) -> None:
    """Or the browser asks for it only when it has read who imports it: on a phone far away a good part of a second."""
    named = set(re.findall(r'(?:src|href)="/static/(\w+\.js)"', path.read_text())) | {"frame.js"}
    wanted = {found for one in named for found in _imported(ROOM / "static" / one)}
    assert wanted <= named


def _imported(script: Path) -> list[str]:
    return re.findall(r'^import .* from "/static/(\w+\.js)";$', script.read_text(), re.MULTILINE)
