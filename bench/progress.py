"""What the bench is doing now."""

import sys


def say(text: str) -> None:
    """Show progress, on standard error."""
    print(text, file=sys.stderr, flush=True)
