"""A mock stays healthy under long use: `make soak` loads it for ten minutes, `make test` for seconds."""
