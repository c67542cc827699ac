"""What the market's doors take and give, for the schema and for `?fields=`."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from blinkit.kernel.schema import ImagesOut
from catalog.baskets import MOST_LINES, MOST_PLATFORMS

MOST_PAISE = 10_000_000
MEASURES = ("g", "kg", "ml", "l", "pc")


class ListedOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    platform = serializers.CharField()
    platform_name = serializers.CharField()
    is_ours = serializers.BooleanField()
    name = serializers.CharField()
    brand = serializers.CharField()
    item = serializers.CharField()
    pack = serializers.CharField()
    amount = serializers.FloatField(allow_null=True)
    measure = serializers.CharField(help_text="g, ml or pc")
    price_paise = serializers.IntegerField()
    mrp_paise = serializers.IntegerField(allow_null=True)
    member_paise = serializers.IntegerField(allow_null=True)
    bulk_paise = serializers.IntegerField(allow_null=True)
    bulk_from = serializers.IntegerField(allow_null=True)
    surge_paise = serializers.IntegerField(help_text="Part of the price")
    available = serializers.BooleanField()
    unit_paise = serializers.IntegerField(allow_null=True, help_text="Per kg, litre or piece")
    discount_bp = serializers.IntegerField()
    was_paise = serializers.IntegerField(allow_null=True)
    changed_at = serializers.DateTimeField(allow_null=True)
    seen_at = serializers.DateTimeField()
    sku = serializers.CharField()
    category = serializers.CharField()
    url = serializers.CharField()
    is_stale = serializers.BooleanField(help_text="Seen too long ago to rely on")


class FoundOut(serializers.Serializer[Any]):
    key = serializers.CharField()
    sku = serializers.CharField(help_text="Empty: nobody has matched it with a product of ours")
    name = serializers.CharField()
    name_hi = serializers.CharField()
    pack = serializers.CharField()
    image = serializers.CharField()
    images = ImagesOut(allow_null=True)
    listings = ListedOut(many=True)


class FoundPage(serializers.Serializer[Any]):
    city = serializers.CharField()
    items = FoundOut(many=True)
    next_cursor = serializers.CharField()


class ProductPricesOut(serializers.Serializer[Any]):
    sku = serializers.CharField()
    name = serializers.CharField()
    name_hi = serializers.CharField()
    pack = serializers.CharField()
    image = serializers.CharField()
    images = ImagesOut(allow_null=True)
    mrp_paise = serializers.IntegerField()
    same = ListedOut(many=True)
    others = ListedOut(many=True, help_text="Other packs of its family, and the same thing of any brand")


class CategoryIndexOut(serializers.Serializer[Any]):
    category = serializers.CharField()
    name = serializers.CharField()
    name_hi = serializers.CharField()
    platform = serializers.CharField()
    platform_name = serializers.CharField()
    is_ours = serializers.BooleanField()
    products = serializers.IntegerField()
    index_bp = serializers.IntegerField(allow_null=True, help_text="10,000: as dear as the rest, in the median")
    cheapest = serializers.IntegerField()
    discount_bp = serializers.IntegerField()


class CompareOut(serializers.Serializer[Any]):
    city = serializers.CharField()
    products = ProductPricesOut(many=True)
    categories = CategoryIndexOut(many=True)


class PriceStepOut(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    price_paise = serializers.IntegerField()
    available = serializers.BooleanField()


class DayOut(serializers.Serializer[Any]):
    day = serializers.DateField()
    low_paise = serializers.IntegerField()


class SeriesOut(serializers.Serializer[Any]):
    listing_id = serializers.IntegerField()
    platform = serializers.CharField()
    platform_name = serializers.CharField()
    is_ours = serializers.BooleanField()
    name = serializers.CharField()
    pack = serializers.CharField()
    steps = PriceStepOut(many=True)
    daily_low = DayOut(many=True)


class PricesOut(ProductPricesOut):
    city = serializers.CharField()
    history = SeriesOut(many=True)


class DealOut(serializers.Serializer[Any]):
    listing = ListedOut()
    ends_at = serializers.DateTimeField(allow_null=True)


class MarketOfferOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    platform = serializers.CharField()
    platform_name = serializers.CharField()
    is_ours = serializers.BooleanField()
    kind = serializers.CharField(help_text="coupon, bank, bundle, flash or delivery")
    title = serializers.CharField()
    code = serializers.CharField()
    bank = serializers.CharField()
    off_bp = serializers.IntegerField()
    off_paise = serializers.IntegerField()
    most_paise = serializers.IntegerField(allow_null=True)
    minimum_paise = serializers.IntegerField()
    pieces = serializers.IntegerField()
    category = serializers.CharField()
    listing_name = serializers.CharField()
    ends_at = serializers.DateTimeField(allow_null=True)
    seen_at = serializers.DateTimeField()


class DealPage(serializers.Serializer[Any]):
    city = serializers.CharField()
    items = DealOut(many=True)
    offers = MarketOfferOut(many=True)
    next_cursor = serializers.CharField()


class PlatformOut(serializers.Serializer[Any]):
    slug = serializers.CharField()
    name = serializers.CharField()
    is_ours = serializers.BooleanField()
    site = serializers.CharField()
    minimum_paise = serializers.IntegerField(allow_null=True)
    delivery_paise = serializers.IntegerField(allow_null=True)
    free_from_paise = serializers.IntegerField(allow_null=True)
    handling_paise = serializers.IntegerField(allow_null=True)
    small_cart_paise = serializers.IntegerField(allow_null=True)
    small_cart_below_paise = serializers.IntegerField(allow_null=True)
    surge_paise = serializers.IntegerField(allow_null=True)
    eta_low_minutes = serializers.IntegerField(allow_null=True)
    eta_high_minutes = serializers.IntegerField(allow_null=True)
    terms_seen_at = serializers.DateTimeField(allow_null=True)
    listings = serializers.IntegerField()
    available = serializers.IntegerField()
    stale = serializers.IntegerField()
    seen_at = serializers.DateTimeField(allow_null=True)
    is_stale = serializers.BooleanField()


class PlatformList(serializers.Serializer[Any]):
    city = serializers.CharField()
    platforms = PlatformOut(many=True)


# -- baskets ------------------------------------------------------------------------------------------------------


class BasketLineIn(serializers.Serializer[Any]):
    item = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")
    sku = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    amount = serializers.FloatField(min_value=0.001, max_value=100_000, required=False, allow_null=True, default=None)
    measure = serializers.ChoiceField(MEASURES, required=False, default="g")
    pieces = serializers.IntegerField(min_value=1, max_value=60, required=False, default=1)

    def validate(self, line: dict[str, Any]) -> dict[str, Any]:
        if not (line["item"] or line["sku"]):
            raise serializers.ValidationError("Say an item or a sku.")
        return line


class BasketBody(serializers.Serializer[Any]):
    city = serializers.CharField(max_length=50, required=False, allow_blank=True, default="")
    lines = serializers.ListField(child=BasketLineIn(), max_length=MOST_LINES, required=False, default=list)
    budget_paise = serializers.IntegerField(
        min_value=1, max_value=MOST_PAISE, required=False, allow_null=True, default=None
    )
    category = serializers.CharField(max_length=50, required=False, allow_blank=True, default="")
    platforms = serializers.ListField(
        child=serializers.CharField(max_length=50), max_length=MOST_PLATFORMS, required=False, default=list
    )
    banks = serializers.ListField(
        child=serializers.CharField(max_length=60), max_length=10, required=False, default=list
    )
    most_orders = serializers.IntegerField(
        min_value=1, max_value=MOST_PLATFORMS, required=False, allow_null=True, default=None
    )

    def validate(self, body: dict[str, Any]) -> dict[str, Any]:
        if not body["lines"] and body["budget_paise"] is None:
            raise serializers.ValidationError("Send lines, or a budget to spend.")
        return body


class BasketPartOut(serializers.Serializer[Any]):
    listing = ListedOut()
    pieces = serializers.IntegerField()
    paise = serializers.IntegerField()


class TakenOut(serializers.Serializer[Any]):
    line = serializers.IntegerField()
    parts = BasketPartOut(many=True)
    paise = serializers.IntegerField()
    amount = serializers.FloatField()
    measure = serializers.CharField()


class BasketBillOut(serializers.Serializer[Any]):
    goods_paise = serializers.IntegerField()
    delivery_paise = serializers.IntegerField()
    handling_paise = serializers.IntegerField()
    small_cart_paise = serializers.IntegerField()
    surge_paise = serializers.IntegerField()
    off_paise = serializers.IntegerField()
    short_paise = serializers.IntegerField(help_text="So much more goods until the platform takes the order")
    total_paise = serializers.IntegerField()


class UsedOfferOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.CharField()
    title = serializers.CharField()
    code = serializers.CharField()
    bank = serializers.CharField()


class BasketOrderOut(serializers.Serializer[Any]):
    platform = serializers.CharField()
    platform_name = serializers.CharField()
    is_ours = serializers.BooleanField()
    taken = TakenOut(many=True)
    missing = serializers.ListField(child=serializers.IntegerField())
    bill = BasketBillOut()
    offers = UsedOfferOut(many=True)
    with_bank = UsedOfferOut(many=True, help_text="Told, not counted")
    eta_low_minutes = serializers.IntegerField(allow_null=True)
    eta_high_minutes = serializers.IntegerField(allow_null=True)
    seen_at = serializers.DateTimeField(allow_null=True)
    is_stale = serializers.BooleanField()
    knows_terms = serializers.BooleanField()


class SplitOut(serializers.Serializer[Any]):
    orders = BasketOrderOut(many=True)
    missing = serializers.ListField(child=serializers.IntegerField())
    total_paise = serializers.IntegerField()
    is_exact = serializers.BooleanField()
    saves_paise = serializers.IntegerField(allow_null=True)


class BasketLineOut(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    said = serializers.CharField()
    amount = serializers.FloatField(allow_null=True)
    measure = serializers.CharField()
    is_assumed = serializers.BooleanField()


class BasketLeftOutOut(serializers.Serializer[Any]):
    line = serializers.IntegerField()
    why = serializers.CharField()
    why_local = serializers.CharField()


class BasketStepOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    text = serializers.CharField()
    text_local = serializers.CharField()


class BasketOut(serializers.Serializer[Any]):
    city = serializers.CharField()
    at = serializers.DateTimeField()
    lines = BasketLineOut(many=True)
    orders = BasketOrderOut(many=True)
    split = SplitOut(allow_null=True)
    budget_paise = serializers.IntegerField(allow_null=True)
    left_paise = serializers.IntegerField(allow_null=True)
    left_out = BasketLeftOutOut(many=True)
    steps = BasketStepOut(many=True)
    seen_at = serializers.DateTimeField(allow_null=True)
    is_stale = serializers.BooleanField()
