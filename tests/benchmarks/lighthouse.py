"""What Google's Lighthouse says of the unit's tabs: a throttled phone (slow 4G, a processor of a quarter), then a desk.

`python -m tests.benchmarks.lighthouse LIGHTHOUSE [TAB ...]`: the path of its program, which `make lighthouse` installs.
The network is slowed by a model (`simulate`), 100 is the best; the reports stay in `.run/lighthouse`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from tests.system.unit import PATIENCE_S, running

from ampguard_drivers.simulated.board import PIN

if TYPE_CHECKING:
    from collections.abc import Sequence

REPORTS = Path(".run/lighthouse")
TABS = {
    "status": "",
    "charging": "charging",
    "wifi": "wifi",
    "installation": "installation",
    "system": "system",
    "first-visit": "first-visit",
}
CATEGORIES = ("performance", "accessibility", "best-practices")
LEAST = {"performance": 0.95, "accessibility": 1.0}
FOUND_WRONG = 0.9
"""What counts and is below this is told by name."""


def judge(lighthouse: str, url: str, name: str, cookies: str, options: tuple[str, ...]) -> dict[str, Any]:
    """Lighthouse's report of one page, as somebody who is signed in sees it."""
    file = (REPORTS / f"{name}.json").resolve()
    command = [
        lighthouse, url, "--quiet", f"--output-path={file}", "--output=json",
        f"--only-categories={','.join(CATEGORIES)}", "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
        f"--extra-headers={json.dumps({'Cookie': cookies})}", "--disable-storage-reset", *options,
    ]  # fmt: skip
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or ""
    subprocess.run(command, check=True, env={**os.environ, "CHROME_PATH": chromium})
    report: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return report


def tell(name: str, report: dict[str, Any]) -> bool:
    """One line of a page, and what was found wrong with it; whether the targets are reached."""
    scores = {one: report["categories"][one]["score"] or 0.0 for one in CATEGORIES}
    ready = {one: report["audits"][one]["displayValue"] for one in ("first-contentful-paint", "interactive")}
    print(f"{name:<24}" + "".join(f"{one} {100 * score:3.0f}   " for one, score in scores.items()), end="")
    print(f"first paint {ready['first-contentful-paint']}, usable {ready['interactive']}")
    counted = {ref["id"] for one in CATEGORIES for ref in report["categories"][one]["auditRefs"] if ref["weight"]}
    for audit in report["audits"].values():
        if audit["id"] in counted and (audit["score"] or 0.0) < FOUND_WRONG:
            print(f"    {audit['id']}: {audit['title']} {audit.get('displayValue', '')}")
    return all(scores[one] >= least for one, least in LEAST.items())


def main(lighthouse: str, tabs: Sequence[str]) -> int:
    """All tabs on a phone and on a desk; 1 where a target was missed."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    with running("kettle", pages=True, system=True) as unit:
        assert unit.until(unit.received(5), PATIENCE_S), unit.logs()
        with httpx.Client(base_url=unit.box.page) as client:
            client.post("/api/v1/session", json={"pin": PIN}, headers={"Origin": unit.box.page.rstrip("/")})
            cookies = "; ".join(f"{one.name}={one.value}" for one in client.cookies.jar)
        good = [
            tell(f"{tab}, {what}", judge(lighthouse, f"{unit.box.page}{path}", f"{tab}-{what}", given, options))
            for what, options in (("phone", ()), ("desk", ("--preset=desktop",)))
            for tab, path, given in (
                ("sign-in", "sign-in", ""),
                *((tab, path, cookies) for tab in tabs for path in [TABS[tab]]),
            )
        ]
    print("targets: performance 95, accessibility 100:", "reached" if all(good) else "missed")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:] or list(TABS)))
