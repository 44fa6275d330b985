"""Chargers share what the main fuse has left: who gets how much, why, for how long. No I/O, no clock, no log."""
