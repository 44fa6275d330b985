"""Drivers of the Amp Guard board: buses, chips, lights and button."""
