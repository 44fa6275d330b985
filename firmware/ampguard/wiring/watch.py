"""Watching the wiring: which verdict the latest windows allow. Says "undecided" rather than something wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.wiring import voltages
from ampguard.wiring.finding import AS_LABELLED, Finding, nothing_known
from ampguard.wiring.judge import Judge
from ampguard.wiring.telling import told
from ampguard.wiring.verdict import Condition, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ampguard.phases import Phase, Phases
    from ampguard.readings import Json, Measurement
    from ampguard.wiring.hypotheses import Look
    from ampguard.wiring.installation import Installation
    from ampguard.wiring.voltages import VoltageFinding

CLAIM_WINDOWS = 25
"""Five seconds in a row of the same finding."""
EVALUATED_WINDOWS = 5
"""Once a second."""
DOUBTFUL_PROBABILITY = 0.8
"""What is claimed is no longer where it is less likely than that."""
ABSENT_RATIO = 1e-5
"""Of full scale: a building draws more, through at least one clamp; an unplugged transformer shows the noise alone."""


class WiringWatch:
    """Takes one measurement after the other; `observe` says what is known now."""

    def __init__(
        self, installation: Installation, remembered: Iterable[Look] = (), inputs: Phases[Phase] = AS_LABELLED
    ) -> None:
        """`remembered`: what `looks` was in the run before, of the same installation.

        `inputs`: for each phase the one that its clamp is plugged into.
        """
        self._absent_a = ABSENT_RATIO * installation.full_scale_a
        self._clamps, self._terminals = installation.clamps, installation.terminals
        self._judged = Judge(installation, remembered=remembered, inputs=inputs)
        self._windows = self._streak = 0
        self._finding = nothing_known(Condition.UNDECIDED, "undecided: the angles are watched for some seconds first")
        self._claimed = self._finding

    @property
    def finding(self) -> Finding:
        """What is claimed of the clamps, as long as nothing else is."""
        return self._claimed

    @property
    def looks(self) -> list[Look]:
        """What counts of all that was seen: enough to go on after a restart."""
        return self._judged.looks

    def told(self, latest: Measurement) -> dict[str, Json]:
        """All that is claimed, with what the inputs show now."""
        return told(self._claimed, voltages.judged(latest, self._terminals), self._clamps, latest)

    def observe(self, measurement: Measurement) -> Verdict:
        """The verdict after one window more."""
        voltage = voltages.judged(measurement, self._terminals)
        same = self._finding
        self._finding = self._judge(measurement, voltage)
        judged = self._finding.connection is not None or self._finding.confidence_ratio > 0.0
        self._streak = self._streak + 1 if _alike(self._finding, same) else EVALUATED_WINDOWS if judged else 1
        # a verdict stays; that nothing was connected does not, once something is
        open_ = self._claimed.condition is Condition.UNDECIDED and self._finding.condition is Condition.UNDECIDED
        again = self._claimed.condition is Condition.ABSENT and self._finding.condition is not Condition.ABSENT
        sure = self._finding.condition is not Condition.UNDECIDED and self._streak >= CLAIM_WINDOWS
        # the numbers of what is claimed are those of when it was: new ones are no news
        if open_ or again or self._is_doubtful() or (sure and not _alike(self._finding, self._claimed)):
            self._claimed = self._finding
        sentence = self._claimed.sentence if voltage.condition is Condition.RIGHT else voltage.sentence
        undecided = self._claimed.condition is Condition.UNDECIDED
        return Verdict(
            voltage.condition, self._claimed.condition, sentence, self._claimed.decides_with_a if undecided else None
        )

    def _is_doubtful(self) -> bool:
        """Whether what is claimed has become unlikely by what was seen since; nothing else is sure yet."""
        is_weighed = self._finding.condition is Condition.UNDECIDED and self._finding.confidence_ratio > 0.0
        claimed = self._claimed.connection
        if not is_weighed or claimed is None or self._streak < CLAIM_WINDOWS or self._windows % EVALUATED_WINDOWS:
            return False
        return self._judged.probability(claimed) < DOUBTFUL_PROBABILITY

    def _judge(self, measurement: Measurement, voltage: VoltageFinding) -> Finding:
        """What all windows together say of the clamps."""
        currents_a = [
            current_a or 0.0
            for current_a, there in zip(measurement.current_fundamental_rms_a, self._clamps, strict=True)
            if there
        ]
        if measurement.frequency_hz is not None and max(currents_a) < self._absent_a:
            return nothing_known(Condition.ABSENT, "no current in any clamp: not connected, or nothing is switched on")
        if voltage.order is None:
            return nothing_known(Condition.UNDECIDED, "undecided: before the voltages are right no clamp can be judged")
        if not self._judged.follow(measurement, voltage.order):
            return nothing_known(Condition.UNDECIDED, "undecided: a voltage is missing, so its clamp has no angle")
        self._windows += 1
        if self._windows % EVALUATED_WINDOWS == 0 or self._finding.condition is Condition.ABSENT:
            self._judged.notice_change(after_alarm=self._claimed.condition is Condition.WRONG)
            return self._judged.finding()
        return self._finding


def _alike(one: Finding, other: Finding) -> bool:
    return (one.condition, one.connection) == (other.condition, other.connection)
