"""Tests of what consumers' test suites use: client, transports, pytest plugin, capsules and sabotage."""
