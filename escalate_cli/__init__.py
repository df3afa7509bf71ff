"""The command line: it asks the daemon, and prints."""
