"""Promotions as they are kept: rules, coupon codes, who used what, and who belongs to which segment.

What a promotion does is decided by `catalog.pricing.promotions`; how much of it is left is counted here, and the
database refuses to count beyond a limit.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils import timezone

MEMBERS = "members"
"""The segment of paying members: free delivery and member prices are promotions for it."""


class PromotionKind(models.TextChoices):
    PERCENT = "percent", "Percent off"
    FLAT = "flat", "Amount off"
    FREE_ITEM = "free_item", "Free item"
    BUY_GET = "buy_get", "Buy some, get some"
    BUNDLE = "bundle", "Bundle price"
    FLASH = "flash", "Flash sale price"
    FREE_DELIVERY = "free_delivery", "Free delivery"
    CASHBACK = "cashback", "Credit to the wallet later"


def _within(used: str, most: str) -> Q:
    return Q(**{f"{most}__isnull": True}) | Q(**{f"{used}__lte": F(most)})


class Promotion(models.Model):
    """One promotion. Changed by services.save_promotion only; the counters by reserve and give_back only."""

    name = models.CharField(max_length=80, help_text="Customers read it")
    kind = models.CharField(max_length=14, choices=PromotionKind.choices)
    is_active = models.BooleanField(default=True)
    city = models.ForeignKey("catalog.City", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    store = models.ForeignKey("catalog.Store", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Empty: until switched off")

    percent_bp = models.PositiveIntegerField(default=0, help_text="1000 is 10 %. Buy-get: how much off; 0 is free")
    amount_paise = models.PositiveBigIntegerField(
        default=0, help_text="Amount off, flash price of a unit, or price of the bundle"
    )
    cap_paise = models.PositiveBigIntegerField(null=True, blank=True, help_text="Most per order")
    buy_qty = models.PositiveSmallIntegerField(default=0)
    get_qty = models.PositiveSmallIntegerField(default=1)
    most_times = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Most applications per order; flash sale: units"
    )

    products = models.ManyToManyField("catalog.Product", blank=True, related_name="+")
    categories = models.ManyToManyField("catalog.Category", blank=True, related_name="+")
    brands = models.ManyToManyField("catalog.Brand", blank=True, related_name="+")
    min_items_paise = models.PositiveBigIntegerField(default=0)
    first_order = models.BooleanField(default=False)
    segment = models.SlugField(blank=True, help_text=f"Only for this segment; '{MEMBERS}' are the paying members")
    method = models.CharField(max_length=8, blank=True, help_text="Only when paid so: 'online' or 'cod'")
    needs_code = models.BooleanField(default=False, help_text="Only with one of its coupons")
    alone = models.BooleanField(default=False, help_text="Never together with another promotion")

    max_uses = models.PositiveIntegerField(null=True, blank=True, help_text="Orders in all")
    max_uses_per_customer = models.PositiveIntegerField(null=True, blank=True)
    budget_paise = models.PositiveBigIntegerField(null=True, blank=True)
    max_units = models.PositiveIntegerField(null=True, blank=True, help_text="Flash sale: units in all")
    used_count = models.PositiveIntegerField(default=0, editable=False)
    used_paise = models.PositiveBigIntegerField(default=0, editable=False)
    used_units = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=_within("used_count", "max_uses"), name="promotion_uses_within_limit"),
            models.CheckConstraint(condition=_within("used_paise", "budget_paise"), name="promotion_within_budget"),
            models.CheckConstraint(condition=_within("used_units", "max_units"), name="promotion_units_within_stock"),
            models.CheckConstraint(condition=Q(percent_bp__lte=10_000), name="promotion_share_is_a_share"),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")), name="promotion_ends_after_it_starts"
            ),
            models.CheckConstraint(condition=Q(get_qty__gte=1), name="promotion_gives_at_least_one"),
            models.CheckConstraint(condition=Q(city=None) | Q(store=None), name="promotion_of_a_city_or_a_store"),
            models.CheckConstraint(
                condition=~Q(kind__in=["percent"]) | Q(percent_bp__gt=0), name="promotion_percent_says_how_much"
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["flat", "bundle", "flash"]) | Q(amount_paise__gt=0),
                name="promotion_amount_says_how_much",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class BundlePart(models.Model):
    promotion = models.ForeignKey(Promotion, on_delete=models.CASCADE, related_name="parts")
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="+")
    qty = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["promotion", "product"], name="bundle_part_once"),
            models.CheckConstraint(condition=Q(qty__gte=1), name="bundle_part_of_at_least_one"),
        ]


class Coupon(models.Model):
    """A code that opens a promotion. Single use is `max_uses` 1; with a customer it is theirs alone."""

    code = models.CharField(max_length=24, help_text="Letters and digits; how it is typed does not matter")
    promotion = models.ForeignKey(Promotion, on_delete=models.CASCADE, related_name="coupons")
    customer = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, null=True, blank=True, related_name="coupons"
    )
    is_active = models.BooleanField(default=True)
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True, blank=True)
    max_uses = models.PositiveIntegerField(null=True, blank=True)
    used_count = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint("code", name="coupon_code_once"),
            models.CheckConstraint(condition=Q(code=Upper("code")), name="coupon_code_in_capitals"),
            models.CheckConstraint(condition=_within("used_count", "max_uses"), name="coupon_uses_within_limit"),
        ]

    def __str__(self) -> str:
        return self.code


class PromotionUse(models.Model):
    """An order that used a limited promotion or a coupon; reserved in its checkout, given back when it is cancelled."""

    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="uses")
    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, null=True, blank=True, related_name="uses")
    customer = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="promotion_uses")
    ref = models.UUIDField(help_text="The order")
    paise = models.PositiveBigIntegerField(default=0, help_text="What it cost us: discount, waived fee and credit")
    units = models.PositiveIntegerField(default=0)
    at = models.DateTimeField()
    given_back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ref", "promotion"], name="promotion_once_per_order")]
        indexes = [
            models.Index(fields=["customer", "promotion"], name="promotion_use_live", condition=Q(given_back_at=None))
        ]


class SegmentMember(models.Model):
    """Somebody belongs to a segment ('members', 'lapsed', 'office'), for ever or until a day."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="segments")
    segment = models.SlugField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "segment"], name="segment_once_per_user")]


class PromotionBoard(models.Model):
    """One row whose token changes with every change of a promotion: what processes keep is read anew at once."""

    token = models.CharField(max_length=32)
