"""Turns what a service did into a verdict, which follows from the expected statement alone."""
