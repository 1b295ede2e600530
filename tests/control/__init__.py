"""The control API under /_mock/: one world steered by whoever has its key."""
