"""Identifiers for rows that appear in URLs."""

import os
import threading
import time
import uuid

_lock = threading.Lock()
_last_tick = 0


def uuid7() -> uuid.UUID:
    """A UUID version 7 (RFC 9562): sorts by creation time, not guessable.

    48 bits of milliseconds, then 12 bits of the millisecond's fraction (method 3 of section 6.2), then 62 random
    bits. Within one process ids never go backwards, even when the clock does.
    """
    global _last_tick
    milliseconds, rest_ns = divmod(time.time_ns(), 1_000_000)
    tick = (milliseconds << 12) | (rest_ns * 4096 // 1_000_000)
    with _lock:
        _last_tick = tick = max(tick, _last_tick + 1)
    random = int.from_bytes(os.urandom(8), "big") & 0x3FFF_FFFF_FFFF_FFFF
    return uuid.UUID(int=((tick >> 12) << 80) | (0x7 << 76) | ((tick & 0xFFF) << 64) | (0b10 << 62) | random)
