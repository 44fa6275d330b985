"""`ampguard-lights`: shows on four lights what the meter and the uplink say, and obeys the button. No network.

What the lights show and what somebody at the button wants is told on a feed of its own (`Places.lights_feed`):
{"kind": "lights", "body": {"logo": "on", "communication": "green", ...}} at each change and once a second, and
{"kind": "button", "body": {"wish": "access-point"}}, or "reboot", or "factory-reset", once.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import math
import time
from typing import TYPE_CHECKING

from ampguard import log
from ampguard.errors import HardwareFault, SetupError
from ampguard.indication.button import HOLDS_S, STAGES, WAY_OUT_S
from ampguard.indication.charging import Charging, winks
from ampguard.indication.pattern import named
from ampguard.indication.table import Communication, Health, colours
from ampguard.live.publisher import Publisher
from ampguard.live.subscriber import Subscriber
from ampguard.services.lights_wish import Granting
from ampguard.services.notify import notify
from ampguard.services.parts import open_panel
from ampguard.services.power import power_of
from ampguard.services.tasks import run_until_asked
from ampguard.settings.places import Places
from ampguard.wiring.verdict import Condition
from ampguard_drivers.button.button import Button
from ampguard_drivers.button.press import Action
from ampguard_drivers.lights.panel import DARK, LightPanel, LogoColour

if TYPE_CHECKING:
    import logging

    from ampguard.indication.pattern import Pattern
    from ampguard.live.subscriber import Message
    from ampguard_drivers.lights.panel import LightColours

REFRESH_S, TURN_S = 0.2, 0.05
"""How often the lights are looked after: usually, and while something blinks."""
BLINK_S = 0.5
"""How long all lights are out each time while they show which box it is."""
TELL_S = 1.0


class Lights:
    """The process: two feeds and a button in, four lights and a feed out."""

    def __init__(self, places: Places, logger: logging.Logger) -> None:
        self._log = logger
        self._places = places
        parts = open_panel(places.board)
        self._panel = LightPanel(parts)
        self._button = Button(parts.button, parts.clock, hold_stages_s=HOLDS_S)
        self._feed = Publisher(places.lights_feed)
        self._granting = Granting(places.data, power_of(places.board), self._feed, self._play, logger)
        self._communication = Communication.NONE
        self._voltage = self._current = Condition.UNDECIDED
        self._heard_s = time.monotonic()
        self._charging = Charging()
        self._wanted = self._panel.shown
        self._blink_until_s = 0.0
        """Somebody asks which box this is (command `identify`)."""
        self._played: Pattern | None = None
        """Shown instead of what is wanted, since and until when."""
        self._played_since_s = self._played_until_s = 0.0
        self._changed = asyncio.Event()
        self._told: LightColours | None = None
        self._told_s = 0.0

    async def run(self) -> int:
        """Show until asked to stop; the exit code."""
        try:
            await run_until_asked(self._meter(), self._uplink(), self._balancer(), self._refresh(), self._press())
        finally:
            self._panel.dark()
            self._feed.close()
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

    async def _balancer(self) -> None:
        async for message in Subscriber(self._places.balancer_feed).messages():
            if message is not None and message.kind == "balance":
                self._charging.hear(message.body, time.monotonic())

    async def _refresh(self) -> None:
        while True:
            now_s = time.monotonic()
            health = Health(self._communication, self._voltage, self._current, now_s - self._heard_s)
            # what a light shows while it is undecided is remembered, also while something else is shown
            wanted = colours(health, self._wanted)
            if wanted != self._wanted:
                self._wanted = wanted
                self._log.info(
                    "lights: communication %s, voltage %s, current %s",
                    wanted.communication.name.lower(),
                    wanted.voltage.name.lower(),
                    wanted.current.name.lower(),
                )
            self._panel.show(self._picture(now_s))
            self._tell(now_s)
            notify("WATCHDOG=1")
            self._changed.clear()
            with contextlib.suppress(TimeoutError):  # no `wait_for`: before Python 3.12 it can lose a cancel
                async with asyncio.timeout(REFRESH_S if self._played is None else TURN_S):
                    await self._changed.wait()

    def _picture(self, now_s: float) -> LightColours:
        if self._played is not None and now_s >= self._played_until_s:
            self._played = None
        if self._played is not None:
            return self._played.at(now_s - self._played_since_s)
        if now_s < self._blink_until_s and int(now_s / BLINK_S) % 2 == 1:
            return DARK
        if self._charging.is_unguarded(now_s) and winks(now_s):
            return dataclasses.replace(self._wanted, logo=LogoColour.OFF)
        return self._wanted

    def _tell(self, now_s: float) -> None:
        shown = self._panel.shown
        if self._told != shown or now_s - self._told_s >= TELL_S:
            self._told, self._told_s = shown, now_s
            self._feed.publish("lights", dict(named(shown)))

    def _play(self, pattern: Pattern | None, lasts_s: float) -> None:
        """Instead of what is wanted; None: that again."""
        self._played, self._played_since_s = pattern, time.monotonic()
        self._played_until_s = self._played_since_s + lasts_s
        self._changed.set()

    async def _press(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            event = await loop.run_in_executor(None, self._button.wait, REFRESH_S)
            if event is None:
                continue
            stage = STAGES[event.stage]
            if event.action is not Action.RELEASED:
                self._play(stage.shown, WAY_OUT_S if stage.wish is None else math.inf)
                continue
            self._log.info("button: press of %.1f s: %s", event.duration_s, stage.wish or "nothing")
            self._play(None, 0.0)
            if stage.wish is not None:
                await self._granting.grant(stage.wish)


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
