"""The suites, one per module. They are the same under pytest, `check` and `make contract`."""
