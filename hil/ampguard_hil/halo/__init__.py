"""The Halo on the bench: after its manuals, with a car at its cable and its current in the simulated supply."""
