"""The four lights."""
