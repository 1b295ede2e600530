"""What the test suites of consumers are given: the client, the transports, the pytest plugin, capsules and sabotage."""
