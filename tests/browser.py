"""A real browser for tests: the system's Chromium, which speaks to this machine and to nobody else."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Generator

    from playwright.sync_api import Browser

# as root it has no sandbox of its own
_SWITCHES = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")


@contextmanager
def chromium() -> Generator[Browser]:
    """Until the end of the block."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    assert program is not None, "make test-tools installs chromium"
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=[*_SWITCHES])
        yield found
        found.close()
