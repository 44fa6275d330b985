"""Updates on USB sticks: which of the bundles in their roots is taken, and how it comes into the data folder.

The service manager mounts a stick, to be read only and by none but those who may install, and starts `ampguard update
--stick`, which leaves a wish as the page does. The process that installs has RAUC tell what each bundle on a stick is,
and copies the newest: from there on it is a bundle as any other.
"""

from __future__ import annotations

import asyncio
import os
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ampguard.update.fitness import check
from ampguard.update.intake import Intake
from ampguard.update.refusal import Kind, RefusedError
from ampguard.update.release import order

if TYPE_CHECKING:
    import logging
    from collections.abc import Awaitable, Callable

    from ampguard.update.rauc import Rauc
    from ampguard.update.release import Release

PLACE = Path("/run/ampguard-stick")
"""Each file system of a stick is a folder in it, called as the kernel calls it."""
SUFFIX = ".raucb"
MOST = 32
"""Bundles that are looked at: more are no mistake of anybody who wants an update."""
_PIECE = 1 << 20


def bundles(place: Path) -> list[Path]:
    """What looks like one in the root of a stick."""
    return sorted(islice((path for folder in _inside(place) for path in _inside(folder) if _is_one(path)), MOST))


def _inside(folder: Path) -> list[Path]:
    """Nothing where a stick was pulled out, or is not mounted any more."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _is_one(path: Path) -> bool:
    name = path.name
    # what a Mac leaves beside a file begins with a point; a name that no bus and no log takes is nobody's release
    return name.lower().endswith(SUFFIX) and not name.startswith(".") and name.isprintable() and path.is_file()


async def newest(place: Path, rauc: Rauc, release: Release, tried: str | None, logger: logging.Logger) -> Path:
    """The newest that is newer than what runs.

    `tried`: the version that was not kept. Raises RefusedError.
    """
    found: dict[tuple[int, int, int, bool, int], tuple[str, Path]] = {}
    wrong: RefusedError | None = None
    for path in await asyncio.to_thread(bundles, place):
        try:
            bundle = await rauc.inspect(path)
            check(bundle, release)
        except RefusedError as why:
            logger.warning("%s: %s", path.name, why)
            # of several that are wrong, that one is older says least
            wrong = why if wrong is None or wrong.kind is Kind.OLDER else wrong
        else:
            found[order(bundle.version)] = bundle.version, path
    newer = [key for key in found if key > order(release.version)]
    if not newer:
        if wrong is not None and wrong.kind is not Kind.OLDER and not found:
            raise wrong
        raise RefusedError(Kind.NOT_NEWER, f"{release.version} runs")
    version, path = found[max(newer)]
    if version == tried:
        raise RefusedError(Kind.TRIED, version)
    logger.info("%s: %s", path.name, version)
    return path


async def copied(path: Path, folder: Path, progress: Callable[[int | None], Awaitable[None]]) -> Path:
    """It in the data folder. Raises RefusedError."""
    try:
        with path.open("rb") as file, Intake(folder, os.fstat(file.fileno()).st_size) as intake:
            while piece := await asyncio.to_thread(file.read, _PIECE):
                await asyncio.to_thread(intake.take, piece)
                await progress(intake.percent)
            return intake.whole()
    except OSError as why:
        raise RefusedError(Kind.NOT_REACHED, f"the USB stick: {why.strerror or why}") from why
