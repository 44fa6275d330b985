"""Which box is judged, as it says of itself on its own page."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx

from ampguard_hil.places.provisioning import browser

if TYPE_CHECKING:
    from ampguard_hil.places.place import Place


class NoSubjectError(Exception):
    """A box does not say who it is; a sentence for people."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Of one box."""

    serial: str
    variant: str
    rated_current_a: float
    """What its points are percent of: In."""
    ct_set: str
    calibration: str
    software: str


def subject(place: Place) -> Subject:
    """Ask it, with the PIN of its label. Raises NoSubjectError."""
    try:
        with browser(place.page) as somebody:
            opened = somebody.post("/api/v1/session", json={"pin": place.installation.pin})
            answer = somebody.get("/api/v1/system")
    except (httpx.HTTPError, OSError) as why:
        raise NoSubjectError(f"the page at {place.page}: {why}") from why
    if opened.status_code != HTTPStatus.OK or answer.status_code != HTTPStatus.OK:
        raise NoSubjectError(f"wanted who it is, met {opened.status_code} and {answer.status_code} {answer.text[:200]}")
    told: dict[str, Any] = answer.json()
    unit = told["identity"]
    if unit["rated_current_a"] is None:
        raise NoSubjectError(f"wanted its rated current, met {unit}: does it meter?")
    return Subject(
        serial=str(unit["serial"]),
        variant=str(unit["variant"]),
        rated_current_a=float(unit["rated_current_a"]),
        ct_set=str(unit["ct_set"]),
        calibration=str(unit["calibration"]),
        software=str(told["software"]["ampguard"]),
    )
