"""The one button."""
