"""A long day of use changes nothing: `make soak` drives a mock for ten minutes, `make test` for seconds."""
