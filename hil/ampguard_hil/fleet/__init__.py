"""Many units at one broker: what a fleet does to it, measured."""
