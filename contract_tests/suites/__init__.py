"""The suites: each module is one, and each body runs alike under pytest, `check` and `make contract`."""
