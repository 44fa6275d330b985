"""Which guided check suits a grid connection: what is asked for, or the reason why there is none for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.phrase import phrase
from ampguard.settings.settings import GridType
from ampguard.wiring.check_table import Plan, asks
from ampguard.wiring.check_weigh import Kind

if TYPE_CHECKING:
    from ampguard.phases import Phases
    from ampguard.settings.settings import Settings
    from ampguard.wiring.check_size import StatedLoad

LEAST_A, PATIENCE_S, LABEL_PERCENT = 5.0, 120.0, 5.0
"""What counts as an appliance, how long each is waited for, how far its label may be off: where nobody says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What whoever does the check has at hand."""

    kind: Kind = Kind.HEATER
    is_phase_known: bool = True
    """Whether he knows on which phase a heater is."""
    least_a: float = LEAST_A
    patience_s: float = PATIENCE_S
    load: StatedLoad | None = None
    """What the appliance's label says."""


def plan_for(settings: Settings, wishes: Wishes) -> Plan:
    """Of the unit's own connection. Raises SetupError where there is no check for it."""
    if settings.grid_type is GridType.IT and wishes.kind is Kind.HEATER:
        raise SetupError(phrase(
            "without a neutral a heater sits between two phases: this check knows three-phase appliances there only"
        ))  # fmt: skip
    if settings.grid_type is GridType.SPLIT_PHASE:
        raise SetupError(
            phrase("half a turn is both another phase and a reversed clamp: no check for split phases yet")
        )
    return plan(settings.phases, settings.wired_voltages, wishes)


def plan(clamps: Phases[bool], terminals: Phases[bool], wishes: Wishes) -> Plan:
    """Of clamps and voltage terminals on these phases. Raises SetupError where there are no clamps."""
    if not any(clamps):
        raise SetupError(phrase("wanted at least one clamp, met none: nothing to check"))
    return Plan(
        asks=asks(clamps, wishes.kind, is_phase_known=wishes.is_phase_known),
        clamps=clamps,
        terminals=terminals,
        least_a=wishes.least_a,
        patience_s=wishes.patience_s,
        load=wishes.load,
    )
