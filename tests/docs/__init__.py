"""The documentation: its reference is current, its blocks run, its links lead somewhere."""
