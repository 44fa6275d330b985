"""What a unit notices of itself and its supply over time, and tells as events: no I/O."""
