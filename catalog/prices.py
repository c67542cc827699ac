"""The price list: what something costs at a store, in a city or everywhere, from when until when, and for whom.

Which of several prices counts is decided by `catalog.pricing.price_list`; what counts now is kept on `ShelfItem`.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class Price(models.Model):
    """One line of the list. Written by services.schedule_prices and ended by services.cancel_prices only; never edited.

    With `min_qty` above one or `members_only` it is a tier: it lowers what a line costs for those it is for, and the
    price on the card stays. `due_at` is the next instant at which shelves must look again; NULL when there is none.
    """

    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="prices")
    store = models.ForeignKey("catalog.Store", on_delete=models.CASCADE, null=True, blank=True, related_name="prices")
    city = models.ForeignKey("catalog.City", on_delete=models.CASCADE, null=True, blank=True, related_name="prices")
    paise = models.BigIntegerField()
    min_qty = models.PositiveSmallIntegerField(default=1, help_text="Holds for lines of at least so many units")
    members_only = models.BooleanField(default=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Empty: until another price takes its place")
    reason = models.CharField(max_length=120)
    actor = models.CharField(max_length=60)
    created_at = models.DateTimeField(default=timezone.now)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.CharField(max_length=60, blank=True)
    due_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(paise__gt=0), name="list_price_is_positive"),
            models.CheckConstraint(condition=Q(min_qty__gte=1), name="list_price_for_at_least_one_unit"),
            models.CheckConstraint(condition=Q(city=None) | Q(store=None), name="list_price_of_a_city_or_a_store"),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")), name="list_price_ends_after_it_starts"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="list_price_says_why"),
            models.UniqueConstraint(
                fields=["product", "store", "city", "min_qty", "members_only", "starts_at", "ends_at", "paise"],
                name="list_price_said_once",
                condition=Q(cancelled_at=None),
                nulls_distinct=False,
            ),
        ]
        indexes = [
            models.Index(fields=["product", "starts_at"], name="list_price_live", condition=Q(cancelled_at=None)),
            models.Index(fields=["due_at"], name="list_price_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.paise / 100:g}"

    @property
    def scope(self) -> str:
        return "store" if self.store_id else "city" if self.city_id else "everywhere"


class PriceWatch(models.Model):
    """A customer wants to hear when a product of a store is cheaper than the price they saw.

    One they asked for is over when it was told; one that follows a favourite stays, from the lower price on. `fell_at`
    is set in the statement that lowers the price on the shelf, and cleared when nothing (more) is to be told.
    """

    customer = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="price_watches")
    store = models.ForeignKey("catalog.Store", on_delete=models.CASCADE, related_name="+")
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="+")
    seen_paise = models.BigIntegerField()
    is_asked = models.BooleanField(default=False, help_text="Asked for; told once")
    is_favourite = models.BooleanField(default=False, help_text="Follows a heart")
    created_at = models.DateTimeField(default=timezone.now)
    fell_at = models.DateTimeField(null=True, blank=True)
    told_on = models.DateField(null=True, blank=True, help_text="The last day on which this customer was told")

    class Meta:
        verbose_name_plural = "price watches"
        constraints = [
            models.CheckConstraint(condition=Q(seen_paise__gt=0), name="price_watch_saw_a_price"),
            models.UniqueConstraint(
                fields=["customer", "store", "product"], name="price_watch_once_per_customer_store_and_product"
            ),
            models.UniqueConstraint(
                fields=["customer", "product", "told_on"],
                name="price_watch_told_once_a_day",
                condition=Q(told_on__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["store", "product"],
                name="price_watch_live",
                condition=Q(is_asked=True) | Q(is_favourite=True),
            ),
            models.Index(fields=["fell_at"], name="price_watch_due", condition=Q(fell_at__isnull=False)),
        ]
