"""Pictures of an accuracy: error against current for each power factor, between the limits of the classes."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import matplotlib as mpl
from matplotlib.figure import Figure

from ampguard_hil.accuracy.limits import CARRYING, CLASSES, Conditions, Kind, limit
from ampguard_hil.accuracy.points import CURVES
from ampguard_hil.instruments.protocols import Function

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ampguard_hil.accuracy.limits import ClassNumber
    from ampguard_hil.accuracy.run import Result
    from ampguard_hil.instruments.protocols import Amount

INK = "#010203"
"""Stands for the page's own colour of text: SVG pictures get `currentColor` in its place, printed ones black."""
COLOURS = ("#0072b2", "#d55e00", "#009e73")
"""Of the phases: told apart by everybody, and on light and dark."""
MARKS = ("o", "s", "^")
FAINT = "#8a8f98"
PHASES = ("l1", "l2", "l3")
SIZE_IN = (6.4, 3.4)
RATED = 100.0
ROOM = 1.15
"""Over what is drawn, so that no line is at the edge."""


Step: TypeAlias = tuple[float, float]
"""Current over In, and what is allowed there."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One plot."""

    title: str
    svg: str
    png: bytes
    words: str
    """What it shows, for whoever does not see it."""


def pictures(results: Sequence[Result]) -> Iterator[Picture]:
    """Current at power factor 1, active power at each power factor."""
    for function, kinds in (
        (Function.CURRENT, (Kind.UNITY,)),
        (Function.ACTIVE_POWER, (Kind.UNITY, Kind.HALF, Kind.LEADING)),
    ):
        for kind in kinds:
            chosen = [one for one in results if _belongs(one, function, kind)]
            if chosen:
                yield _picture(function, kind, chosen)


def _belongs(result: Result, function: Function, kind: Kind) -> bool:
    point = result.point
    return (
        result.spot.function is function
        and point.conditions.kind is kind
        and not point.influence
        and result.error is not None
    )


def _picture(function: Function, kind: Kind, results: Sequence[Result]) -> Picture:
    title = f"{function}, {kind.words}"
    library: Any = mpl  # its own types are partly unknown
    with library.rc_context(
        {"svg.fonttype": "none", "svg.hashsalt": title, "font.size": 9.0, "font.family": "sans-serif"}
    ):
        figure: Any = Figure(figsize=SIZE_IN, layout="constrained")
        axes: Any = figure.add_subplot()
        _curves(axes, results)
        worst = max(abs(one.error or 0.0) + one.uncertainty for one in results)
        shown = _limits(axes, function, kind, worst)
        axes.set_xscale("log")
        ticks = [100.0 * ratio for ratio in dict(CURVES)[kind]]
        # 100 and 120 are too near to each other for two words
        axes.set_xticks(ticks, ["" if tick == RATED else f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
        axes.set_xlabel("current, % of In", color=INK)
        axes.set_ylabel("error, % of reading", color=INK)
        axes.set_ylim(-ROOM * shown, ROOM * shown)
        axes.tick_params(colors=INK)
        axes.legend(labelcolor=INK, frameon=False, ncols=3, loc="upper center", bbox_to_anchor=(0.5, 1.14))
        for spine in axes.spines.values():
            spine.set_edgecolor(FAINT)
        svg, png = io.StringIO(), io.BytesIO()
        figure.savefig(svg, format="svg", transparent=True, metadata={"Date": None})
        figure.savefig(png, format="png", dpi=200, facecolor="white")
    named = f"Error of {title} against current; at most {worst:.3f} % of reading with its uncertainty"
    return Picture(title, _themed(svg.getvalue(), named), png.getvalue(), named)


def _curves(axes: Any, results: Sequence[Result]) -> None:
    for phase, colour, mark in zip(PHASES, COLOURS, MARKS, strict=True):
        own = sorted((one for one in results if one.spot.phase == phase), key=_ratio)
        axes.errorbar(
            [100.0 * _ratio(one) for one in own],
            [one.error for one in own],
            yerr=[one.uncertainty for one in own],
            color=colour,
            marker=mark,
            markersize=4.0,
            linewidth=1.2,
            elinewidth=0.8,
            capsize=2.5,
            label=phase.upper(),
        )


def _ratio(result: Result) -> float:
    return result.point.conditions.current_ratio


def _limits(axes: Any, function: Function, kind: Kind, worst: Amount) -> float:
    """Draw those of the class that holds all of it, and of the next better one; how far the picture reaches."""
    near: list[tuple[ClassNumber, list[Step]]] = []
    for class_number in CLASSES[function]:
        steps = _steps(function, class_number, kind)
        near = [*near[-1:], (class_number, steps)] if steps else near
        if steps and _reach(steps) >= worst:
            break
    for class_number, steps in near:
        for sign in (1.0, -1.0):
            axes.plot(
                [100.0 * ratio for ratio, _ in steps],
                [sign * most for _, most in steps],
                color=FAINT,
                linewidth=1.0,
                linestyle="--",
            )
        ratio, most = steps[-1]
        beside = {"xytext": (24, 0), "textcoords": "offset points", "va": "center", "annotation_clip": False}
        axes.annotate(f"class {class_number:g}", (100.0 * ratio, most), color=INK, fontsize=7.5, **beside)
    return max([worst, *(_reach(steps) for _, steps in near)])


def _reach(steps: Sequence[Step]) -> float:
    return max(most for _, most in steps)


def _steps(function: Function, class_number: ClassNumber, kind: Kind) -> list[Step]:
    """The limit as it is drawn: level between the currents at which it changes."""
    if kind not in CARRYING:
        return []
    ratios = dict(CURVES)[kind]
    known = [(ratio, limit(function, class_number, Conditions(ratio, kind), 1.0)) for ratio in ratios]
    steps: list[Step] = []
    for ratio, most in known:
        if most is None:
            continue
        if steps and steps[-1][1] != most:
            steps.append((ratio, steps[-1][1]))
        steps.append((ratio, most))
    return steps


def _themed(svg: str, words: str) -> str:
    """Without what belongs to a file of its own, in the colour of the text around it, with words for those who hear."""
    body = svg[svg.index("<svg") :].replace(INK, "currentColor")
    head, rest = body.split(">", 1)
    return f'{head} role="img" aria-label="{words}">{rest}'
