"""What was understood, short enough for an address: `?u=…`. It says what is asked, never who may: that is checked when
it is asked."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any

import orjson

from blinkit.kernel.errors import Invalid

LONGEST = 4_000
MOST_BYTES = 20_000


def packed(understood: dict[str, Any]) -> str:
    raw = zlib.compress(orjson.dumps(understood, option=orjson.OPT_SORT_KEYS), 9)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unpacked(text: str) -> dict[str, Any]:
    """Raises Invalid for what is none of ours, too long, or would unfold to more than MOST_BYTES."""
    try:
        if len(text) > LONGEST:
            raise ValueError
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        unfold = zlib.decompressobj()
        found = orjson.loads(unfold.decompress(raw, MOST_BYTES))
        if not unfold.eof or not isinstance(found, dict):
            raise ValueError
    except (ValueError, binascii.Error, zlib.error):
        raise Invalid("This link is damaged. Ask the question again.") from None
    return found
