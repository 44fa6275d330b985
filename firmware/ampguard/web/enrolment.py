"""The certificate that a cloud signed for this unit: the seam to whoever asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Enrolled:
    """Where, and for how long."""

    url: str
    begins_utc: str
    """ISO 8601, as the certificate says."""
    ends_utc: str


class Enrolment(Protocol):
    """Of this unit."""

    def now(self) -> Enrolled | None:
        """None: at no cloud. Reads files."""
        ...

    async def enrol(self, url: str, pin: str, authority: str | None, proxy: str | None) -> None:
        """Have a key made and signed. Raises RefusedError of what kind it is, SetupError; nothing changed then.

        Args:
            url: the cloud's, https://...
            pin: the one on the label; it is kept nowhere.
            authority: the only one to trust (PEM); None: those of the system.
            proxy: the way out; None: the one that is set, if any.
        """
        ...
