"""A run from its opening to its report, as pytest walks through it."""
