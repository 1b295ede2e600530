"""Python's garbage collector, at rest while a command starts."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# Things made and not freed before the collector looks at them: 14 times what Python has, and still few megabytes.
_NEW = 10_000


@contextmanager
def at_rest() -> Iterator[None]:
    """Collect no garbage meanwhile, and never look at what is there at the end.

    What a start makes stays, and to walk through it takes a tenth of the start. Later it has little to
    do, as almost nothing that a request leaves behind holds itself: it looks seldom, and then most is gone already.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(_NEW, *gc.get_threshold()[1:])
        if was_enabled:
            gc.enable()


def settle() -> None:
    """Collect what a former document leaves behind, and exempt the new one from collection."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
