"""The oracle: design.md's rules of what must always hold, judged from outside with the truth known."""
