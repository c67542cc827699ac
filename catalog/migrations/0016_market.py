"""What others charge: platforms, listings, their prices by the month of `at`, offers, matches and alerts."""

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import blinkit.kernel.ids
from blinkit.kernel.tables import AtOnce

BY_MONTH = """
CREATE SEQUENCE catalog_listingprice_number;
CREATE TABLE catalog_listingprice (
    id bigint NOT NULL DEFAULT nextval('catalog_listingprice_number'),
    listing_id bigint NOT NULL CONSTRAINT listing_price_of_listing
        REFERENCES catalog_listing (id) DEFERRABLE INITIALLY DEFERRED,
    at timestamp with time zone NOT NULL,
    price_paise bigint NOT NULL CHECK (price_paise >= 0),
    mrp_paise bigint CHECK (mrp_paise >= 0),
    member_paise bigint CHECK (member_paise >= 0),
    available boolean NOT NULL,
    CONSTRAINT listing_price_one_per_instant UNIQUE (listing_id, at)
) PARTITION BY RANGE (at);
ALTER SEQUENCE catalog_listingprice_number OWNED BY catalog_listingprice.id;
CREATE TABLE catalog_listingprice_default PARTITION OF catalog_listingprice DEFAULT;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0015_travel"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AtOnce(
            [
                migrations.CreateModel(
                    name="MatchModel",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("made_at", models.DateTimeField()),
                        ("weights", models.JSONField()),
                        ("accept_from", models.FloatField(help_text="Accepted without a person from this score on")),
                        ("review_from", models.FloatField(help_text="Put into the queue from this score on")),
                        ("metrics", models.JSONField(default=dict)),
                        ("is_used", models.BooleanField(default=False)),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("is_used", True)),
                                fields=("is_used",),
                                name="match_model_one_is_used",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Platform",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("slug", models.SlugField(unique=True)),
                        ("name", models.CharField(max_length=60)),
                        ("is_ours", models.BooleanField(default=False, help_text="This shop itself")),
                        ("site", models.URLField(blank=True)),
                        ("hue", models.PositiveSmallIntegerField(default=140)),
                        ("rank", models.PositiveSmallIntegerField(default=0)),
                        ("is_active", models.BooleanField(default=True)),
                    ],
                    options={
                        "ordering": ["rank", "name"],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("is_ours", True)), fields=("is_ours",), name="platform_one_is_ours"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="MarketFeed",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("slug", models.SlugField(unique=True)),
                        ("sealed_secret", models.TextField(blank=True, default="", editable=False)),
                        ("is_active", models.BooleanField(default=True)),
                        ("last_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        (
                            "city",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.city"
                            ),
                        ),
                        (
                            "platform",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="feeds", to="catalog.platform"
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="MarketAlert",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("drop", "Price drop"),
                                    ("below", "Price below"),
                                    ("undercut", "Cheaper than us"),
                                    ("gone", "Out of stock there"),
                                    ("back", "Back in stock there"),
                                ],
                                max_length=8,
                            ),
                        ),
                        ("below_paise", models.PositiveBigIntegerField(blank=True, null=True)),
                        ("by_bp", models.PositiveIntegerField(default=0, help_text="At least so much lower")),
                        ("is_active", models.BooleanField(default=True)),
                        ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
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
                            "city",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.city"
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
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="market_alerts",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "platform",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.platform",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("kind", "below"), _negated=True),
                                    ("below_paise__isnull", False),
                                    _connector="OR",
                                ),
                                name="market_alert_below_names_a_price",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Listing",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "key",
                            models.CharField(
                                help_text="The platform's own id, or the folded name and pack", max_length=200
                            ),
                        ),
                        ("name", models.CharField(max_length=240)),
                        ("brand", models.CharField(blank=True, default="", max_length=120)),
                        (
                            "item",
                            models.CharField(
                                blank=True,
                                default="",
                                help_text="What it is, in one or two words: onion",
                                max_length=60,
                            ),
                        ),
                        ("pack", models.CharField(blank=True, default="", help_text="As printed", max_length=60)),
                        (
                            "amount",
                            models.DecimalField(
                                blank=True, decimal_places=3, help_text="All of it", max_digits=12, null=True
                            ),
                        ),
                        (
                            "measure",
                            models.CharField(
                                blank=True, default="", help_text="What `amount` counts: g, ml or pc", max_length=2
                            ),
                        ),
                        (
                            "pieces",
                            models.PositiveIntegerField(default=1, help_text="Like packs in it: 3 of a combo of three"),
                        ),
                        ("url", models.URLField(blank=True, default="", max_length=500)),
                        ("price_paise", models.PositiveBigIntegerField()),
                        ("mrp_paise", models.PositiveBigIntegerField(blank=True, null=True)),
                        (
                            "member_paise",
                            models.PositiveBigIntegerField(
                                blank=True, help_text="With the platform's membership", null=True
                            ),
                        ),
                        (
                            "bulk_paise",
                            models.PositiveBigIntegerField(
                                blank=True, help_text="Each, from `bulk_from` on", null=True
                            ),
                        ),
                        ("bulk_from", models.PositiveIntegerField(blank=True, null=True)),
                        (
                            "surge_paise",
                            models.PositiveBigIntegerField(default=0, help_text="Of the price, for the hour"),
                        ),
                        ("available", models.BooleanField(default=True)),
                        (
                            "unit_paise",
                            models.PositiveBigIntegerField(blank=True, help_text="Per kg, litre or piece", null=True),
                        ),
                        (
                            "discount_bp",
                            models.GeneratedField(
                                db_persist=True,
                                expression=models.Case(
                                    models.When(
                                        mrp_paise__gt=models.F("price_paise"),
                                        then=django.db.models.expressions.CombinedExpression(
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
                                    ),
                                    default=models.Value(0),
                                ),
                                output_field=models.BigIntegerField(),
                            ),
                        ),
                        (
                            "was_paise",
                            models.PositiveBigIntegerField(
                                blank=True, help_text="Before the last change of price", null=True
                            ),
                        ),
                        ("changed_at", models.DateTimeField(blank=True, null=True)),
                        ("first_seen_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("seen_at", models.DateTimeField(help_text="When a feed last said it")),
                        (
                            "source",
                            models.CharField(blank=True, default="", help_text="Which feed said it", max_length=60),
                        ),
                        (
                            "category",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="catalog.category",
                            ),
                        ),
                        (
                            "city",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.city"
                            ),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                blank=True,
                                help_text="The accepted match",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="listings",
                                to="catalog.product",
                            ),
                        ),
                        (
                            "platform",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="listings",
                                to="catalog.platform",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            django.contrib.postgres.indexes.GinIndex(
                                django.contrib.postgres.indexes.OpClass(
                                    django.db.models.functions.text.Upper("name"), name="gin_trgm_ops"
                                ),
                                name="listing_name_trigrams",
                            ),
                            models.Index(fields=["item", "city"], name="listing_by_item"),
                            models.Index(fields=["category", "city"], name="listing_by_category"),
                            models.Index(fields=["-discount_bp"], name="listing_by_discount"),
                            models.Index(fields=["changed_at"], name="listing_by_change"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("platform", "city", "key"), name="listing_once_per_platform_and_city"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("price_paise__gt", 0)), name="listing_price_above_nothing"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PlatformTerms",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("minimum_paise", models.PositiveBigIntegerField(default=0, help_text="No order below this")),
                        ("delivery_paise", models.PositiveBigIntegerField(default=0)),
                        (
                            "free_from_paise",
                            models.PositiveBigIntegerField(
                                blank=True, help_text="No delivery fee from here", null=True
                            ),
                        ),
                        ("handling_paise", models.PositiveBigIntegerField(default=0)),
                        ("small_cart_paise", models.PositiveBigIntegerField(default=0)),
                        ("small_cart_below_paise", models.PositiveBigIntegerField(default=0)),
                        ("surge_paise", models.PositiveBigIntegerField(default=0)),
                        ("eta_low_minutes", models.PositiveSmallIntegerField(blank=True, null=True)),
                        ("eta_high_minutes", models.PositiveSmallIntegerField(blank=True, null=True)),
                        ("seen_at", models.DateTimeField()),
                        (
                            "city",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.city"
                            ),
                        ),
                        (
                            "platform",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="terms", to="catalog.platform"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "platform terms",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("platform", "city"), name="terms_once_per_platform_and_city"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="MarketAlertHit",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("at", models.DateTimeField()),
                        ("was_paise", models.PositiveBigIntegerField(null=True)),
                        ("price_paise", models.PositiveBigIntegerField()),
                        (
                            "alert",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="hits",
                                to="catalog.marketalert",
                            ),
                        ),
                        (
                            "listing",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.listing"
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("alert", "listing", "at"), name="market_alert_hit_once_per_change"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="FeedRun",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("source", models.CharField(max_length=120)),
                        ("digest", models.CharField(max_length=64)),
                        ("rows", models.PositiveIntegerField(default=0)),
                        ("new", models.PositiveIntegerField(default=0)),
                        ("changed", models.PositiveIntegerField(default=0)),
                        ("refused", models.PositiveIntegerField(default=0)),
                        ("problems", models.JSONField(default=list, help_text="The first of them: row, what is wrong")),
                        ("at", models.DateTimeField()),
                        (
                            "feed",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="runs",
                                to="catalog.marketfeed",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("source", "digest"), name="feed_run_once_per_content")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Match",
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
                                    ("waiting", "To be looked at"),
                                    ("accepted", "The same product"),
                                    ("family", "Same family, other pack"),
                                    ("rejected", "Another product"),
                                ],
                                default="waiting",
                                max_length=8,
                            ),
                        ),
                        ("score", models.FloatField(help_text="How likely it is the same, 0 to 1")),
                        ("reasons", models.JSONField(default=list, help_text="[[what, how much it says], ...]")),
                        ("decided_at", models.DateTimeField(blank=True, null=True)),
                        ("made_at", models.DateTimeField()),
                        (
                            "decided_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "listing",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="matches",
                                to="catalog.listing",
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
                        "verbose_name_plural": "matches",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "waiting")), fields=["-score"], name="match_queue"
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("listing", "product"), name="match_once_per_listing_and_product"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state", "accepted")),
                                fields=("listing",),
                                name="match_one_accepted_per_listing",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="MarketOffer",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("key", models.CharField(max_length=120)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("coupon", "Coupon"),
                                    ("bank", "Bank offer"),
                                    ("bundle", "Bundle"),
                                    ("flash", "Flash sale"),
                                    ("delivery", "Delivery"),
                                ],
                                max_length=8,
                            ),
                        ),
                        ("title", models.CharField(max_length=160)),
                        ("code", models.CharField(blank=True, default="", max_length=32)),
                        ("bank", models.CharField(blank=True, default="", max_length=60)),
                        ("off_bp", models.PositiveIntegerField(default=0)),
                        ("off_paise", models.PositiveBigIntegerField(default=0)),
                        (
                            "most_paise",
                            models.PositiveBigIntegerField(blank=True, help_text="At most so much off", null=True),
                        ),
                        ("minimum_paise", models.PositiveBigIntegerField(default=0, help_text="Of the basket")),
                        ("pieces", models.PositiveIntegerField(default=1, help_text="So many must be taken (bundle)")),
                        ("starts_at", models.DateTimeField()),
                        ("ends_at", models.DateTimeField(blank=True, null=True)),
                        ("seen_at", models.DateTimeField()),
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
                            "listing",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="offers",
                                to="catalog.listing",
                            ),
                        ),
                        (
                            "platform",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="offers",
                                to="catalog.platform",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("platform", "key"), name="market_offer_once_per_platform"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("ends_at", None), ("ends_at__gt", models.F("starts_at")), _connector="OR"
                                ),
                                name="market_offer_ends_after_it_starts",
                            ),
                        ],
                    },
                ),
            ]
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(BY_MONTH, "DROP TABLE catalog_listingprice")],
            state_operations=[
                migrations.CreateModel(
                    name="ListingPrice",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("at", models.DateTimeField()),
                        ("price_paise", models.PositiveBigIntegerField()),
                        ("mrp_paise", models.PositiveBigIntegerField(null=True)),
                        ("member_paise", models.PositiveBigIntegerField(null=True)),
                        ("available", models.BooleanField(default=True)),
                        (
                            "listing",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="history",
                                to="catalog.listing",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("listing", "at"), name="listing_price_one_per_instant")
                        ],
                    },
                ),
            ],
        ),
    ]
