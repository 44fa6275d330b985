"""`ampguard update --perform`: takes what somebody wants installed through RAUC, and has the unit restarted.

Whoever wants an update, by the page, a cloud or the command, leaves a bundle or an address in the data folder
(`ampguard.update.trial`); the service manager starts this process then, and nobody else may ask RAUC to install.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.events import Update, UpdateEnd
from ampguard.live.subscriber import Subscriber
from ampguard.services.stick import PLACE, copied, newest
from ampguard.services.updating import want_none, want_samples
from ampguard.update import before, parity, state, trial
from ampguard.update.fitness import check
from ampguard.update.intake import Intake
from ampguard.update.refusal import Kind, RefusedError
from ampguard.update.state import State

if TYPE_CHECKING:
    import logging
    from pathlib import Path

    from ampguard.services.power import Power
    from ampguard.settings.places import Places
    from ampguard.update.rauc import Bundle, Rauc
    from ampguard.update.release import Release
    from ampguard.update.trial import Wish

SAMPLES_S = 20.0
"""What the meter may take to record some."""
LOOK_S = 0.25
STATUS_S = 5.0
FETCH_S = 60.0
"""Without a byte."""
STEP_PERCENT = 5
"""How seldom progress is written down, which wears the medium."""


class Installing:
    """One wish."""

    def __init__(
        self, places: Places, release: Release | None, power: Power, logger: logging.Logger, sticks: Path = PLACE
    ) -> None:
        """`sticks`: where the file systems of USB sticks are."""
        self._places = places
        self._sticks = sticks
        self._folder = places.update
        self._release = release
        self._power = power
        self._log = logger
        self._told = state.read(self._folder / trial.STATE)
        self._tried: str | None = None
        """The version that was tried and not kept."""

    async def run(self) -> int:
        """Do it; the exit code. Raises OSError."""
        wish = self._taken()
        if wish is None:
            return 0
        try:
            await self._install(wish)
        except RefusedError as why:
            self._refused(wish, why)
            return 1
        finally:
            want_none(self._folder)
            (self._folder / trial.BUNDLE).unlink(missing_ok=True)
        return await self._restart()

    def _taken(self) -> Wish | None:
        """What is to be done; whoever asked sees that it is before it is not wanted any more. Raises OSError."""
        try:
            wish = trial.asked(self._folder)
            if wish is not None and self._told.state in {State.INSTALLED, State.ON_TRIAL}:
                self._log.warning("%s wants an update, and one is %s already", wish.who, self._told.state)
                return None
            if wish is not None:
                self._tried = self._told.tried
                self._told = state.Told(State.ASKED, who=wish.who)
                self._keep()
            return wish
        finally:
            trial.taken(self._folder)

    def _refused(self, wish: Wish, why: RefusedError) -> None:
        """Nothing has changed."""
        self._log.warning("update of %s refused: %s", wish.who, why)
        trial.end(self._folder)
        parity.forget(self._folder)
        before.forget(self._places.data)
        if why.kind is Kind.TRIED:
            self._told = replace(self._told, version=self._tried)
        self._told = self._told.refused(why)
        self._keep()
        # that a unit went back is told first, and by the gate
        if self._release is not None and trial.news(self._folder) is None:
            stick, version = wish.who == trial.STICK, self._told.version
            former, reason = self._release.version, str(why)
            told = Update(end=UpdateEnd.REFUSED, version=version, former=former, from_stick=stick, reason=reason)
            trial.tell(self._folder, told)

    async def _install(self, wish: Wish) -> None:
        from ampguard.update.rauc import Rauc  # noqa: PLC0415 - the library is needed only where there is something to do

        release = self._release
        if release is None:
            raise RefusedError(Kind.NO_SLOTS)
        async with Rauc() as rauc:
            path = await self._brought(wish.source, rauc, release)
            self._now(State.CHECKING)
            bundle = await rauc.inspect(path)
            self._told = replace(self._told, version=bundle.version)
            check(bundle, release)
            self._log.info("update of %s: %s after %s", wish.who, bundle.version, release.version)
            await self._prepare(rauc, bundle, release)
            self._now(State.INSTALLING, percent=0)
            await rauc.install(path, self._progress)
        self._now(State.INSTALLED)

    async def _prepare(self, rauc: Rauc, bundle: Bundle, release: Release) -> None:
        """What the new slot will be judged by."""
        await self._recorded()
        uplink = await reaches(self._places.uplink_feed)
        slots = await rauc.slots()
        try:
            before.keep(self._places.data)
            await asyncio.to_thread(parity.keep_reference, self._folder)
            trial.keep(self._folder, trial.Trial(slots.other, bundle.version, release.version, uplink))
        except OSError as why:
            raise RefusedError(Kind.MEDIUM, str(why)) from why

    async def _recorded(self) -> None:
        """Samples of the meter; without a meter those that are made must do."""
        try:
            want_samples(self._folder)
        except SetupError as why:
            raise RefusedError(Kind.MEDIUM, str(why)) from why
        path = self._folder / f"{parity.RECORDED}.npz"
        for _ in range(round(SAMPLES_S / LOOK_S)):
            if path.exists():
                return
            await asyncio.sleep(LOOK_S)
        self._log.warning("update: the meter recorded nothing within %g s", SAMPLES_S)

    async def _brought(self, source: str, rauc: Rauc, release: Release) -> Path:
        """The bundle in the folder. Raises RefusedError."""
        if source == trial.STICK:
            found = await newest(self._sticks, rauc, release, self._tried, self._log)
            self._now(State.FETCHING, percent=0)
            return await copied(found, self._folder, self._progress)
        if not source.startswith(("https://", "http://")):
            if source != trial.BUNDLE or not (self._folder / trial.BUNDLE).is_file():
                raise RefusedError(Kind.DAMAGED, "there is no file")
            return self._folder / trial.BUNDLE
        import httpx  # noqa: PLC0415 - only where there is an address

        self._now(State.FETCHING, percent=0)
        try:
            async with (
                httpx.AsyncClient(timeout=FETCH_S, follow_redirects=True, trust_env=False) as client,
                client.stream("GET", source) as answer,
            ):
                if answer.status_code != int(httpx.codes.OK):
                    raise RefusedError(Kind.NOT_REACHED, f"HTTP {answer.status_code}")
                length = answer.headers.get("content-length", "")
                with Intake(self._folder, int(length) if length.isdigit() else None) as intake:
                    async for piece in answer.aiter_raw():
                        await asyncio.to_thread(intake.take, piece)
                        await self._progress(intake.percent)
                    return intake.whole()
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as why:
            raise RefusedError(Kind.NOT_REACHED, str(why) or type(why).__name__) from why

    async def _progress(self, percent: int | None) -> None:
        if percent is not None and abs(percent - (self._told.percent or 0)) >= STEP_PERCENT:
            self._told = replace(self._told, percent=percent)
            self._keep()

    def _now(self, what: State, percent: int | None = None) -> None:
        self._told = self._told.after(what, percent=percent)
        self._keep()

    def _keep(self) -> None:
        state.keep(self._folder / trial.STATE, self._told)

    async def _restart(self) -> int:
        self._log.info("update installed: the unit restarts")
        try:
            await self._power.reboot()
        except SetupError as why:
            self._log.error("update installed, it begins with the next restart: %s", why)
            return 1
        return 0


async def reaches(feed: Path) -> bool:
    """Whether the uplink says that it reaches its broker or cloud."""
    try:
        async with asyncio.timeout(STATUS_S):
            async for heard in Subscriber(feed).messages():
                if heard is not None and heard.kind == "status":
                    return heard.body.get("communication") == "connected"
    except TimeoutError:
        pass
    return False
