"""The target: calls to it, and requests that real clients sent."""
