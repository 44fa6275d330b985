"""What moves below a finger while a page comes: Chromium's own layout shifts, on a slow phone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

if TYPE_CHECKING:
    from playwright.sync_api import Page

MOST = 0.02
"""Of a page, all together: a fifth of what web.dev calls good."""
QUIET_MS = 2500.0
"""Nothing is asked any more, and what comes late has come."""
SLOWER = 4
"""Than this machine's processor: a phone's."""
SLOW_4G = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 90_000}
"""As Lighthouse has it, in milliseconds and bytes a second."""
_WATCH = """() => {
  window.moved = [];
  const name = (node) => node?.id ? `#${node.id}` : `${node?.nodeName} ${node?.textContent.trim().slice(0, 30)}`;
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) {
      if (one.hadRecentInput) continue;
      window.moved.push({ size: one.value, at_s: one.startTime / 1000, what: one.sources.map((source) =>
        `${name(source.node)} ${Math.round(source.previousRect.left)},${Math.round(source.previousRect.top)} -> ` +
        `${Math.round(source.currentRect.left)},${Math.round(source.currentRect.top)}`) });
    }
  }).observe({ type: "layout-shift", buffered: true });
}"""


class Shift(NamedTuple):
    """One of them."""

    size: float
    at_s: float
    what: tuple[str, ...]


def watch(page: Page) -> None:
    """From now on, on each page that is opened there; its network and its processor are a phone's."""
    page.add_init_script(f"({_WATCH})()")
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW_4G)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})


def moved(page: Page) -> list[Shift]:
    """What has moved until nothing comes any more, while nobody has touched anything."""
    page.wait_for_timeout(QUIET_MS)
    told = cast("list[dict[str, Any]]", page.evaluate("window.moved"))
    return [Shift(one["size"], one["at_s"], tuple(one["what"])) for one in told]


def too_much(where: str, found: list[Shift]) -> list[str]:
    """Each that has moved, if that is too much together."""
    if sum(one.size for one in found) < MOST:
        return []
    return [f"{where} at {one.at_s:.1f} s: {one.size:.3f}: {'; '.join(one.what)}" for one in found]
