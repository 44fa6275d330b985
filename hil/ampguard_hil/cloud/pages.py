"""The web pages: rendered here, with one style sheet and one small program of our own; nothing comes from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.staticfiles import StaticFiles

from ampguard_hil.cloud import pages_account, pages_chargers, pages_devices, pages_groups, pages_partner
from ampguard_hil.cloud.pages_frame import FOLDER

if TYPE_CHECKING:
    from fastapi import FastAPI

ROUTERS = (
    pages_account.router,
    pages_devices.router,
    pages_chargers.router,
    pages_groups.router,
    pages_partner.router,
)


def add_pages(app: FastAPI) -> None:
    """Let the application have them."""
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), "static")
