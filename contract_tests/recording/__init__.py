"""Recordings: the exchanges of a run, redacted, a line of JSON each; written, read, and exported."""
