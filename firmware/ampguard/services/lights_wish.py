"""What somebody at the button wants is told, shown and done; what cannot be done is shown and said too."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.indication.button import ANSWERS, ENDING, REFUSED, Wish
from ampguard.services.factory_reset import ask, withdraw

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from pathlib import Path

    from ampguard.indication.pattern import Pattern
    from ampguard.live.publisher import Publisher
    from ampguard.services.power import Power

WHO = "button"


class Granting:
    """Does what the button is for."""

    def __init__(
        self,
        data: Path,
        power: Power,
        feed: Publisher,
        play: Callable[[Pattern | None, float], None],
        logger: logging.Logger,
    ) -> None:
        self._data = data
        self._power = power
        self._feed = feed
        self._play = play
        self._log = logger

    async def grant(self, wish: Wish) -> None:
        """Returns when it was tried."""
        self._feed.publish("button", {"wish": wish.value})
        answer = ANSWERS[wish]
        # until something else is shown: nothing in between
        self._play(answer.shown, math.inf)
        await asyncio.sleep(answer.lasts_s)
        try:
            match wish:
                case Wish.ACCESS_POINT:
                    self._play(None, 0.0)  # whoever owns the network has been told
                case Wish.REBOOT:
                    await self._power.reboot()
                    self._end(wish)
                case Wish.FACTORY_RESET:
                    await self._reset()
                    self._end(wish)
        except SetupError as why:
            self._log.error("%s: not done: %s", wish, why)
            self._play(REFUSED.shown, REFUSED.lasts_s)

    def _end(self, wish: Wish) -> None:
        self._log.info("%s: the system goes down", wish)
        self._play(ENDING.shown, ENDING.lasts_s)

    async def _reset(self) -> None:
        ask(self._data, WHO)
        try:
            await self._power.reboot()
        except SetupError:
            # a reset that nobody expects any more would come with the next restart, whenever that is
            withdraw(self._data)
            raise
