"""The way to a charger's own cloud: connects as the charger does, tells what was missed, and passes on what is new."""

from __future__ import annotations

import asyncio
import base64
import random
import time
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.typing import Subprotocol

from ampguard.balancing.ocpp import taken, words
from ampguard.balancing.ocpp.line import PING_CLOUD_EVERY_S, Gone, Line, Refused, Silent, hushed
from ampguard.balancing.ocpp.report import CloudState
from ampguard.errors import SetupError

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from websockets.asyncio.client import ClientConnection

    from ampguard.balancing.ocpp.configuration import Cloud
    from ampguard.balancing.ocpp.frame import Payload
    from ampguard.balancing.ocpp.outbox import Letter
    from ampguard.phrase import Phrase

ANSWER_S = 8.0
"""A charger itself waits some 10 to 30 s for its answer."""
LARGEST_MESSAGE = 256 * 1024
"""Local lists are large."""
LEAST_INTERVAL_S, INTERVAL_S, MOST_INTERVAL_S = 10.0, 60.0, 3600.0
MOST_REFUSED, REFUSED_AGAIN_S = 3, 2.0
"""So often a message is told to a cloud that answers with an error."""
AGAIN_S, LONGEST_AGAIN_S, SHORT_S = 1.0, 60.0, 30.0
"""A cloud that hangs up at once, each time, is asked more and more seldom."""
_JITTER = random.SystemRandom()


class Side(Protocol):
    """What the charger's side has for its cloud."""

    def boot(self) -> Payload | None:
        """BootNotification.req that the cloud was not told yet."""
        ...

    def boot_told(self) -> None:
        """It was."""
        ...

    def next_status(self) -> Payload | None:
        """A StatusNotification.req that the cloud was not told; from now on it counts as told."""
        ...

    def next_letter(self) -> Letter | None:
        """The first of what the cloud has missed."""
        ...

    def for_cloud(self, letter: Letter) -> Payload:
        """As the cloud is to have it."""
        ...

    async def delivered(self, letter: Letter, answer: Payload | None) -> None:
        """The cloud has it; None: it answers with errors only, and it was given up."""
        ...

    async def from_cloud(self, action: str, payload: Payload) -> Payload:
        """Answers the cloud's call. Raises Refused."""
        ...


class Upstream:
    """Of one charger; lives as long as the charger is connected."""

    def __init__(self, cloud: Cloud, charger: str, side: Side, logger: logging.Logger) -> None:
        self._cloud = cloud
        self._charger = charger
        self._side = side
        self._log = logger
        self._line: Line | None = None
        self._stirred = asyncio.Event()
        self.state = CloudState.AWAY
        self.why: Phrase | None = None
        """Why it is not through."""

    async def run(self) -> None:
        """Connects, again and again: for ever, unless it is set up wrongly."""
        try:
            context = self._cloud.context()
        except SetupError as wrong:
            self.why = words.cloud_away(str(wrong))
            self._log.error("%s: %s", self._charger, wrong)
            return
        address = f"{self._cloud.url.rstrip('/')}/{quote(self._charger, safe='')}"
        connecting = connect(
            address,
            subprotocols=[Subprotocol("ocpp1.6")],
            additional_headers=self._headers(),
            compression=None,
            user_agent_header=None,
            ping_interval=None,
            max_size=LARGEST_MESSAGE,
            close_timeout=2.0,
            logger=hushed(self._log),
            process_exception=self._note,
            ssl=context,
        )
        short = 0
        async for socket in connecting:
            begun_s = time.monotonic()
            try:
                await self._speak(socket)
            finally:
                self._line, self.state = None, CloudState.AWAY
            short = short + 1 if time.monotonic() - begun_s < SHORT_S else 0
            await asyncio.sleep(_JITTER.uniform(0.5, 1.0) * min(LONGEST_AGAIN_S, AGAIN_S * 1.6**short))

    async def ask(self, action: str, payload: Payload) -> Payload:
        """What the cloud answers. Raises Refused with its error, Gone or Silent where it does not answer."""
        line = self._line
        if line is None or self.state is not CloudState.THROUGH:
            raise Gone("the cloud is away")
        try:
            return await line.call(action, payload, ANSWER_S)
        except Silent:
            self.state = CloudState.AWAY
            line.abort()  # a cloud that does not answer is away; it is connected with anew
            raise

    def stir(self) -> None:
        """There is something that the cloud has not been told."""
        self._stirred.set()

    async def _speak(self, socket: ClientConnection) -> None:
        self.state = CloudState.JOINING
        line = self._line = Line(
            socket,
            f"cloud of {self._charger}",
            self._side.from_cloud,
            _ignore,
            self._log,
            ping_every_s=PING_CLOUD_EVERY_S,
        )
        async with asyncio.TaskGroup() as group:
            telling = group.create_task(self._tell(line))
            await line.run()
            telling.cancel()

    async def _tell(self, line: Line) -> None:
        """Whatever the cloud has missed, in order; then it is through, and hears at least heartbeats."""
        interval_s = INTERVAL_S
        try:
            while True:
                self._stirred.clear()
                if self._side.boot() is not None:
                    interval_s = await self._boot(line)
                if await self._catch_up(line):
                    continue
                if self.state is not CloudState.THROUGH:
                    self.state, self.why = CloudState.THROUGH, None
                    self._log.info("%s: its cloud is through", self._charger)
                try:
                    async with asyncio.timeout(interval_s):
                        await self._stirred.wait()
                except TimeoutError:
                    await _told(line, "Heartbeat", {})
        except Gone:
            return
        except Silent:
            line.abort()

    async def _catch_up(self, line: Line) -> bool:
        """Whether there was something."""
        if (status := self._side.next_status()) is not None:
            await _told(line, "StatusNotification", status)
            return True
        if (letter := self._side.next_letter()) is not None:
            await self._deliver(line, letter)
            return True
        return False

    async def _boot(self, line: Line) -> float:
        """Until the cloud accepts the charger; how often it wants to hear of it. Raises Gone, Silent."""
        while (boot := self._side.boot()) is not None:
            try:
                answer = await line.call("BootNotification", boot, ANSWER_S)
            except Refused as why:
                answer = {"status": str(why)}
            interval_s = min(MOST_INTERVAL_S, max(LEAST_INTERVAL_S, float(taken.whole(answer, "interval") or 0)))
            status = taken.text(answer, "status")
            if status == "Accepted":
                self._side.boot_told()
                return interval_s
            self.state, self.why = CloudState.JOINING, words.cloud_refuses(status or "?")
            await asyncio.sleep(interval_s)
        return INTERVAL_S

    async def _deliver(self, line: Line, letter: Letter) -> None:
        """Raises Gone, Silent."""
        for _ in range(MOST_REFUSED):
            try:
                answer = await line.call(letter.action, self._side.for_cloud(letter), ANSWER_S)
            except Refused as why:
                self._log.warning("%s: its cloud refuses %s: %s", self._charger, letter.action, why)
                await asyncio.sleep(REFUSED_AGAIN_S)
            else:
                await self._side.delivered(letter, answer)
                return
        await self._side.delivered(letter, None)

    def _headers(self) -> Mapping[str, str]:
        if self._cloud.key is None:
            return {}
        pair = base64.b64encode(f"{self._charger}:{self._cloud.key}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}

    def _note(self, why: Exception) -> Exception | None:
        """Whatever it is, it is tried again: None."""
        if isinstance(why, InvalidStatus):
            self.why = words.cloud_refuses(f"HTTP {why.response.status_code}")
        elif isinstance(why, OSError | InvalidHandshake | InvalidURI | ConnectionClosed):
            self.why = words.cloud_away(str(why)[:200])
        else:
            return why
        return None


async def _told(line: Line, action: str, payload: Payload) -> None:
    """Raises Gone, Silent."""
    try:
        await line.call(action, payload, ANSWER_S)
    except Refused:
        return


def _ignore(_action: str, _asked: Payload, _answer: Payload) -> None:
    """Nothing follows from an answer to the cloud."""
