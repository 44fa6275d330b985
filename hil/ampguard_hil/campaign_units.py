"""The units of a campaign: on simulated boards of their own, one by MQTT, one by HTTPS, one by both, and so on."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ampguard_hil.box import BATCH_S, Box
from ampguard_hil.campaign_journal import JournalError, events, readings
from ampguard_hil.campaign_victim import Victim

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ampguard_hil.broker import Broker

WAYS = (("mqtt",), ("https",), ("mqtt", "https"))
"""What a unit has in its settings; unit after unit."""
_FIRMWARE = ("meter", "uplink")


class Units:
    """The units in a folder."""

    def __init__(self, count: int, folder: Path, broker: Broker, url: str) -> None:
        """`url`: of the cloud's HTTPS entrance."""
        self._folder = folder
        self._boxes = {serial: Box(folder / serial, "steady", serial=serial) for serial in _serials(count)}
        for number, box in enumerate(self._boxes.values()):
            box.settle(broker, generation_on_site=False)
            said, mqtt, place = box.settings.read_text().partition("[mqtt]")
            https = f'[https]\nurl = "{url}"\nbatch_s = {BATCH_S}\n'
            tables = {"mqtt": mqtt + place, "https": https}
            box.settings.write_text(said + "".join(tables[way] for way in WAYS[number % len(WAYS)]))

    @property
    def serials(self) -> tuple[str, ...]:
        """In the order of their numbers."""
        return tuple(self._boxes)

    @property
    def ways(self) -> dict[str, str]:
        """How each one sends, for people."""
        return {serial: " and ".join(WAYS[number % len(WAYS)]) for number, serial in enumerate(self._boxes)}

    def victims(self) -> Iterator[Victim]:
        """Board, meter and uplink of each."""
        for serial, box in self._boxes.items():
            yield Victim("board", box.board, serial)
            for name in _FIRMWARE:
                yield Victim(name, box.firmware[name], serial)

    def start(self) -> None:
        """Start all of them. Raises BoxError."""
        for box in self._boxes.values():
            box.power_on().close()
            for name in _FIRMWARE:
                box.firmware[name].start()

    def readings(self) -> set[tuple[str, str, int]]:
        """Serial, boot and sequence of all that their journals hold; of one that cannot be read nothing."""
        found: set[tuple[str, str, int]] = set()
        for serial in self._boxes:
            with contextlib.suppress(JournalError):  # it is judged by it at the end
                found |= {(serial, *key) for key in readings(journal_of(self._folder, serial))}
        return found

    def events(self) -> set[tuple[str, str, int]]:
        """Likewise of the events."""
        found: set[tuple[str, str, int]] = set()
        for serial in self._boxes:
            with contextlib.suppress(JournalError):
                found |= {(serial, *key) for key in events(journal_of(self._folder, serial))}
        return found


def journal_of(folder: Path, serial: str) -> Path:
    """Where a unit of a campaign in that folder has its journal."""
    return folder / serial / "data" / "journal.sqlite"


def _serials(count: int) -> list[str]:
    return [f"26110000{number:02}1G" for number in range(1, count + 1)]
