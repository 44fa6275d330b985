"""Chargers that speak with their makers' cloud alone: asked and limited through the makers' public REST API, v5.

Slow on both sides: the cloud knows what it was told half a minute ago, and an order takes seconds or is lost. A limit
(`maxCurrent`) is part of the settings of a connector, which are read, changed and written as a whole; it is no lease.
"""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from ampguard.phases import Phase, Phases
from ampguard.phrase import Number, phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import httpx

    from ampguard.phrase import Phrase
    from ampguard.readings import Json

PREFIX = "/api/v5"
POLL_S, ANSWER_S = 30.0, 15.0
"""How often each charger is asked for; the cloud knows nothing newer."""
LEAST_S = 5.0
"""Between two rounds, whatever is wanted."""
AGAIN_S, BUSY_S, REFUSED_S = 60.0, 300.0, 600.0
"""After a cloud that cannot be reached, one that wants to be asked less often, one that does not let the account in."""
LONGEST_WAIT_S = 3600.0
CONNECTOR = 1
SAME_A = 0.05
LONGEST_TEXT = 200
_CAR = frozenset({"Preparing", "Connected", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing"})
_WANTS = frozenset({"Connected", "Charging", "SuspendedEVSE"})


@dataclass(frozen=True, slots=True)
class Account:
    """Who asks."""

    url: str
    email: str
    password: str = field(repr=False)
    key: str = field(repr=False)


NOTHING_A: Phases[float | None] = Phases(None, None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowReport:
    """The last that is known of one charger. Times are of the monotonic clock."""

    charger: str
    heard_s: float | None = None
    """When the cloud last told of it as connected; None: never."""
    is_online: bool = False
    status: str | None = None
    has_car: bool | None = None
    wants: bool | None = None
    current_a: Phases[float | None] = NOTHING_A
    """At its terminals."""
    limit_a: float | None = None
    """What its settings say; None: as much as it can, or not known."""
    told: tuple[Phrase, ...] = ()
    """What somebody should know, in plain words."""


class CloudError(Exception):
    """The makers' cloud does not do what is wanted.

    Args:
        said: why, for people.
        wait_s: when to ask again.
        is_of_one: it concerns one charger alone.
    """

    def __init__(self, said: Phrase, wait_s: float = AGAIN_S, *, is_of_one: bool = False) -> None:
        super().__init__(said)
        self.said, self.wait_s, self.is_of_one = said, wait_s, is_of_one


class Capi:
    """The chargers of one account; `run` for as long as they are to be limited."""

    def __init__(
        self,
        account: Account,
        chargers: Sequence[str],
        changed: Callable[[], None],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`changed` is told when there is something new; `transport`: instead of the network."""
        self._account, self._changed, self._transport = account, changed, transport
        self._known = {charger: SlowReport(charger=charger) for charger in chargers}
        self._wanted_a: dict[str, float] = {}
        self._faults: dict[str, Phrase] = {}
        """Of one charger alone."""
        self._fault: Phrase | None = None
        self._token: str | None = None
        self._stirred = asyncio.Event()

    def set_limit(self, charger: str, limit_a: float) -> None:
        """From now on so much; it is told again until its settings say so."""
        self._wanted_a[charger] = limit_a
        self._stirred.set()

    def reports(self) -> Mapping[str, SlowReport]:
        """The last that is known of each."""
        found: dict[str, SlowReport] = {}
        for charger, one in self._known.items():
            said = (_UNFIT, self._fault, self._faults.get(charger))
            told = tuple(text for text in said if text is not None)
            found[charger] = replace(one, told=told)
        return found

    async def run(self) -> None:
        """For ever."""
        import httpx  # noqa: PLC0415 - 10 MB: where there is such a charger

        async with httpx.AsyncClient(
            base_url=self._account.url + PREFIX, timeout=ANSWER_S, trust_env=False, transport=self._transport
        ) as client:
            while True:
                self._stirred.clear()
                try:
                    await self._round(client)
                except CloudError as why:
                    self._fault, wait_s = why.said, why.wait_s
                    self._changed()
                    await asyncio.sleep(wait_s)
                    continue
                self._fault = None
                self._changed()
                await self._wait()

    async def _wait(self) -> None:
        await asyncio.sleep(LEAST_S)
        try:
            async with asyncio.timeout(POLL_S - LEAST_S):
                await self._stirred.wait()
        except TimeoutError:
            pass

    async def _round(self, client: httpx.AsyncClient) -> None:
        """Each charger once. Raises CloudError."""
        for charger in self._known:
            try:
                await self._of(client, charger)
            except CloudError as why:
                if not why.is_of_one:
                    raise
                self._faults[charger] = why.said
            else:
                self._faults.pop(charger, None)

    async def _of(self, client: httpx.AsyncClient, charger: str) -> None:
        """What it does, and what it may. Raises CloudError."""
        status = await self._ask(client, charger, "GET", f"/chargepoints/{charger}/status")
        where = f"/chargepoints/{charger}/connectors/{CONNECTOR}/settings"
        settings = await self._ask(client, charger, "GET", where)
        limit_a, wanted_a = _number(settings.get("maxCurrent")), self._wanted_a.get(charger)
        self._known[charger] = _report(charger, status, limit_a, self._known[charger])
        if wanted_a is not None and (limit_a is None or abs(limit_a - wanted_a) > SAME_A):
            await self._ask(client, charger, "PUT", where, {**settings, "maxCurrent": wanted_a})

    async def _ask(
        self,
        client: httpx.AsyncClient,
        charger: str,
        method: str,
        path: str,
        content: Mapping[str, Json] | None = None,
    ) -> Mapping[str, Json]:
        """Raises CloudError."""
        answer = await self._bearing(client, method, path, content)
        if answer.status_code == _UNAUTHORIZED:  # the token has run out
            self._token = None
            answer = await self._bearing(client, method, path, content)
        if answer.status_code == _NOT_FOUND:
            raise CloudError(
                phrase("the makers' cloud knows no charger {charger} in this account", charger=charger), is_of_one=True
            )
        if content is not None and answer.status_code in _REFUSALS:
            raise CloudError(phrase(
                "the makers' cloud refuses a limit of {amperes} A: {why}",
                amperes=Number(cast("float", content["maxCurrent"]), "g"), why=_why(answer),
            ), is_of_one=True)  # fmt: skip
        return _content(answer)

    async def _bearing(
        self, client: httpx.AsyncClient, method: str, path: str, content: Mapping[str, Json] | None
    ) -> httpx.Response:
        """With a token. Raises CloudError."""
        token = self._token or await self._log_in(client)
        return await _sent(client, method, path, {"Authorization": f"Bearer {token}"}, content)

    async def _log_in(self, client: httpx.AsyncClient) -> str:
        """A token. Raises CloudError."""
        account = {"email": self._account.email, "password": self._account.password}
        answer = await _sent(client, "POST", "/auth/login", {"apiKey": self._account.key}, account)
        token = _content(answer).get("token")
        if not isinstance(token, str):
            raise CloudError(_OTHER)
        self._token = token
        return token


_UNFIT = phrase(
    "limited over its makers' cloud: slowly, and not at all while that cannot be reached; "
    "this does not protect the fuse"
)
_OTHER = phrase("the makers' cloud answers something else than wanted")
_NOTHING: Mapping[str, object] = MappingProxyType({})
_UNAUTHORIZED, _NOT_FOUND = 401, 404
_REFUSALS = frozenset({400, 409, 422})


async def _sent(
    client: httpx.AsyncClient, method: str, path: str, headers: Mapping[str, str], content: Mapping[str, Json] | None
) -> httpx.Response:
    """Raises CloudError: nobody answers."""
    import httpx  # noqa: PLC0415 - as above

    try:
        return await client.request(method, path, headers=headers, json=content)
    except httpx.TimeoutException:
        raise CloudError(
            phrase("the makers' cloud has not answered within {seconds} s", seconds=Number(ANSWER_S, "g"))
        ) from None
    except (httpx.HTTPError, OSError) as why:
        said = str(why)[:LONGEST_TEXT] or type(why).__name__
        raise CloudError(phrase("the makers' cloud cannot be reached: {why}", why=said)) from None


def _content(answer: httpx.Response) -> Mapping[str, Json]:
    """Raises CloudError: it is no success, or no object."""
    match answer.status_code:
        case 401 | 403:
            said = phrase("the makers' cloud does not accept the account, its password or the key")
            raise CloudError(said, REFUSED_S)
        case 429:
            wait_s = _number(answer.headers.get("Retry-After"))
            wait_s = BUSY_S if wait_s is None else min(max(wait_s, AGAIN_S), LONGEST_WAIT_S)
            raise CloudError(phrase("the makers' cloud wants to be asked less often"), wait_s)
        case status if not answer.is_success:
            raise CloudError(phrase("the makers' cloud has a fault of its own ({status})", status=str(status)))
        case _:
            pass
    try:
        found: object = answer.json()
    except (ValueError, RecursionError):
        raise CloudError(_OTHER) from None
    if not isinstance(found, dict):
        raise CloudError(_OTHER)
    return cast("Mapping[str, Json]", found)


def _report(charger: str, told: Mapping[str, Json], limit_a: float | None, before: SlowReport) -> SlowReport:
    """What a status says; what it does not say is not known."""
    is_online = told.get("status") == "Online"
    listed = told.get("connectorStatuses")
    connectors = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    nothing: Mapping[str, Json] = {}
    one = next((each for each in connectors if each.get("connectorId") == CONNECTOR), nothing)
    status = one.get("status")
    is_known = is_online and isinstance(status, str)
    return SlowReport(
        charger=charger,
        heard_s=time.monotonic() if is_online else before.heard_s,
        is_online=is_online,
        status=status[:LONGEST_TEXT] if isinstance(status, str) else None,
        has_car=status in _CAR if is_known else None,
        wants=status in _WANTS if is_known else None,
        current_a=_currents(one.get("measurements")) if is_online else NOTHING_A,
        limit_a=limit_a,
    )


def _currents(told: Json) -> Phases[float | None]:
    listed = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    each = {str(one.get("phase")): _number(one.get("current")) for one in listed}
    return Phases.of(each.get(phase.value) for phase in Phase)


def _why(answer: httpx.Response) -> str:
    """In the cloud's own words, as far as it has any."""
    try:
        found: object = answer.json()
    except (ValueError, RecursionError):
        found = None
    told: Mapping[str, object] = cast("Mapping[str, object]", found) if isinstance(found, dict) else _NOTHING
    said = next((told[name] for name in ("detail", "message", "title") if isinstance(told.get(name), str)), "")
    return str(said)[:LONGEST_TEXT] or str(answer.status_code)


def _number(told: object) -> float | None:
    if isinstance(told, bool) or not isinstance(told, (int, float, str)):
        return None
    try:
        value = float(told)
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) and value >= 0.0 else None
