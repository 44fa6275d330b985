"""What one charger has with its own cloud: what the cloud still has to be told, and what the cloud asks for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ampguard.balancing.ocpp import rules, schema, taken
from ampguard.balancing.ocpp.abilities import SAMPLE_INTERVAL
from ampguard.balancing.ocpp.frame import ErrorCode
from ampguard.balancing.ocpp.line import CallFailed, Refused
from ampguard.balancing.ocpp.rules import FromCloud
from ampguard.balancing.ocpp.upstream import Upstream

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping

    from ampguard.balancing.ocpp.cloudprofiles import CloudProfiles, Running
    from ampguard.balancing.ocpp.configuration import Cloud
    from ampguard.balancing.ocpp.frame import Payload
    from ampguard.balancing.ocpp.limiter import Limiter
    from ampguard.balancing.ocpp.line import Line
    from ampguard.balancing.ocpp.observed import Observed
    from ampguard.balancing.ocpp.outbox import Letter
    from ampguard.balancing.ocpp.store import Store
    from ampguard.balancing.ocpp.tags import Tags

CHARGER_ANSWER_S = 20.0
EARLY_S = 1.0
"""A sample that comes so much too early is not too early."""
_TRANSACTION = "transactionId"
_PERIODIC = frozenset({None, "Sample.Periodic"})
_DIGITS = 6


class CloudSide:
    """Of one charger; see `rules` for what is done with which message."""

    def __init__(  # noqa: PLR0913, PLR0917 - all of it counts
        self,
        cloud: Cloud,
        charger: str,
        store: Store,
        tags: Tags,
        profiles: CloudProfiles,
        observed: Observed,
        limiter: Limiter,
        running: Callable[[], Mapping[int, Running]],
        logger: logging.Logger,
    ) -> None:
        self._charger = charger
        self._store = store
        self._transactions = store.transactions
        self._outbox = store.outbox(charger)
        self._tags = tags
        self._profiles = profiles
        self._observed = observed
        self._limiter = limiter
        self._running = running
        self._log = logger
        self._line: Line | None = None
        self._boot: Payload | None = None
        self._untold: set[int] = set()
        self._sampled_s: float | None = None
        self._with_start: tuple[int, Payload] | None = None
        """A profile that came with RemoteStartTransaction."""
        self.upstream = Upstream(cloud, charger, self, logger)

    @property
    def unsent(self) -> int:
        """Messages that the cloud has not been told."""
        return len(self._outbox)

    async def run(self, line: Line) -> None:
        """For as long as the charger is connected: that is how its cloud knows that it is."""
        self._line = line
        self._untold.update(self._observed.statuses)
        try:
            await self.upstream.run()
        finally:
            self._line = None

    # ------------------------------------------------------------ from the charger

    async def ask(self, action: str, payload: Payload) -> Payload:
        """What the cloud answers to the charger's call. Raises Gone, Silent, and Refused with the cloud's error."""
        answer = await self.upstream.ask(action, self._for_cloud(payload))
        await self._learn(payload, answer)
        return answer

    async def keep(self, action: str, payload: Payload, transaction: int | None) -> None:
        """For when the cloud is back."""
        try:
            await self._outbox.add(action, payload, time.monotonic(), transaction)
        except OSError as why:
            self._log.error("%s: what its cloud must be told cannot be kept: %s", self._charger, why)
        self.upstream.stir()

    def wants(self, payload: Payload, now_s: float) -> bool:
        """Whether the cloud is to have these meter values: the charger tells them oftener than most clouds ask for."""
        contexts = {one.get("context") for each in taken.several(payload, "meterValue") for one in _sampled(each)}
        if contexts - _PERIODIC:
            return True  # begin and end of a transaction, what the clock or somebody asked for
        every_s = self._profiles.sample_s
        is_due = self._sampled_s is None or now_s - self._sampled_s >= every_s - EARLY_S
        if not every_s or not is_due:
            return False
        self._sampled_s = now_s
        return True

    def note_boot(self, payload: Payload) -> None:
        """The charger has restarted."""
        self._boot = payload
        self.upstream.stir()

    def note_status(self, payload: Payload) -> None:
        """It has another state."""
        self._untold.add(taken.whole(payload, "connectorId") or 0)
        self.upstream.stir()

    def began(self, connector: int) -> None:
        """A transaction has begun: the profile that came with its remote start counts."""
        if self._with_start is not None:
            self._profiles.put(connector, self._with_start[1], self._running())
            self._with_start = None

    def pruned(self) -> None:
        """Profiles of transactions that are over are gone."""
        self._profiles.only(set(self._running()))

    # ------------------------------------------------------------ to the cloud

    def boot(self) -> Payload | None:
        """BootNotification.req that the cloud was not told yet."""
        return self._boot

    def boot_told(self) -> None:
        """It was."""
        self._boot = None

    def next_status(self) -> Payload | None:
        """A StatusNotification.req that the cloud was not told."""
        while self._untold:
            found = self._observed.statuses.get(self._untold.pop())
            if found is not None:
                return found
        return None

    def next_letter(self) -> Letter | None:
        """The first of what the cloud has missed."""
        return self._outbox.first()

    def for_cloud(self, letter: Letter) -> Payload:
        """As the cloud is to have it."""
        return self._for_cloud(letter.payload)

    async def delivered(self, letter: Letter, answer: Payload | None) -> None:
        """The cloud has a letter; of a transaction that began while it was away it tells its own number now."""
        number = None if answer is None else taken.whole(answer, _TRANSACTION)
        try:
            if letter.transaction is not None and number is not None:
                self._transactions.renamed(letter.transaction, number)
                await self._transactions.save()
            await self._outbox.done(letter)
        except OSError as why:
            self._log.error("%s: what its cloud was told cannot be noted: %s", self._charger, why)
        if answer is None:
            return
        await self._learn(letter.payload, answer)
        if letter.transaction is not None and taken.inner(answer, "idTagInfo").get("status", "Accepted") != "Accepted":
            await self._stop(letter.transaction)

    # ------------------------------------------------------------ from the cloud

    async def from_cloud(self, action: str, payload: Payload) -> Payload:
        """Answers the cloud's call. Raises Refused."""
        if action in rules.FROM_CLOUD and (found := schema.violation(action, payload)) is not None:
            raise Refused(found.code, found.words)
        match rules.FROM_CLOUD.get(action, FromCloud.FORWARD):
            case FromCloud.LIMIT:
                return await self._limited(action, payload)
            case FromCloud.REFUSED:
                raise Refused(ErrorCode.NOT_SUPPORTED, "whom this charger trusts is set up at its site")
            case FromCloud.GUARDED if payload.get("key") in rules.GUARDED:
                return await self._sample(payload)
            case FromCloud.STRIPPED:
                return await self._start(payload)
            case FromCloud.LISTENED:
                answer = await self._forward(action, payload)
                if answer.get("status") == "Accepted":
                    self._tags.listed_by_cloud(payload)
                    await self._keep_tags()
                return answer
            case FromCloud.GUARDED | FromCloud.FORWARD:
                return await self._forward(action, payload)

    async def _limited(self, action: str, payload: Payload) -> Payload:
        if action == "ClearChargingProfile":
            status = "Accepted" if self._profiles.clear(payload) else "Unknown"
        else:
            profile = self._for_charger(taken.inner(payload, "csChargingProfiles"))
            is_taken = self._profiles.put(taken.whole(payload, "connectorId") or 0, profile, self._running())
            status = "Accepted" if is_taken else "Rejected"
        await self._keep_settings()
        self._limiter.stir()
        return {"status": status}

    async def _sample(self, payload: Payload) -> Payload:
        """How often the cloud hears of what is measured is its own business; the charger goes on telling the unit."""
        value = taken.text(payload, "value") or ""
        if payload.get("key") != SAMPLE_INTERVAL or not value.isdecimal() or len(value) > _DIGITS:
            return {"status": "Rejected"}
        self._profiles.sample_s = int(value)
        await self._keep_settings()
        return {"status": "Accepted"}

    async def _start(self, payload: Payload) -> Payload:
        rest = {name: one for name, one in payload.items() if name != "chargingProfile"}
        answer = await self._forward("RemoteStartTransaction", rest)
        profile = taken.inner(payload, "chargingProfile")
        if profile and answer.get("status") == "Accepted":
            self._with_start = (taken.whole(payload, "connectorId") or 1, profile)
        return answer

    async def _stop(self, number: int) -> None:
        """The cloud would not have let it begin."""
        if any(one.id == number for one in self._running().values()) and self._line is not None:
            try:
                await self._line.call("RemoteStopTransaction", {_TRANSACTION: number}, CHARGER_ANSWER_S)
            except CallFailed as why:
                self._log.warning("%s: its cloud ends a transaction, and it does not: %s", self._charger, why)

    async def _forward(self, action: str, payload: Payload) -> Payload:
        line = self._line
        if line is None:
            raise Refused(ErrorCode.GENERIC_ERROR, "the charger is not connected")
        try:
            return await line.call(action, self._for_charger(payload), CHARGER_ANSWER_S)
        except Refused:
            raise
        except CallFailed as why:
            raise Refused(ErrorCode.GENERIC_ERROR, str(why)) from why

    def _for_cloud(self, payload: Payload) -> Payload:
        number = taken.whole(payload, _TRANSACTION)
        return payload if number is None else {**payload, _TRANSACTION: self._transactions.for_cloud(number)}

    def _for_charger(self, payload: Payload) -> Payload:
        number = taken.whole(payload, _TRANSACTION)
        return payload if number is None else {**payload, _TRANSACTION: self._transactions.for_charger(number)}

    async def _keep_settings(self) -> None:
        try:
            await self._store.keep_profiles(self._charger, self._profiles)
        except OSError as why:
            self._log.error("%s: what its cloud has set cannot be kept: %s", self._charger, why)

    async def _learn(self, asked: Payload, answer: Payload) -> None:
        """Whom the cloud accepts."""
        info, tag = taken.inner(answer, "idTagInfo"), taken.text(asked, "idTag")
        if tag is not None and info and self._tags.learn(tag, info):
            await self._keep_tags()

    async def _keep_tags(self) -> None:
        try:
            await self._tags.save()
        except OSError as why:
            self._log.error("%s: whom its cloud accepts cannot be kept: %s", self._charger, why)


def _sampled(meter_value: Payload) -> list[Payload]:
    return list(taken.several(meter_value, "sampledValue"))
