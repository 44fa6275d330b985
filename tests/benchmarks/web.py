"""What the page costs and how fresh it is: size, memory, live latency in a browser, many pages open at once.

`python -m tests.benchmarks.web [PAGES]`: a unit on the simulated board, its page, apt's Chromium. Latency is from
the end of a second's last window (`end_utc` of its reading, by this machine's clock) until the browser has drawn it.
"""

from __future__ import annotations

import contextlib
import gzip
import statistics
import sys
import time
from pathlib import Path

import httpx
from tests.browser import chromium
from tests.system.unit import PATIENCE_S, running

from ampguard.web.live import MOST_EACH
from ampguard_drivers.simulated.board import PIN

TICKS_HZ = 100.0
WATCHED_S = 30.0
DRAWN = """() => { window.delays = []; const seen = document.documentElement;
  new MutationObserver(() => { const end = Date.parse(seen.dataset.reading);
    requestAnimationFrame(() => window.delays.push(Date.now() - end)); })
  .observe(seen, {attributes: true, attributeFilter: ["data-reading"]}); }"""


def _signed_in(page: str) -> httpx.Client:
    client = httpx.Client(base_url=page, timeout=None)
    client.post("/api/v1/session", json={"pin": PIN}).raise_for_status()
    return client


def processor_s(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_HZ


def resident_mb(pid: int) -> tuple[float, float]:
    """Now, and at most so far."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    now, most = (int(lines[name].split()[0]) / 1024.0 for name in ("VmRSS", "VmHWM"))
    return now, most


def first_page(url: str) -> None:
    """Bytes on the wire of all that the first page needs, asked for as a browser does."""
    with httpx.Client(base_url=url, timeout=60.0) as client:
        client.post("/api/v1/session", json={"pin": PIN}, headers={"Origin": url.rstrip("/")})
        page = client.get("/")
        paths = {part.split('"')[0] for part in page.text.split('="') if part.startswith("/static/")}
        paths |= {"/static/frame.js"}
        sizes = {"/": len(gzip.compress(page.content, 6))}
        for path in sorted(paths):
            answer = client.get(path)
            sizes[path] = int(answer.headers.get("content-length", len(gzip.compress(answer.content, 6))))
    print(f"first page: {sum(sizes.values()) / 1000.0:.1f} kB compressed in {len(sizes)} pieces (target 60)")
    for path, size in sizes.items():
        print(f"    {path:<28} {size / 1000.0:6.1f} kB")


def main(pages: int) -> None:
    """Measure and print."""
    with running("kettle", pages=True) as unit:
        assert unit.until(unit.received(5), PATIENCE_S), unit.logs()
        web, meter = unit.box.firmware["web"].pid, unit.box.firmware["meter"].pid
        assert web is not None
        assert meter is not None
        print(f"web process after its start: {resident_mb(web)[0]:.1f} MB")
        first_page(unit.box.page)
        with chromium() as browser:
            page = browser.new_context(viewport={"width": 360, "height": 740}).new_page()
            page.goto(unit.box.page)
            page.get_by_label("PIN").fill(PIN)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_selector("#phasors")
            page.evaluate(DRAWN)
            page.wait_for_timeout(WATCHED_S * 1000.0)
            delays_ms = sorted(page.evaluate("window.delays"))
            print(
                f"live value on screen after its window ended: median {statistics.median(delays_ms):.0f} ms, "
                f"longest {delays_ms[-1]:.0f} ms of {len(delays_ms)} (target 400)"
            )
        meter_before_s, begin_s = processor_s(meter), time.monotonic()
        unit.until(lambda: time.monotonic() - begin_s >= WATCHED_S, 2 * WATCHED_S)
        alone = (processor_s(meter) - meter_before_s) / (time.monotonic() - begin_s)
        with contextlib.ExitStack() as visits:
            people = [_signed_in(unit.box.page) for _ in range(-(-pages // MOST_EACH))]
            for person in people:
                visits.callback(person.close)
            streams = [people[number // MOST_EACH].stream("GET", "/api/v1/live") for number in range(pages)]
            answers = [one.__enter__() for one in streams]
            assert all(one.status_code == httpx.codes.OK for one in answers)
            web_before_s, meter_before_s, begin_s = processor_s(web), processor_s(meter), time.monotonic()
            readers = [one.iter_raw() for one in answers]
            received = 0
            while time.monotonic() - begin_s < WATCHED_S:
                received += sum(len(next(reader)) for reader in readers)
            took_s = time.monotonic() - begin_s
            share, among = (processor_s(web) - web_before_s) / took_s, (processor_s(meter) - meter_before_s) / took_s
        print(
            f"{pages} live pages: web {share:.1%} of a core (target 10), meter {among:.1%} (alone {alone:.1%}), "
            f"{received / took_s / pages / 1000.0:.1f} kB/s each"
        )
        now, most = resident_mb(web)
        print(f"web process now: {now:.1f} MB, at most {most:.1f} MB (target 70)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
