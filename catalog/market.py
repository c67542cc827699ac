"""What others charge: platforms, their terms per city, what they list at which price, and what was said of it since.

The shop itself is one of the platforms (`is_ours`), so that a question never has two ways to ask for a price. Written
by `services.market` and `services.matching` only. Money in paise, `*_bp` in hundredths of a percent.
"""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Upper
from django.utils import timezone

from blinkit.kernel.ids import uuid7


class Platform(models.Model):
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=60)
    is_ours = models.BooleanField(default=False, help_text="This shop itself")
    site = models.URLField(blank=True)
    hue = models.PositiveSmallIntegerField(default=140)
    rank = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["rank", "name"]
        constraints = [
            models.UniqueConstraint(fields=["is_ours"], condition=Q(is_ours=True), name="platform_one_is_ours")
        ]

    def __str__(self) -> str:
        return self.name


class PlatformTerms(models.Model):
    """What an order costs beside its goods, and how soon it comes, on one platform in one city."""

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="terms")
    city = models.ForeignKey("catalog.City", on_delete=models.CASCADE, related_name="+")
    minimum_paise = models.PositiveBigIntegerField(default=0, help_text="No order below this")
    delivery_paise = models.PositiveBigIntegerField(default=0)
    free_from_paise = models.PositiveBigIntegerField(null=True, blank=True, help_text="No delivery fee from here")
    handling_paise = models.PositiveBigIntegerField(default=0)
    small_cart_paise = models.PositiveBigIntegerField(default=0)
    small_cart_below_paise = models.PositiveBigIntegerField(default=0)
    surge_paise = models.PositiveBigIntegerField(default=0)
    eta_low_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    eta_high_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "platform terms"
        constraints = [models.UniqueConstraint(fields=["platform", "city"], name="terms_once_per_platform_and_city")]


class Listing(models.Model):
    """One pack of one thing as one platform sells it in one city, with the price seen last."""

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="listings")
    city = models.ForeignKey("catalog.City", on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200, help_text="The platform's own id, or the folded name and pack")
    name = models.CharField(max_length=240)
    brand = models.CharField(max_length=120, blank=True, default="")
    item = models.CharField(max_length=60, blank=True, default="", help_text="What it is, in one or two words: onion")
    category = models.ForeignKey("catalog.Category", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    product = models.ForeignKey(
        "catalog.Product", on_delete=models.SET_NULL, null=True, blank=True, related_name="listings",
        help_text="The accepted match",
    )  # fmt: skip
    pack = models.CharField(max_length=60, blank=True, default="", help_text="As printed")
    amount = models.DecimalField(max_digits=12, decimal_places=3, null=True, blank=True, help_text="All of it")
    measure = models.CharField(max_length=2, blank=True, default="", help_text="What `amount` counts: g, ml or pc")
    pieces = models.PositiveIntegerField(default=1, help_text="Like packs in it: 3 of a combo of three")
    url = models.URLField(max_length=500, blank=True, default="")
    price_paise = models.PositiveBigIntegerField()
    mrp_paise = models.PositiveBigIntegerField(null=True, blank=True)
    member_paise = models.PositiveBigIntegerField(null=True, blank=True, help_text="With the platform's membership")
    bulk_paise = models.PositiveBigIntegerField(null=True, blank=True, help_text="Each, from `bulk_from` on")
    bulk_from = models.PositiveIntegerField(null=True, blank=True)
    surge_paise = models.PositiveBigIntegerField(default=0, help_text="Of the price, for the hour")
    available = models.BooleanField(default=True)
    unit_paise = models.PositiveBigIntegerField(null=True, blank=True, help_text="Per kg, litre or piece")
    discount_bp = models.GeneratedField(
        expression=Case(
            When(mrp_paise__gt=F("price_paise"), then=(F("mrp_paise") - F("price_paise")) * 10_000 / F("mrp_paise")),
            default=Value(0),
        ),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    was_paise = models.PositiveBigIntegerField(null=True, blank=True, help_text="Before the last change of price")
    changed_at = models.DateTimeField(null=True, blank=True)
    first_seen_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(help_text="When a feed last said it")
    source = models.CharField(max_length=60, blank=True, default="", help_text="Which feed said it")
    looked_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When it was last matched")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["platform", "city", "key"], name="listing_once_per_platform_and_city"),
            models.CheckConstraint(condition=Q(price_paise__gt=0), name="listing_price_above_nothing"),
        ]
        indexes = [
            GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="listing_name_trigrams"),
            models.Index(fields=["item", "city"], name="listing_by_item"),
            models.Index(fields=["category", "city"], name="listing_by_category"),
            models.Index(fields=["-discount_bp"], name="listing_by_discount"),
            models.Index(fields=["changed_at"], name="listing_by_change"),
            models.Index(fields=["platform"], condition=Q(looked_at=None), name="listing_not_looked_at"),
        ]

    def __str__(self) -> str:
        return f"{self.platform}: {self.name} {self.pack}".strip()


class ListingPrice(models.Model):
    """What was said of a listing, when it differed from before. Partitioned by the month of `at` (UTC); months are made
    ahead and dropped by `services.market`. `id` is no key of the table; (listing, at) is."""

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="history", db_index=False)
    at = models.DateTimeField()
    price_paise = models.PositiveBigIntegerField()
    mrp_paise = models.PositiveBigIntegerField(null=True)
    member_paise = models.PositiveBigIntegerField(null=True)
    available = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["listing", "at"], name="listing_price_one_per_instant")]


class MarketOfferKind(models.TextChoices):
    COUPON = "coupon", "Coupon"
    BANK = "bank", "Bank offer"
    BUNDLE = "bundle", "Bundle"
    FLASH = "flash", "Flash sale"
    DELIVERY = "delivery", "Delivery"


class MarketOffer(models.Model):
    """A coupon, bank offer, bundle or flash sale of a platform; of everything, a category, or one listing."""

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="offers")
    city = models.ForeignKey("catalog.City", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    key = models.CharField(max_length=120)
    kind = models.CharField(max_length=8, choices=MarketOfferKind.choices)
    title = models.CharField(max_length=160)
    code = models.CharField(max_length=32, blank=True, default="")
    bank = models.CharField(max_length=60, blank=True, default="")
    off_bp = models.PositiveIntegerField(default=0)
    off_paise = models.PositiveBigIntegerField(default=0)
    most_paise = models.PositiveBigIntegerField(null=True, blank=True, help_text="At most so much off")
    minimum_paise = models.PositiveBigIntegerField(default=0, help_text="Of the basket")
    pieces = models.PositiveIntegerField(default=1, help_text="So many must be taken (bundle)")
    category = models.ForeignKey("catalog.Category", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, null=True, blank=True, related_name="offers")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["platform", "key"], name="market_offer_once_per_platform"),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")), name="market_offer_ends_after_it_starts"
            ),
        ]


class MatchState(models.TextChoices):
    WAITING = "waiting", "To be looked at"
    ACCEPTED = "accepted", "The same product"
    FAMILY = "family", "Same family, other pack"
    REJECTED = "rejected", "Another product"


class Match(models.Model):
    """A listing may be this product: the score, its reasons, and what was decided. One at most is accepted."""

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="matches")
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=8, choices=MatchState.choices, default=MatchState.WAITING)
    score = models.FloatField(help_text="How likely it is the same, 0 to 1")
    reasons = models.JSONField(default=list, help_text="[[what, how much it says], ...]")
    decided_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "matches"
        permissions = [("decide_match", "Can decide which listing is which product")]
        constraints = [
            models.UniqueConstraint(fields=["listing", "product"], name="match_once_per_listing_and_product"),
            models.UniqueConstraint(
                fields=["listing"], condition=Q(state="accepted"), name="match_one_accepted_per_listing"
            ),
        ]
        indexes = [models.Index(fields=["-score"], condition=Q(state="waiting"), name="match_queue")]


class MatchModel(models.Model):
    """Weights and thresholds in use, learned from decisions, with what they scored."""

    made_at = models.DateTimeField()
    weights = models.JSONField()
    accept_from = models.FloatField(help_text="Accepted without a person from this score on")
    review_from = models.FloatField(help_text="Put into the queue from this score on")
    metrics = models.JSONField(default=dict)
    is_used = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["is_used"], condition=Q(is_used=True), name="match_model_one_is_used")
        ]


class MarketFeed(models.Model):
    """Who may send what a platform charges. The secret signs each request; it is kept sealed."""

    slug = models.SlugField(unique=True)
    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="feeds")
    city = models.ForeignKey("catalog.City", on_delete=models.CASCADE, related_name="+")
    sealed_secret = models.TextField(blank=True, default="", editable=False)
    is_active = models.BooleanField(default=True)
    last_at = models.DateTimeField(null=True, blank=True, editable=False)

    def __str__(self) -> str:
        return self.slug


class FeedRun(models.Model):
    """One file or request of a feed: what came of its rows. The same content twice changes nothing."""

    feed = models.ForeignKey(MarketFeed, on_delete=models.CASCADE, null=True, blank=True, related_name="runs")
    source = models.CharField(max_length=120)
    digest = models.CharField(max_length=64)
    rows = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    problems = models.JSONField(default=list, help_text="The first of them: row, what is wrong")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "digest"], name="feed_run_once_per_content")]


class MarketAlertKind(models.TextChoices):
    DROP = "drop", "Price drop"
    BELOW = "below", "Price below"
    UNDERCUT = "undercut", "Cheaper than us"
    GONE = "gone", "Out of stock there"
    BACK = "back", "Back in stock there"


class MarketAlert(models.Model):
    """ "Tell me when …": by a customer for one product, or by staff for a product, a category or everything."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="market_alerts")
    kind = models.CharField(max_length=8, choices=MarketAlertKind.choices)
    city = models.ForeignKey("catalog.City", on_delete=models.CASCADE, related_name="+")
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    category = models.ForeignKey("catalog.Category", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    below_paise = models.PositiveBigIntegerField(null=True, blank=True)
    by_bp = models.PositiveIntegerField(default=0, help_text="At least so much lower")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="below") | Q(below_paise__isnull=False), name="market_alert_below_names_a_price"
            )
        ]


class MarketAlertHit(models.Model):
    """It happened: one change of one listing, said once to who asked."""

    alert = models.ForeignKey(MarketAlert, on_delete=models.CASCADE, related_name="hits")
    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    was_paise = models.PositiveBigIntegerField(null=True)
    price_paise = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alert", "listing", "at"], name="market_alert_hit_once_per_change")
        ]
