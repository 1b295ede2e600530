"""Turns what a service did into a verdict, by the statement that was expected to hold and by nothing else."""
