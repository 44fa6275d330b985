"""From samples to readings."""
