"""A physical quantity carries its unit as the last word of its name, from a closed set, without prefixes."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from tests.conventions.source import PRODUCT, Source, sources

if TYPE_CHECKING:
    from collections.abc import Iterator

UNITS = frozenset(
    {
        "a",
        "v",
        "w",
        "var",
        "va",
        "wh",
        "varh",
        "hz",
        "deg",
        "rad",
        "s",
        "ns",
        "ohm",
        "degc",
        "ratio",
        "percent",
        "probability",
        "codes",
        "db",
        # counts that fractions of exist: positions between samples, between bins of a transform
        "samples",
        "bins",
        "cycles",
    }
)
PREFIXED = re.compile(
    r"_(ms|us|ma|mv|kv|mw|kw|mwh|kwh|kva|kvar|khz|mhz|ghz|kohm|mohm|milliseconds|seconds|volts|amps|amperes|watts|hertz|degrees)$"
)
BARE_FLOAT = re.compile(r"\bfloat\b")

# Names of floats that are no physical quantity of their own.
PLAIN = {
    # pure numbers of arithmetic, whatever is put in
    "value",
    "values",
    "other_value",
    "x",
    "y",
    "total",
    # arithmetic on any two values of one unit
    "first",
    "second",
    "part",
    "whole",
    "least",
    "most",
    # probabilities of whatever
    "probabilities",
    "weights",
    # of channels, each in its own unit
    "rms",
    "gram",
    "noise",
    # symmetrical components, of voltages or of currents
    "zero",
    "positive",
    "negative",
    # a state with the moment it begins at; a table by order
    "states",
    "by_order",
    # of a harmonic or interharmonic, over the fundamental's frequency
    "order",
    # generic single-letter helpers of a formula, explained where they stand
    "k",
    "n",
}


def annotated(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    """Line, name and annotation of every annotated variable, field and parameter."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign):
            target = node.target
            name = (
                target.id if isinstance(target, ast.Name) else target.attr if isinstance(target, ast.Attribute) else ""
            )
            yield node.lineno, name, ast.unparse(node.annotation)
        elif isinstance(node, ast.arg) and node.annotation is not None:
            yield node.lineno, node.arg, ast.unparse(node.annotation)


def carries_unit(name: str) -> bool:
    return any(word in UNITS for word in name.lower().strip("_").split("_")[-2:]) or "_per_" in name


def offences(source: Source) -> Iterator[str]:
    for line, name, annotation in annotated(source.tree):
        if "Callable" in annotation or not BARE_FLOAT.search(annotation) or name.strip("_") in PLAIN:
            continue
        if not carries_unit(name):
            yield f"{source.name}:{line}: {name}: {annotation}"


def test_every_float_says_its_unit() -> None:
    assert [one for source in sources(*PRODUCT) for one in offences(source)] == []


def prefixed(source: Source) -> list[str]:
    names: set[str] = set()
    for node in ast.walk(source.tree):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.Attribute(attr=name):
                names.add(name)
            case _:
                pass
    return sorted(f"{source.name}: {name}" for name in names if PREFIXED.search(name.lower()))


def test_no_unit_has_a_prefix() -> None:
    assert [one for source in sources(*PRODUCT) for one in prefixed(source)] == []


def test_the_rule_catches_a_bare_quantity() -> None:
    tree = ast.parse("class A:\n    frequency: float\n    current_rms_a: float\n")
    assert next(offences(Source(sources("firmware")[0].path, "", tree))).endswith("frequency: float")


def test_the_rule_catches_a_prefix() -> None:
    source = Source(sources("firmware")[0].path, "", ast.parse("power_kw = 2.0\npower_w = 2000.0\n"))
    assert [one.rpartition(" ")[2] for one in prefixed(source)] == ["power_kw"]
