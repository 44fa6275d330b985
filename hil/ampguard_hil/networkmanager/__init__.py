"""A NetworkManager for the bench: the same objects, names, types, signals and numbers, on a bus of its own."""
