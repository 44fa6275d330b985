"""How strong a network is heard: NetworkManager's percents as dBm and as bars."""

from __future__ import annotations

WEAK_DBM = -80
"""Below this the manual (003, 4.2.1) calls a signal too weak."""
_BEST_DBM, _WORST_DBM = -40, -100
_BARS_FROM_DBM = (-89, -80, -70, -60)
"""One bar from here, two from there. The second begins where the manual's limit is."""


def dbm_of(strength_percent: int) -> int:
    """The level that NetworkManager made a strength of.

    It makes 100 % of -40 dBm and 0 % of -100 dBm, with a straight line between and clamped at both ends
    (`nm_wifi_utils_level_to_quality` in its `nm-core-utils.c`); this is that line read backwards, so it is right
    within 1 dB between the ends, and says no more than "at least" and "at most" at them.
    """
    return round(_WORST_DBM + (_BEST_DBM - _WORST_DBM) * min(max(strength_percent, 0), 100) / 100)


def bars_of(level_dbm: int) -> int:
    """0 to 4 bars; 2 and more are good enough."""
    return sum(level_dbm >= least for least in _BARS_FROM_DBM)
