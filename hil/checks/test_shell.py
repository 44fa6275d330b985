"""A box with a shell: it starts its system, keeps what it wrote, and says what is not in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ampguard_hil.places.stages import Stage, StageFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ampguard_hil.places.place import Place
    from ampguard_hil.places.targets import Bench

pytestmark = [pytest.mark.timeout(600)]


@pytest.mark.needs("shell")
def test_all_of_its_system_runs(at: Callable[[Stage], Place]) -> None:
    place = at(Stage.BOOTED)
    assert place.run("systemctl is-system-running --wait || systemctl --failed --plain").strip() == "running"
    assert place.run("python3 -c 'print(6 * 7)'").strip() == "42"


@pytest.mark.needs("shell")
def test_what_was_written_survives_a_power_cut(at: Callable[[Stage], Place]) -> None:
    place = at(Stage.BOOTED)
    kept = place.run("echo $(ls -d /var/lib/ampguard 2>/dev/null || echo /var/lib)/kept").strip()
    place.run(f"echo kept > {kept} && sync {kept}")
    place.power_off()
    place.power_on()
    assert place.run(f"cat {kept}").strip() == "kept"


@pytest.fixture
def bare(at: Callable[[Stage], Place], bench: Bench) -> Iterator[Place]:
    """A box without an Amp Guard; OFF afterwards, as it has failed."""
    place = at(Stage.BOOTED)
    if place.run("command -v ampguard-meter || true").strip():
        pytest.skip("NOT JUDGED: there is an Amp Guard in it")
    yield place
    bench.at(Stage.OFF)


@pytest.mark.needs("shell")
def test_a_bare_system_is_refused_in_a_plain_sentence_until_it_was_off(bare: Place, bench: Bench) -> None:
    for _ in range(2):
        with pytest.raises(StageFailure, match=r"^PROVISIONED: .*the image has no Amp Guard yet: it is a bare Debian"):
            bench.at(Stage.METERING)
    assert bare.run("true") == "", "it still runs"
    assert bench.at(Stage.OFF) is bare
