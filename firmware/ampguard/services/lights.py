"""`ampguard-lights`: shows on four lights what the meter and the uplink say, and watches the button. No network."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from ampguard import log
from ampguard.errors import HardwareFault, SetupError
from ampguard.indication.table import Communication, Health, colours
from ampguard.live.subscriber import Subscriber
from ampguard.services.notify import notify
from ampguard.services.parts import open_panel
from ampguard.services.tasks import run_until_asked
from ampguard.settings.places import Places
from ampguard.wiring.verdict import Condition
from ampguard_drivers.button.button import Button
from ampguard_drivers.button.press import Action
from ampguard_drivers.lights.panel import DARK, LightPanel

if TYPE_CHECKING:
    import logging

    from ampguard.live.subscriber import Message

REFRESH_S = 0.2
BLINK_S = 0.5
"""How long all lights are out after a soft press, and each time while they show which box it is."""


class Lights:
    """The process: two feeds in, four lights out."""

    def __init__(self, places: Places, logger: logging.Logger) -> None:
        self._log = logger
        self._places = places
        parts = open_panel(places.board)
        self._panel = LightPanel(parts)
        self._button = Button(parts.button, parts.clock)
        self._communication = Communication.NONE
        self._voltage = self._current = Condition.UNDECIDED
        self._heard_s = time.monotonic()
        self._wanted = self._panel.shown
        self._dark_until_s = 0.0
        self._blink_until_s = 0.0
        """Somebody asks which box this is (command `identify`)."""

    async def run(self) -> int:
        """Show until asked to stop; the exit code."""
        try:
            await run_until_asked(self._meter(), self._uplink(), self._refresh(), self._press())
        finally:
            self._panel.dark()
        self._log.info("stopped")
        return 0

    async def _meter(self) -> None:
        async for message in Subscriber(self._places.live_feed).messages():
            if message is None:
                continue
            if message.kind in {"measurement", "reading"}:
                self._heard_s = time.monotonic()
            if message.kind == "condition":
                self._voltage = _condition(message, "voltage")
                self._current = _condition(message, "current")

    async def _uplink(self) -> None:
        async for message in Subscriber(self._places.uplink_feed).messages():
            if message is None:
                self._communication = Communication.NONE
            elif message.kind == "status":
                self._communication = Communication(str(message.body.get("communication", Communication.NONE)))
            elif message.kind == "identify" and isinstance(remaining_s := message.body.get("remaining_s"), float):
                self._blink_until_s = time.monotonic() + remaining_s

    async def _refresh(self) -> None:
        while True:
            now_s = time.monotonic()
            health = Health(self._communication, self._voltage, self._current, now_s - self._heard_s)
            # what a light shows while it is undecided is remembered, also while all are out
            wanted = colours(health, self._wanted)
            if wanted != self._wanted:
                self._wanted = wanted
                self._log.info(
                    "lights: communication %s, voltage %s, current %s",
                    wanted.communication.name.lower(),
                    wanted.voltage.name.lower(),
                    wanted.current.name.lower(),
                )
            blinked_out = now_s < self._blink_until_s and int(now_s / BLINK_S) % 2 == 1
            if now_s >= self._dark_until_s:
                self._panel.show(DARK if blinked_out else wanted)
            notify("WATCHDOG=1")
            await asyncio.sleep(REFRESH_S)

    async def _press(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            event = await loop.run_in_executor(None, self._button.wait, REFRESH_S)
            if event is not None and event.action is Action.RELEASED and event.stage == 0:
                self._log.info("button: short press of %.1f s", event.duration_s)
                self._panel.dark()
                self._dark_until_s = time.monotonic() + BLINK_S


def _condition(message: Message, key: str) -> Condition:
    value = message.body.get(key)
    return Condition(value) if isinstance(value, str) else Condition.UNDECIDED


def main() -> int:
    """Run the lights; 0 when they were asked to stop."""
    logger = log.begin("ampguard-lights")
    try:
        lights = Lights(Places.from_environment(), logger)
        return asyncio.run(lights.run())
    except (SetupError, HardwareFault) as fault:
        logger.error("%s %s: %s", fault.code, type(fault).__name__, fault)  # noqa: TRY400 - a sentence for people
        return 1
    except Exception:
        logger.exception("ended by a defect of its own")
        return 70


if __name__ == "__main__":
    raise SystemExit(main())
