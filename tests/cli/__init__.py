"""The command line: what it prints, when it ends and with which code."""
