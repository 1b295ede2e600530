"""What the service must show after each step, and the handlers of the suites' own that it is tried on."""
