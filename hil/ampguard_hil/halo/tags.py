"""Who may charge: the cloud's word, its local list, the cache, and the tags of an offline charger.

Tags that were added on the charger's own page count while it has never been connected to a cloud, and are ignored from
then on (manuals 000 and 002, section 6.2.3).
"""

from __future__ import annotations

from enum import Enum, StrEnum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ampguard_hil.halo.configuration import Configuration

MOST_LISTED, MOST_SENT = 60, 10


class Verdict(Enum):
    """What the charger makes of a tag by itself."""

    ACCEPTED = auto()
    REFUSED = auto()
    ASK = auto()
    """The cloud must say."""


class ListUpdate(StrEnum):
    """The answer to SendLocalList."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"
    NOT_SUPPORTED = "NotSupported"
    VERSION_MISMATCH = "VersionMismatch"


class Tags:
    """All that it knows of tags; it outlasts a restart. Tags are compared without their case, as OCPP has it."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self.offline: set[str] = set()
        """From its own page."""
        self.cloud_seen = False
        """Whether it was ever accepted by a backend."""
        self.list_version = 0
        self._listed: dict[str, str] = {}
        self._cached: dict[str, str] = {}

    def judge(self, tag: str, *, online: bool) -> Verdict:
        """Whether it may charge, as far as it can be told here."""
        tag, on = tag.upper(), self._configuration.is_on
        if not self.cloud_seen:
            return Verdict.ACCEPTED if tag in {each.upper() for each in self.offline} else Verdict.REFUSED
        status = self._listed.get(tag) if on("LocalAuthListEnabled") else None
        if status is None and on("AuthorizationCacheEnabled"):
            status = self._cached.get(tag)
        if online:
            return Verdict.ACCEPTED if status == "Accepted" and on("LocalPreAuthorize") else Verdict.ASK
        if status is not None and on("LocalAuthorizeOffline"):
            return Verdict.ACCEPTED if status == "Accepted" else Verdict.REFUSED
        unknown = status is None and on("AllowOfflineTxForUnknownId")
        return Verdict.ACCEPTED if unknown else Verdict.REFUSED

    def learn(self, tag: str, status: str) -> None:
        """Remember what the cloud said; the list that it sent stays what it is."""
        self._cached[tag.upper()] = status

    def forget(self) -> None:
        """ClearCache."""
        self._cached.clear()

    def update(self, version: int, entries: Iterable[tuple[str, str | None]], *, full: bool) -> ListUpdate:
        """SendLocalList: tags with their status; without one it is taken off the list."""
        if not self._configuration.is_on("LocalAuthListEnabled"):
            return ListUpdate.NOT_SUPPORTED
        sent = [(tag.upper(), status) for tag, status in entries]
        if not full and version <= self.list_version:
            return ListUpdate.VERSION_MISMATCH
        listed: dict[str, str] = {} if full else dict(self._listed)
        for tag, status in sent:
            if status is not None:
                listed[tag] = status
            elif full:
                return ListUpdate.FAILED
            else:
                listed.pop(tag, None)
        if len(sent) > MOST_SENT or len(listed) > MOST_LISTED:
            return ListUpdate.FAILED
        self._listed, self.list_version = listed, version
        return ListUpdate.ACCEPTED

    @property
    def listed(self) -> Mapping[str, str]:
        """The list that the cloud sent."""
        return self._listed
