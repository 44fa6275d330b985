"""Enrolment from the page: `ampguard enrol` as a child, since it loads what the web must not carry."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.services.child import COMMAND, ran
from ampguard.uplink.certificates.certificate import read
from ampguard.uplink.certificates.keyring import Keyring
from ampguard.uplink.certificates.refusal import Kind
from ampguard.web.enrolment import Enrolled
from ampguard.web.refusal import RefusalId, RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.services.child import Said
    from ampguard.settings.places import Places

CHILD_S = 120.0
_REFUSALS: Mapping[Kind, tuple[int, RefusalId]] = MappingProxyType({
    Kind.ADDRESS: (422, "wrong-address"),
    Kind.AUTHORITY: (422, "no-authority"),
    Kind.MISTRUSTED: (422, "mistrusted"),
    Kind.NOT_REACHED: (503, "not-reached"),
    Kind.PIN: (422, "pin-refused"),
    Kind.TRIES: (429, "too-many-tries"),
    Kind.OTHER_KEY: (409, "other-key"),
    Kind.NO_METER: (503, "no-meter"),
    Kind.BUSY: (409, "busy"),
})  # fmt: skip
_FILE = re.compile(r"(?<![\w:/])/[^\s:]+(?:: )?")
"""A path in a sentence, and no part of an address."""


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
        """Have a key made and signed. Raises RefusedError of what kind it is, SetupError: of no usual one."""
        with tempfile.TemporaryDirectory(prefix="ampguard-enrol-") as folder:
            asked = ["enrol", "--url", url, "--pin-file", "-", "--kind"]
            if authority is not None:
                file = Path(folder) / "authority.crt"
                file.write_text(authority)
                asked += ["--ca-file", str(file)]
            if proxy is not None:
                asked += ["--proxy", proxy]
            said = await ran((*self._command, *asked), CHILD_S, told=pin.encode())
        if said.code:
            sentence = _FILE.sub("", said.sentence)
            if (kind := _kind(said)) is None:
                raise SetupError(sentence)
            raise RefusedError(*_REFUSALS[kind], sentence)


def _kind(said: Said) -> Kind | None:
    try:
        return Kind(json.loads(said.out)["kind"])
    except (ValueError, KeyError, TypeError):  # it ended otherwise
        return None
