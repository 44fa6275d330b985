"""Updates: the other slot by RAUC, and what a new slot must show before it is kept (decision 0020)."""
