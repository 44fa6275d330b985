"""Two peers, re-implemented from how they are described (facts: balancing, 2 and peers): anchors, not their
programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.benchmarks.chargers.site import Seeing, Site


def _offline(site: Site) -> dict[str, Any]:
    return {"offline_limit": [one.offline for one in site.chargers], "offline_timeout_s": 20.0}


class Static:
    """No meter: as many chargers as the group's offline current allows share it for ever."""

    link, period = "local", 10.0

    def __init__(self, site: Site) -> None:
        self._site = site

    def setup(self) -> dict[str, Any]:
        return _offline(self._site)

    def step(self, t: float, obs: Seeing) -> dict[int, float | tuple[float, float]]:  # noqa: ARG002  it looks at nothing
        on = [number for number, one in enumerate(self._site.chargers) if one.offline >= self._site.min_a]
        share = max(self._site.min_a, self._site.group_offline / max(1, len(on)))
        return {
            number: (min(share, one.max) if number in on else 0.0, 30.0)
            for number, one in enumerate(self._site.chargers)
        }


class OpenWb:
    """Every 10 s anew: what each phase has left, shared alike; who cannot get 6 A stops, for a minute at least."""

    link, period = "sensorbox", 10.0

    def __init__(self, site: Site) -> None:
        self._site = site
        self._stopped_s: dict[int, float] = {}
        self._was: dict[int, float] = {}

    def setup(self) -> dict[str, Any]:
        return _offline(self._site)

    def step(self, t: float, obs: Seeing) -> dict[int, float | tuple[float, float]]:
        site, found = self._site, dict[int, float]()
        if obs.meter is None or t - obs.meter[0] > 60.0:
            return {number: (one.offline, 30.0) for number, one in enumerate(site.chargers)}
        left = [site.fuse - current_a for current_a in obs.meter[1]]
        uses: dict[int, list[int]] = {}
        for number, (one, seen) in enumerate(zip(site.chargers, obs.ch, strict=True)):
            flowing = [k for k in range(3) if seen.i[k] > 1.0]
            if one.included:
                for k in flowing:
                    left[one.rot[k]] += seen.i[k]
            uses[number] = [one.rot[k] for k in (flowing or range(3))]
        left = [min(value, site.group_online) for value in left]
        wanting = [number for number, seen in enumerate(obs.ch) if seen.connected and seen.wants]
        asking = [one for one in wanting if t - self._stopped_s.get(one, -1e9) >= 60.0]
        while asking:
            found = self._alike(asking, left, uses)
            short = [one for one in asking if found[one] < site.min_a]
            if not short:
                break
            asking.remove(short[-1])
            if self._was.get(short[-1], 0.0) > 0.0:
                self._stopped_s[short[-1]] = t
        limits = {number: found.get(number, 0.0) if number in asking else 0.0 for number in range(site.n)}
        for number, limit_a in limits.items():
            before_a = self._was.get(number, 0.0)
            if limit_a >= before_a and limit_a - before_a < 1.0:
                limits[number] = before_a
        self._was = limits
        return {number: (limit_a, 60.0) for number, limit_a in limits.items()}

    def _alike(self, asking: list[int], left: list[float], uses: dict[int, list[int]]) -> dict[int, float]:
        """The same for all, until a phase is used up or a charger at its end."""
        given, open_, room = dict.fromkeys(asking, 0.0), set(asking), list(left)
        while open_:
            rise = min(self._site.chargers[one].max - given[one] for one in open_)
            for phase in range(3):
                on = sum(phase in uses[one] for one in open_)
                if on:
                    rise = min(rise, max(0.0, room[phase]) / on)
            for one in open_:
                given[one] += rise
                for phase in uses[one]:
                    room[phase] -= rise
            open_ = {
                one
                for one in open_
                if given[one] < self._site.chargers[one].max - 1e-6 and all(room[phase] > 1e-6 for phase in uses[one])
            }
        return given
