"""Which class a box reaches, function by function, and where it does not reach the one that is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from ampguard_hil.accuracy.limits import CLASSES, INFLUENCES, KELVINS, SCALES, limit
from ampguard_hil.instruments.protocols import Function

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ampguard_hil.accuracy.limits import ClassNumber, Influence
    from ampguard_hil.accuracy.run import Result
    from ampguard_hil.instruments.protocols import Amount

WANTED: Mapping[Function, ClassNumber] = MappingProxyType({
    Function.VOLTAGE: 0.2,
    Function.CURRENT: 0.2,
    Function.ACTIVE_POWER: 0.2,
    Function.REACTIVE_POWER: 1.0,
    Function.APPARENT_POWER: 0.2,
    Function.POWER_FACTOR: 0.5,
    Function.FREQUENCY: 0.02,
    Function.ENERGY: 0.2,
    Function.VOLTAGE_UNBALANCE: 0.2,
    Function.VOLTAGE_THD: 1.0,
    Function.CURRENT_THD: 1.0,
})  # fmt: skip
"""Of the electronics: the class that is to be reached."""
WHOLE_WANTED: Mapping[Function, ClassNumber] = MappingProxyType({
    **WANTED,
    Function.CURRENT: 1.0,
    Function.ACTIVE_POWER: 5.0,
    Function.APPARENT_POWER: 2.0,
    Function.POWER_FACTOR: 2.0,
    Function.ENERGY: 1.0,
})  # fmt: skip
"""Of the whole with clamps at the end of class 1 that were calibrated with their inputs: what is stated of it.

P is of class 2 from 10 % of In on; at 5 %, the 1.5 degrees and 1.5 % that are left of such a clamp cost up to 3.5 %.
"""


@dataclass(frozen=True, slots=True)
class Reached:
    """What a function came to."""

    function: Function
    class_number: ClassNumber | None
    """The best class whose limits hold at every point; None: not even the last one's."""
    judged: int
    """Values with a limit."""
    worst: Result
    """The one with the least room under the limits of that class; of the last class where it is None."""
    used_ratio: float
    """Error and uncertainty of the worst over its limit."""


def used_ratio(result: Result, class_number: ClassNumber) -> float | None:
    """How much of a limit is used, uncertainty included; above 1: missed. None: nothing is promised there."""
    most = limit(result.spot.function, class_number, result.point.conditions, result.true)
    if most is None or (result.true == 0.0 and result.error is None):
        return None
    if result.error is None:
        return float("inf")
    return (abs(result.error) + result.uncertainty) / most


_WIDE = frozenset({
    Function.VOLTAGE, Function.FREQUENCY, Function.VOLTAGE_UNBALANCE, Function.VOLTAGE_THD, Function.CURRENT_THD,
})  # fmt: skip
_OUT_OF_RANGE = frozenset({"phase loss", *KELVINS})


def is_intrinsic(result: Result) -> bool:
    """Whether a value is judged by the table of its function.

    At reference conditions, and where a function's own range is what was changed (voltage, frequency, distortion).
    """
    influence = result.point.influence
    return not influence or (result.spot.function in _WIDE and influence not in _OUT_OF_RANGE)


def reached(results: Sequence[Result]) -> list[Reached]:
    """Of each function that was judged, in the order of `Function`."""
    intrinsic = [result for result in results if is_intrinsic(result)]
    return [
        found
        for function in Function
        if (found := _reached(function, [one for one in intrinsic if one.spot.function is function]))
    ]


def _reached(function: Function, results: Sequence[Result]) -> Reached | None:
    last: Reached | None = None
    for class_number in CLASSES[function]:
        judged = [(used, one) for one in results if (used := used_ratio(one, class_number)) is not None]
        if not judged:
            continue
        used, worst = max(judged, key=lambda each: each[0])
        if used <= 1.0:
            return Reached(function, class_number, len(judged), worst, used)
        last = Reached(function, None, len(judged), worst, used)
    return last


def misses(results: Sequence[Result], wanted: Mapping[Function, ClassNumber] = WANTED) -> list[str]:
    """A sentence for each value that is off by more than its class allows, the function and the point named."""
    return [
        sentence
        for result in results
        if is_intrinsic(result) and (sentence := _miss(result, wanted.get(result.spot.function)))
    ]


def _miss(result: Result, class_number: ClassNumber | None) -> str | None:
    if class_number is None:
        return None
    used = used_ratio(result, class_number)
    if used is None or used <= 1.0:
        return None
    most = limit(result.spot.function, class_number, result.point.conditions, result.true)
    return f"{result}: class {class_number:g} allows {most:.4g} {SCALES[result.spot.function].value}"


@dataclass(frozen=True, slots=True)
class Influenced:
    """How an error changed with one thing that is not as at reference conditions."""

    result: Result
    change: Amount
    """Of the error, % of reading."""
    uncertainty: Amount
    """Of that change: of the reference nothing, as it is the same one."""
    class_number: ClassNumber | None
    """The best class that allows it; None: none does."""
    allowed: Amount
    """By that class (by the last one where it is None)."""
    source: str


def influenced(results: Sequence[Result]) -> list[Influenced]:
    """Of each value with an influence for which there is a limit."""
    base = {(one.point.name, one.spot): one for one in results if not one.point.influence}
    return [
        found
        for one in results
        for influence in INFLUENCES.get(one.point.influence, ())
        if influence.function is one.spot.function
        and one.true != 0.0
        and (found := _influenced(one, base.get((one.point.compared_with, one.spot)), influence))
    ]


def _influenced(result: Result, base: Result | None, influence: Influence) -> Influenced | None:
    if base is None:
        return None
    if result.error is None or base.error is None:
        last = max(influence.by_class)
        return Influenced(result, float("inf"), 0.0, None, influence.by_class[last], influence.source)
    change = result.error - base.error
    uncertainty = _without_reference(result) + _without_reference(base)
    for class_number, allowed in sorted(influence.by_class.items()):
        if abs(change) + uncertainty <= allowed:
            return Influenced(result, change, uncertainty, class_number, allowed, influence.source)
    worst = max(influence.by_class.values())
    return Influenced(result, change, uncertainty, None, worst, influence.source)


def _without_reference(result: Result) -> float:
    squared = result.uncertainty**2 - result.reference**2
    return float(max(squared, 0.0) ** 0.5)


def influence_misses(results: Sequence[Result], wanted: Mapping[Function, ClassNumber] = WANTED) -> Iterator[str]:
    """A sentence for each influence that a wanted class does not allow."""
    for found in influenced(results):
        class_number = wanted.get(found.result.spot.function)
        if class_number is not None and (found.class_number is None or found.class_number > class_number):
            yield (
                f"{found.result.spot} at {found.result.point}: the error changes by {found.change:+.4f} % of reading "
                f"(uncertain by {found.uncertainty:.4f}), more than class {class_number:g} allows"
            )
