"""Contract tests: one judge for the mock and for the real service."""
