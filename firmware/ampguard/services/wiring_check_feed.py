"""Where the guided check has its windows from: the running meter's live feed, or a recording."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.live.measured import measurement
from ampguard.live.subscriber import Subscriber
from ampguard.phrase import phrase
from ampguard.readings import Measurement
from ampguard.services.measure_run import Wishes, run

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator
    from pathlib import Path

    from ampguard.recorder.recording import Recording
    from ampguard.recorder.signals import Selection
    from ampguard.services.progress import Progress

SILENT_S = 10.0
"""A meter that runs says something five times a second; one that is started again is back by then."""


async def live(path: Path) -> AsyncGenerator[Measurement | None, None]:
    """The meter's windows as they come, and None about four times a second while there is no meter.

    Raises SetupError where nothing comes for `SILENT_S`.
    """
    heard_s = time.monotonic()
    async for message in Subscriber(path).messages():
        measured = measurement(message.body) if message is not None and message.kind == "measurement" else None
        if measured is not None:
            heard_s = time.monotonic()
        elif time.monotonic() - heard_s > SILENT_S:
            wanted = phrase("wanted a meter that tells its measurements, met none: does ampguard-meter run?")
            raise SetupError(wanted, at=path)
        yield measured


def replayed(recording: Recording, selection: Selection, wishes: Wishes, progress: Progress) -> Iterator[Measurement]:
    """The windows of a recording."""
    return (one for one in run(recording, selection, wishes, progress) if isinstance(one, Measurement))
