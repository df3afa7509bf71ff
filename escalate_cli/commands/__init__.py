"""One module a verb; only the one that argv names is imported."""
