"""The languages: GNU gettext catalogues, and how each language writes a number.

`translations/<language>/LC_MESSAGES/<domain>.po` is what people edit; the `.mo` beside it is made of it by `python -m
tests.ampguard.catalogues`, and the tests say when one of them does not follow. English is in the code.
"""

from __future__ import annotations

import gettext
import re
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.phrase import Number, Phrase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.phrase import Fact

LANGUAGES: Mapping[str, str] = {
    "en": "English",
    "da": "Dansk",
    "de": "Deutsch",
    "fi": "Suomi",
    "fr": "Français",
    "nb": "Norsk bokmål",
    "nl": "Nederlands",
    "sv": "Svenska",
}
"""With their names in themselves."""
_BEHIND = re.compile("[-_.@]")
"""What follows a language's name in a tag."""
_ALIKE = {"no": "nb", "nn": "nb"}
SHARED = "wiring"
"""What is said of the wiring: pages and report say it alike."""
ABSENT = "\N{EN DASH}"
_SPACE = "\N{NO-BREAK SPACE}"


def marked(message: str) -> str:
    """A message that is translated later: it stands in a table."""
    return message


def known(tag: str) -> str | None:
    """The language of ours that a tag ("de-AT", "nb_NO.UTF-8") means; None where it is none."""
    name = _BEHIND.split(tag.strip(), maxsplit=1)[0].lower()
    language = _ALIKE.get(name, name)
    return language if language in LANGUAGES else None


class Words:
    """One language, in one domain and in what all domains share."""

    def __init__(self, language: str, domain: str) -> None:
        """Raises SetupError for a language that there is not."""
        if language not in LANGUAGES:
            raise SetupError(f"language: wanted one of {', '.join(LANGUAGES)}, met {language[:20]!r}")
        self.language = language
        self._catalogue = gettext.NullTranslations()
        if language != "en":
            with as_file(files("ampguard") / "translations") as folder:
                self._catalogue = gettext.translation(domain, folder, [language])
                self._catalogue.add_fallback(gettext.translation(SHARED, folder, [language]))

    def say(self, message: str, **facts: object) -> str:
        """The message in this language; facts fill its places."""
        text = self._catalogue.gettext(message)
        return text.format(**facts) if facts else text

    def tell(self, text: str) -> str:
        """A phrase in this language; another text as it is."""
        if not isinstance(text, Phrase) or not text.message:
            return str(text)
        return self.say(text.message, **{name: self._fact(fact) for name, fact in text.facts.items()})

    def _fact(self, fact: Fact) -> str:
        return self.pointed(str(fact)) if isinstance(fact, Number) else self.tell(fact)

    def pointed(self, digits: str) -> str:
        """A number's digits with the decimal sign of the language."""
        return digits if self.language == "en" else digits.replace(".", ",")

    def number(self, value: float | None, decimals: int, unit: str = "") -> str:
        """With so many decimals and the unit behind it; a dash where it is absent."""
        if value is None:
            return ABSENT
        digits = f"{value + 0.0:.{decimals}f}"
        if not float(digits):
            digits = digits.removeprefix("-")
        return self.pointed(digits.replace("-", "\N{MINUS SIGN}")) + (f"{_SPACE}{unit}" if unit else "")
