"""The bench panel: a page beside the unit that plays the building, the grid and the finger on the button."""
