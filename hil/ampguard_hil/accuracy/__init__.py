"""How true a box measures: at which points, within which limits, how sure that is, and a report of it."""
