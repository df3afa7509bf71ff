"""Shell completion's parts: what can stand where, what the daemon knows, how shells quote. Standard library only."""
