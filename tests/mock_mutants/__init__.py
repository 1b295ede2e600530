"""The contract tests before a mock with a fault in its own code."""
