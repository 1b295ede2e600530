"""What a run is: what its starter decided, and what the suites share while it runs."""
