"""The bench: the unit seen from outside."""
