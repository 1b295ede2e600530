"""Suites as a new user would write them, with private and shared worlds, in any order and in parallel."""
