"""What all pages have in common: the frame around them, the language, the tabs."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse

from ampguard.catalogue import LANGUAGES, marked
from ampguard.web.words import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from ampguard.web.parts import Parts

_TEMPLATES = Environment(
    loader=PackageLoader("ampguard.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Tab:
    """One of them."""

    path: str
    name: str


TABS = (
    Tab("/", marked("Status")),
    Tab("/charging", marked("Charging")),
    Tab("/wifi", marked("Wi-Fi")),
    Tab("/installation", marked("Installation")),
    Tab("/system", marked("System")),
)


async def page(request: Request, parts: Parts, template: str, **facts: object) -> Response:
    """A page in the reader's language; whoever has not signed in is sent to where one does."""
    if parts.access.session_of(request) is None:
        return RedirectResponse("/sign-in", 303)
    return await open_page(request, parts, template, facts)


async def open_page(request: Request, parts: Parts, template: str, facts: Mapping[str, object]) -> HTMLResponse:
    """A page for everybody."""
    session = parts.access.session_of(request)
    csrf = "" if session is None else session.csrf
    # the first time a template is compiled and a catalogue read: others' live values must not wait for it
    return await asyncio.to_thread(_rendered, request, template, parts, {**facts, "csrf": csrf})


def _rendered(request: Request, template: str, parts: Parts, facts: Mapping[str, object]) -> HTMLResponse:
    words = words_of(request)
    html = _TEMPLATES.get_template(template).render(
        _=words.say,
        pointed=words.pointed,
        language=words.language,
        languages=LANGUAGES,
        tabs=TABS,
        path=request.url.path,
        serial=parts.serial,
        version=parts.version,
        as_json=json.dumps,
        **facts,
    )
    return HTMLResponse(html, headers={"Content-Language": words.language, "Vary": "Cookie, Accept-Language"})
