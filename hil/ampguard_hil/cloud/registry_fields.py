"""What people and programs type into the registry, held against its limits."""

from __future__ import annotations

import re

from ampguard_hil.cloud.registry_refusals import Unfit

LONGEST_NAME, LONGEST_TEXT = 80, 400
PHASE_NAMES = ("L1", "L2", "L3")
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,190}")
_SERIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{3,31}")
_DEVICE_SERIAL = re.compile(r"[A-Za-z0-9-]{4,31}G")
_PIN = re.compile(r"[0-9A-Za-z]{8}")


def name(field: str, value: str, *, empty: bool = False) -> str:
    """A line of text, stripped. Raises Unfit."""
    value = value.strip()
    if not (value or empty) or len(value) > LONGEST_NAME or not (value.isprintable()):
        raise Unfit("unfit-text", f"{field}: wanted {'up' if empty else '1'} to {LONGEST_NAME} printable characters")
    return value


def text(field: str, value: str) -> str:
    """Some lines of text, stripped. Raises Unfit."""
    value = value.strip()
    if len(value) > LONGEST_TEXT or not all(line.isprintable() for line in value.splitlines()):
        raise Unfit("unfit-text", f"{field}: wanted up to {LONGEST_TEXT} printable characters")
    return value


def email(value: str) -> str:
    """An address, in small letters. Raises Unfit."""
    value = value.strip().lower()
    if not _EMAIL.fullmatch(value) or not value.isprintable():
        raise Unfit("unfit-email", "email: wanted an address like name@example.org")
    return value


def password(value: str) -> str:
    """A new one. Raises Unfit."""
    if not 10 <= len(value) <= 128:  # noqa: PLR2004 - the sentence says it
        raise Unfit("unfit-password", f"password: wanted 10 to 128 characters, met {len(value)}")
    return value


def device_serial(value: str) -> str:
    """A measurement device's. Raises Unfit."""
    value = value.strip().upper()
    if not _DEVICE_SERIAL.fullmatch(value):
        raise Unfit("unfit-serial", "serial: wanted the measurement device's, 5 to 32 letters and digits, the last a G")
    return value


def charger_serial(value: str) -> str:
    """A charger's. Raises Unfit."""
    value = value.strip().upper()
    if not _SERIAL.fullmatch(value):
        raise Unfit("unfit-serial", "serial: wanted the charger's, 4 to 32 letters, digits and hyphens")
    return value


def pin(value: str) -> str:
    """The eight characters on the label. Raises Unfit."""
    value = value.strip()
    if not _PIN.fullmatch(value):
        raise Unfit("unfit-pin", "PIN: wanted the 8 characters of the label")
    return value


def amperes(field: str, value: float | None, least_a: float, most_a: float) -> float | None:
    """A current within its limits, or none stated. Raises Unfit."""
    if value is not None and not least_a <= value <= most_a:  # also what is no number
        raise Unfit("outside-limits", f"{field}: wanted {least_a:g} to {most_a:g} A, met {value:g} A")
    return value


def phases(field: str, value: tuple[str, ...]) -> tuple[str, ...]:
    """One to three phases, each once, in an order. Raises Unfit."""
    if not set(value) <= set(PHASE_NAMES) or len(set(value)) != len(value) or not value:
        raise Unfit("unfit-phases", f"{field}: wanted one to three of L1, L2, L3, each once, met {', '.join(value)}")
    return value


def one_of(field: str, value: str, known: tuple[str, ...]) -> str:
    """One of a fixed set. Raises Unfit."""
    if value not in known:
        raise Unfit("unfit-choice", f"{field}: wanted one of {', '.join(known)}")
    return value
