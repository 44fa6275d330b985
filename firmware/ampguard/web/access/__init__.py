"""Who may come in: the PIN, what wrong ones cost, sessions, tokens, and the unit's own certificate."""
