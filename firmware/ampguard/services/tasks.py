"""What a process of several tasks has in common: they run until a signal asks them to stop, or one of them ends."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from ampguard.services.notify import notify

if TYPE_CHECKING:
    from collections.abc import Coroutine


async def run_until_asked(*works: Coroutine[None, None, None]) -> None:
    """Run all of it until SIGTERM or SIGINT; what one of them raises ends all and is raised here."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)

    async def asked() -> None:
        await stopping.wait()

    tasks = [asyncio.create_task(work) for work in (*works, asked())]
    notify("READY=1")
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
