"""`ampguard-gate`: whether the slot that runs is kept. Once at each start of a unit that has two.

A slot that is not on trial is marked good at once, or the boot loader would give it up after three starts. One on trial
has to show what `ampguard.update.gate` names; if it does not, the reason is kept, the slot is marked bad, and the unit
restarts with the one before, without any download. That one tells why. Ending badly on trial restarts the unit, too
(ampguard-return.service): after three times the boot loader goes back by itself.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy

import asyncio
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ampguard import log
from ampguard.errors import SetupError
from ampguard.events import Update, UpdateEnd
from ampguard.live.subscriber import Subscriber
from ampguard.metering.selfcheck import LIMIT_PERCENT
from ampguard.services.notify import notify
from ampguard.services.power import power_of
from ampguard.settings.places import Places
from ampguard.update import before, parity, state, trial
from ampguard.update.gate import Gate, Proof, Verdict, wanted
from ampguard.update.intake import PARTIAL, sole
from ampguard.update.rauc import Mark, Rauc
from ampguard.update.refusal import Kind, RefusedError
from ampguard.update.state import State

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping, Sequence

    from ampguard.readings import Json
    from ampguard.services.power import Power
    from ampguard.update.trial import Trial

KERNEL_WORDS = Path("/proc/cmdline")
PAGE = ("127.0.0.1", 80)
LOOK_S = 0.5
PAGE_S = 10.0
"""What an answer may take."""
KEPT_READINGS = 20
"""In a row, of a meter that is well."""


class Judging:
    """One start of the unit."""

    def __init__(self, places: Places, power: Power, slot: str, logger: logging.Logger) -> None:
        """`slot`: the one that runs."""
        self._places = places
        self._folder = places.update
        self._power = power
        self._slot = slot
        self._log = logger
        self.page = PAGE
        self.now_s: Callable[[], float] = time.monotonic

    async def run(self, found: Trial | None) -> None:
        """`found`: what is on trial. Raises RefusedError, SetupError, OSError."""
        on_trial = found if found is not None and found.slot == self._slot else None
        self._clear()
        if on_trial is None:
            self._settle(found)
            notify("READY=1")
        async with Rauc() as rauc:
            if on_trial is None:
                await rauc.mark(Mark.GOOD)
            else:
                await self._judge(on_trial, rauc)

    def _clear(self) -> None:
        """What a cut of the power left of bundles; not what is wanted, or comes in already."""
        with suppress(RefusedError), sole(self._folder):
            (self._folder / PARTIAL).unlink(missing_ok=True)
            if trial.asked(self._folder) is None:
                (self._folder / trial.BUNDLE).unlink(missing_ok=True)

    def _settle(self, found: Trial | None) -> None:
        """What was begun before this start, and is over."""
        told = state.read(self._folder / trial.STATE)
        if told.state is State.INSTALLED or (found is not None and told.state is State.ON_TRIAL):
            reason = trial.GONE if found is None else found.reason or trial.GONE
            if found is not None:
                self._tell(found, UpdateEnd.RETURNED, reason, told)
            self._keep(told.after(State.RETURNED, sentence=reason))
        elif told.is_under_way and (told.state is not State.ASKED or trial.asked(self._folder) is None):
            self._keep(told.refused(RefusedError(Kind.INTERRUPTED)))
        self._forget()

    async def _judge(self, found: Trial, rauc: Rauc) -> None:
        told = state.read(self._folder / trial.STATE)
        told = state.Told(State.ON_TRIAL, version=found.version, who=told.who)
        self._keep(told)
        notify("READY=1")
        self._log.info("%s is on trial, after %s", found.version, found.former)
        verdict = Verdict(is_kept=False, reason=found.reason) if found.reason else await self._verdict(found)
        if verdict.is_kept:
            await rauc.mark(Mark.GOOD)
            self._log.info("%s is kept", found.version)
            self._keep(told.after(State.KEPT))
            self._tell(found, UpdateEnd.KEPT, None, told)
            self._forget()
            return
        self._log.error("%s is not kept: %s", found.version, verdict.reason)
        trial.keep(self._folder, replace(found, reason=verdict.reason))
        await rauc.mark(Mark.BAD)
        await self._power.reboot()

    async def _verdict(self, found: Trial) -> Verdict:
        gate = Gate(wanted(uplink=found.uplink))
        proofs = [self._measures(gate), self._meter(gate), self._page(gate)]
        if found.uplink:
            proofs.append(self._uplink(gate))
        works = [asyncio.ensure_future(one) for one in proofs]
        began_s = self.now_s()
        try:
            while (verdict := gate.verdict(self.now_s() - began_s)) is None:
                for one in works:
                    if one.done():
                        one.result()
                await asyncio.sleep(LOOK_S)
            return verdict
        finally:
            for one in works:
                one.cancel()
            await asyncio.gather(*works, return_exceptions=True)

    async def _measures(self, gate: Gate) -> None:
        try:
            found = await asyncio.to_thread(parity.deviations, self._folder)
        except SetupError as why:
            found = [str(why)]
        if found:
            gate.denied(Proof.MEASURES, found)
        else:
            gate.shown(Proof.MEASURES)

    async def _meter(self, gate: Gate) -> None:
        kept, well = False, 0
        async for heard in Subscriber(self._places.live_feed).messages():
            if heard is None:
                well = 0
                gate.not_yet(Proof.METER, "the meter does not run")
            elif heard.kind == "status":
                kept = heard.body.get("journal") is True
            elif heard.kind == "reading" and heard.body.get("interval") == "1s":
                why = None if kept else "no reading was kept"
                why = why or ailing(heard.body)
                well = 0 if why else well + 1
                gate.not_yet(Proof.METER, why or f"{well} readings")
                if well >= KEPT_READINGS:
                    gate.shown(Proof.METER)
                    return

    async def _page(self, gate: Gate) -> None:
        while True:
            try:
                async with asyncio.timeout(PAGE_S):
                    first = await self._first_line()
            except (OSError, TimeoutError) as why:
                first = str(why) or "silence"
            if first.startswith("HTTP/1.1 200"):
                gate.shown(Proof.PAGE)
                return
            gate.not_yet(Proof.PAGE, first)
            await asyncio.sleep(LOOK_S)

    async def _first_line(self) -> str:
        reader, writer = await asyncio.open_connection(*self.page)
        try:
            writer.write(b"GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            await writer.drain()
            return (await reader.readline()).decode("latin-1").strip()
        finally:
            writer.close()

    async def _uplink(self, gate: Gate) -> None:
        async for heard in Subscriber(self._places.uplink_feed).messages():
            if heard is None:
                gate.not_yet(Proof.UPLINK, "the uplink does not run")
            elif heard.kind == "status":
                if heard.body.get("communication") == "connected":
                    gate.shown(Proof.UPLINK)
                    return
                trouble = heard.body.get("cloud_trouble") or heard.body.get("broker_trouble")
                gate.not_yet(Proof.UPLINK, str(trouble or heard.body.get("communication")))

    def _tell(self, found: Trial, end: UpdateEnd, reason: str | None, told: state.Told) -> None:
        stick = told.who == trial.STICK
        news = Update(end=end, version=found.version, former=found.former, from_stick=stick, reason=reason)
        trial.tell(self._folder, news)

    def _keep(self, told: state.Told) -> None:
        state.keep(self._folder / trial.STATE, told)

    def _forget(self) -> None:
        trial.end(self._folder)
        parity.forget(self._folder)
        before.forget(self._places.data)


def ailing(reading: Mapping[str, Json]) -> str | None:
    """What is wrong with a meter that says this; None: nothing."""
    match reading.get("health"):
        case {"selfcheck_percent": int() | float() as percent} if percent > LIMIT_PERCENT:
            return f"own results and the chip's differ by {percent:.2f} %"
        case _:
            return None


def booted(words: str) -> str:
    """The slot that the boot loader has started; "" where it named none."""
    return next((word.removeprefix("rauc.slot=") for word in words.split() if word.startswith("rauc.slot=")), "")


def main(_arguments: Sequence[str] | None = None) -> int:
    """Judge; what is not 0 has the unit restarted where something is on trial."""
    logger = log.begin("ampguard-gate")
    places = Places.from_environment()
    try:
        slot = booted(KERNEL_WORDS.read_text())
        asyncio.run(Judging(places, power_of(places.board), slot, logger).run(_found(places.update, logger)))
    except (RefusedError, SetupError, OSError) as why:
        logger.error("whether this software is kept cannot be told: %s", why)  # noqa: TRY400 - a sentence for people
        return 1
    except Exception:
        logger.exception("ended by a defect of its own")
        return 70
    return 0


def _found(folder: Path, logger: logging.Logger) -> Trial | None:
    try:
        return trial.read(folder)
    except SetupError as why:
        logger.error("%s", why)  # noqa: TRY400 - a sentence for people
        return None


if __name__ == "__main__":
    sys.exit(main())
