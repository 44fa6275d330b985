"""The certificate of this interface: its fingerprint, and another one of the owner's instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ampguard.web.access.guard import Owner, Reader
from ampguard.web.refusal import Refusal

if TYPE_CHECKING:
    from ampguard.web.parts import Parts

LONGEST = 1 << 15
"""Characters of PEM; a chain of five with RSA keys has a third of it."""


class CertificateNow(BaseModel):
    """What browsers are shown."""

    fingerprint: str
    """SHA-256, pairs with colons; empty while there is none."""
    is_own: bool
    """Whether it is the unit's own."""


class Install(BaseModel):
    """The owner's: the unit's first, then those that lead to an authority."""

    certificate: str = Field(max_length=LONGEST)
    """PEM."""
    key: str = Field(max_length=LONGEST)
    """PEM, without a password. It is never given back."""


def router(parts: Parts) -> APIRouter:
    """Of the certificate."""
    found = APIRouter(prefix="/api/v1", tags=["access"], responses={"4XX": {"model": Refusal}, 503: {"model": Refusal}})

    @found.get("/certificate")
    async def certificate(_reader: Reader) -> CertificateNow:
        """Which one it is."""
        return _now(parts)

    @found.put("/certificate")
    async def install(_owner: Owner, body: Install) -> CertificateNow:
        """Show the owner's instead; refused with the reason if no browser could be content with it."""
        await parts.certificate.install(f"{body.key}\n{body.certificate}")
        return _now(parts)

    @found.delete("/certificate")
    async def reset(_owner: Owner) -> CertificateNow:
        """Show the unit's own again."""
        await parts.certificate.reset()
        return _now(parts)

    return found


def _now(parts: Parts) -> CertificateNow:
    return CertificateNow(fingerprint=parts.certificate.fingerprint, is_own=parts.certificate.is_own)
