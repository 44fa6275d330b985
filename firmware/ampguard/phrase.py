"""Sentences that read as English, and carry what they are made of: so each language can say them in its own way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a sentence, with how it is written: ".1f"."""

    value: float
    form: str

    def __str__(self) -> str:
        return format(self.value, self.form)


Fact: TypeAlias = "str | Number"
"""What fills a place of a message: a name, a number, a part that is a phrase itself."""


class Phrase(str):
    """The English sentence."""

    __slots__ = ("facts", "message")

    message: str
    """As the catalogues know it, with its places; a joined phrase has none of its own."""
    facts: Mapping[str, Fact]

    def __new__(cls, message: str, facts: Mapping[str, Fact]) -> Self:
        """The message with the facts in its places."""
        made = super().__new__(cls, message.format(**facts) if facts else message)
        made.message, made.facts = message, facts
        return made


def phrase(message: str, **facts: Fact) -> Phrase:
    """One message: it must stand here as it is, the catalogues are made of such calls."""
    return Phrase(message, facts)


def joined(separator: str, parts: Iterable[str]) -> Phrase:
    """Several, one behind the other, alike in all languages."""
    facts = {f"part{number}": part for number, part in enumerate(parts)}
    return Phrase(separator.join(f"{{{name}}}" for name in facts), facts)
