"""What the evidence allows to say of the clamps: right, wrong and how, or not known yet and what would decide."""

from __future__ import annotations

import cmath
import math
from typing import TYPE_CHECKING

import numpy as np

from ampguard.phases import PhaseOrder, Phases
from ampguard.readings import Quality
from ampguard.wiring.closure import SUSPECT_PROBABILITY, open_probability
from ampguard.wiring.evidence import LEAK_RATIO, NOISE_RATIO, SETTLED_WINDOWS, WEAK_RATIO, Evidence
from ampguard.wiring.finding import (
    AS_LABELLED,
    NAMES,
    RIGHT,
    Channel,
    Finding,
    described,
    drawn,
    is_of_the_voltage,
    named,
    said_of_both,
    shown,
    turned_or_feeding,
)
from ampguard.wiring.hypotheses import MENDED_PROBABILITY, MOVED_PROBABILITY, Posterior
from ampguard.wiring.loads import generation_of
from ampguard.wiring.verdict import Condition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ampguard.phases import Phase
    from ampguard.readings import Measurement
    from ampguard.wiring.hypotheses import Connection, Look
    from ampguard.wiring.installation import Installation

SURE_PROBABILITY = 0.99
"""One mistake is named, and each clamp by itself is judged, from here on."""
SURER_PROBABILITY = 0.995
"""That all is right, or that several mistakes were made at once: both are what odd loads imitate best."""
UNNAMED_PROBABILITY = 0.999
"""That something is wrong, without a word what: an alarm that nobody can act on must be surer still."""
_WRONG_PROBABILITY = 1.0 - SURE_PROBABILITY
"""That all is right, where one mistake or another is sure."""
KNOWN_ANGLE_RAD = math.radians(5.0)
"""An angle of which no more is unknown is known: another load says more then, and more of the same does not."""
DECIDING_STEP_A = 6.0
"""Of an ordinary load on each phase."""
DECIDING_S = 10.0
"""So long it must flow: until it has settled, and has said the same for some seconds."""
CHANGED_TIMES = 5
"""So many evaluations in a row must say that the clamps were moved."""
LIKELY_PROBABILITY = 0.5
"""From here on the likeliest of several mistakes is worth saying."""
_ROUND = (1.0, 2.0, 5.0, 10.0)


class Judge:
    """Follows windows and says what is known; it claims nothing that is not sure."""

    def __init__(
        self,
        installation: Installation,
        settled: int = SETTLED_WINDOWS,
        remembered: Iterable[Look] = (),
        inputs: Phases[Phase] = AS_LABELLED,
    ) -> None:
        """`settled`: windows of the same currents before they count; `remembered`: what `looks` once was.

        `inputs`: for each phase the one that its clamp is plugged into, as whoever moves it must know.
        """
        self._clamp_of = named(inputs)
        self._full_scale_a = installation.full_scale_a
        self._clamps = installation.clamps
        self._is_told = installation.generation_on_site is not None
        self._evidence = Evidence(installation.full_scale_a, settled, remembered)
        self._contrary = 0
        """So many times in a row what flows now contradicted all that was before."""
        self._is_pair = installation.is_pair
        self._posterior = Posterior(
            installation.clamps,
            generation_of(installation.generation_on_site),
            has_neutral=installation.has_neutral,
            inferred=installation.inferred,
        )

    def follow(self, measurement: Measurement, order: PhaseOrder) -> bool:
        """One window more; False where a clamp has no angle because its voltage is missing.

        `order`: of the voltages, as measured or taken to be; it stands in for angles of voltages that are not wired.
        """
        turn_deg = -120.0 if order is PhaseOrder.L1_L2_L3 else 120.0
        angles_deg = list(measurement.voltage_angle_deg)
        wired, wired_deg = next(((n, one) for n, one in enumerate(angles_deg) if one is not None), (0, 0.0))
        voltage: list[complex] = []
        current_a: list[complex] = []
        for number, there in enumerate(self._clamps):
            measured_deg = angles_deg[number]
            angle_deg = wired_deg + (number - wired) * turn_deg if measured_deg is None else measured_deg
            own = cmath.rect(1.0, math.radians(angle_deg))
            lag_deg = list(measurement.current_angle_deg)[number]
            flowing_a = list(measurement.current_fundamental_rms_a)[number] or 0.0
            if there and lag_deg is None and flowing_a > NOISE_RATIO * self._full_scale_a:
                return False
            voltage.append(own)
            current_a.append(own * cmath.rect(flowing_a if there else 0.0, -math.radians(lag_deg or 0.0)))
        # what a dip does to the voltages is no answer to a load
        is_event = Quality.EVENT in measurement.quality
        one_v, two_v, three_v = (None, None, None) if is_event else measurement.voltage_rms_v
        self._evidence.follow(
            (current_a[0], current_a[1], current_a[2]), (voltage[0], voltage[1], voltage[2]), (one_v, two_v, three_v)
        )
        return True

    @property
    def looks(self) -> list[Look]:
        """All that counts."""
        return self._evidence.looks

    def notice_change(self, *, after_alarm: bool = False) -> None:
        """Once a second: where what flows now contradicts all that was before for long, clamps have been moved.

        `after_alarm`: clamps are claimed to be wrong, and whoever reads that moves them; so it was before a restart
        where all that was seen says it.
        """
        now, before = self._evidence.now, self._evidence.before
        wrong = after_alarm or self._posterior.of(before)[self._posterior.connections.index(RIGHT)] < _WRONG_PROBABILITY
        moved_probability = MENDED_PROBABILITY if wrong else MOVED_PROBABILITY
        contrary = now is not None and self._posterior.is_changed(before, now, moved_probability)
        self._contrary = self._contrary + 1 if contrary else 0
        if self._contrary >= CHANGED_TIMES:
            self._evidence.forget()
            self._contrary = 0

    def finding(self) -> Finding:
        """What all of it says."""
        looks = self._evidence.looks
        probabilities = self._posterior.of(looks)
        connections = self._posterior.connections
        likeliest = int(probabilities.argmax())
        first, confidence = connections[likeliest], float(probabilities[likeliest])
        right = float(probabilities[connections.index(RIGHT)])
        channels = self._channels(probabilities, looks)
        if right >= SURER_PROBABILITY:
            weak = self._weak(looks)
            return self._closed(right, channels, looks) if weak is None else self._unproven(weak, right, channels)
        if first != RIGHT and confidence >= (SURE_PROBABILITY if first.faults == 1 else SURER_PROBABILITY):
            return Finding(
                Condition.WRONG,
                self._described(first, self._latest(looks)),
                first,
                confidence,
                None,
                None,
                channels,
            )
        if 1.0 - right >= UNNAMED_PROBABILITY:
            sentence = "at least one clamp is on another phase or the wrong way round"
            sentence += ", or the two voltage wires are" if self._is_pair else ""
            if confidence >= LIKELY_PROBABILITY:
                sentence += f"; likeliest: {self._described(first)}"
            return Finding(Condition.WRONG, sentence, None, 1.0 - right, self._deciding_a(), DECIDING_S, channels)
        return self._open(probabilities, looks, channels)

    def _open(self, probabilities: NDArray[np.float64], looks: list[Look], channels: Phases[Channel | None]) -> Finding:
        """Nothing is sure: between what, and which load would tell."""
        connections, confidence, need_a = self._posterior.connections, float(probabilities.max()), self._deciding_a()
        if not looks:
            sentence = "undecided: the angles are watched for some seconds first"
            return Finding(Condition.UNDECIDED, sentence, None, confidence, need_a, DECIDING_S, channels)
        first, second = (connections[int(one)] for one in probabilities.argsort()[-1:-3:-1])
        on, weak = turned_or_feeding(first, second, self._latest(looks)), self._weak(looks)
        if weak is not None and on == (NAMES[weak],):
            return self._unproven(weak, confidence, channels)
        if on:
            need_a = max(need_a, DECIDING_STEP_A)
            told = "" if self._is_told else "whether anything generates here, or "
            sentence = (
                f"{said_of_both(on, self._clamp_of)}; {told}a further load of {need_a:.2g} A on {' and '.join(on)}"
            )
        else:
            both = " or ".join(self._described(one) for one in (first, second))
            sentence = f"{both}; a further load of {need_a:.2g} A on each phase"
        sentence = f"undecided: {sentence} for {DECIDING_S:g} s would tell"
        return Finding(Condition.UNDECIDED, sentence, None, confidence, need_a, DECIDING_S, channels, on)

    def probability(self, connection: Connection) -> float:
        """Of one connection, after all of it."""
        found = self._posterior.of(self._evidence.looks)
        return float(found[self._posterior.connections.index(connection)])

    def _described(self, connection: Connection, look: Look | None = None) -> str:
        """What an electrician must change, or look at first."""
        sentence = described(connection, self._clamp_of, look)
        if not (self._is_pair and is_of_the_voltage(connection)):
            return sentence
        return f"{sentence}, or the clamps are right and the two voltage wires, or the order of the phases, are not"

    def _weak(self, looks: list[Look]) -> int | None:
        """A clamp that never showed more than what its neighbours leave in it."""
        for clamp, there in enumerate(self._clamps):
            if there and all(abs(one.current_a[clamp]) < WEAK_RATIO * one.noise_a for one in looks if not one.is_step):
                return clamp
        return None

    def _unproven(self, clamp: int, right_ratio: float, channels: Phases[Channel | None]) -> Finding:
        size_a, need_a = abs(self._evidence.now_a[clamp]), self._deciding_a()
        name = NAMES[clamp]
        sentence = f"undecided: the {size_a:.2g} A of {name} may be what its neighbours leave in its clamp"
        sentence += f"; a further load of {need_a:.2g} A on {name} for {DECIDING_S:g} s would tell"
        return Finding(Condition.UNDECIDED, sentence, None, right_ratio, need_a, DECIDING_S, channels, (name,))

    def _closed(self, right_ratio: float, channels: Phases[Channel | None], looks: list[Look]) -> Finding:
        """All clamps sit where they should; whether each is closed."""
        opened = {
            clamp: open_probability(looks, clamp) for clamp, channel in enumerate(channels) if channel is not None
        }
        worst = max(opened, key=lambda clamp: opened[clamp])
        numbers = ", ".join(one.sentence for one in channels if one is not None)
        if opened[worst] >= SURE_PROBABILITY:
            sentence = f"{self._clamp_of[NAMES[worst]]} is not closed: it leads with every load alike ({numbers})"
            return Finding(Condition.WRONG, sentence, None, opened[worst], None, None, channels)
        if opened[worst] > SUSPECT_PROBABILITY:
            sentence = f"undecided: {self._clamp_of[NAMES[worst]]} may not be closed, its current leads"
            sentence += f"; a further load of {DECIDING_STEP_A:g} A on each phase would tell"
            return Finding(
                Condition.UNDECIDED, sentence, None, 1.0 - opened[worst], DECIDING_STEP_A, DECIDING_S, channels
            )
        sentence = f"each clamp sits on its own phase, the right way round ({numbers})"
        return Finding(Condition.RIGHT, sentence, RIGHT, right_ratio, None, None, channels)

    def _channels(self, probabilities: NDArray[np.float64], looks: list[Look]) -> Phases[Channel | None]:
        """Each clamp by itself: the probabilities of its places, whatever the others do."""
        return Phases.of(
            self._channel(clamp, probabilities, looks) if there and looks else None
            for clamp, there in enumerate(self._clamps)
        )

    def _channel(self, clamp: int, probabilities: NDArray[np.float64], looks: list[Look]) -> Channel:
        places = self._posterior.places(clamp, probabilities)
        place, turned = (int(one) for one in np.unravel_index(int(places.argmax()), places.shape))
        confidence, own = float(places.max()), float(places[clamp, 0])
        look = self._latest(looks)
        if abs(look.current_a[clamp]) < NOISE_RATIO * self._full_scale_a and max(own, confidence) < SURE_PROBABILITY:
            sentence = f"no current: not connected, or nothing is switched on on {NAMES[clamp]}"
            return Channel(Condition.UNDECIDED, None, reversed=False, confidence_ratio=confidence, sentence=sentence)
        if own >= SURE_PROBABILITY:
            sentence = drawn(look, clamp)
            return Channel(Condition.RIGHT, NAMES[clamp], reversed=False, confidence_ratio=own, sentence=sentence)
        as_it_is = shown(look, clamp, place, turned=bool(turned))
        taken = shown(look, clamp, clamp, turned=False)
        on = f"on {NAMES[place]}" + (", turned round" if turned else "")
        if confidence >= SURE_PROBABILITY:
            return Channel(Condition.WRONG, NAMES[place], bool(turned), confidence, f"{taken}; {on}: {as_it_is}")
        condition = Condition.WRONG if 1.0 - own >= SURE_PROBABILITY else Condition.UNDECIDED
        sentence = f"{taken}; likeliest {on} ({confidence:.0%})"
        return Channel(condition, None, reversed=False, confidence_ratio=confidence, sentence=sentence)

    def _latest(self, looks: list[Look]) -> Look:
        """What the clamps show now, or showed last; by how much it changed only where nothing else is known."""
        flowing = (one for one in reversed(looks) if not one.is_step)
        return self._evidence.now or next(flowing, looks[-1])

    def _deciding_a(self) -> float:
        """Where an angle is not known well, what makes it known; else a step of another load."""
        current_a = [abs(one) for one, there in zip(self._evidence.now_a, self._clamps, strict=True) if there]
        unsure_a = math.hypot(NOISE_RATIO * self._full_scale_a, LEAK_RATIO * max(current_a, default=0.0))
        known_a = unsure_a / KNOWN_ANGLE_RAD
        return _rounded_up(known_a) if min(current_a, default=0.0) < known_a else DECIDING_STEP_A


def _rounded_up(amperes_a: float) -> float:
    """To 1, 2 or 5 and a power of ten: a number that a person remembers, and that does not change all the time."""
    decade = 10.0 ** math.floor(math.log10(amperes_a))
    return next(decade * one for one in _ROUND if decade * one >= amperes_a * (1.0 - 1e-9))
