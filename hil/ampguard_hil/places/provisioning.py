"""What an installer tells a new box, over its own page with the PIN of its label: the same for every place."""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx

from ampguard_hil.places.stages import NotReachedError
from ampguard_hil.processes import wait_until

REQUEST_TIMEOUT_S = 10.0
HTTPS_PORT = 443


@dataclass(frozen=True, slots=True)
class Installation:
    """Of one box at one bench."""

    pin: str
    broker_host: str
    """As the box reaches it."""
    broker_port: int
    main_fuse_a: float = 63.0
    grid_type: str = "three-phase"
    nominal_voltage_v: float = 230.0
    nominal_frequency_hz: float = 50.0
    generation_on_site: bool = False
    batch_s: float = 2.0
    """How long the box gathers readings before it sends them: nobody at a bench waits for a minute."""

    @property
    def settings(self) -> dict[str, str | float | bool]:
        """By the names of the box's settings."""
        return {
            "main_fuse_a": self.main_fuse_a,
            "grid_type": self.grid_type,
            "nominal_voltage_v": self.nominal_voltage_v,
            "nominal_frequency_hz": self.nominal_frequency_hz,
            "generation_on_site": self.generation_on_site,
            "mqtt.host": self.broker_host,
            "mqtt.port": self.broker_port,
            "mqtt.batch_s": self.batch_s,
        }


def answers(page: str) -> bool:
    """Whether the management interface is there: it asks whoever comes for the PIN."""
    try:
        with browser(page) as somebody:
            return somebody.get("/api/v1/session").status_code == HTTPStatus.UNAUTHORIZED
    except (httpx.HTTPError, OSError):
        return False


def browser(page: str, patience_s: float = REQUEST_TIMEOUT_S) -> httpx.Client:
    """Of somebody on the same LAN, who takes the box's own certificate for good as it is shown. Raises OSError."""
    there = urlsplit(page)
    if there.scheme != "https":
        return httpx.Client(base_url=page, timeout=patience_s)
    shown = ssl.get_server_certificate((there.hostname or "", there.port or HTTPS_PORT), timeout=patience_s)
    trusted = ssl.create_default_context(cadata=shown)
    trusted.check_hostname = False  # by its address, as there is no name server
    return httpx.Client(base_url=page, verify=trusted, timeout=patience_s)


def provision(page: str, wanted: Installation, patience_s: float) -> None:
    """Sign in and set it; done when the box says so itself. Raises NotReachedError."""
    deadline_s = time.monotonic() + patience_s
    try:
        with browser(page) as installer:
            token = sign_in(installer, wanted.pin, patience_s)
            answer = installer.patch(
                "/api/v1/settings", json={"changes": wanted.settings}, headers={"X-CSRF-Token": token}
            )
            _refuse(answer, "the settings")

            def is_said() -> bool:
                found = installer.get("/api/v1/steps")
                _refuse(found, "the steps")
                states: dict[str, str] = {one["id"]: one["state"] for one in found.json()["steps"]}
                return states["electrical"] == "done"

            if not wait_until(is_said, deadline_s - time.monotonic()):
                raise NotReachedError("the box was told all, and still calls the step 'electrical' open")
    except (httpx.HTTPError, OSError) as why:
        raise NotReachedError(f"the page at {page} fell silent: {why}") from why


def sign_in(installer: httpx.Client, pin: str, patience_s: float) -> str:
    """What changes have to carry (X-CSRF-Token). Raises NotReachedError, httpx.HTTPError.

    Wait where the box has been told too many wrong PINs, as it asks for.
    """
    tries: list[httpx.Response] = []

    def is_in() -> bool:
        tries.append(installer.post("/api/v1/session", json={"pin": pin}))
        return tries[-1].status_code not in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}

    wait_until(is_in, patience_s)
    _refuse(tries[-1], "the PIN")
    token: str = tries[-1].json()["csrf"]
    return token


def _refuse(answer: httpx.Response, what: str) -> None:
    if answer.status_code != HTTPStatus.OK:
        raise NotReachedError(f"the box refused {what}: {answer.status_code} {answer.text[:300]}")
