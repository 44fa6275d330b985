"""What is told of settings that changed between two runs."""

from __future__ import annotations

from ampguard.chronicle.configuration import difference, listed
from ampguard.phases import Phase, Phases
from ampguard.settings.assignment import Assignment, Clamp
from ampguard.settings.settings import Settings

MENDED = Assignment(Phases(Clamp(Phase.L2), Clamp(Phase.L1), Clamp(Phase.L3)))


def test_another_wiring_is_no_change_of_settings_for_it_is_an_event_of_its_own() -> None:
    before, after = Settings(main_fuse_a=63.0), Settings(main_fuse_a=63.0, wiring=MENDED)
    assert difference(listed(before), listed(after)) is None
    changed = difference(listed(after), listed(Settings(main_fuse_a=35.0)))
    assert changed is not None
    assert [one.name for one in changed.changes] == ["main_fuse_a"]
