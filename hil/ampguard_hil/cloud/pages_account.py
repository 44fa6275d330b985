"""The pages of an account: signing in and out, the organisation with its users and partners, the changes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from ampguard_hil.cloud.pages_frame import Filled, Posted, Visit, Visiting, elsewhere, page, rendered
from ampguard_hil.cloud.registry_fields import one_of
from ampguard_hil.cloud.registry_organisations import OrganisationSettings
from ampguard_hil.cloud.registry_refusals import Refused
from ampguard_hil.cloud.registry_rights import Role
from ampguard_hil.cloud.site import COOKIE, From

CHANGES_AT_ONCE = 100
router = APIRouter(include_in_schema=False)


@router.get("/")
def home(visit: Visiting) -> Response:
    """Where somebody begins."""
    return elsewhere("/customers" if visit.actor.role in {Role.PARTNER, Role.OPERATOR} else "/devices")


@router.get("/sign-in")
def sign_in_page(request: Request) -> Response:
    """The form."""
    return _sign_in(request, None, "", request.query_params.get("next", "/"))


@router.post("/sign-in")
def sign_in(request: Request, site: From, form: Filled) -> Response:
    """Try it."""
    where = form.text("next")
    try:
        session = site.registry.people.sign_in(form.text("email"), form.text("password"))
    except Refused as why:
        return _sign_in(request, why, form.text("email"), where)
    answer = elsewhere(_inside(where))
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, session.token, httponly=True, samesite="lax", secure=secure, path="/")
    return answer


@router.post("/sign-out")
def sign_out(visit: Visiting, form: Posted) -> Response:
    """End the session."""
    del form
    visit.site.registry.people.sign_out(visit.session.token)
    answer = elsewhere("/sign-in", "signed-out")
    answer.delete_cookie(COOKIE, path="/")
    return answer


@router.get("/organisation")
def organisation(visit: Visiting) -> Response:
    """One's own organisation, its people and who may look in."""
    return _organisation(visit)


@router.post("/organisation")
def change_organisation(visit: Visiting, form: Posted) -> Response:
    """What it says of itself."""
    settings = OrganisationSettings(form.text("name"), form.text("contact"), form.text("email"))
    try:
        visit.site.registry.organisations.change(visit.actor, visit.actor.organisation_id or "", settings)
    except Refused as why:
        return _organisation(visit, why)
    return elsewhere("/organisation", "saved")


@router.post("/organisation/partners")
def let_in(visit: Visiting, form: Posted) -> Response:
    """Give a partner access, or withdraw it."""
    given = form.text("given") == "yes"
    owner_id = visit.actor.organisation_id or ""
    try:
        visit.site.registry.organisations.give_access(visit.actor, owner_id, form.text("partner"), given=given)
    except Refused as why:
        return _organisation(visit, why)
    return elsewhere("/organisation", "saved")


@router.post("/organisation/users")
def add_user(visit: Visiting, form: Posted) -> Response:
    """Somebody new."""
    try:
        role = Role(one_of("role", form.text("role"), tuple(Role)))
        new = (form.text("email"), form.text("name"), role, visit.actor.organisation_id)
        visit.site.registry.people.add(visit.actor, new, form.text("password"))
    except Refused as why:
        return _organisation(visit, why)
    return elsewhere("/organisation", "added")


@router.post("/organisation/users/remove")
def remove_user(visit: Visiting, form: Posted) -> Response:
    """Somebody who can no longer sign in."""
    try:
        visit.site.registry.people.remove(visit.actor, form.text("person"))
    except Refused as why:
        return _organisation(visit, why)
    return elsewhere("/organisation", "removed")


@router.post("/organisation/password")
def change_password(visit: Visiting, form: Posted) -> Response:
    """One's own."""
    try:
        visit.site.registry.people.change_password(visit.actor, form.text("present"), form.text("new"))
    except Refused as why:
        return _organisation(visit, why)
    return elsewhere("/sign-in", "password")


@router.get("/changes")
def changes(visit: Visiting, before: Annotated[str | None, Query(max_length=64)] = None) -> Response:
    """Who changed what."""
    entries = visit.site.registry.audit(visit.actor, CHANGES_AT_ONCE, before)
    older = entries[-1].id if len(entries) == CHANGES_AT_ONCE else None
    return page(visit, "changes.html", entries=entries, older=older)


def _organisation(visit: Visit, refused: Refused | None = None) -> Response:
    registry, actor = visit.site.registry, visit.actor
    mine = None
    if actor.organisation_id is not None:
        mine = registry.organisations.one(actor, actor.organisation_id)
    people = [one for one in registry.people.all(actor) if one.organisation_id == actor.organisation_id]
    partners = registry.organisations.partners()
    return page(visit, "organisation.html", refused, mine=mine, people=people, partners=partners)


def _sign_in(request: Request, why: Refused | None, email: str, where: str) -> Response:
    notices = {"signed-out": "Signed out.", "password": "Your password is changed. Sign in with the new one."}
    done = notices.get(request.query_params.get("done", ""))
    context = {"refused": why, "email": email, "next": where, "actor": None, "nav": (), "done": done}
    return rendered("sign_in.html", 200 if why is None else why.status, context)


def _inside(where: str) -> str:
    """A path of this site, whatever was asked for."""
    return where if where.startswith("/") and not where.startswith(("//", "/\\")) and where.isprintable() else "/"
