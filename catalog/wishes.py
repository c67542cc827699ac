"""What goes with what, and what customers asked to have kept: favourites, shopping lists, "tell me when it is back"."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone

from blinkit.kernel.ids import uuid7


class AffinitySource(models.TextChoices):
    """Guesses from categories are not rows: they are made when a shelf would be empty, and say source "category"."""

    ORDERS = "orders", "Learned from orders"
    STAFF = "staff", "Set by us"


class Affinity(models.Model):
    """`other` goes with `product`. Scores lie in (0, 1] and are summed over the products of a cart.

    Learned rows are replaced as a whole each night; those set by hand stay.
    """

    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="goes_with")
    other = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="+")
    score = models.FloatField()
    source = models.CharField(max_length=8, choices=AffinitySource.choices, default=AffinitySource.STAFF)
    together = models.PositiveIntegerField(default=0, help_text="Orders that held both; 0 when set by hand")
    learned_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "affinities"
        constraints = [
            models.UniqueConstraint(fields=["product", "other", "source"], name="affinity_once_per_pair_and_source"),
            models.CheckConstraint(condition=~Q(product=F("other")), name="affinity_is_between_two_products"),
            models.CheckConstraint(condition=Q(score__gt=0, score__lte=1), name="affinity_score_within_one"),
        ]

    def __str__(self) -> str:
        return f"{self.product} + {self.other}"


class FavouriteItem(models.Model):
    customer = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="favourites")
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "product"], name="favourite_once_per_customer_and_product")
        ]


class ShoppingList(models.Model):
    """What a household buys again and again ("Sunday breakfast"); a whole list goes into the cart at once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    customer = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="shopping_lists")
    name = models.CharField(max_length=60)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(F("customer"), Lower("name"), name="shopping_list_name_once_per_customer")
        ]

    def __str__(self) -> str:
        return self.name


class ShoppingListItem(models.Model):
    list = models.ForeignKey(ShoppingList, on_delete=models.CASCADE, related_name="items")
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="+")
    qty = models.PositiveSmallIntegerField(default=1)
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["list", "product"], name="shopping_list_item_once_per_product"),
            models.CheckConstraint(condition=Q(qty__gte=1, qty__lte=99), name="shopping_list_qty_in_range"),
        ]


class RestockAlert(models.Model):
    """A customer wants to hear when a product is in a store again. Waiting until `told_at`; told once."""

    customer = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="restock_alerts")
    store = models.ForeignKey("catalog.Store", on_delete=models.CASCADE, related_name="+")
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "store", "product"],
                condition=Q(told_at=None),
                name="restock_alert_waits_once_per_product",
            )
        ]
        indexes = [
            models.Index(fields=["store", "product"], name="restock_alert_waiting", condition=Q(told_at=None)),
        ]
