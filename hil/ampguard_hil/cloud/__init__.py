"""The reference cloud: what an operator starts from."""
