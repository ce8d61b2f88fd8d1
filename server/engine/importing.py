"""Imports of large libraries that do not stop whoever goes on working meanwhile."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def large_import() -> Iterator[None]:
    """For a thread that imports, beside an event loop that must not wait.

    Garbage collection stops every thread, and making modules sets it off over and over, each time over all
    that has been made so far. It is off meanwhile, in the whole process; what is there in the end stays for
    good and is not looked through again.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()
