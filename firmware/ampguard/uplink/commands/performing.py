"""Doing what the other side asks: each task with what it brings back. See `commands` for what there is."""

from __future__ import annotations

import asyncio
import platform
import time
from typing import TYPE_CHECKING

import paho.mqtt

from ampguard.errors import JournalFault
from ampguard.uplink import message
from ampguard.uplink.commands.commands import RESEND_AT_MOST, Identify, Install, Ping, Report, Resend, SetGroup

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from ampguard.journal.reader import JournalReader, StoredReading
    from ampguard.readings import Json
    from ampguard.uplink.commands.commands import Task
    from ampguard.uplink.commands.grouping import GroupFile
    from ampguard.uplink.presence import Introduction


class Performer:
    """Of one unit.

    Args:
        committed: up to which position of the journal the other side has everything.
        send_block: brings a block to the broker; raises UplinkFault.
        passed_over: how many readings and events the cloud can never store.
        group: where the load-balancing group is kept.
        install: has the unit fetch and install an update; raises SetupError.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what it works with
        self,
        reader: JournalReader,
        introduction: Introduction,
        committed: Callable[[], int],
        send_block: Callable[[bytes], Awaitable[None]],
        passed_over: Callable[[], int],
        group: GroupFile,
        install: Callable[[str], None],
    ) -> None:
        self._reader = reader
        self._introduction = introduction
        self._committed = committed
        self._send_block = send_block
        self._passed_over = passed_over
        self._group = group
        self._install = install
        self._identify_until_s = 0.0

    @property
    def identify_remaining_s(self) -> float:
        """For how long the lights still have to blink; 0 where they have not."""
        return max(0.0, self._identify_until_s - time.monotonic())

    async def perform(self, task: Task) -> Mapping[str, Json]:
        """Do it; what it brings. Raises JournalFault, UplinkFault, SetupError."""
        match task:
            case Ping(echo):
                return {"echo": echo, "uptime_s": self._uptime_s(), "versions": self._versions()}
            case Identify(duration_s):
                self._identify_until_s = time.monotonic() + duration_s
                return {"duration_s": duration_s}
            case Resend():
                return await self._resend(task)
            case Report():
                return await self._report()
            case SetGroup(told):
                return await asyncio.to_thread(self._group.keep, told)
            case Install(url):
                await asyncio.to_thread(self._install, url)
                return {"url": url}

    async def _resend(self, task: Resend) -> Mapping[str, Json]:
        position = await asyncio.to_thread(self._reader.before, task.boot, task.first_sequence)
        sent: list[int] = []
        blocks = 0
        for _ in range(RESEND_AT_MOST // message.RECORDS_AT_ONCE + 2):
            stored = await asyncio.to_thread(self._reader.readings, position, message.RECORDS_AT_ONCE)
            wanted = {one.sequence: one.body for one in stored if one.body is not None and _is_wanted(one, task)}
            if wanted:
                await self._send_block(message.records(list(wanted.values())))
                sent += wanted
                blocks += 1
            if not stored or stored[-1].boot != task.boot or stored[-1].sequence >= task.last_sequence:
                break
            position = stored[-1].position
        if not sent:
            asked = f"{task.first_sequence} to {task.last_sequence}"
            raise JournalFault(f"of boot {task.boot!a} no reading from {asked} is kept")
        return {
            "readings": len(sent),
            "blocks": blocks,
            "first_sequence": sent[0],
            "last_sequence": sent[-1],
            "all_of_them": len(sent) == task.last_sequence - task.first_sequence + 1,
        }

    async def _report(self) -> Mapping[str, Json]:
        return {
            **self._introduction.presence().body(),
            "uptime_s": self._uptime_s(),
            "versions": self._versions(),
            "refused": self._passed_over(),
            "journal": await asyncio.to_thread(self._journal),
        }

    def _journal(self) -> Mapping[str, Json]:
        """Raises JournalFault."""
        last, committed = self._reader.last_position(), self._committed()
        newest = self._reader.readings(max(0, last - 1), 1)
        return {
            "name": self._reader.name(),
            "oldest": _named(self._reader.readings(0, 1)),
            "newest": _named(newest),
            "last_position": last,
            "committed_position": committed,
            "backlog_at_most": max(0, last - committed),
        }

    def _uptime_s(self) -> float:
        return round(self._introduction.uptime_s, 3)

    def _versions(self) -> Mapping[str, Json]:
        return {
            "ampguard": self._introduction.version,
            "python": platform.python_version(),
            "paho-mqtt": paho.mqtt.__version__,
        }


def _is_wanted(one: StoredReading, task: Resend) -> bool:
    return one.boot == task.boot and task.first_sequence <= one.sequence <= task.last_sequence


def _named(found: list[StoredReading]) -> Json:
    """Which reading it is; None where there is none."""
    if not found:
        return None
    [one] = found
    end_utc = None if one.body is None else one.body.get("end_utc")
    return {"boot": one.boot, "sequence": one.sequence, "end_utc": end_utc}
