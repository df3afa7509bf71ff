"""The daemon: one for each person and machine. `core` decides, the rest carries, shows, keeps and answers."""

# Here, as asking the installed package's metadata loads forty modules of mail and archives. pyproject.toml reads it.
__version__ = "0.1.0"
