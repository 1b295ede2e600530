"""The recipes of `deploy/`."""
