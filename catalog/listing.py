"""Where and when products are shown: further categories, timed publishing, and what a city or a store is to sell."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone


class ProductPlace(models.Model):
    """A further category of a product beside its own: people find it by that category's words too."""

    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="places")
    category = models.ForeignKey("catalog.Category", on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = "further category"
        verbose_name_plural = "further categories"
        constraints = [
            models.UniqueConstraint(fields=["product", "category"], name="product_place_once_per_product_and_category")
        ]

    def __str__(self) -> str:
        return str(self.category)


class Schedule(models.Model):
    """At `at` a product, or every product that is then in a category, is sold or no longer sold.

    A row with a due time, swept by beat; done rows are the history of who planned what.
    """

    product = models.ForeignKey(
        "catalog.Product", on_delete=models.CASCADE, null=True, blank=True, related_name="schedules"
    )
    category = models.ForeignKey("catalog.Category", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    publish = models.BooleanField(help_text="Sold from then on; otherwise no longer sold")
    at = models.DateTimeField()
    actor = models.CharField(max_length=60)
    created_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True, blank=True)
    changed = models.PositiveIntegerField(default=0, help_text="Products it switched when it was done")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(product__isnull=False, category=None) | Q(product=None, category__isnull=False),
                name="schedule_is_for_a_product_or_a_category",
            ),
            models.UniqueConstraint(
                fields=["product", "publish"],
                condition=Q(done_at=None),
                name="schedule_one_waiting_per_product_and_side",
            ),
            models.UniqueConstraint(
                fields=["category", "publish"],
                condition=Q(done_at=None),
                name="schedule_one_waiting_per_category_and_side",
            ),
        ]
        indexes = [models.Index(fields=["at", "id"], name="schedule_due", condition=Q(done_at=None))]

    def __str__(self) -> str:
        return f"{self.product or self.category} {'on' if self.publish else 'off'}"


class Assortment(models.Model):
    """A named range: products, whole categories and brands, with exceptions."""

    name = models.CharField(max_length=80, unique=True)
    note = models.CharField(max_length=240, blank=True)

    def __str__(self) -> str:
        return self.name


class AssortmentRule(models.Model):
    """One line of a range. A category stands for everything beneath it; an exception wins over what lets in."""

    assortment = models.ForeignKey(Assortment, on_delete=models.CASCADE, related_name="rules")
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    category = models.ForeignKey("catalog.Category", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    brand = models.ForeignKey("catalog.Brand", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    is_exception = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(product__isnull=False, category=None, brand=None)
                | Q(product=None, category__isnull=False, brand=None)
                | Q(product=None, category=None, brand__isnull=False),
                name="assortment_rule_names_one_thing",
            )
        ]

    def __str__(self) -> str:
        return f"{'not ' if self.is_exception else ''}{self.product or self.category or self.brand}"


class AssortmentUse(models.Model):
    """The range is sold in a city or in a store. A store sells all ranges of its own and of its city."""

    assortment = models.ForeignKey(Assortment, on_delete=models.CASCADE, related_name="uses")
    city = models.ForeignKey("catalog.City", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    store = models.ForeignKey("catalog.Store", on_delete=models.CASCADE, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = "use"
        constraints = [
            models.CheckConstraint(
                condition=Q(city__isnull=False, store=None) | Q(city=None, store__isnull=False),
                name="assortment_use_is_for_a_city_or_a_store",
            ),
            models.UniqueConstraint(fields=["assortment", "city"], name="assortment_use_once_per_city"),
            models.UniqueConstraint(fields=["assortment", "store"], name="assortment_use_once_per_store"),
        ]

    def __str__(self) -> str:
        return str(self.city or self.store)


class KeptOff(models.Model):
    """A store took this product off its shelf itself: neither its ranges nor a timed publishing put it back."""

    store = models.ForeignKey("catalog.Store", on_delete=models.CASCADE, related_name="+")
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="+")
    actor = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "kept off"
        constraints = [models.UniqueConstraint(fields=["store", "product"], name="kept_off_once_per_store_and_product")]
