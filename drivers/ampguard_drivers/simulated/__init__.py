"""The board without the board: physics and chips that answer at the bus."""
