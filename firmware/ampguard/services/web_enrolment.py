"""Enrolment from the page: `ampguard enrol` as a child, since it loads what the web must not carry."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.services.child import COMMAND, ran
from ampguard.uplink.certificates.certificate import read
from ampguard.uplink.certificates.keyring import Keyring
from ampguard.web.enrolment import Enrolled

if TYPE_CHECKING:
    from ampguard.settings.places import Places

CHILD_S = 120.0


class OwnEnrolment:
    """Of the unit whose data folder this is."""

    def __init__(self, places: Places, command: tuple[str, ...] = COMMAND) -> None:
        self._rings = Keyring(places.data)
        self._command = command

    def now(self) -> Enrolled | None:
        """None: at no cloud, or nobody can read where."""
        try:
            url, found = self._rings.enrolment().get("url"), read(self._rings.certificate)
        except (SetupError, OSError, ValueError):
            return None
        return Enrolled(url if isinstance(url, str) else "", found.begins_utc.isoformat(), found.ends_utc.isoformat())

    async def enrol(self, url: str, pin: str, authority: str | None, proxy: str | None) -> None:
        """Have a key made and signed. Raises SetupError: why not."""
        with tempfile.TemporaryDirectory(prefix="ampguard-enrol-") as folder:
            asked = ["enrol", "--url", url, "--pin-file", "-"]
            if authority is not None:
                file = Path(folder) / "authority.crt"
                file.write_text(authority)
                asked += ["--ca-file", str(file)]
            if proxy is not None:
                asked += ["--proxy", proxy]
            said = await ran((*self._command, *asked), CHILD_S, told=pin.encode())
        if said.code:
            raise SetupError(said.sentence)
