"""Reaching a person's eyes and ears: pop-ups, terminals, sound."""
