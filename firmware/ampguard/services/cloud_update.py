"""An update that a cloud asks for: its address is left for the process that installs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.services.update import may_begin, release_here
from ampguard.update import trial
from ampguard.update.refusal import RefusedError

if TYPE_CHECKING:
    from ampguard.settings.places import Places


def ask_for(places: Places, url: str) -> None:
    """Have it fetched and installed. Raises SetupError."""
    try:
        may_begin(places, release_here())
        trial.ask(places.update, trial.Wish(url, "cloud"))
    except (RefusedError, OSError) as why:
        raise SetupError(str(why)) from why
