"""The daemon: one for each person and machine. `core` decides, the rest carries, shows, keeps and answers."""
