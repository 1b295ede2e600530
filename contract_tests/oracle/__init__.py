"""What the service must show after each step, and the suites' own handlers."""
