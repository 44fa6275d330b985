"""The bench: sees a unit from outside, as the world does."""
