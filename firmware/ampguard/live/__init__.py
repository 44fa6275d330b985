"""The latest measurement, lossy: one writer, many readers."""
