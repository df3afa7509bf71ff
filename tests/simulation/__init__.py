"""A seeded world of real nodes, its clock and network, and an oracle of the rules. One command: run.py."""
