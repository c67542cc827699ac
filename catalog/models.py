"""Goods: cities, stores and their areas, products, and what each store sells at which price."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Cast, Round, Upper
from django.utils import timezone

from blinkit.kernel.geo import Point


class Weather(models.TextChoices):
    RAIN = "rain", "Heavy rain"
    STORM = "storm", "Storm"
    FLOOD = "flood", "Flooded streets"
    FOG = "fog", "Dense fog"
    HEAT = "heat", "Great heat"


class City(models.Model):
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80)
    state_code = models.CharField(max_length=2, help_text="GST state code of the place of supply: 29 is Karnataka")
    timezone = models.CharField(max_length=40, default="Asia/Kolkata")
    streets = models.JSONField(default=dict, db_default={}, blank=True, editable=False, help_text="By fit_travel")
    # Declared by operations (services.declare_weather): rides take longer until it is over.
    bad_weather = models.CharField(
        max_length=8, choices=Weather.choices, blank=True, default="", db_default="", editable=False
    )
    bad_weather_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name_plural = "cities"
        constraints = [
            models.CheckConstraint(
                condition=Q(bad_weather="") | Q(bad_weather_until__isnull=False), name="city_bad_weather_has_an_end"
            )
        ]

    def __str__(self) -> str:
        return self.name


class StoreMode(models.TextChoices):
    OPEN = "open", "Open"
    RUSH = "rush", "Rush"
    PAUSED = "paused", "Paused"


class Store(models.Model):
    """A dark store and the area it serves (a GeoJSON ring of [lng, lat] pairs)."""

    code = models.CharField(max_length=16, unique=True)
    name = models.CharField(max_length=80)
    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="stores")
    address = models.CharField(max_length=240, blank=True)
    lat = models.FloatField()
    lng = models.FloatField()
    area = models.JSONField(help_text="GeoJSON ring: [[lng, lat], ...]")
    # Bounding box of the area, kept by services.save_store so that the database can discard far stores with an index.
    area_south = models.FloatField(default=-90)
    area_north = models.FloatField(default=90)
    area_west = models.FloatField(default=-180)
    area_east = models.FloatField(default=180)
    opens = models.TimeField(help_text="Local time; equal to `closes` means round the clock")
    closes = models.TimeField()
    mode = models.CharField(max_length=8, choices=StoreMode.choices, default=StoreMode.OPEN)
    mode_reason = models.CharField(max_length=160, blank=True)
    mode_until = models.DateTimeField(null=True, blank=True, help_text="Every pause or rush ends by itself")
    max_open_orders = models.PositiveIntegerField(default=120)
    # A manager's own limit for a while, below that one; over at `limit_until`.
    limit_orders = models.PositiveIntegerField(null=True, blank=True)
    limit_reason = models.CharField(max_length=160, blank=True, default="", db_default="")
    limit_until = models.DateTimeField(null=True, blank=True, help_text="Every limit ends by itself")
    gstin = models.CharField(max_length=15, blank=True)
    fssai = models.CharField(max_length=14, blank=True)
    phone = models.CharField(max_length=16, blank=True)
    is_active = models.BooleanField(default=True)
    priced_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="Prices were last looked at")

    class Meta:
        indexes = [
            models.Index(
                fields=["area_south", "area_north", "area_west", "area_east"],
                name="store_area_box",
                condition=Q(is_active=True),
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(limit_orders=None) | Q(limit_until__isnull=False), name="store_limit_ends_by_itself"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"

    @property
    def point(self) -> Point:
        return Point(self.lat, self.lng)


class StoreMembership(models.Model):
    """Who works in which store. What they may do there is their role."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="store_memberships")
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="members")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "store"], name="membership_once_per_user_and_store")]


class StoreLoad(models.Model):
    """What the floor and the riders wrote down about how busy a store is; read by checkout and the promise."""

    store = models.OneToOneField(Store, on_delete=models.CASCADE, primary_key=True, related_name="load")
    open_orders = models.PositiveIntegerField(default=0)
    pick_backlog_s = models.PositiveIntegerField(default=0, help_text="Seconds until a picker takes a new order")
    pickers_on = models.PositiveIntegerField(default=0)
    pickers_planned = models.PositiveIntegerField(default=0, db_default=0, help_text="So many the plan says for now")
    riders_idle = models.PositiveIntegerField(default=0)
    riders_on = models.PositiveIntegerField(default=0)
    rider_wait_s = models.PositiveIntegerField(default=0, help_text="Seconds until a rider is expected to be free")
    rider_queue_s = models.PositiveIntegerField(
        default=0, db_default=0, help_text="What the orders that wait for riders add to that for the next one"
    )
    carries_bags = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="What the strongest of its riders carries at once; 0: nobody knows"
    )
    carries_litres = models.PositiveSmallIntegerField(default=0, db_default=0)
    updated_at = models.DateTimeField(default=timezone.now)
    # The busy-hour fee made from these facts, by services.refresh_surge; over at `surge_until`.
    surge_level = models.FloatField(default=0, db_default=0)
    surge_paise = models.PositiveBigIntegerField(default=0, db_default=0)
    surge_why = models.CharField(max_length=120, blank=True, default="", db_default="")
    surge_until = models.DateTimeField(null=True, blank=True)

    @property
    def next_rider_s(self) -> int:
        """How long an order placed now waits for a rider."""
        return self.rider_wait_s + self.rider_queue_s


class Category(models.Model):
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80)
    name_hi = models.CharField(max_length=80, blank=True)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    icon = models.CharField(max_length=40, blank=True, help_text="Lucide icon name")
    hue = models.PositiveSmallIntegerField(default=140)
    rank = models.PositiveIntegerField(default=0)
    fragile = models.BooleanField(
        default=False, db_default=False, help_text="Its products are crushed easily: picked last, packed on top"
    )

    class Meta:
        verbose_name_plural = "categories"
        ordering = ["rank", "name"]

    def __str__(self) -> str:
        return self.name


class Brand(models.Model):
    slug = models.SlugField(max_length=90, unique=True)
    name = models.CharField(max_length=120)

    def __str__(self) -> str:
        return self.name


class VegMark(models.TextChoices):
    VEG = "veg", "Vegetarian"
    NONVEG = "nonveg", "Non-vegetarian"
    EGG = "egg", "Contains egg"
    NONE = "none", "Not food"


class Zone(models.TextChoices):
    AMBIENT = "ambient", "Ambient"
    PRODUCE = "produce", "Fruit and vegetables"
    CHILLED = "chilled", "Chilled"
    FROZEN = "frozen", "Frozen"


class Product(models.Model):
    """One sellable pack (SKU). Prices of a store live in `ShelfItem`; nothing may ever be sold above `mrp_paise`."""

    sku = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=240)
    name_hi = models.CharField(max_length=240, blank=True)
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, null=True, blank=True, related_name="products")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="products")
    pack = models.CharField(max_length=60, blank=True, help_text="As printed: '500 g', '6 x 200 ml', '1 pc'")
    pack_size = models.DecimalField(max_digits=10, decimal_places=3, null=True, blank=True)
    pack_unit = models.CharField(max_length=4, blank=True, help_text="g, kg, ml, l or pc")
    weight_g = models.PositiveIntegerField(default=0, help_text="Gross weight of one unit; 0 when unknown")
    mrp_paise = models.BigIntegerField()
    hsn = models.CharField(max_length=8, blank=True)
    gst_bp = models.PositiveIntegerField(default=0, help_text="GST rate in basis points: 500 is 5 %")
    veg = models.CharField(max_length=6, choices=VegMark.choices, default=VegMark.NONE)
    zone = models.CharField(max_length=8, choices=Zone.choices, default=Zone.AMBIENT)
    barcode = models.CharField(max_length=14, null=True, blank=True, unique=True)
    is_weighed = models.BooleanField(
        default=False, db_default=False,
        help_text="Loose goods: the picker weighs each pack; `weight_g` is what one should weigh",
    )  # fmt: skip
    shelf_life_days = models.PositiveIntegerField(null=True, blank=True)
    min_life_days = models.PositiveIntegerField(
        null=True, blank=True,
        help_text="Days that must remain at the door; 30 % of the shelf life where that is more",
    )  # fmt: skip
    fragile = models.BooleanField(
        null=True, blank=True, help_text="Crushed easily: picked last, packed on top. Unknown: as its category"
    )
    max_per_order = models.PositiveSmallIntegerField(default=10)
    description = models.TextField(blank=True)
    keywords = models.CharField(max_length=400, blank=True, help_text="Words people use for it, comma separated")
    image = models.CharField(max_length=200, blank=True, help_text="Path inside media storage")
    popularity = models.PositiveIntegerField(default=0)
    family = models.CharField(
        max_length=160, blank=True, default="", db_default="", help_text="Kept by services.refresh_families"
    )
    family_by_hand = models.CharField(
        max_length=60, blank=True, default="", db_default="",
        help_text="Packs of one thing share a card. Empty: told from the name. The same words: one family. -: alone",
    )  # fmt: skip
    source = models.CharField(max_length=60, blank=True, help_text="Where the row came from: import format or 'admin'")
    is_active = models.BooleanField(default=True)
    search_text = models.TextField(blank=True, default="", help_text="Folded words, kept by services.refresh_search")
    search_vector = SearchVectorField(null=True)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(mrp_paise__gt=0), name="product_mrp_is_positive"),
            models.CheckConstraint(condition=Q(gst_bp__lte=4000), name="product_gst_rate_is_a_rate"),
        ]
        # Changed seldom, searched always: no list of pending entries that every search would walk.
        indexes = [
            GinIndex(fields=["search_vector"], name="product_search_vector_gin", fastupdate=False),
            GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="product_name_trigrams"),
            models.Index(fields=["family"], name="product_family", condition=~Q(family="")),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.pack}".strip()


class ProductImage(models.Model):
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="images")
    file = models.CharField(max_length=200)
    rank = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["rank"]


class ShelfItem(models.Model):
    """A product on one store's shelf with the price that is true there now (the same for every customer).

    `mrp_paise`, `category` and `popularity` (as `rank`) are copied from the product by services.put_on_shelf, so that
    the price ceiling is a constraint and a category page is one index scan.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="shelf")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="shelf_items")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="+")
    price_paise = models.BigIntegerField()
    mrp_paise = models.BigIntegerField()
    rank = models.IntegerField(default=0, help_text="Higher is shown first")
    is_listed = models.BooleanField(default=True)
    updated_at = models.DateTimeField(default=timezone.now)
    # The store's own standing price (NULL: it follows the price list), since when, and who said so, why.
    own_price_paise = models.BigIntegerField(null=True, blank=True)
    own_price_at = models.DateTimeField(null=True, blank=True)
    own_price_by = models.CharField(max_length=60, blank=True, default="", db_default="")
    own_price_why = models.CharField(max_length=120, blank=True, default="", db_default="")
    price_source = models.CharField(max_length=10, default="own", db_default="own", help_text="Where the price is from")
    tiers = models.JSONField(null=True, blank=True, help_text="What lines of more units, and members, pay for a unit")

    # Copied from the product, and who stands in front of its family: kept by services.faces for every writer.
    family_no = models.BigIntegerField(null=True, editable=False, help_text="The same for all packs of one thing")
    is_lead = models.BooleanField(default=True, db_default=True, editable=False)
    packs = models.PositiveSmallIntegerField(default=1, db_default=1, editable=False)
    brand = models.ForeignKey(
        Brand, on_delete=models.PROTECT, null=True, related_name="+", editable=False, db_index=False
    )
    traits = models.IntegerField(default=0, db_default=0, editable=False, help_text="Bits of catalog.traits")
    base_qty = models.DecimalField(
        max_digits=13, decimal_places=6, null=True, editable=False, help_text="The pack in kg, l or pieces"
    )
    unit_paise = models.GeneratedField(
        expression=Cast(Round(F("price_paise") / F("base_qty")), models.BigIntegerField()),
        output_field=models.BigIntegerField(null=True), db_persist=True,
    )  # fmt: skip
    discount_bp = models.GeneratedField(
        expression=(F("mrp_paise") - F("price_paise")) * 10_000 / F("mrp_paise"),
        output_field=models.BigIntegerField(), db_persist=True,
    )  # fmt: skip

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Func(
                    F("tiers"),
                    models.Value('$[*] ? (!(@.paise >= 1 && @.paise <= $mrp) || @.paise.type() != "number")'),
                    models.Func(models.Value("mrp"), F("mrp_paise"), function="jsonb_build_object"),
                    template="tiers IS NULL OR NOT jsonb_path_exists(%(expressions)s)",
                    output_field=models.BooleanField(),
                ),
                name="shelf_tiers_within_mrp",
            ),
            models.UniqueConstraint(
                fields=["store", "family_no"],
                name="shelf_one_lead_per_store_and_family",
                condition=Q(is_listed=True, is_lead=True),
            ),
            models.UniqueConstraint(fields=["store", "product"], name="shelf_item_once_per_store_and_product"),
            models.CheckConstraint(condition=Q(price_paise__gt=0), name="shelf_price_is_positive"),
            models.CheckConstraint(condition=Q(price_paise__lte=F("mrp_paise")), name="shelf_price_within_mrp"),
            models.CheckConstraint(condition=Q(base_qty=None) | Q(base_qty__gt=0), name="shelf_pack_is_something"),
        ]
        indexes = [
            # A page of a category, and of the whole store, is read from the front of one of these without sorting.
            models.Index(
                fields=["store", "category", "-rank", "id"],
                name="shelf_page",
                include=["product", "price_paise", "mrp_paise"],
                condition=Q(is_listed=True, is_lead=True),
            ),
            models.Index(
                fields=["store", "-rank", "id"], name="shelf_whole", condition=Q(is_listed=True, is_lead=True)
            ),
            # The other packs of a family; most rows have none and are not in it.
            models.Index(
                fields=["store", "family_no"], name="shelf_family", condition=Q(is_listed=True, family_no__isnull=False)
            ),
            # What filters and their counts read, without touching the rows.
            models.Index(
                fields=["store", "category"],
                name="shelf_filters",
                include=[
                    "id",
                    "family_no",
                    "packs",
                    "rank",
                    "brand",
                    "traits",
                    "price_paise",
                    "discount_bp",
                    "unit_paise",
                    "base_qty",
                ],
                condition=Q(is_listed=True),
            ),
        ]


class PriceChange(models.Model):
    """Every change of a shelf price: who, when, from, to, why. Append only."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE)
    product = models.ForeignKey(Product, on_delete=models.CASCADE)
    old_paise = models.BigIntegerField(null=True)
    new_paise = models.BigIntegerField()
    reason = models.CharField(max_length=120, blank=True)
    actor = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["product", "store", "-at"], name="price_history")]


class FeePolicy(models.Model):
    """Fees of a city or of one store (the store's own wins). All GST inclusive, in paise."""

    city = models.ForeignKey(City, on_delete=models.CASCADE, null=True, blank=True)
    store = models.ForeignKey(Store, on_delete=models.CASCADE, null=True, blank=True)
    delivery_paise = models.BigIntegerField(default=2500)
    free_delivery_from_paise = models.BigIntegerField(default=19900)
    far_metres = models.PositiveIntegerField(default=2500)
    far_extra_paise = models.BigIntegerField(default=1000)
    handling_paise = models.BigIntegerField(default=500)
    small_cart_below_paise = models.BigIntegerField(default=9900)
    small_cart_paise = models.BigIntegerField(default=2000)
    minimum_order_paise = models.BigIntegerField(default=0)
    cod_limit_paise = models.BigIntegerField(default=300000)
    fee_gst_bp = models.PositiveIntegerField(default=1800)
    surge_cap_paise = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text="Most that a busy hour may add; 0: never"
    )
    delivery_bands = models.JSONField(null=True, blank=True, help_text="Delivery by distance and basket")

    class Meta:
        verbose_name_plural = "fee policies"
        constraints = [
            models.CheckConstraint(
                condition=Q(city__isnull=False, store=None) | Q(city=None, store__isnull=False),
                name="fee_policy_is_for_a_city_or_a_store",
            ),
            models.UniqueConstraint(fields=["city"], name="fee_policy_once_per_city"),
            models.UniqueConstraint(fields=["store"], name="fee_policy_once_per_store"),
        ]

    def __str__(self) -> str:
        return f"Fees of {self.store or self.city}"


class Synonym(models.Model):
    """`term` may also mean `means`; both folded (lower case, no accents)."""

    term = models.CharField(max_length=80)
    means = models.CharField(max_length=80)
    is_approved = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["term", "means"], name="synonym_once")]


class SearchWord(models.Model):
    """A word the catalogue (or its synonyms) really uses: what a misspelt word is corrected to. Kept by refresh_search.

    A few thousand short rows answer a misspelling in about a millisecond; trigrams over whole product texts do not.
    """

    word = models.CharField(max_length=80, primary_key=True)
    sound = models.CharField(max_length=80, help_text="How it sounds: one key for doodh, dudh and dhood")
    products = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["sound"], name="search_word_sound"),
            GinIndex(fields=["word"], opclasses=["gin_trgm_ops"], name="search_word_trigrams"),
        ]


class SearchLog(models.Model):
    """A search that was made, for the failed-search list. No person is kept."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE)
    query = models.CharField(max_length=120)
    results = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["results", "-at"], name="search_log_failed_first")]


class SearchTerm(models.Model):
    """How often something was asked for in a store, and what it found last. No person is kept.

    Tells what to suggest while typing (asked often and found), and what to mend (asked and not found).
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE)
    text = models.CharField(max_length=80, help_text="Folded words")
    times = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0, help_text="How often it found nothing, or only near things")
    results = models.PositiveIntegerField(default=0, help_text="Products found the last time")
    last_at = models.DateTimeField(default=timezone.now)
    is_dismissed = models.BooleanField(default=False, help_text="Somebody decided that nothing need be done")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "text"], name="search_term_once_per_store")]
        indexes = [
            models.Index(fields=["store", "-times"], name="search_term_popular"),
            models.Index(fields=["-failed"], name="search_term_failed", condition=Q(results=0, is_dismissed=False)),
        ]


class Waitlist(models.Model):
    """Somebody wants us where we are not yet."""

    phone = models.CharField(max_length=16)
    lat = models.FloatField()
    lng = models.FloatField()
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    told_at = models.DateTimeField(null=True, blank=True, help_text="When they heard that we are there now")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["phone"], name="waitlist_once_per_phone")]


# Prices, promotions and what customers want have files of their own; Django finds the models of an app here.
from catalog.demand import UnmetDemand as UnmetDemand  # noqa: E402
from catalog.facts import ProductFacts as ProductFacts  # noqa: E402
from catalog.listing import Assortment as Assortment  # noqa: E402
from catalog.listing import AssortmentRule as AssortmentRule  # noqa: E402
from catalog.listing import AssortmentUse as AssortmentUse  # noqa: E402
from catalog.listing import KeptOff as KeptOff  # noqa: E402
from catalog.listing import ProductPlace as ProductPlace  # noqa: E402
from catalog.listing import Schedule as Schedule  # noqa: E402
from catalog.market import FeedRun as FeedRun  # noqa: E402
from catalog.market import Listing as Listing  # noqa: E402
from catalog.market import ListingPrice as ListingPrice  # noqa: E402
from catalog.market import MarketAlert as MarketAlert  # noqa: E402
from catalog.market import MarketAlertHit as MarketAlertHit  # noqa: E402
from catalog.market import MarketAlertKind as MarketAlertKind  # noqa: E402
from catalog.market import MarketFeed as MarketFeed  # noqa: E402
from catalog.market import MarketOffer as MarketOffer  # noqa: E402
from catalog.market import MarketOfferKind as MarketOfferKind  # noqa: E402
from catalog.market import Match as Match  # noqa: E402
from catalog.market import MatchModel as MatchModel  # noqa: E402
from catalog.market import MatchState as MatchState  # noqa: E402
from catalog.market import Platform as Platform  # noqa: E402
from catalog.market import PlatformTerms as PlatformTerms  # noqa: E402
from catalog.pictures import Picture as Picture  # noqa: E402
from catalog.prices import Price as Price  # noqa: E402
from catalog.prices import PriceWatch as PriceWatch  # noqa: E402
from catalog.promotions import BundlePart as BundlePart  # noqa: E402
from catalog.promotions import Coupon as Coupon  # noqa: E402
from catalog.promotions import Promotion as Promotion  # noqa: E402
from catalog.promotions import PromotionBoard as PromotionBoard  # noqa: E402
from catalog.promotions import PromotionKind as PromotionKind  # noqa: E402
from catalog.promotions import PromotionUse as PromotionUse  # noqa: E402
from catalog.promotions import SegmentMember as SegmentMember  # noqa: E402
from catalog.referral import Referral as Referral  # noqa: E402
from catalog.referral import ReferralCode as ReferralCode  # noqa: E402
from catalog.referral import ReferralPolicy as ReferralPolicy  # noqa: E402
from catalog.referral import ReferralState as ReferralState  # noqa: E402
from catalog.streets import StreetField as StreetField  # noqa: E402
from catalog.wishes import Affinity as Affinity  # noqa: E402
from catalog.wishes import AffinitySource as AffinitySource  # noqa: E402
from catalog.wishes import FavouriteItem as FavouriteItem  # noqa: E402
from catalog.wishes import RestockAlert as RestockAlert  # noqa: E402
from catalog.wishes import ShoppingList as ShoppingList  # noqa: E402
from catalog.wishes import ShoppingListItem as ShoppingListItem  # noqa: E402
