"""Carries frames between nodes. Knows nothing of what is in them but the hello."""
