"""A seeded storm of faults on whole simulated units, and what must hold after each of them: `make torture`."""
