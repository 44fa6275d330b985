"""The most energy that anybody could have charged with: a linear programme, in bins of five minutes, all-knowing.

maximise   sum of k[i] x[b,i]                    k: phases of car i; x: its current in bin b
subject to sum over cars on phase p of x[b,i] <= what the base load's mean leaves of the fuse, and the group may take
           sum over bins of x[b,i] * 300 s     <= what car i needs
           0 <= x[b,i] <= what it can take while it is there

Solved by an interior point method of our own (primal-dual, after Wright 1997, chapter 10); its normal equations have
a block of 3 x 3 for each bin and a border of one row for each car.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tests.benchmarks.chargers.site import Run

    Array = NDArray[np.float64]

BIN_S = 300
ROUNDS = 80
DONE = 1e-5
"""The optimum is known to this part: far below what anything is judged by."""
TINY = 1e-9


def most_energy(run: Run) -> float:
    """Ampere-seconds, summed over phases."""
    bins = int(run.duration_s) // BIN_S
    mean_a = run.base_a[:, : bins * BIN_S].reshape(3, bins, BIN_S).mean(axis=2)
    room = np.clip(np.minimum(run.site.fuse - mean_a, run.site.group_online), 1e-3, None).T * BIN_S
    uses = np.zeros((3, len(run.cars)))
    most = np.full((bins, len(run.cars)), 1e-3)
    starts_s = np.arange(bins) * BIN_S
    for number, (car, charger) in enumerate(zip(run.cars, run.site.chargers, strict=True)):
        uses[list(charger.rot[: car.phases]), number] = 1.0
        there_s = np.clip(np.minimum(starts_s + BIN_S, car.leaves_s) - np.maximum(starts_s, car.arrives_s), 0.0, BIN_S)
        most[:, number] = np.maximum(most[:, number], min(car.max_a, charger.max) * there_s)
    need = np.array([car.need_as + car.heats_s * car.heat_a for car in run.cars])
    scale = float(most.max())
    return scale * solved(uses, room / scale, need / scale, most / scale)


def solved(uses: Array, room: Array, need: Array, most: Array) -> float:
    """The optimum: uses[p, i], room[b, p], need[i], most[b, i]."""
    gain = np.broadcast_to(uses.sum(axis=0), most.shape)
    x, w = most * 0.4, most * 0.6
    z, v = np.ones_like(most), np.ones_like(most)
    y, s = np.ones_like(room), np.maximum(room - x @ uses.T, 0.1)
    g, t = np.ones_like(need), np.maximum(need - x.sum(axis=0), 0.1)
    count = 2 * x.size + y.size + g.size
    for _ in range(ROUNDS):
        gap = (x * z).sum() + (w * v).sum() + (y * s).sum() + (g * t).sum()
        r_room, r_need, r_most = room - x @ uses.T - s, need - x.sum(axis=0) - t, most - x - w
        r_dual = gain - y @ uses - g + z - v
        if gap < DONE * max(1.0, float((gain * x).sum())) and abs(r_room).max() < DONE:
            break
        mu = 0.15 * gap / count
        # dz = (mu - z dx)/x - z ; dv = (mu - v dw)/w - v with dw = r_most - dx
        d = 1.0 / (z / x + v / w)
        right = r_dual + mu / x - z - (mu / w - v - v / w * r_most)
        # dx = d (right - uses' dy - dg);  uses dx + ds = r_room, ds = (mu - s dy)/y - s
        b_room = uses_of(uses, d * right) - (r_room - mu / y + s)
        b_need = (d * right).sum(axis=0) - (r_need - mu / g + t)
        dy, dg = _normal(uses, d, s / y, t / g, b_room, b_need)
        dx = d * (right - dy @ uses - dg)
        dw = r_most - dx
        dz, dv = (mu - z * dx) / x - z, (mu - v * dw) / w - v
        ds, dt = (mu - s * dy) / y - s, (mu - t * dg) / g - t
        primal = _step((x, dx), (w, dw), (s, ds), (t, dt))
        dual = _step((z, dz), (v, dv), (y, dy), (g, dg))
        x, w, s, t = x + primal * dx, w + primal * dw, s + primal * ds, t + primal * dt
        z, v, y, g = z + dual * dz, v + dual * dv, y + dual * dy, g + dual * dg
    return float((gain * x).sum())


def uses_of(uses: Array, values: Array) -> Array:
    """Summed on each phase, for each bin."""
    return values @ uses.T


def _normal(  # noqa: PLR0913, PLR0917  one for each block
    uses: Array, d: Array, room: Array, need: Array, b_room: Array, b_need: Array
) -> tuple[Array, Array]:
    """Solve (A D A' + diag) (dy, dg) = b, bin by bin, then the border."""
    blocks = np.einsum("pi,bi,qi->bpq", uses, d, uses) + np.einsum("bp,pq->bpq", room + TINY, np.eye(3))
    border = np.einsum("pi,bi->bpi", uses, d)
    inverse = np.linalg.inv(blocks)
    through = inverse @ border
    corner = np.diag(d.sum(axis=0) + need) - np.einsum("bpi,bpj->ij", border, through)
    dg = np.linalg.solve(corner, b_need - np.einsum("bpi,bp->i", through, b_room))
    dy = np.einsum("bpq,bq->bp", inverse, b_room - border @ dg)
    return dy, dg


def _step(*pairs: tuple[Array, Array]) -> float:
    """How far all stay positive."""
    most = 1.0
    for value, change in pairs:
        falls = change < 0.0
        if falls.any():
            most = min(most, float((-value[falls] / change[falls]).min()) * 0.995)
    return most
