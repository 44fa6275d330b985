"""What the other side asks of the unit, commands (`commands` has the table) and limits, and what becomes of it."""
