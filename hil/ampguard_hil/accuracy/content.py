"""What a report of an accuracy says, as headings, sentences, tables and pictures; how they look is not decided here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from ampguard_hil.accuracy.limits import CLASSES, KELVINS, SCALES, Scale, limit, source
from ampguard_hil.accuracy.plots import Picture, pictures
from ampguard_hil.accuracy.survey import Part
from ampguard_hil.accuracy.table import influenced, is_intrinsic, reached, used_ratio
from ampguard_hil.accuracy.uncertainty import COVERAGE, budgets
from ampguard_hil.instruments.protocols import Function
from ampguard_hil.places.place import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ampguard_hil.accuracy.run import Result
    from ampguard_hil.accuracy.survey import Survey
    from ampguard_hil.accuracy.table import Influenced, Reached


@dataclass(frozen=True, slots=True)
class Heading:
    """Begins a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below their heads."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: range = range(0)
    """Columns of numbers, which stand to the right."""


Block: TypeAlias = Heading | Sentence | Table | Picture

WHAT_IT_IS = {
    Kind.SIMULATED: "SIMULATED. Supply, clamps, inputs and metering chip are models; firmware, signal processing, "
    "journal and uplink are the product's own, in real time. Nothing here was measured on hardware.",
    Kind.EMULATED: "EMULATED. The product's image runs on emulated hardware; supply, clamps, inputs and metering chip "
    "are models. Nothing here was measured on hardware.",
    Kind.MEASURED: "MEASURED on a real box, with a real source and a real reference.",
}
MODELS = (
    "The model of the electronics has the converter's noise (SNR of the data sheet, Table 1), offset and quantisation, "
    "tolerances of each input, and a calibration that is perfect at 23 degrees; it has no non-linearity of chip, "
    "divider or burden. A real unit adds what its calibration bench is uncertain by."
)
HOW = (
    "A value passes a class where the size of its error and its expanded uncertainty (k = 2: reference, scatter of the "
    "readings, resolution) together are within the limit. The class of a function is the best one that all its points "
    "pass, on all phases. Limits are those of IEC 61557-12 for structure Sx as the project's notes on standards have "
    "them, from memory where marked [M], unsure where marked [U]: no claim of conformity before they were held against "
    "the standard's own text."
)
_MATRIX = (
    Function.VOLTAGE, Function.CURRENT, Function.ACTIVE_POWER, Function.REACTIVE_POWER, Function.APPARENT_POWER,
    Function.POWER_FACTOR, Function.FREQUENCY, Function.ENERGY,
)  # fmt: skip


def title(survey: Survey) -> str:
    """Of the report."""
    return f"Accuracy of Amp Guard {survey.subject.serial}"


def content(survey: Survey) -> Iterator[Block]:
    """All of it, in order."""
    yield Sentence(WHAT_IT_IS[survey.kind])
    yield _facts(survey)
    yield Heading("Class reached")
    yield Sentence(HOW)
    yield Sentence(
        "Functions have the symbols of IEC 61557-12; U, I, Q and f as the unit's readings of 1 s have them, Q of the "
        "fundamental, Ea over the readings of a point. Classes I and II of a THD are those of IEC 61000-4-7."
    )
    yield from (_classes(part, results) for part, results in parts(survey))
    for part, results in parts(survey):
        yield Heading(f"Error against current: {part}")
        yield from pictures(results)
    yield from _influences(survey)
    yield from _budgets(survey)
    for part, results in parts(survey):
        yield Heading(f"Every point: {part}")
        yield _matrix(results)
    yield Heading("Where the limits are from")
    yield from (Sentence(each) for each in _sources(survey))
    if survey.kind is not Kind.MEASURED:
        yield Heading("What the models are")
        yield Sentence(MODELS)
        yield Sentence(f"Clamps: {survey.clamps}, at the end of what the class allows at each current.")


def parts(survey: Survey) -> list[tuple[Part, Sequence[Result]]]:
    """Those that were measured."""
    both = ((Part.ELECTRONICS, survey.electronics), (Part.WHOLE, survey.whole))
    return [(part, results) for part, results in both if results]


def _facts(survey: Survey) -> Table:
    subject = survey.subject
    minutes = (survey.ended - survey.began) / timedelta(minutes=1)
    return Table(
        "",
        ("what", "value"),
        (
            ("variant, rated current", f"{subject.variant}, In = {subject.rated_current_a:g} A, Imax = 120 % In"),
            ("CT set, calibration", f"{subject.ct_set}, {subject.calibration}"),
            ("software", subject.software),
            ("place", f"{survey.place} ({survey.kind})"),
            ("clamps of the whole", survey.clamps),
            ("readings for each point", f"{survey.readings} of 1 s, after it settled"),
            ("measured", f"{survey.began:%Y-%m-%d %H:%M} UTC, {minutes:.0f} minutes"),
        ),
    )


def _classes(part: Part, results: Sequence[Result]) -> Table:
    heads = ("function", "class", "error", "uncertainty", "limit used", "unit", "where there is least room")
    return Table(str(part), heads, tuple(_class_row(one) for one in reached(results)), range(2, 5))


def _class_row(one: Reached) -> tuple[str, ...]:
    worst = one.worst
    error = "no value" if worst.error is None else f"{worst.error:+.4f}"
    where = f"{worst.spot.phase.upper()} {worst.point}".strip()
    used = f"{100.0 * one.used_ratio:.0f} %" if worst.error is not None else ""
    unit = SCALES[one.function].value
    return one.function.value, class_words(one), error, f"{worst.uncertainty:.4f}", used, unit, where


def class_words(one: Reached) -> str:
    """A class as a person reads it."""
    if one.class_number is None:
        return "NONE"
    if one.function in {Function.VOLTAGE_THD, Function.CURRENT_THD}:
        return {1.0: "I", 2.0: "II"}[one.class_number]
    return f"{one.class_number:g}"


def _unit(function: Function) -> str:
    return "%" if SCALES[function] is Scale.READING else "points"


def _influences(survey: Survey) -> Iterator[Block]:
    for part, results in parts(survey):
        found = influenced(results)
        if not found:
            continue
        yield Heading(f"Influence quantities: {part}")
        yield Sentence(
            "How the error changes against the same point at reference conditions; the worst phase. Temperatures are "
            f"by model ({', '.join(KELVINS)})."
        )
        rows = tuple(_influence_row(name, function, found) for name, function in _influence_keys(found))
        yield Table("", ("influence", "function", "change, % of reading", "allowed", "class"), rows, range(2, 4))


def _influence_keys(found: Sequence[Influenced]) -> list[tuple[str, Function]]:
    return list(dict.fromkeys((one.result.point.name, one.result.spot.function) for one in found))


def _influence_row(name: str, function: Function, found: Sequence[Influenced]) -> tuple[str, ...]:
    own = [one for one in found if one.result.point.name == name and one.result.spot.function is function]
    worst = max(own, key=lambda one: (one.class_number or float("inf"), abs(one.change)))
    number = "NONE" if worst.class_number is None else f"{worst.class_number:g}"
    return name, function.value, f"{worst.change:+.4f} ± {worst.uncertainty:.4f}", f"{worst.allowed:.3g}", number


def _budgets(survey: Survey) -> Iterator[Block]:
    results = survey.electronics or survey.whole
    found = budgets(results, survey.readings)
    if not found:
        return
    yield Heading("Uncertainty budgets: the whole")
    yield Sentence(
        "After the GUM (JCGM 100:2008): what a value of the whole is uncertain by, anywhere from -5 to +55 degrees. "
        "A: from repeated readings; B: from data sheets, certificates and classes."
    )
    for one in found:
        rows = [
            (
                each.name,
                each.evaluation,
                f"{each.value:.4g} {each.unit}",
                each.distribution.words,
                f"{each.distribution.divisor_ratio:.3f}",
                f"{each.sensitivity_percent_per_unit:.4g}",
                f"{each.standard_percent:.4f}",
                each.source,
            )
            for each in one.contributions
        ]
        rows.append(("combined", "", "", "", "", "", f"{one.combined_percent:.4f}", ""))
        rows.append((f"expanded, k = {COVERAGE:g}", "", "", "", "", "", f"{one.expanded_percent:.4f}", "about 95 %"))
        yield Table(
            f"{one.function}, {one.point}",
            ("part", "type", "value", "distribution", "divisor", "% per unit", "u, %", "source"),
            tuple(rows),
            range(4, 7),
        )


def _matrix(results: Sequence[Result]) -> Table:
    names = dict.fromkeys(one.point.name for one in results)
    rows = tuple(
        (
            name,
            *(
                _cell([one for one in results if one.point.name == name and one.spot.function is each])
                for each in _MATRIX
            ),
        )
        for name in names
    )
    heads = ("point", *(f"{each.value}, {_unit(each)}" for each in _MATRIX))
    return Table(
        "Error of the worst phase; * no limit for it in the table of its function", heads, rows, range(1, len(heads))
    )


def _cell(results: Sequence[Result]) -> str:
    known = [one for one in results if one.error is not None]
    if not known:
        return ""
    worst = max(known, key=lambda one: abs(one.error or 0.0))
    has_limit = is_intrinsic(worst) and any(
        used_ratio(worst, number) is not None for number in CLASSES[worst.spot.function]
    )
    return f"{round(worst.error or 0.0, 3) + 0.0:+.3f}{'' if has_limit else '*'}"


def _sources(survey: Survey) -> list[str]:
    found: dict[str, None] = {}
    for _, results in parts(survey):
        for one in results:
            for number in CLASSES[one.spot.function]:
                if limit(one.spot.function, number, one.point.conditions, one.true) is not None:
                    found[source(one.spot.function, number, one.point.conditions)] = None
        found |= dict.fromkeys(one.source for one in influenced(results))
    return [f"{each}." for each in found]
