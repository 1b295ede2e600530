"""Real clients, unmodified, against the mock as a server."""
