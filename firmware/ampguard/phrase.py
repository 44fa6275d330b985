"""Sentences that read as English, and carry what they are made of: so each language can say them in its own way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeAlias, cast

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


def as_told(text: str) -> dict[str, object]:
    """For a reader elsewhere, as JSON: a phrase with what it is made of; another text as a message without places."""
    if not isinstance(text, Phrase):
        return {"message": str(text), "facts": {}}
    facts: dict[str, object] = {}
    for name, fact in text.facts.items():
        if isinstance(fact, Number):
            facts[name] = {"value": fact.value, "form": fact.form}
        else:
            facts[name] = as_told(fact) if isinstance(fact, Phrase) else fact
    return {"message": text.message, "facts": facts}


def as_heard(content: object) -> Phrase | None:
    """Back again; None of anything that `as_told` has not made."""
    told: Mapping[str, object] = cast("Mapping[str, object]", content) if isinstance(content, dict) else {}
    message, parts = told.get("message"), told.get("facts")
    if not isinstance(message, str) or not isinstance(parts, dict):
        return None
    facts = {name: _fact(one) for name, one in cast("Mapping[str, object]", parts).items()}
    known = {name: fact for name, fact in facts.items() if fact is not None}
    try:
        return Phrase(message, known) if len(known) == len(facts) else None
    except (LookupError, ValueError):  # places without a fact, forms that are none
        return None


def _fact(content: object) -> Fact | None:
    match content:
        case str():
            return content
        case {"value": int() | float() as value, "form": str(form)}:
            return Number(value, form)
        case _:
            return as_heard(content)
