"""What outlasts a restart, in one folder: transactions, clouds' profiles, and what the clouds have missed."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from ampguard.balancing.ocpp import schema, taken
from ampguard.balancing.ocpp.cloudprofiles import CloudProfiles, Kept
from ampguard.balancing.ocpp.outbox import Outbox
from ampguard.balancing.ocpp.tags import Tags
from ampguard.balancing.ocpp.transactions import Transactions
from ampguard.wholefile import replace_whole

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from ampguard.balancing.ocpp.configuration import Cloud, Configuration


class Store:
    """Of one unit. Raises OSError where the folder cannot be made or read."""

    def __init__(self, folder: Path, configuration: Configuration, now: datetime) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._configuration = configuration
        self._tags: dict[str, Tags] = {}
        self.transactions = Transactions(folder / "transactions.json", now)

    def outbox(self, charger: str) -> Outbox:
        """What its cloud has missed."""
        return Outbox(self._folder / f"{_safe(charger)}.outbox")

    def tags(self, cloud: Cloud | None) -> Tags:
        """Who may charge: all chargers of one cloud know the same people."""
        name = "" if cloud is None else hashlib.sha256(cloud.url.encode()).hexdigest()[:12]
        if name not in self._tags:
            path = self._folder / f"tags-{name or 'own'}.json"
            self._tags[name] = Tags(path, self._configuration.tags, is_free=self._configuration.is_free)
        return self._tags[name]

    def profiles(self, charger: str) -> CloudProfiles:
        """What its cloud has set; a file that cannot be read is none: the cloud sets it anew."""
        made = CloudProfiles(self._configuration.nominal_v)
        try:
            found: object = json.loads(self._profiles_of(charger).read_text())
        except (OSError, ValueError):
            return made
        content = cast("dict[str, object]", found) if isinstance(found, dict) else {}
        sample_s = taken.whole(content, "sample_s")
        made.sample_s = made.sample_s if sample_s is None else max(0, sample_s)
        for one in taken.several(content, "kept"):
            asked = {"connectorId": one.get("connector"), "csChargingProfiles": one.get("profile")}
            if schema.violation("SetChargingProfile", asked) is None:
                made.kept += (Kept(taken.whole(one, "connector") or 0, taken.inner(one, "profile")),)
        return made

    async def keep_profiles(self, charger: str, profiles: CloudProfiles) -> None:
        """On the medium when this returns. Raises OSError."""
        kept = [{"connector": one.connector, "profile": one.profile} for one in profiles.kept]
        content = json.dumps({"sample_s": profiles.sample_s, "kept": kept})
        await asyncio.to_thread(replace_whole, self._profiles_of(charger), content)

    def _profiles_of(self, charger: str) -> Path:
        return self._folder / f"{_safe(charger)}.cloud.json"


def _safe(charger: str) -> str:
    """As the name of a file; no two chargers have the same."""
    return quote(charger, safe="").replace(".", "%2E")
