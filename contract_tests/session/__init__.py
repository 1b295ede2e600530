"""A run from its opening to its report, in the hooks of pytest."""
