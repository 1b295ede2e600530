"""A run: its settings, and what the suites share while it lasts."""
