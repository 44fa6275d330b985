"""Which current transformer sits on which phase, and which way round."""
