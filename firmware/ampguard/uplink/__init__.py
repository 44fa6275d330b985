"""Readings on their way to a broker or a cloud."""
