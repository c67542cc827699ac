"""Signed feeds: who may send what a platform charges, and taking what they send.

A request carries `Feed-Timestamp` (seconds since 1970) and `Feed-Signature: v1=<hex>`, the HMAC-SHA-256 of the
timestamp, a dot and the body, with the feed's secret. What the body says without a time of its own was seen at the
timestamp, so that a request sent twice is one.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from blinkit.kernel import events
from blinkit.kernel.sealing import seal, unseal
from catalog.errors import BadFeedSignature, FeedTooLarge, FeedUnreadable
from catalog.events import MarketFeedChanged
from catalog.importing.market import read
from catalog.importing.rows import NotThisFormat
from catalog.market import FeedRun, MarketFeed
from catalog.services import market

PREFIX = "mkt_"
TOLERANCE = timedelta(minutes=5)
MOST_BYTES = 2 * 1024**2


@transaction.atomic
def new_secret(*, feed_id: int, actor: str) -> str:
    """A new secret, which nobody is shown again; the one before signs no more from now on."""
    feed = MarketFeed.objects.select_for_update().get(pk=feed_id)
    secret = PREFIX + secrets.token_urlsafe(32)
    feed.sealed_secret = seal(secret)
    feed.save(update_fields=["sealed_secret"])
    events.record(
        MarketFeedChanged(feed_id=feed.pk, slug=feed.slug, what="got a new secret"),
        subject=f"market-feed:{feed.pk}",
        actor=actor,
    )
    return secret


def sign(secret: str, timestamp: int, body: bytes) -> str:
    return "v1=" + hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def checked(*, slug: str, timestamp: str, signature: str, body: bytes, now: datetime) -> tuple[MarketFeed, datetime]:
    """Whose request it is, and the time it says. Raises BadFeedSignature (also for a feed that is not there or not
    active, and for a timestamp more than five minutes off), FeedTooLarge."""
    if len(body) > MOST_BYTES:
        raise FeedTooLarge(f"At most {MOST_BYTES // 1024**2} MB at once.")
    feed = MarketFeed.objects.select_related("platform", "city").filter(slug=slug, is_active=True).first()
    secret = unseal(feed.sealed_secret) if feed is not None else ""
    sound = timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12 and signature.isascii()
    # Compared in any case: how long it takes tells nobody which feeds there are.
    fits = hmac.compare_digest(
        sign(secret or "nobody", int(timestamp) if sound else 0, body), signature if sound else ""
    )
    if feed is None or not secret or not fits:
        raise BadFeedSignature()
    at = datetime.fromtimestamp(int(timestamp), UTC)
    if abs(now - at) > TOLERANCE:
        raise BadFeedSignature("The message is too old, or its clock is wrong.")
    return feed, at


def take(feed: MarketFeed, *, body: bytes, at: datetime) -> FeedRun:
    """Record a request that was checked. Raises FeedUnreadable, Invalid."""
    try:
        found = read(body, zone=ZoneInfo(feed.city.timezone))
    except NotThisFormat as error:
        raise FeedUnreadable(str(error)) from None
    return market.record(
        found.rows, source=f"feed:{feed.slug}", platform=feed.platform, city=feed.city, feed=feed, now=at,
        terms=found.terms, offers=found.offers,
    )  # fmt: skip
