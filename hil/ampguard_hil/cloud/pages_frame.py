"""What all pages share: the templates, who is signed in, forms with a token of their own, and how a refusal looks."""

from __future__ import annotations

import hmac
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qs, quote

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ampguard_hil.cloud.account import in_words
from ampguard_hil.cloud.registry_people import SignedIn
from ampguard_hil.cloud.registry_refusals import NotAllowed, Refused, SignInWanted, Unfit
from ampguard_hil.cloud.registry_rights import Actor
from ampguard_hil.cloud.site import COOKIE, Site, site_of

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parent
LARGEST_FORM_BYTES = 1 << 16
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
DONE = {
    "saved": "Saved.",
    "claimed": "It is yours now.",
    "released": "Released. Whoever has the label can add it again.",
    "added": "Added.",
    "removed": "Removed.",
    "activated": "The group is active.",
    "suspended": "The group is suspended.",
    "asked": "The unit is asked again.",
    "signed-out": "Signed out.",
    "password": "Your password is changed. Sign in with the new one.",
}
_NAV = (
    ("/customers", "Customers"),
    ("/attention", "Attention"),
    ("/devices", "Devices"),
    ("/chargers", "Chargers"),
    ("/groups", "Groups"),
    ("/organisation", "Organisation"),
    ("/changes", "Changes"),
)
_PARTNERS_ONLY = 2
_TOKEN = Markup('<input type="hidden" name="form_token" value="{}">')
ORDERS = tuple(",".join(order) for count in (3, 2, 1) for order in itertools.permutations(("L1", "L2", "L3"), count))
"""Every choice of phases with their order."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A signed-in browser."""

    request: Request
    site: Site
    session: SignedIn

    @property
    def actor(self) -> Actor:
        """Who it is."""
        return self.session.actor


class Form:
    """What was filled in."""

    def __init__(self, values: Mapping[str, list[str]]) -> None:
        self._values = values

    def text(self, name: str) -> str:
        """A field's text, "" where there is none."""
        return self._values.get(name, [""])[0]

    def many(self, name: str) -> list[str]:
        """All that is ticked."""
        return self._values.get(name, [])

    def number(self, name: str) -> float | None:
        """None where it is left empty; a comma is as good as a point. Raises Unfit."""
        text = self.text(name).strip().replace(",", ".")
        if not text:
            return None
        try:
            return float(text)
        except ValueError as why:
            raise Unfit("no-number", f"{name}: wanted a number, met {text[:40]}") from why

    def names(self) -> dict[str, str]:
        """Everything, to be shown again."""
        return {name: values[0] for name, values in self._values.items()}


def _shown(value: float | None, decimals: int = 1, unit: str = "") -> str:
    return "\N{EN DASH}" if value is None else f"{value:.{decimals}f}{' ' * bool(unit)}{unit}"


def _moment(stamp: str | None) -> str:
    return "\N{EN DASH}" if stamp is None else in_words(stamp)


def _opened(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _plain(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _order(phases: str | tuple[str, ...]) -> str:
    names = phases.split(",") if isinstance(phases, str) else phases
    return ", ".join(name.removeprefix("L") for name in names)


_TEMPLATES = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters |= {"shown": _shown, "moment": _moment, "order": _order, "opened": _opened, "plain": _plain}


def visit_of(request: Request, site: Annotated[Site, Depends(site_of)]) -> Visit:
    """Raises SignInWanted."""
    cookie = request.cookies.get(COOKIE)
    if not cookie:
        raise SignInWanted("sign-in-wanted", "sign in first")
    return Visit(request, site, site.registry.people.who(cookie))


async def filled(request: Request) -> Form:
    """A form as it came, from this site. Raises NotAllowed, Unfit."""
    origin = request.headers.get("origin")
    if origin not in {None, "null"} and origin != f"{request.url.scheme}://{request.headers.get('host', '')}":
        raise NotAllowed("foreign-form", "this form comes from another site")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_FORM_BYTES:
            raise Unfit("too-large", f"wanted a form of at most {LARGEST_FORM_BYTES} bytes, met more")
    try:
        return Form(parse_qs(body.decode(), keep_blank_values=True, max_num_fields=1000, errors="strict"))
    except ValueError as why:
        raise Unfit("malformed", "wanted a form, met something else") from why


Visiting = Annotated[Visit, Depends(visit_of)]
Filled = Annotated[Form, Depends(filled)]


def form_of(visit: Visiting, form: Filled) -> Form:
    """A form of this very session. Raises NotAllowed."""
    if not hmac.compare_digest(form.text("form_token").encode(), visit.session.form_token.encode()):
        raise NotAllowed("stale-form", "this form is out of date: load the page again")
    return form


Posted = Annotated[Form, Depends(form_of)]


def page(visit: Visit, template: str, refused: Refused | None = None, **values: Any) -> HTMLResponse:
    """A page of somebody signed in."""
    looks_after = visit.actor.is_operator or visit.actor.role == "partner"
    places = _NAV if looks_after else _NAV[_PARTNERS_ONLY:]
    path = visit.request.url.path
    context = {
        "actor": visit.actor,
        "token": lambda: _TOKEN.format(visit.session.form_token),
        "nav": [(place, name, path == place or path.startswith(f"{place}/")) for place, name in places],
        "done": DONE.get(visit.request.query_params.get("done", "")),
        "refused": refused,
        **values,
    }
    return rendered(template, 200 if refused is None else refused.status, context)


def rendered(template: str, status: int, context: Mapping[str, Any]) -> HTMLResponse:
    """Any page."""
    return HTMLResponse(_TEMPLATES.get_template(template).render(**context), status, HEADERS)


def elsewhere(path: str, done: str | None = None) -> RedirectResponse:
    """Go and look there; `done`: what to say there."""
    return RedirectResponse(path if done is None else f"{path}?done={done}", 303, HEADERS)


def refused_page(request: Request, why: Refused) -> Response:
    """Where a page cannot be shown."""
    if isinstance(why, SignInWanted):
        return elsewhere(f"/sign-in?next={quote(request.url.path)}" if request.method == "GET" else "/sign-in")
    context = {"sentence": why.sentence, "actor": None, "nav": (), "done": None, "refused": None}
    return rendered("refused.html", why.status, context)
