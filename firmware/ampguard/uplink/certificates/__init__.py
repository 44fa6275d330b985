"""The unit's own certificate, and whose certificates it trusts."""
