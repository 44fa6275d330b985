"""The languages of the report: GNU gettext catalogues, and how each language writes a number.

`translations/<language>/LC_MESSAGES/report.po` is what people edit; the `.mo` beside it is made of it by `python -m
tests.ampguard.report.catalogues`, and the tests say when one of them does not follow. English is in the code.
"""

from __future__ import annotations

import gettext
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from ampguard.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES: tuple[str, ...] = ("en", "da", "fr", "nl", "sv", "de")
DOMAIN = "report"
ABSENT = "\N{EN DASH}"
_SPACE = "\N{NO-BREAK SPACE}"
_SUREST = 9999
"""Hundredths of a percent: nothing that is measured is certain."""


def marked(message: str) -> str:
    """A message that is translated later: it stands in a table."""
    return message


def language_of(environment: Mapping[str, str]) -> str:
    """The first of the usual variables that names a language of ours; else English."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if (found := environment.get(name, "")[:2].lower()) in LANGUAGES:
            return found
    return "en"


class Words:
    """One language."""

    def __init__(self, language: str) -> None:
        """Raises SetupError for a language that there is not."""
        if language not in LANGUAGES:
            raise SetupError(f"--language: wanted one of {', '.join(LANGUAGES)}, met {language[:20]!r}")
        self.language = language
        self._catalogue = gettext.NullTranslations()
        if language != "en":
            with as_file(files("ampguard") / "translations") as folder:
                self._catalogue = gettext.translation(DOMAIN, folder, [language])

    def say(self, message: str, **facts: str) -> str:
        """The message in this language; facts fill its places."""
        return self._catalogue.gettext(message).format(**facts)

    def number(self, value: float | None, decimals: int, unit: str = "") -> str:
        """With so many decimals and the unit behind it; a dash where it is absent."""
        if value is None:
            return ABSENT
        digits = f"{value + 0.0:.{decimals}f}"
        if not float(digits):
            digits = digits.removeprefix("-")
        digits = digits.replace("-", "\N{MINUS SIGN}")
        return (digits if self.language == "en" else digits.replace(".", ",")) + (f"{_SPACE}{unit}" if unit else "")

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
