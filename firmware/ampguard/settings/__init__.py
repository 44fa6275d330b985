"""What the owner and the installer decided, and where a unit keeps its things."""
