"""The control API under /_mock/, by which a client steers the world of its key."""
