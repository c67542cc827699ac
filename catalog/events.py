"""What catalog may announce."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from blinkit.kernel.events import DomainEvent


@dataclass(frozen=True)
class StoreModeChanged(DomainEvent):
    """Subject "store:<code>"."""

    store_code: str
    old: str
    new: str
    reason: str
    until: datetime | None = None


@dataclass(frozen=True)
class StoreLimitChanged(DomainEvent):
    """Subject "store:<code>". `most` is None when the limit was taken away."""

    store_code: str
    most: int | None
    reason: str
    until: datetime | None = None


@dataclass(frozen=True)
class WeatherDeclared(DomainEvent):
    """Subject "city:<slug>". `weather` is a `Weather`, or "" when it was declared over."""

    city: str
    old: str
    weather: str
    until: datetime | None = None


@dataclass(frozen=True)
class SurgeChanged(DomainEvent):
    """Subject "store:<code>"."""

    store_code: str
    old_paise: int
    new_paise: int
    why: str


@dataclass(frozen=True)
class PromotionChanged(DomainEvent):
    """Subject "promotion:<id>". `what` is "made" or "changed"."""

    promotion_id: int
    name: str
    what: str
    is_active: bool


@dataclass(frozen=True)
class WeAreHere(DomainEvent):
    """Somebody on the waiting list can be served now. Subject "store:<code>"; the phone stays in the list."""

    waitlist_id: int
    store_code: str


@dataclass(frozen=True)
class ProductsEdited(DomainEvent):
    """Subject "catalog:products". `how` is "sheet" or "selection"; `changes` name some, `more` counts the rest."""

    how: str
    new: int
    changed: int
    reason: str
    changes: list[str]
    more: int


@dataclass(frozen=True)
class ReferralPolicyChanged(DomainEvent):
    """Subject "referral-policy:<id>"."""

    policy_id: int
    is_active: bool


@dataclass(frozen=True)
class MarketChanged(DomainEvent):
    """Prices of a platform in a city differ from before, from one run of a feed. Subject "market:<platform>".

    Each change is [listing, price before (0: it is new), price, was available, is available, when in microseconds].
    """

    platform: str
    city: str
    run_id: int
    changes: list[list[int]]


@dataclass(frozen=True)
class MarketAlertRaised(DomainEvent):
    """What somebody asked to be told of happened. Subject "user:<id>". Of several listings the cheapest is named."""

    user_id: int
    kind: str
    listing_id: int
    was_paise: int
    price_paise: int
    ours_paise: int
    hits: int


@dataclass(frozen=True)
class MarketFeedChanged(DomainEvent):
    """An audit line. Subject "market-feed:<id>"."""

    feed_id: int
    slug: str
    what: str


@dataclass(frozen=True)
class MatchDecided(DomainEvent):
    """Somebody said which product a listing is, or is not. Subject "listing:<id>". `state` as in MatchState."""

    match_id: int
    product_id: int
    state: str


@dataclass(frozen=True)
class MatchModelLearned(DomainEvent):
    """New weights were learned. Subject "match-model:<id>"; `is_used` when they were no worse than those in use."""

    model_id: int
    is_used: bool
