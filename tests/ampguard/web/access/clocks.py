"""Clocks for tests: they stand still until they are told to go on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Clock:
    """The monotonic clock, and a wall clock that says whatever it is told to."""

    at_s: float = 1000.0
    said_utc: str | None = "2026-11-22T10:00:00.000+00:00"

    def now_s(self) -> float:
        return self.at_s

    def utc(self) -> str | None:
        return self.said_utc

    def after(self, passed_s: float) -> None:
        self.at_s += passed_s
