"""What the daemon answers to each request of the local API: one noun a file, every refusal a RequestFailed."""
