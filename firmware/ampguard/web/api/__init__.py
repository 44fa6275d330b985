"""The API: one module a subject, all below /api/v1."""
