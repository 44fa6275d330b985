"""What nobody may have the settings say from afar, with a token for control or at a page that was left open.

A password that is kept goes where it was meant to go: whoever names another place over the network gives it anew. Else
the unit would send it to a machine of his own. And a file is named on the unit itself, where it lies: over the network
nobody can put one there, and the uplink would read whatever it is told to, such as a device without an end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.phrase import Phrase, phrase
from ampguard.settings.described import Kind
from ampguard.web.pages.labels import LABELS
from ampguard.web.refusal import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ampguard.settings.group import GroupSettings
    from ampguard.settings.store import Seen
    from ampguard.settings.values import Value

_GOES_TO = {
    "mqtt.password": ("mqtt.host", "mqtt.port", "mqtt.tls_ca_file", "mqtt.enrolled"),
    "https.token": ("https.url", "https.proxy", "https.ca_file", "https.enrolled"),
}
"""Each secret, with what says to whom it is shown; without the first of them to nobody.

Behind another port of the same machine somebody else listens, and a proxy sees the token of an address that is http://.
A proxy names itself whom its own password goes to. It is a secret as a whole: any that is named counts as another.
"""


_OF_A_CHARGER = (("cloud_key", "cloud_url"), ("capi_password", "capi_url"), ("capi_key", "capi_url"))
"""The same for a charger of the group."""


def refuse_files(seen: Seen, wanted: Mapping[str, Value | None]) -> None:
    """Raises RefusedError: another file would be named. That there is none any more may be said from afar, too.

    Args:
        seen: what is set.
        wanted: by key, what is to be; what is not named stays.
    """
    for shown in seen.settings:
        key = shown.setting.key
        if shown.setting.kind is Kind.FILE and wanted.get(key) not in {None, shown.value}:
            raise RefusedError(403, "by-hand", phrase(
                "{key}: wanted a file that is named on the unit itself (ampguard settings set), met another one from "
                "afar: here it can be cleared only",
                key=key,
            ))  # fmt: skip


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
                raise SetupError(phrase(
                    "{secret}: wanted it once more, or cleared, together with another {place}: "
                    "the unit shows the one it has to nobody else",
                    secret=secret,
                    place=Phrase(LABELS[place].name, {}),
                ))  # fmt: skip


def refuse_other_clouds(now: GroupSettings | None, wanted: Sequence[Mapping[str, object]]) -> None:
    """Raises SetupError: the password that the unit shows for a charger at its cloud would go to another one.

    Args:
        now: the group as it is set.
        wanted: its chargers as they are to be; a password that one does not name stays.
    """
    known = {one.id: one for one in (() if now is None else now.chargers)}
    for one in wanted:
        before = known.get(str(one.get("id")))
        for secret, place in _OF_A_CHARGER:
            if before is None or getattr(before, secret) is None or secret in one or not one.get(place):
                continue
            if one[place] != getattr(before, place):
                raise SetupError(phrase(
                    "charger {id}: wanted the password for its cloud once more, or cleared, together with another "
                    "address: the unit shows the one it has to nobody else",
                    id=before.id,
                ))  # fmt: skip
