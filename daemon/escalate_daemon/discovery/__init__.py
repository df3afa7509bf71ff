"""Finding the other daemons: zeroconf, and peers named in the config. Hints, neither trust nor liveness."""
