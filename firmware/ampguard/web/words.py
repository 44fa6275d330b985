"""The language of a page: what the reader chose, else what the browser asks for, else English."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from ampguard.catalogue import LANGUAGES, Words, known

if TYPE_CHECKING:
    from starlette.requests import Request

COOKIE = "language"
DOMAIN = "web"
_MOST_PARTS = 20


@cache
def words(language: str) -> Words:
    """Of a language that there is."""
    return Words(language, DOMAIN)


def words_of(request: Request) -> Words:
    """As the reader wants it."""
    chosen = request.cookies.get(COOKIE, "")
    return words(chosen if chosen in LANGUAGES else preferred(request.headers.get("accept-language", "")))


def preferred(header: str) -> str:
    """What an Accept-Language header likes best (RFC 9110, 12.5.4) of our languages; English where it likes none."""
    best, best_weight = "en", 0.0
    for part in header.split(",")[:_MOST_PARTS]:
        tag, _, parameter = part.strip().partition(";")
        language = known(tag)
        try:
            weight = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            continue
        if language is not None and best_weight < weight <= 1.0:
            best, best_weight = language, weight
    return best
