"""A password that is kept goes where it was meant to go: whoever names another place over the network gives it anew.

Else anybody with a token for control, or a page left open, could have the unit send it to a machine of his own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.settings.store import Seen
    from ampguard.settings.values import Value

_GOES_TO = {
    "mqtt.password": ("mqtt.host", "mqtt.tls_ca_file", "mqtt.enrolled"),
    "https.token": ("https.url", "https.ca_file", "https.enrolled"),
}
"""Each secret, with what says to whom it is shown; without the first of them to nobody."""


def refuse_elsewhere(seen: Seen, wanted: Mapping[str, Value | None]) -> None:
    """Raises SetupError: a secret that is kept would be shown to somebody else.

    Args:
        seen: what is set.
        wanted: by key, what is to be; what is not named stays.
    """
    now = {shown.setting.key: shown for shown in seen.settings}
    for secret, places in _GOES_TO.items():
        if not now[secret].is_set or secret in wanted or (places[0] in wanted and wanted[places[0]] is None):
            continue
        for place in places:
            if place in wanted and (wanted[place] or None) != (now[place].value or None):  # false is as good as not set
                raise SetupError(
                    f"{secret}: wanted it once more, or cleared, together with another {place}: "
                    "the unit shows the one it has to nobody else"
                )
