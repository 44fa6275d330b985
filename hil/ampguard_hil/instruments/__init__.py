"""What stands around a box at a bench: sources, a reference, loads, relays; each simulated and real."""
