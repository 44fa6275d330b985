"""Chargers share what the main fuse has left: who gets how much, why, for how long. Without I/O but for `ocpp`."""
