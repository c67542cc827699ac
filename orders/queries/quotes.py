"""The bills people were shown, remembered for a while under their fingerprint, so that a refusal can say what changed.

A client sends the fingerprint alone. The memory is in Redis and may be lost: then a refusal has the new bill and cannot
say what was different. Nothing is decided by it.
"""

from __future__ import annotations

import orjson
import structlog

from blinkit.kernel.redis_client import client, key
from catalog.pricing import Bill
from catalog.pricing.changes import Shown

KEPT_S = 1800
FINGERPRINT_LENGTH = 16
log = structlog.get_logger(__name__)


def remember(bill: Bill) -> None:
    """Somebody is being shown this bill. Never raises."""
    if not bill.lines:
        return
    try:
        client().set(_at(bill.fingerprint()), orjson.dumps(Shown.of(bill).as_json()), ex=KEPT_S)
    except Exception as error:
        log.warning("bill not remembered", error=repr(error))


def remembered(fingerprint: str) -> Shown | None:
    """The bill that was shown; None when it is too long ago, never was, or Redis does not answer."""
    if len(fingerprint) != FINGERPRINT_LENGTH:
        return None
    try:
        kept = client().get(_at(fingerprint))
        return None if kept is None else Shown.from_json(orjson.loads(kept))
    except Exception as error:
        log.warning("bill not recalled", error=repr(error))
        return None


def _at(fingerprint: str) -> str:
    return key(f"quote:{fingerprint}")
