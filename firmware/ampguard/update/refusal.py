"""Why a bundle is not installed, by kind: what RAUC says, and the sentence that its owner reads."""

from __future__ import annotations

import re
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(StrEnum):
    """What is wrong."""

    FORGED = "forged"
    DAMAGED = "damaged"
    OLDER = "older"
    NOT_NEWER = "not-newer"
    TRIED = "tried"
    BETWEEN = "between"
    OTHER_BOARD = "other-board"
    NO_ROOM = "no-room"
    MEDIUM = "medium"
    NOT_REACHED = "not-reached"
    INTERRUPTED = "interrupted"
    BUSY = "busy"
    NO_SLOTS = "no-slots"
    NO_INSTALLER = "no-installer"
    FAILED = "failed"


SENTENCES: Mapping[Kind, str] = MappingProxyType({
    Kind.FORGED: "the update is not signed by anybody this unit trusts",
    Kind.DAMAGED: "the file is no update, or a part of it is missing",
    Kind.OLDER: "the update is older than what runs: a unit does not go back",
    Kind.NOT_NEWER: "no update on the USB stick is newer than what runs",
    Kind.TRIED: "the update on the USB stick was tried before and not kept: to try it again, choose it on the page",
    Kind.BETWEEN: "another update has to be installed before this one: it and what runs do not read each other's data",
    Kind.OTHER_BOARD: "the update is for another kind of unit",
    Kind.NO_ROOM: "there is not enough room on the data partition",
    Kind.MEDIUM: "the update is damaged, or the storage card could not be read or written",
    Kind.NOT_REACHED: "the update could not be fetched from there",
    Kind.INTERRUPTED: "the power went or the unit was restarted while the update was installed: nothing has changed",
    Kind.BUSY: "another update is under way",
    Kind.NO_SLOTS: "this unit has no second slot: its software is replaced with the storage card",
    Kind.NO_INSTALLER: "the system's installer (RAUC) does not answer",
    Kind.FAILED: "the installer could not install the update",
})  # fmt: skip
_RAUC_SAYS: tuple[tuple[str, Kind], ...] = (
    # what RAUC 1.13 writes (src/bundle.c, signature.c, install.c); the first that is found counts
    ("signature size|bundle size|is too small|not a regular file|valid CMS|parse CMS|identifier", Kind.DAMAGED),
    ("invalid bundle|unsupported bundle|payload size|superblock", Kind.DAMAGED),
    ("compatible mismatch", Kind.OTHER_BOARD),
    ("version mismatch", Kind.OLDER),
    ("no space left|image size|too large for|slot size", Kind.NO_ROOM),
    ("input/output error|failed to write|failed to sync|verity|dm-|failed updating slot|read-only", Kind.MEDIUM),
    ("signature|certificate|verify|signer|self.signed|issuer|CMS", Kind.FORGED),
    ("already processing|in progress", Kind.BUSY),
)  # fmt: skip


class RefusedError(Exception):
    """Raised wherever a bundle cannot be installed."""

    def __init__(self, kind: Kind, details: str = "") -> None:
        """`details`: what was met, for who looks closer."""
        super().__init__(f"{SENTENCES[kind]} ({details})" if details else SENTENCES[kind])
        self.kind = kind


def refused(rauc_said: str) -> RefusedError:
    """What RAUC's words mean."""
    said = " ".join(rauc_said.split())
    kind = next((kind for words, kind in _RAUC_SAYS if re.search(words, said, re.IGNORECASE)), Kind.FAILED)
    return RefusedError(kind, said[:300])
