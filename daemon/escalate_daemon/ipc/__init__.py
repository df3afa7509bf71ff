"""The local API: its words, its door, and both ends of the line."""
