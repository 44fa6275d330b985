"""The public wire schema as documents, made from the types. Not for services."""
