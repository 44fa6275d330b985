"""The words of the report: its own catalogues, and what they share with the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard import catalogue
from ampguard.catalogue import ABSENT, known

if TYPE_CHECKING:
    from collections.abc import Mapping

DOMAIN = "report"
_SUREST = 9999
"""Hundredths of a percent: nothing that is measured is certain."""


def language_of(environment: Mapping[str, str]) -> str:
    """The first of the usual variables that names a language of ours; else English."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if (found := known(environment.get(name, ""))) is not None:
            return found
    return "en"


class Words(catalogue.Words):
    """One language."""

    def __init__(self, language: str) -> None:
        """Raises SetupError for a language that there is not."""
        super().__init__(language, DOMAIN)

    def percent(self, ratio: float | None) -> str:
        """Of a share; never rounded up to certainty."""
        if ratio is None:
            return ABSENT
        hundredths = min(int(ratio * 10_000), _SUREST)
        return ("> " if ratio * 10_000 > _SUREST else "") + self.number(hundredths / 100, 2, "%")

    def whole(self, value: int | None) -> str:
        """A count."""
        return ABSENT if value is None else str(value)


def moment(utc: str | None) -> str:
    """ISO 8601 as people of all these languages read it: day and time, in UTC."""
    if utc is None:
        return ABSENT
    day, _, rest = utc.partition("T")
    return f"{day} {rest[:5]} UTC" if rest.endswith(("+00:00", "Z")) else utc[:40]
