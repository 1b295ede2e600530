"""The suites, judged: no faithful service fails them, and no planted bug escapes them."""
