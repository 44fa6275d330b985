"""Durable records: one writer, many readers."""
