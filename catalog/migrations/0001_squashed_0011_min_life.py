"""Stores, products, shelves, prices, promotions, search and what customers wanted."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.functions.math
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.contrib.postgres.operations import BtreeGinExtension, TrigramExtension, UnaccentExtension
from django.db import migrations, models

import blinkit.kernel.ids
import catalog.facts
from blinkit.kernel.tables import AtOnce


class Migration(migrations.Migration):
    replaces = [
        ("catalog", "0001_initial"),
        ("catalog", "0002_wanting"),
        ("catalog", "0003_search_terms"),
        ("catalog", "0004_promotions"),
        ("catalog", "0005_surge"),
        ("catalog", "0006_families"),
        ("catalog", "0007_prices"),
        ("catalog", "0008_referral"),
        ("catalog", "0009_demand"),
        ("catalog", "0010_goods"),
        ("catalog", "0011_min_life"),
    ]

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        # Only for speed: changes to a table that knows people build anew all that hangs together with them.
        ("token_blacklist", "0013_alter_blacklistedtoken_options_and_more"),
    ]

    operations = [
        TrigramExtension(),
        UnaccentExtension(),
        BtreeGinExtension(),
        AtOnce(
            [
                migrations.CreateModel(
                    name="Brand",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("slug", models.SlugField(max_length=90, unique=True)),
                        ("name", models.CharField(max_length=120)),
                    ],
                ),
                migrations.CreateModel(
                    name="City",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("slug", models.SlugField(unique=True)),
                        ("name", models.CharField(max_length=80)),
                        (
                            "state_code",
                            models.CharField(
                                help_text="GST state code of the place of supply: 29 is Karnataka", max_length=2
                            ),
                        ),
                        ("timezone", models.CharField(default="Asia/Kolkata", max_length=40)),
                    ],
                    options={
                        "verbose_name_plural": "cities",
                    },
                ),
                migrations.CreateModel(
                    name="Store",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("code", models.CharField(max_length=16, unique=True)),
                        ("name", models.CharField(max_length=80)),
                        ("address", models.CharField(blank=True, max_length=240)),
                        ("lat", models.FloatField()),
                        ("lng", models.FloatField()),
                        ("area", models.JSONField(help_text="GeoJSON ring: [[lng, lat], ...]")),
                        ("area_south", models.FloatField(default=-90)),
                        ("area_north", models.FloatField(default=90)),
                        ("area_west", models.FloatField(default=-180)),
                        ("area_east", models.FloatField(default=180)),
                        ("opens", models.TimeField(help_text="Local time; equal to `closes` means round the clock")),
                        ("closes", models.TimeField()),
                        (
                            "mode",
                            models.CharField(
                                choices=[("open", "Open"), ("rush", "Rush"), ("paused", "Paused")],
                                default="open",
                                max_length=8,
                            ),
                        ),
                        ("mode_reason", models.CharField(blank=True, max_length=160)),
                        (
                            "mode_until",
                            models.DateTimeField(blank=True, help_text="Every pause or rush ends by itself", null=True),
                        ),
                        ("max_open_orders", models.PositiveIntegerField(default=120)),
                        ("gstin", models.CharField(blank=True, max_length=15)),
                        ("fssai", models.CharField(blank=True, max_length=14)),
                        ("phone", models.CharField(blank=True, max_length=16)),
                        ("is_active", models.BooleanField(default=True)),
                        (
                            "city",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="stores", to="catalog.city"
                            ),
                        ),
                        (
                            "priced_at",
                            models.DateTimeField(
                                blank=True, editable=False, help_text="Prices were last looked at", null=True
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("is_active", True)),
                                fields=["area_south", "area_north", "area_west", "area_east"],
                                name="store_area_box",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Category",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("slug", models.SlugField(unique=True)),
                        ("name", models.CharField(max_length=80)),
                        ("name_hi", models.CharField(blank=True, max_length=80)),
                        ("icon", models.CharField(blank=True, help_text="Lucide icon name", max_length=40)),
                        ("hue", models.PositiveSmallIntegerField(default=140)),
                        ("rank", models.PositiveIntegerField(default=0)),
                        (
                            "parent",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="children",
                                to="catalog.category",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "categories",
                        "ordering": ["rank", "name"],
                    },
                ),
                migrations.CreateModel(
                    name="Product",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("sku", models.CharField(max_length=40, unique=True)),
                        ("name", models.CharField(max_length=240)),
                        ("name_hi", models.CharField(blank=True, max_length=240)),
                        (
                            "pack",
                            models.CharField(
                                blank=True, help_text="As printed: '500 g', '6 x 200 ml', '1 pc'", max_length=60
                            ),
                        ),
                        ("pack_size", models.DecimalField(blank=True, decimal_places=3, max_digits=10, null=True)),
                        ("pack_unit", models.CharField(blank=True, help_text="g, kg, ml, l or pc", max_length=4)),
                        (
                            "weight_g",
                            models.PositiveIntegerField(
                                default=0, help_text="Gross weight of one unit; 0 when unknown"
                            ),
                        ),
                        ("mrp_paise", models.BigIntegerField()),
                        ("hsn", models.CharField(blank=True, max_length=8)),
                        (
                            "gst_bp",
                            models.PositiveIntegerField(default=0, help_text="GST rate in basis points: 500 is 5 %"),
                        ),
                        (
                            "veg",
                            models.CharField(
                                choices=[
                                    ("veg", "Vegetarian"),
                                    ("nonveg", "Non-vegetarian"),
                                    ("egg", "Contains egg"),
                                    ("none", "Not food"),
                                ],
                                default="none",
                                max_length=6,
                            ),
                        ),
                        (
                            "zone",
                            models.CharField(
                                choices=[
                                    ("ambient", "Ambient"),
                                    ("produce", "Fruit and vegetables"),
                                    ("chilled", "Chilled"),
                                    ("frozen", "Frozen"),
                                ],
                                default="ambient",
                                max_length=8,
                            ),
                        ),
                        ("barcode", models.CharField(blank=True, max_length=14, null=True, unique=True)),
                        ("shelf_life_days", models.PositiveIntegerField(blank=True, null=True)),
                        ("max_per_order", models.PositiveSmallIntegerField(default=10)),
                        ("description", models.TextField(blank=True)),
                        (
                            "keywords",
                            models.CharField(
                                blank=True, help_text="Words people use for it, comma separated", max_length=400
                            ),
                        ),
                        ("image", models.CharField(blank=True, help_text="Path inside media storage", max_length=200)),
                        ("popularity", models.PositiveIntegerField(default=0)),
                        (
                            "source",
                            models.CharField(
                                blank=True, help_text="Where the row came from: import format or 'admin'", max_length=60
                            ),
                        ),
                        ("is_active", models.BooleanField(default=True)),
                        (
                            "search_text",
                            models.TextField(
                                blank=True, default="", help_text="Folded words, kept by services.refresh_search"
                            ),
                        ),
                        ("search_vector", django.contrib.postgres.search.SearchVectorField(null=True)),
                        ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "brand",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="products",
                                to="catalog.brand",
                            ),
                        ),
                        (
                            "category",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="products",
                                to="catalog.category",
                            ),
                        ),
                        (
                            "family",
                            models.CharField(
                                blank=True,
                                db_default="",
                                default="",
                                help_text="Kept by services.refresh_families",
                                max_length=160,
                            ),
                        ),
                        (
                            "family_by_hand",
                            models.CharField(
                                blank=True,
                                db_default="",
                                default="",
                                help_text="Packs of one thing share a card. Empty: told from the name. The same words: one family. -: alone",
                                max_length=60,
                            ),
                        ),
                        (
                            "min_life_days",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="Days that must remain at the door; 30 % of the shelf life where that is more",
                                null=True,
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            django.contrib.postgres.indexes.GinIndex(
                                fastupdate=False, fields=["search_vector"], name="product_search_vector_gin"
                            ),
                            models.Index(
                                condition=models.Q(("family", ""), _negated=True),
                                fields=["family"],
                                name="product_family",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("mrp_paise__gt", 0)), name="product_mrp_is_positive"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("gst_bp__lte", 4000)), name="product_gst_rate_is_a_rate"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ProductImage",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("file", models.CharField(max_length=200)),
                        ("rank", models.PositiveSmallIntegerField(default=0)),
                        (
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="images", to="catalog.product"
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["rank"],
                    },
                ),
                migrations.CreateModel(
                    name="SearchWord",
                    fields=[
                        ("word", models.CharField(max_length=80, primary_key=True, serialize=False)),
                        (
                            "sound",
                            models.CharField(
                                help_text="How it sounds: one key for doodh, dudh and dhood", max_length=80
                            ),
                        ),
                        ("products", models.PositiveIntegerField(default=0)),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["sound"], name="search_word_sound"),
                            django.contrib.postgres.indexes.GinIndex(
                                fields=["word"], name="search_word_trigrams", opclasses=["gin_trgm_ops"]
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="StoreLoad",
                    fields=[
                        (
                            "store",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="load",
                                serialize=False,
                                to="catalog.store",
                            ),
                        ),
                        ("open_orders", models.PositiveIntegerField(default=0)),
                        (
                            "pick_backlog_s",
                            models.PositiveIntegerField(
                                default=0, help_text="Seconds until a picker takes a new order"
                            ),
                        ),
                        ("pickers_on", models.PositiveIntegerField(default=0)),
                        ("riders_idle", models.PositiveIntegerField(default=0)),
                        ("riders_on", models.PositiveIntegerField(default=0)),
                        (
                            "rider_wait_s",
                            models.PositiveIntegerField(
                                default=0, help_text="Seconds until a rider is expected to be free"
                            ),
                        ),
                        ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("surge_level", models.FloatField(db_default=0, default=0)),
                        ("surge_paise", models.PositiveBigIntegerField(db_default=0, default=0)),
                        ("surge_until", models.DateTimeField(blank=True, null=True)),
                        ("surge_why", models.CharField(blank=True, db_default="", default="", max_length=120)),
                    ],
                ),
                migrations.CreateModel(
                    name="ShelfItem",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("price_paise", models.BigIntegerField()),
                        ("mrp_paise", models.BigIntegerField()),
                        ("rank", models.IntegerField(default=0, help_text="Higher is shown first")),
                        ("is_listed", models.BooleanField(default=True)),
                        ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "category",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.category"
                            ),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="shelf_items",
                                to="catalog.product",
                            ),
                        ),
                        (
                            "store",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="shelf", to="catalog.store"
                            ),
                        ),
                        (
                            "base_qty",
                            models.DecimalField(
                                decimal_places=6,
                                editable=False,
                                help_text="The pack in kg, l or pieces",
                                max_digits=13,
                                null=True,
                            ),
                        ),
                        (
                            "brand",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="catalog.brand",
                            ),
                        ),
                        (
                            "traits",
                            models.IntegerField(
                                db_default=0, default=0, editable=False, help_text="Bits of catalog.traits"
                            ),
                        ),
                        (
                            "family_no",
                            models.BigIntegerField(
                                editable=False, help_text="The same for all packs of one thing", null=True
                            ),
                        ),
                        ("is_lead", models.BooleanField(db_default=True, default=True, editable=False)),
                        ("packs", models.PositiveSmallIntegerField(db_default=1, default=1, editable=False)),
                        (
                            "discount_bp",
                            models.GeneratedField(
                                db_persist=True,
                                expression=django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("mrp_paise"), "-", models.F("price_paise")
                                        ),
                                        "*",
                                        models.Value(10000),
                                    ),
                                    "/",
                                    models.F("mrp_paise"),
                                ),
                                output_field=models.BigIntegerField(),
                            ),
                        ),
                        (
                            "unit_paise",
                            models.GeneratedField(
                                db_persist=True,
                                expression=django.db.models.functions.comparison.Cast(
                                    django.db.models.functions.math.Round(
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("price_paise"), "/", models.F("base_qty")
                                        )
                                    ),
                                    models.BigIntegerField(),
                                ),
                                output_field=models.BigIntegerField(null=True),
                            ),
                        ),
                        ("own_price_at", models.DateTimeField(blank=True, null=True)),
                        ("own_price_by", models.CharField(blank=True, db_default="", default="", max_length=60)),
                        ("own_price_paise", models.BigIntegerField(blank=True, null=True)),
                        ("own_price_why", models.CharField(blank=True, db_default="", default="", max_length=120)),
                        (
                            "price_source",
                            models.CharField(
                                db_default="own", default="own", help_text="Where the price is from", max_length=10
                            ),
                        ),
                        (
                            "tiers",
                            models.JSONField(
                                blank=True, help_text="What lines of more units, and members, pay for a unit", null=True
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("is_lead", True), ("is_listed", True)),
                                fields=["store", "category", "-rank", "id"],
                                include=("product", "price_paise", "mrp_paise"),
                                name="shelf_page",
                            ),
                            models.Index(
                                condition=models.Q(("is_lead", True), ("is_listed", True)),
                                fields=["store", "-rank", "id"],
                                name="shelf_whole",
                            ),
                            models.Index(
                                condition=models.Q(("family_no__isnull", False), ("is_listed", True)),
                                fields=["store", "family_no"],
                                name="shelf_family",
                            ),
                            models.Index(
                                condition=models.Q(("is_listed", True)),
                                fields=["store", "category"],
                                include=(
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
                                ),
                                name="shelf_filters",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("store", "product"), name="shelf_item_once_per_store_and_product"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("price_paise__gt", 0)), name="shelf_price_is_positive"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("price_paise__lte", models.F("mrp_paise"))),
                                name="shelf_price_within_mrp",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("is_lead", True), ("is_listed", True)),
                                fields=("store", "family_no"),
                                name="shelf_one_lead_per_store_and_family",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("base_qty", None), ("base_qty__gt", 0), _connector="OR"),
                                name="shelf_pack_is_something",
                            ),
                            models.CheckConstraint(
                                condition=models.Func(
                                    models.F("tiers"),
                                    models.Value(
                                        '$[*] ? (!(@.paise >= 1 && @.paise <= $mrp) || @.paise.type() != "number")'
                                    ),
                                    models.Func(
                                        models.Value("mrp"), models.F("mrp_paise"), function="jsonb_build_object"
                                    ),
                                    output_field=models.BooleanField(),
                                    template="tiers IS NULL OR NOT jsonb_path_exists(%(expressions)s)",
                                ),
                                name="shelf_tiers_within_mrp",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SearchLog",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("query", models.CharField(max_length=120)),
                        ("results", models.PositiveIntegerField()),
                        ("at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("store", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="catalog.store")),
                    ],
                    options={
                        "indexes": [models.Index(fields=["results", "-at"], name="search_log_failed_first")],
                    },
                ),
                migrations.CreateModel(
                    name="PriceChange",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("old_paise", models.BigIntegerField(null=True)),
                        ("new_paise", models.BigIntegerField()),
                        ("reason", models.CharField(blank=True, max_length=120)),
                        ("actor", models.CharField(max_length=60)),
                        ("at", models.DateTimeField()),
                        (
                            "product",
                            models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="catalog.product"),
                        ),
                        ("store", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="catalog.store")),
                    ],
                    options={
                        "indexes": [models.Index(fields=["product", "store", "-at"], name="price_history")],
                    },
                ),
                migrations.CreateModel(
                    name="FeePolicy",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("delivery_paise", models.BigIntegerField(default=2500)),
                        ("free_delivery_from_paise", models.BigIntegerField(default=19900)),
                        ("far_metres", models.PositiveIntegerField(default=2500)),
                        ("far_extra_paise", models.BigIntegerField(default=1000)),
                        ("handling_paise", models.BigIntegerField(default=500)),
                        ("small_cart_below_paise", models.BigIntegerField(default=9900)),
                        ("small_cart_paise", models.BigIntegerField(default=2000)),
                        ("minimum_order_paise", models.BigIntegerField(default=0)),
                        ("cod_limit_paise", models.BigIntegerField(default=300000)),
                        ("fee_gst_bp", models.PositiveIntegerField(default=1800)),
                        (
                            "city",
                            models.ForeignKey(
                                blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to="catalog.city"
                            ),
                        ),
                        (
                            "store",
                            models.ForeignKey(
                                blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to="catalog.store"
                            ),
                        ),
                        (
                            "surge_cap_paise",
                            models.PositiveBigIntegerField(
                                db_default=0, default=0, help_text="Most that a busy hour may add; 0: never"
                            ),
                        ),
                        (
                            "delivery_bands",
                            models.JSONField(blank=True, help_text="Delivery by distance and basket", null=True),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "fee policies",
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("city__isnull", False), ("store", None)),
                                    models.Q(("city", None), ("store__isnull", False)),
                                    _connector="OR",
                                ),
                                name="fee_policy_is_for_a_city_or_a_store",
                            ),
                            models.UniqueConstraint(fields=("city",), name="fee_policy_once_per_city"),
                            models.UniqueConstraint(fields=("store",), name="fee_policy_once_per_store"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="StoreMembership",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "store",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="members", to="catalog.store"
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="store_memberships",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("user", "store"), name="membership_once_per_user_and_store")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Synonym",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("term", models.CharField(max_length=80)),
                        ("means", models.CharField(max_length=80)),
                        ("is_approved", models.BooleanField(default=True)),
                    ],
                    options={
                        "constraints": [models.UniqueConstraint(fields=("term", "means"), name="synonym_once")],
                    },
                ),
                migrations.CreateModel(
                    name="Waitlist",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("phone", models.CharField(max_length=16)),
                        ("lat", models.FloatField()),
                        ("lng", models.FloatField()),
                        ("note", models.CharField(blank=True, max_length=200)),
                        ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "told_at",
                            models.DateTimeField(
                                blank=True, help_text="When they heard that we are there now", null=True
                            ),
                        ),
                    ],
                    options={
                        "constraints": [models.UniqueConstraint(fields=("phone",), name="waitlist_once_per_phone")],
                    },
                ),
                migrations.CreateModel(
                    name="ShoppingList",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("name", models.CharField(max_length=60)),
                        ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "customer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="shopping_lists",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                models.F("customer"),
                                django.db.models.functions.text.Lower("name"),
                                name="shopping_list_name_once_per_customer",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ShoppingListItem",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("qty", models.PositiveSmallIntegerField(default=1)),
                        ("added_at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "list",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="items",
                                to="catalog.shoppinglist",
                            ),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.product"
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["id"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("list", "product"), name="shopping_list_item_once_per_product"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("qty__gte", 1), ("qty__lte", 99)), name="shopping_list_qty_in_range"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Affinity",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("score", models.FloatField()),
                        (
                            "source",
                            models.CharField(
                                choices=[("orders", "Learned from orders"), ("staff", "Set by us")],
                                default="staff",
                                max_length=8,
                            ),
                        ),
                        (
                            "together",
                            models.PositiveIntegerField(
                                default=0, help_text="Orders that held both; 0 when set by hand"
                            ),
                        ),
                        ("learned_at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "other",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.product"
                            ),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="goes_with",
                                to="catalog.product",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "affinities",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("product", "other", "source"), name="affinity_once_per_pair_and_source"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("product", models.F("other")), _negated=True),
                                name="affinity_is_between_two_products",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("score__gt", 0), ("score__lte", 1)),
                                name="affinity_score_within_one",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="FavouriteItem",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "customer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="favourites",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.product"
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("customer", "product"), name="favourite_once_per_customer_and_product"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RestockAlert",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("told_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "customer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="restock_alerts",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.product"
                            ),
                        ),
                        (
                            "store",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.store"
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("told_at", None)),
                                fields=["store", "product"],
                                name="restock_alert_waiting",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("told_at", None)),
                                fields=("customer", "store", "product"),
                                name="restock_alert_waits_once_per_product",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SearchTerm",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("text", models.CharField(help_text="Folded words", max_length=80)),
                        ("times", models.PositiveIntegerField(default=0)),
                        (
                            "failed",
                            models.PositiveIntegerField(
                                default=0, help_text="How often it found nothing, or only near things"
                            ),
                        ),
                        ("results", models.PositiveIntegerField(default=0, help_text="Products found the last time")),
                        ("last_at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "is_dismissed",
                            models.BooleanField(default=False, help_text="Somebody decided that nothing need be done"),
                        ),
                        ("store", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="catalog.store")),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["store", "-times"], name="search_term_popular"),
                            models.Index(
                                condition=models.Q(("is_dismissed", False), ("results", 0)),
                                fields=["-failed"],
                                name="search_term_failed",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("store", "text"), name="search_term_once_per_store")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PromotionBoard",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("token", models.CharField(max_length=32)),
                    ],
                ),
                migrations.CreateModel(
                    name="Promotion",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("name", models.CharField(help_text="Customers read it", max_length=80)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("percent", "Percent off"),
                                    ("flat", "Amount off"),
                                    ("free_item", "Free item"),
                                    ("buy_get", "Buy some, get some"),
                                    ("bundle", "Bundle price"),
                                    ("flash", "Flash sale price"),
                                    ("free_delivery", "Free delivery"),
                                    ("cashback", "Credit to the wallet later"),
                                ],
                                max_length=14,
                            ),
                        ),
                        ("is_active", models.BooleanField(default=True)),
                        ("starts_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("ends_at", models.DateTimeField(blank=True, help_text="Empty: until switched off", null=True)),
                        (
                            "percent_bp",
                            models.PositiveIntegerField(
                                default=0, help_text="1000 is 10 %. Buy-get: how much off; 0 is free"
                            ),
                        ),
                        (
                            "amount_paise",
                            models.PositiveBigIntegerField(
                                default=0, help_text="Amount off, flash price of a unit, or price of the bundle"
                            ),
                        ),
                        (
                            "cap_paise",
                            models.PositiveBigIntegerField(blank=True, help_text="Most per order", null=True),
                        ),
                        ("buy_qty", models.PositiveSmallIntegerField(default=0)),
                        ("get_qty", models.PositiveSmallIntegerField(default=1)),
                        (
                            "most_times",
                            models.PositiveSmallIntegerField(
                                blank=True, help_text="Most applications per order; flash sale: units", null=True
                            ),
                        ),
                        ("min_items_paise", models.PositiveBigIntegerField(default=0)),
                        ("first_order", models.BooleanField(default=False)),
                        (
                            "segment",
                            models.SlugField(
                                blank=True, help_text="Only for this segment; 'members' are the paying members"
                            ),
                        ),
                        (
                            "method",
                            models.CharField(
                                blank=True, help_text="Only when paid so: 'online' or 'cod'", max_length=8
                            ),
                        ),
                        ("needs_code", models.BooleanField(default=False, help_text="Only with one of its coupons")),
                        (
                            "alone",
                            models.BooleanField(default=False, help_text="Never together with another promotion"),
                        ),
                        ("max_uses", models.PositiveIntegerField(blank=True, help_text="Orders in all", null=True)),
                        ("max_uses_per_customer", models.PositiveIntegerField(blank=True, null=True)),
                        ("budget_paise", models.PositiveBigIntegerField(blank=True, null=True)),
                        (
                            "max_units",
                            models.PositiveIntegerField(blank=True, help_text="Flash sale: units in all", null=True),
                        ),
                        ("used_count", models.PositiveIntegerField(default=0, editable=False)),
                        ("used_paise", models.PositiveBigIntegerField(default=0, editable=False)),
                        ("used_units", models.PositiveIntegerField(default=0, editable=False)),
                        ("brands", models.ManyToManyField(blank=True, related_name="+", to="catalog.brand")),
                        ("categories", models.ManyToManyField(blank=True, related_name="+", to="catalog.category")),
                        (
                            "city",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.city",
                            ),
                        ),
                        ("products", models.ManyToManyField(blank=True, related_name="+", to="catalog.product")),
                        (
                            "store",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.store",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("max_uses__isnull", True),
                                    ("used_count__lte", models.F("max_uses")),
                                    _connector="OR",
                                ),
                                name="promotion_uses_within_limit",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("budget_paise__isnull", True),
                                    ("used_paise__lte", models.F("budget_paise")),
                                    _connector="OR",
                                ),
                                name="promotion_within_budget",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("max_units__isnull", True),
                                    ("used_units__lte", models.F("max_units")),
                                    _connector="OR",
                                ),
                                name="promotion_units_within_stock",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("percent_bp__lte", 10000)), name="promotion_share_is_a_share"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("ends_at", None), ("ends_at__gt", models.F("starts_at")), _connector="OR"
                                ),
                                name="promotion_ends_after_it_starts",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("get_qty__gte", 1)), name="promotion_gives_at_least_one"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("city", None), ("store", None), _connector="OR"),
                                name="promotion_of_a_city_or_a_store",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("kind__in", ["percent"]), _negated=True),
                                    ("percent_bp__gt", 0),
                                    _connector="OR",
                                ),
                                name="promotion_percent_says_how_much",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("kind__in", ["flat", "bundle", "flash"]), _negated=True),
                                    ("amount_paise__gt", 0),
                                    _connector="OR",
                                ),
                                name="promotion_amount_says_how_much",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Coupon",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "code",
                            models.CharField(
                                help_text="Letters and digits; how it is typed does not matter", max_length=24
                            ),
                        ),
                        ("is_active", models.BooleanField(default=True)),
                        ("starts_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("ends_at", models.DateTimeField(blank=True, null=True)),
                        ("max_uses", models.PositiveIntegerField(blank=True, null=True)),
                        ("used_count", models.PositiveIntegerField(default=0, editable=False)),
                        (
                            "customer",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="coupons",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "promotion",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="coupons",
                                to="catalog.promotion",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(models.F("code"), name="coupon_code_once"),
                            models.CheckConstraint(
                                condition=models.Q(("code", django.db.models.functions.text.Upper("code"))),
                                name="coupon_code_in_capitals",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("max_uses__isnull", True),
                                    ("used_count__lte", models.F("max_uses")),
                                    _connector="OR",
                                ),
                                name="coupon_uses_within_limit",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="BundlePart",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("qty", models.PositiveSmallIntegerField(default=1)),
                        (
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.product"
                            ),
                        ),
                        (
                            "promotion",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="parts",
                                to="catalog.promotion",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("promotion", "product"), name="bundle_part_once"),
                            models.CheckConstraint(
                                condition=models.Q(("qty__gte", 1)), name="bundle_part_of_at_least_one"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PromotionUse",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("ref", models.UUIDField(help_text="The order")),
                        (
                            "paise",
                            models.PositiveBigIntegerField(
                                default=0, help_text="What it cost us: discount, waived fee and credit"
                            ),
                        ),
                        ("units", models.PositiveIntegerField(default=0)),
                        ("at", models.DateTimeField()),
                        ("given_back_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "coupon",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="uses",
                                to="catalog.coupon",
                            ),
                        ),
                        (
                            "customer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="promotion_uses",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "promotion",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="uses", to="catalog.promotion"
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("given_back_at", None)),
                                fields=["customer", "promotion"],
                                name="promotion_use_live",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("ref", "promotion"), name="promotion_once_per_order")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SegmentMember",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("segment", models.SlugField()),
                        ("until", models.DateTimeField(blank=True, null=True)),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="segments",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("user", "segment"), name="segment_once_per_user")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ProductFacts",
                    fields=[
                        (
                            "product",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="facts",
                                serialize=False,
                                to="catalog.product",
                            ),
                        ),
                        (
                            "maker_fssai",
                            models.CharField(
                                blank=True,
                                help_text="14 digits, of the maker",
                                max_length=14,
                                validators=[catalog.facts.check_licence],
                                verbose_name="FSSAI licence",
                            ),
                        ),
                        (
                            "origin",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("IN", "India"),
                                    ("AE", "United Arab Emirates"),
                                    ("AF", "Afghanistan"),
                                    ("AR", "Argentina"),
                                    ("AT", "Austria"),
                                    ("AU", "Australia"),
                                    ("BD", "Bangladesh"),
                                    ("BE", "Belgium"),
                                    ("BG", "Bulgaria"),
                                    ("BR", "Brazil"),
                                    ("BT", "Bhutan"),
                                    ("CA", "Canada"),
                                    ("CH", "Switzerland"),
                                    ("CI", "Côte d'Ivoire"),
                                    ("CL", "Chile"),
                                    ("CN", "China"),
                                    ("CO", "Colombia"),
                                    ("CZ", "Czechia"),
                                    ("DE", "Germany"),
                                    ("DK", "Denmark"),
                                    ("EC", "Ecuador"),
                                    ("EG", "Egypt"),
                                    ("ES", "Spain"),
                                    ("ET", "Ethiopia"),
                                    ("FI", "Finland"),
                                    ("FR", "France"),
                                    ("GB", "United Kingdom"),
                                    ("GH", "Ghana"),
                                    ("GR", "Greece"),
                                    ("HK", "Hong Kong"),
                                    ("HU", "Hungary"),
                                    ("ID", "Indonesia"),
                                    ("IE", "Ireland"),
                                    ("IL", "Israel"),
                                    ("IR", "Iran"),
                                    ("IT", "Italy"),
                                    ("JP", "Japan"),
                                    ("KE", "Kenya"),
                                    ("KR", "South Korea"),
                                    ("LK", "Sri Lanka"),
                                    ("MA", "Morocco"),
                                    ("MM", "Myanmar"),
                                    ("MU", "Mauritius"),
                                    ("MX", "Mexico"),
                                    ("MY", "Malaysia"),
                                    ("NL", "Netherlands"),
                                    ("NO", "Norway"),
                                    ("NP", "Nepal"),
                                    ("NZ", "New Zealand"),
                                    ("OM", "Oman"),
                                    ("PE", "Peru"),
                                    ("PH", "Philippines"),
                                    ("PK", "Pakistan"),
                                    ("PL", "Poland"),
                                    ("PT", "Portugal"),
                                    ("RU", "Russia"),
                                    ("SA", "Saudi Arabia"),
                                    ("SE", "Sweden"),
                                    ("SG", "Singapore"),
                                    ("TH", "Thailand"),
                                    ("TN", "Tunisia"),
                                    ("TR", "Türkiye"),
                                    ("TW", "Taiwan"),
                                    ("TZ", "Tanzania"),
                                    ("UA", "Ukraine"),
                                    ("US", "United States"),
                                    ("UZ", "Uzbekistan"),
                                    ("VN", "Vietnam"),
                                    ("ZA", "South Africa"),
                                ],
                                max_length=2,
                                verbose_name="country of origin",
                            ),
                        ),
                        ("maker_name", models.CharField(blank=True, max_length=160, verbose_name="made or packed by")),
                        ("maker_address", models.CharField(blank=True, max_length=300)),
                        ("ingredients", models.TextField(blank=True, help_text="As printed, in the order of weight")),
                        (
                            "allergens",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(
                                    choices=[
                                        ("gluten", "Cereals with gluten"),
                                        ("crustacean", "Crustaceans"),
                                        ("milk", "Milk"),
                                        ("egg", "Egg"),
                                        ("fish", "Fish"),
                                        ("peanut", "Peanuts"),
                                        ("nuts", "Tree nuts"),
                                        ("soy", "Soy"),
                                        ("sesame", "Sesame"),
                                        ("mustard", "Mustard"),
                                        ("sulphite", "Sulphites of 10 mg/kg and more"),
                                    ],
                                    max_length=12,
                                ),
                                blank=True,
                                default=list,
                                size=None,
                            ),
                        ),
                        (
                            "nutrition",
                            models.JSONField(
                                blank=True,
                                default=dict,
                                help_text='Per 100 g or ml: {"energy_kcal": 52}',
                                validators=[catalog.facts.check_nutrition],
                            ),
                        ),
                        (
                            "nutrition_per",
                            models.CharField(
                                choices=[("100 g", "100 g"), ("100 ml", "100 ml")], default="100 g", max_length=6
                            ),
                        ),
                        ("storage", models.CharField(blank=True, max_length=200, verbose_name="storage advice")),
                        (
                            "tags",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(
                                    choices=[
                                        ("vegan", "Vegan"),
                                        ("gluten-free", "Gluten free"),
                                        ("organic", "Organic"),
                                        ("sugar-free", "Sugar free"),
                                        ("jain", "Jain"),
                                        ("lactose-free", "Lactose free"),
                                        ("no-onion-garlic", "No onion, no garlic"),
                                        ("high-protein", "High protein"),
                                        ("whole-grain", "Whole grain"),
                                        ("no-preservatives", "No preservatives"),
                                    ],
                                    max_length=16,
                                ),
                                blank=True,
                                default=list,
                                size=None,
                            ),
                        ),
                        (
                            "attributes",
                            models.JSONField(
                                blank=True,
                                default=dict,
                                help_text='Anything else: {"Roast": "Medium"}',
                                validators=[catalog.facts.check_attributes],
                            ),
                        ),
                        ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                    ],
                    options={
                        "verbose_name": "product facts",
                        "verbose_name_plural": "product facts",
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("maker_fssai", ""), ("maker_fssai__regex", "^[0-9]{14}$"), _connector="OR"
                                ),
                                name="facts_licence_has_14_digits",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("origin", ""), ("origin__regex", "^[A-Z]{2}$"), _connector="OR"),
                                name="facts_origin_is_a_country_code",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Price",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("paise", models.BigIntegerField()),
                        (
                            "min_qty",
                            models.PositiveSmallIntegerField(
                                default=1, help_text="Holds for lines of at least so many units"
                            ),
                        ),
                        ("members_only", models.BooleanField(default=False)),
                        ("starts_at", models.DateTimeField()),
                        (
                            "ends_at",
                            models.DateTimeField(
                                blank=True, help_text="Empty: until another price takes its place", null=True
                            ),
                        ),
                        ("reason", models.CharField(max_length=120)),
                        ("actor", models.CharField(max_length=60)),
                        ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("cancelled_at", models.DateTimeField(blank=True, null=True)),
                        ("cancelled_by", models.CharField(blank=True, max_length=60)),
                        ("due_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        (
                            "city",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="prices",
                                to="catalog.city",
                            ),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="prices", to="catalog.product"
                            ),
                        ),
                        (
                            "store",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="prices",
                                to="catalog.store",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("cancelled_at", None)),
                                fields=["product", "starts_at"],
                                name="list_price_live",
                            ),
                            models.Index(
                                condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="list_price_due"
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(condition=models.Q(("paise__gt", 0)), name="list_price_is_positive"),
                            models.CheckConstraint(
                                condition=models.Q(("min_qty__gte", 1)), name="list_price_for_at_least_one_unit"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("city", None), ("store", None), _connector="OR"),
                                name="list_price_of_a_city_or_a_store",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("ends_at", None), ("ends_at__gt", models.F("starts_at")), _connector="OR"
                                ),
                                name="list_price_ends_after_it_starts",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("reason", ""), _negated=True), name="list_price_says_why"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("cancelled_at", None)),
                                fields=(
                                    "product",
                                    "store",
                                    "city",
                                    "min_qty",
                                    "members_only",
                                    "starts_at",
                                    "ends_at",
                                    "paise",
                                ),
                                name="list_price_said_once",
                                nulls_distinct=False,
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PriceWatch",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("seen_paise", models.BigIntegerField()),
                        ("is_asked", models.BooleanField(default=False, help_text="Asked for; told once")),
                        ("is_favourite", models.BooleanField(default=False, help_text="Follows a heart")),
                        ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("fell_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "told_on",
                            models.DateField(
                                blank=True, help_text="The last day on which this customer was told", null=True
                            ),
                        ),
                        (
                            "customer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="price_watches",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.product"
                            ),
                        ),
                        (
                            "store",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.store"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "price watches",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("is_asked", True), ("is_favourite", True), _connector="OR"),
                                fields=["store", "product"],
                                name="price_watch_live",
                            ),
                            models.Index(
                                condition=models.Q(("fell_at__isnull", False)),
                                fields=["fell_at"],
                                name="price_watch_due",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("seen_paise__gt", 0)), name="price_watch_saw_a_price"
                            ),
                            models.UniqueConstraint(
                                fields=("customer", "store", "product"),
                                name="price_watch_once_per_customer_store_and_product",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("told_on__isnull", False)),
                                fields=("customer", "product", "told_on"),
                                name="price_watch_told_once_a_day",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReferralCode",
                    fields=[
                        (
                            "user",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="referral_code",
                                serialize=False,
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("code", models.CharField(max_length=12, unique=True)),
                        ("devices", models.JSONField(blank=True, default=list)),
                        ("created_at", models.DateTimeField()),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("code", django.db.models.functions.text.Upper("code"))),
                                name="referral_code_in_capitals",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReferralPolicy",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("is_active", models.BooleanField(default=True)),
                        ("referrer_paise", models.PositiveBigIntegerField(help_text="For who gave the code")),
                        ("newcomer_paise", models.PositiveBigIntegerField(help_text="For who came by it")),
                        (
                            "min_order_paise",
                            models.PositiveBigIntegerField(
                                help_text="The first delivered order of at least this counts"
                            ),
                        ),
                        (
                            "credit_days",
                            models.PositiveSmallIntegerField(default=60, help_text="How long the credit can be spent"),
                        ),
                        (
                            "most_per_month",
                            models.PositiveSmallIntegerField(default=10, help_text="Rewards of one referrer per month"),
                        ),
                        ("budget_paise", models.PositiveBigIntegerField(help_text="In all")),
                        ("used_paise", models.PositiveBigIntegerField(default=0, editable=False)),
                    ],
                    options={
                        "verbose_name_plural": "referral policies",
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("used_paise__lte", models.F("budget_paise"))),
                                name="referral_within_budget",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("credit_days__gt", 0)), name="referral_credit_lasts"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("is_active", True)),
                                fields=("is_active",),
                                name="referral_one_active_policy",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Referral",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("waiting", "Waiting for the first order"),
                                    ("rewarded", "Rewarded"),
                                    ("refused", "Not rewarded"),
                                ],
                                default="waiting",
                                max_length=8,
                            ),
                        ),
                        ("why", models.CharField(blank=True, help_text="The rule that refused it", max_length=24)),
                        ("device", models.CharField(blank=True, max_length=64)),
                        ("order_ref", models.UUIDField(blank=True, null=True)),
                        ("referrer_paise", models.PositiveBigIntegerField(default=0)),
                        ("newcomer_paise", models.PositiveBigIntegerField(default=0)),
                        ("entered_at", models.DateTimeField()),
                        ("decided_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "newcomer",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="referred_by",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "referrer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="referrals",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "policy",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="catalog.referralpolicy",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["referrer", "-decided_at"], name="referral_by_referrer")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("newcomer", models.F("referrer")), _negated=True),
                                name="referral_never_of_oneself",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("device", ""), _negated=True),
                                fields=("device",),
                                name="referral_once_per_device",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="UnmetDemand",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("day", models.DateField()),
                        ("cell_y", models.IntegerField()),
                        ("cell_x", models.IntegerField()),
                        ("asked", models.PositiveIntegerField(default=0)),
                    ],
                    options={
                        "verbose_name_plural": "unmet demand",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("day", "cell_y", "cell_x"), name="unmet_demand_once_per_day_and_cell"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("asked__gte", 1)), name="unmet_demand_was_asked_for"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Assortment",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("name", models.CharField(max_length=80, unique=True)),
                        ("note", models.CharField(blank=True, max_length=240)),
                    ],
                ),
                migrations.CreateModel(
                    name="AssortmentRule",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("is_exception", models.BooleanField(default=False)),
                        (
                            "assortment",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="rules",
                                to="catalog.assortment",
                            ),
                        ),
                        (
                            "brand",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.brand",
                            ),
                        ),
                        (
                            "category",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.category",
                            ),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.product",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("brand", None), ("category", None), ("product__isnull", False)),
                                    models.Q(("brand", None), ("category__isnull", False), ("product", None)),
                                    models.Q(("brand__isnull", False), ("category", None), ("product", None)),
                                    _connector="OR",
                                ),
                                name="assortment_rule_names_one_thing",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AssortmentUse",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "assortment",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="uses",
                                to="catalog.assortment",
                            ),
                        ),
                        (
                            "city",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.city",
                            ),
                        ),
                        (
                            "store",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.store",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "use",
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("city__isnull", False), ("store", None)),
                                    models.Q(("city", None), ("store__isnull", False)),
                                    _connector="OR",
                                ),
                                name="assortment_use_is_for_a_city_or_a_store",
                            ),
                            models.UniqueConstraint(fields=("assortment", "city"), name="assortment_use_once_per_city"),
                            models.UniqueConstraint(
                                fields=("assortment", "store"), name="assortment_use_once_per_store"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="KeptOff",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("actor", models.CharField(max_length=60)),
                        ("at", models.DateTimeField()),
                        (
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.product"
                            ),
                        ),
                        (
                            "store",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.store"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "kept off",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("store", "product"), name="kept_off_once_per_store_and_product"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Picture",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("key", models.CharField(max_length=32)),
                        ("is_main", models.BooleanField(default=True)),
                        ("rank", models.PositiveSmallIntegerField(default=0)),
                        ("width", models.PositiveIntegerField()),
                        ("height", models.PositiveIntegerField()),
                        ("actor", models.CharField(blank=True, max_length=60)),
                        ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("ready_at", models.DateTimeField(blank=True, null=True)),
                        ("tries", models.PositiveSmallIntegerField(default=0)),
                        (
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="pictures",
                                to="catalog.product",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(condition=models.Q(("ready_at", None)), fields=["id"], name="picture_waiting"),
                            models.Index(fields=["key"], name="picture_key"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ProductPlace",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "category",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.category"
                            ),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="places", to="catalog.product"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "further category",
                        "verbose_name_plural": "further categories",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("product", "category"), name="product_place_once_per_product_and_category"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Schedule",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("publish", models.BooleanField(help_text="Sold from then on; otherwise no longer sold")),
                        ("at", models.DateTimeField()),
                        ("actor", models.CharField(max_length=60)),
                        ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("done_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "changed",
                            models.PositiveIntegerField(default=0, help_text="Products it switched when it was done"),
                        ),
                        (
                            "category",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.category",
                            ),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="schedules",
                                to="catalog.product",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("done_at", None)), fields=["at", "id"], name="schedule_due"
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("category", None), ("product__isnull", False)),
                                    models.Q(("category__isnull", False), ("product", None)),
                                    _connector="OR",
                                ),
                                name="schedule_is_for_a_product_or_a_category",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("done_at", None)),
                                fields=("product", "publish"),
                                name="schedule_one_waiting_per_product_and_side",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("done_at", None)),
                                fields=("category", "publish"),
                                name="schedule_one_waiting_per_category_and_side",
                            ),
                        ],
                    },
                ),
            ]
        ),
    ]
