"""The target: calls to it, and its answers held against the document."""
