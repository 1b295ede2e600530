"""A run of the kit, from its opening to its report."""
