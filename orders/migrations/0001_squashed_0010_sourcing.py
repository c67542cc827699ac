"""Carts, orders, slots, claims, tax documents. The database itself keeps invoices and credit notes frozen, summed,
without gaps, and credit within invoices."""

import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import blinkit.kernel.ids
from blinkit.kernel.tables import AtOnce

FORWARD = """
CREATE FUNCTION orders_document_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Only the recipient may be blanked: a person asked to be forgotten, and the law wants the rest kept.
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'orders_taxdocument' THEN
        IF to_jsonb(NEW) - 'recipient_name' - 'recipient_address'
           = to_jsonb(OLD) - 'recipient_name' - 'recipient_address'
           AND to_jsonb(NEW) ->> 'recipient_name' IN ('', '—') AND to_jsonb(NEW) ->> 'recipient_address' IN ('', '—')
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'An invoice never changes: issue a credit note instead.'
        USING ERRCODE = 'integrity_constraint_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'document_is_frozen';
END $$;
CREATE TRIGGER document_is_frozen BEFORE UPDATE OR DELETE ON orders_taxdocument
    FOR EACH ROW EXECUTE FUNCTION orders_document_is_frozen();
CREATE TRIGGER tax_line_is_frozen BEFORE UPDATE OR DELETE ON orders_taxline
    FOR EACH ROW EXECUTE FUNCTION orders_document_is_frozen();

CREATE FUNCTION orders_document_is_its_lines() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted uuid := (to_jsonb(NEW) ->> CASE TG_TABLE_NAME WHEN 'orders_taxdocument' THEN 'id' ELSE 'document_id' END)::uuid;
BEGIN
    PERFORM FROM orders_taxdocument d,
        LATERAL (SELECT count(*) AS lines, coalesce(sum(taxable_paise), 0) AS taxable,
                        coalesce(sum(cgst_paise), 0) AS cgst, coalesce(sum(sgst_paise), 0) AS sgst,
                        coalesce(sum(igst_paise), 0) AS igst, coalesce(sum(cess_paise), 0) AS cess
                 FROM orders_taxline WHERE document_id = d.id) l
        WHERE d.id = wanted AND (l.lines, l.taxable, l.cgst, l.sgst, l.igst, l.cess) IS DISTINCT FROM
            (greatest(l.lines, 1), d.taxable_paise, d.cgst_paise, d.sgst_paise, d.igst_paise, d.cess_paise);
    IF FOUND THEN
        RAISE EXCEPTION 'Document % is not the sum of its lines.', wanted
            USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'document_is_its_lines';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER document_is_its_lines AFTER INSERT ON orders_taxdocument
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION orders_document_is_its_lines();
CREATE CONSTRAINT TRIGGER tax_line_is_in_the_sum AFTER INSERT ON orders_taxline
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION orders_document_is_its_lines();

CREATE FUNCTION orders_credit_within_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    line orders_taxline;
BEGIN
    -- The invoice's line is locked: two credit notes at once see each other.
    SELECT * INTO line FROM orders_taxline WHERE id = NEW.of_id FOR NO KEY UPDATE;
    PERFORM FROM orders_taxline WHERE of_id = NEW.of_id
        HAVING coalesce(sum(total_paise), 0) + NEW.total_paise > line.total_paise
            OR coalesce(sum(taxable_paise), 0) + NEW.taxable_paise > line.taxable_paise
            OR coalesce(sum(cgst_paise), 0) + NEW.cgst_paise > line.cgst_paise
            OR coalesce(sum(sgst_paise), 0) + NEW.sgst_paise > line.sgst_paise
            OR coalesce(sum(igst_paise), 0) + NEW.igst_paise > line.igst_paise
            OR coalesce(sum(cess_paise), 0) + NEW.cess_paise > line.cess_paise;
    IF FOUND THEN
        RAISE EXCEPTION 'More would be credited of line % than was invoiced.', NEW.of_id
            USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'credit_within_invoice';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER credit_within_invoice BEFORE INSERT ON orders_taxline
    FOR EACH ROW WHEN (NEW.of_id IS NOT NULL) EXECUTE FUNCTION orders_credit_within_invoice();

CREATE FUNCTION orders_series_has_no_gaps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.last_serial <> (CASE TG_OP WHEN 'INSERT' THEN 0 ELSE OLD.last_serial END) + 1
       OR (TG_OP = 'UPDATE' AND (OLD.store_id, OLD.kind, OLD.gstin, OLD.year) <> (NEW.store_id, NEW.kind, NEW.gstin, NEW.year))
    THEN
        RAISE EXCEPTION 'A series of documents goes on one by one.'
            USING ERRCODE = 'integrity_constraint_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'series_goes_one_by_one';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER series_goes_one_by_one BEFORE INSERT OR UPDATE OR DELETE ON orders_documentseries
    FOR EACH ROW EXECUTE FUNCTION orders_series_has_no_gaps();

CREATE FUNCTION orders_number_has_a_document() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM orders_taxdocument WHERE store_id = NEW.store_id AND kind = NEW.kind
                   AND supplier_gstin = NEW.gstin AND year = NEW.year AND serial = NEW.last_serial) THEN
        RAISE EXCEPTION 'Number % was given out without a document.', NEW.last_serial
            USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'number_has_a_document';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER number_has_a_document AFTER INSERT OR UPDATE ON orders_documentseries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION orders_number_has_a_document();

CREATE FUNCTION orders_document_has_drawn_its_number() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM orders_documentseries WHERE store_id = NEW.store_id AND kind = NEW.kind
                   AND gstin = NEW.supplier_gstin AND year = NEW.year AND last_serial = NEW.serial) THEN
        RAISE EXCEPTION 'Number % was not drawn from its series.', NEW.number
            USING ERRCODE = 'integrity_constraint_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'document_drew_its_number';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER document_drew_its_number BEFORE INSERT ON orders_taxdocument
    FOR EACH ROW EXECUTE FUNCTION orders_document_has_drawn_its_number();
"""

BACK = """
DROP TRIGGER document_drew_its_number ON orders_taxdocument;
DROP FUNCTION orders_document_has_drawn_its_number();
DROP TRIGGER number_has_a_document ON orders_documentseries;
DROP FUNCTION orders_number_has_a_document();
DROP TRIGGER series_goes_one_by_one ON orders_documentseries;
DROP FUNCTION orders_series_has_no_gaps();
DROP TRIGGER credit_within_invoice ON orders_taxline;
DROP FUNCTION orders_credit_within_invoice();
DROP TRIGGER tax_line_is_in_the_sum ON orders_taxline;
DROP TRIGGER document_is_its_lines ON orders_taxdocument;
DROP FUNCTION orders_document_is_its_lines();
DROP TRIGGER tax_line_is_frozen ON orders_taxline;
DROP TRIGGER document_is_frozen ON orders_taxdocument;
DROP FUNCTION orders_document_is_frozen();
"""


class Migration(migrations.Migration):
    replaces = [
        ("orders", "0001_initial"),
        ("orders", "0002_order_number"),
        ("orders", "0003_rider_at_door_at"),
        ("orders", "0004_promotions"),
        ("orders", "0005_price_source"),
        ("orders", "0006_slots"),
        ("orders", "0007_claims"),
        ("orders", "0008_wallet"),
        ("orders", "0009_invoices"),
        ("orders", "0010_sourcing"),
    ]

    initial = True

    dependencies = [
        ("catalog", "0001_squashed_0011_min_life"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AtOnce(
            [
                migrations.CreateModel(
                    name="Cart",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("guest_token", models.UUIDField(blank=True, null=True, unique=True)),
                        ("tip_paise", models.BigIntegerField(default=0)),
                        ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "customer",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="cart",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "store",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.store"
                            ),
                        ),
                        ("coupon_code", models.CharField(blank=True, db_default="", default="", max_length=24)),
                        ("gift_from", models.CharField(blank=True, db_default="", default="", max_length=60)),
                        ("gift_note", models.CharField(blank=True, db_default="", default="", max_length=200)),
                        ("is_gift", models.BooleanField(db_default=False, default=False)),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("customer__isnull", False), ("guest_token__isnull", False), _connector="OR"
                                ),
                                name="cart_belongs_to_somebody",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("tip_paise__gte", 0)), name="cart_tip_not_negative"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CartLine",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("qty", models.PositiveSmallIntegerField()),
                        (
                            "consent",
                            models.CharField(
                                choices=[
                                    ("refund", "Refund it"),
                                    ("substitute", "Bring something similar"),
                                    ("call", "Call me"),
                                ],
                                default="refund",
                                max_length=10,
                            ),
                        ),
                        ("added_at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "cart",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="orders.cart"
                            ),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.product"
                            ),
                        ),
                        (
                            "substitute_up_to_paise",
                            models.PositiveIntegerField(
                                db_default=0,
                                default=0,
                                help_text="How much dearer per unit a substitute may be on the shelf; 0: not dearer",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["id"],
                        "constraints": [
                            models.UniqueConstraint(fields=("cart", "product"), name="cart_line_once_per_product"),
                            models.CheckConstraint(
                                condition=models.Q(("qty__gte", 1), ("qty__lte", 99)), name="cart_line_qty_in_range"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LegStat",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("leg", models.CharField(max_length=12)),
                        ("hour", models.PositiveSmallIntegerField()),
                        ("p50_s", models.FloatField()),
                        ("p90_s", models.FloatField()),
                        ("samples", models.PositiveIntegerField(default=0)),
                        ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("store", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="catalog.store")),
                    ],
                    options={
                        "constraints": [models.UniqueConstraint(fields=("store", "leg", "hour"), name="leg_stat_once")],
                    },
                ),
                migrations.CreateModel(
                    name="SlotTemplate",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "weekday",
                            models.PositiveSmallIntegerField(
                                choices=[
                                    (0, "Monday"),
                                    (1, "Tuesday"),
                                    (2, "Wednesday"),
                                    (3, "Thursday"),
                                    (4, "Friday"),
                                    (5, "Saturday"),
                                    (6, "Sunday"),
                                ]
                            ),
                        ),
                        ("from_time", models.TimeField(verbose_name="from")),
                        ("to_time", models.TimeField(help_text="On the same day, or midnight", verbose_name="to")),
                        (
                            "capacity",
                            models.PositiveSmallIntegerField(
                                help_text="Orders per window", validators=[django.core.validators.MinValueValidator(1)]
                            ),
                        ),
                        (
                            "cut_off_m",
                            models.PositiveSmallIntegerField(
                                default=30,
                                help_text="Orders are taken until so many minutes before the window begins",
                                verbose_name="cut-off",
                            ),
                        ),
                        (
                            "days_ahead",
                            models.PositiveSmallIntegerField(
                                default=2,
                                help_text="How far ahead it can be chosen; 0: today only",
                                validators=[django.core.validators.MaxValueValidator(14)],
                            ),
                        ),
                        ("is_active", models.BooleanField(default=True)),
                        (
                            "store",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="slot_templates",
                                to="catalog.store",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["store", "weekday", "from_time"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("store", "weekday", "from_time"),
                                name="slot_template_once_per_store_and_start",
                                violation_error_message="This store has a window that begins then already.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("to_time__gt", models.F("from_time")), ("to_time", "00:00"), _connector="OR"
                                ),
                                name="slot_template_ends_after_it_begins",
                                violation_error_message="A window ends after it begins, on the same day or at midnight.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("weekday__lte", 6)), name="slot_template_weekday_is_known"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Slot",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("starts_at", models.DateTimeField()),
                        ("ends_at", models.DateTimeField()),
                        ("cut_off_at", models.DateTimeField(help_text="The last moment to order for it")),
                        ("capacity", models.PositiveSmallIntegerField()),
                        ("booked", models.PositiveSmallIntegerField(default=0)),
                        (
                            "store",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="slots", to="catalog.store"
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("store", "starts_at"), name="slot_once_per_store_and_start"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("booked__lte", models.F("capacity"))),
                                name="slot_booked_within_capacity",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                                name="slot_ends_after_it_begins",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("cut_off_at__lte", models.F("starts_at"))),
                                name="slot_cut_off_before_it_begins",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Order",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "number",
                            models.CharField(help_text="For people: e.g. 'T-48213'", max_length=12, unique=True),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("PENDING", "Waiting for payment"),
                                    ("CONFIRMED", "Confirmed"),
                                    ("ASSIGNED_TO_STORE", "With the store"),
                                    ("PICKING", "Being picked"),
                                    ("PACKED", "Packed"),
                                    ("ASSIGNED_TO_PARTNER", "Rider is coming to the shelf"),
                                    ("PICKED_UP", "Picked up"),
                                    ("IN_TRANSIT", "On the way"),
                                    ("DELIVERED", "Delivered"),
                                    ("CLOSED", "Closed"),
                                    ("CANCELLED", "Cancelled"),
                                    ("UNDELIVERED", "Could not be delivered"),
                                    ("REFUNDED", "Refunded"),
                                ],
                                default="PENDING",
                                max_length=20,
                            ),
                        ),
                        ("address_text", models.CharField(max_length=500)),
                        ("lat", models.FloatField()),
                        ("lng", models.FloatField()),
                        ("door_instructions", models.CharField(blank=True, max_length=240)),
                        (
                            "instructions",
                            models.JSONField(
                                blank=True, default=list, help_text="Chips: 'leave_at_door', 'no_bell', ..."
                            ),
                        ),
                        ("contact_name", models.CharField(blank=True, max_length=120)),
                        ("contact_phone", models.CharField(max_length=16)),
                        ("distance_metres", models.PositiveIntegerField(default=0)),
                        ("items_paise", models.BigIntegerField()),
                        ("delivery_paise", models.BigIntegerField(default=0)),
                        ("handling_paise", models.BigIntegerField(default=0)),
                        ("small_cart_paise", models.BigIntegerField(default=0)),
                        ("surge_paise", models.BigIntegerField(default=0)),
                        ("tip_paise", models.BigIntegerField(default=0)),
                        ("discount_paise", models.BigIntegerField(default=0)),
                        (
                            "tax_paise",
                            models.BigIntegerField(
                                default=0, help_text="GST contained in the parts above, not added to them"
                            ),
                        ),
                        ("total_paise", models.BigIntegerField()),
                        ("payment_method", models.CharField(max_length=8)),
                        ("placed_at", models.DateTimeField()),
                        (
                            "pay_by",
                            models.DateTimeField(
                                blank=True, help_text="End of the payment window while PENDING", null=True
                            ),
                        ),
                        ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                        ("promised_from", models.DateTimeField(blank=True, null=True)),
                        ("promised_by", models.DateTimeField(blank=True, null=True)),
                        ("packed_at", models.DateTimeField(blank=True, null=True)),
                        ("picked_up_at", models.DateTimeField(blank=True, null=True)),
                        ("delivered_at", models.DateTimeField(blank=True, null=True)),
                        ("finished_at", models.DateTimeField(blank=True, null=True)),
                        ("status_at", models.DateTimeField()),
                        ("cancel_reason", models.CharField(blank=True, max_length=160)),
                        ("bag_codes", models.JSONField(blank=True, default=list)),
                        ("shelf_slot", models.CharField(blank=True, max_length=12)),
                        ("rider_id_ref", models.BigIntegerField(blank=True, null=True)),
                        ("rider_name", models.CharField(blank=True, max_length=120)),
                        ("rider_accepted_at", models.DateTimeField(blank=True, null=True)),
                        ("door_otp", models.CharField(blank=True, max_length=4)),
                        (
                            "customer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="orders",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "store",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="orders", to="catalog.store"
                            ),
                        ),
                        ("rider_at_door_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "cashback_paise",
                            models.BigIntegerField(
                                db_default=0, default=0, help_text="A credit that comes after delivery"
                            ),
                        ),
                        (
                            "place_of_supply",
                            models.CharField(
                                blank=True, db_default="", default="", help_text="GST state code", max_length=2
                            ),
                        ),
                        (
                            "promotions",
                            models.JSONField(
                                blank=True, help_text="Those that applied, as they were agreed", null=True
                            ),
                        ),
                        (
                            "supplier_state",
                            models.CharField(
                                blank=True, db_default="", default="", help_text="GST state code", max_length=2
                            ),
                        ),
                        ("gift_from", models.CharField(blank=True, db_default="", default="", max_length=60)),
                        ("gift_note", models.CharField(blank=True, db_default="", default="", max_length=200)),
                        ("is_gift", models.BooleanField(db_default=False, default=False)),
                        (
                            "release_at",
                            models.DateTimeField(blank=True, help_text="When the store begins with it", null=True),
                        ),
                        ("released_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "slot",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="orders",
                                to="orders.slot",
                            ),
                        ),
                        (
                            "cashback_paid_paise",
                            models.BigIntegerField(
                                blank=True, help_text="Of the credit; empty until closed", null=True
                            ),
                        ),
                        (
                            "wallet_paise",
                            models.BigIntegerField(
                                db_default=0, default=0, help_text="Paid from the wallet; the rest as above"
                            ),
                        ),
                        (
                            "fee_gst_bp",
                            models.PositiveIntegerField(
                                blank=True, help_text="GST rate of the fees, as billed", null=True
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["customer", "-placed_at"], name="order_by_customer"),
                            models.Index(
                                condition=models.Q(
                                    (
                                        "status__in",
                                        [
                                            "ASSIGNED_TO_PARTNER",
                                            "ASSIGNED_TO_STORE",
                                            "CONFIRMED",
                                            "IN_TRANSIT",
                                            "PACKED",
                                            "PENDING",
                                            "PICKED_UP",
                                            "PICKING",
                                        ],
                                    )
                                ),
                                fields=["store", "status"],
                                name="order_live_by_store",
                            ),
                            models.Index(
                                condition=models.Q(("status", "PENDING")), fields=["pay_by"], name="order_unpaid"
                            ),
                            models.Index(
                                condition=models.Q(("status", "DELIVERED")),
                                fields=["delivered_at"],
                                name="order_to_close",
                            ),
                            models.Index(fields=["-placed_at"], name="order_newest"),
                            models.Index(
                                condition=models.Q(
                                    ("release_at__isnull", False), ("released_at", None), ("status", "CONFIRMED")
                                ),
                                fields=["release_at"],
                                name="order_to_release",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("total_paise__gte", 0)), name="order_total_not_negative"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "total_paise",
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.expressions.CombinedExpression(
                                                    django.db.models.expressions.CombinedExpression(
                                                        django.db.models.expressions.CombinedExpression(
                                                            django.db.models.expressions.CombinedExpression(
                                                                models.F("items_paise"), "+", models.F("delivery_paise")
                                                            ),
                                                            "+",
                                                            models.F("handling_paise"),
                                                        ),
                                                        "+",
                                                        models.F("small_cart_paise"),
                                                    ),
                                                    "+",
                                                    models.F("surge_paise"),
                                                ),
                                                "+",
                                                models.F("tip_paise"),
                                            ),
                                            "-",
                                            models.F("discount_paise"),
                                        ),
                                    )
                                ),
                                name="order_total_is_the_sum_of_its_parts",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "status__in",
                                        [
                                            "PENDING",
                                            "CONFIRMED",
                                            "ASSIGNED_TO_STORE",
                                            "PICKING",
                                            "PACKED",
                                            "ASSIGNED_TO_PARTNER",
                                            "PICKED_UP",
                                            "IN_TRANSIT",
                                            "DELIVERED",
                                            "CLOSED",
                                            "CANCELLED",
                                            "UNDELIVERED",
                                            "REFUNDED",
                                        ],
                                    )
                                ),
                                name="order_status_is_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("wallet_paise__gte", 0), ("wallet_paise__lte", models.F("total_paise"))
                                ),
                                name="order_wallet_within_total",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Evidence",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("kind", models.CharField(max_length=24)),
                        ("detail", models.JSONField()),
                        ("actor", models.CharField(max_length=60)),
                        ("at", models.DateTimeField()),
                        (
                            "order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="evidence", to="orders.order"
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="OrderLine",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("sku", models.CharField(max_length=40)),
                        ("name", models.CharField(max_length=240)),
                        ("pack", models.CharField(blank=True, max_length=60)),
                        ("image", models.CharField(blank=True, max_length=200)),
                        ("qty", models.PositiveSmallIntegerField()),
                        ("short_qty", models.PositiveSmallIntegerField(default=0)),
                        ("unit_price_paise", models.BigIntegerField()),
                        ("mrp_paise", models.BigIntegerField()),
                        ("gst_bp", models.PositiveIntegerField(default=0)),
                        ("hsn", models.CharField(blank=True, max_length=8)),
                        (
                            "tax_paise",
                            models.BigIntegerField(
                                default=0, help_text="GST contained in unit_price * qty less the discount"
                            ),
                        ),
                        (
                            "consent",
                            models.CharField(
                                choices=[
                                    ("refund", "Refund it"),
                                    ("substitute", "Bring something similar"),
                                    ("call", "Call me"),
                                ],
                                default="refund",
                                max_length=10,
                            ),
                        ),
                        (
                            "order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="orders.order"
                            ),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.product"
                            ),
                        ),
                        (
                            "discount_paise",
                            models.BigIntegerField(
                                db_default=0, default=0, help_text="This line's share, of what was found"
                            ),
                        ),
                        (
                            "price_source",
                            models.CharField(
                                blank=True,
                                db_default="",
                                default="",
                                help_text="Where the unit price came from: 'city from 3'",
                                max_length=30,
                            ),
                        ),
                        (
                            "substitute_for",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="substitutes",
                                to="orders.orderline",
                            ),
                        ),
                        (
                            "substitute_up_to_paise",
                            models.PositiveIntegerField(
                                db_default=0,
                                default=0,
                                help_text="How much dearer per unit a substitute may be on the shelf; 0: not dearer",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["id"],
                        "constraints": [
                            models.UniqueConstraint(fields=("order", "product"), name="order_line_once_per_product"),
                            models.CheckConstraint(
                                condition=models.Q(("short_qty__lte", models.F("qty"))),
                                name="order_line_short_within_qty",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Promise",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("version", models.CharField(max_length=20)),
                        ("made_at", models.DateTimeField()),
                        ("p50_at", models.DateTimeField()),
                        ("promised_by", models.DateTimeField()),
                        ("inputs", models.JSONField()),
                        ("actual_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="promises", to="orders.order"
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="ClaimedLine",
                    fields=[
                        (
                            "line",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                primary_key=True,
                                related_name="claimed",
                                serialize=False,
                                to="orders.orderline",
                            ),
                        ),
                        ("sold_units", models.PositiveSmallIntegerField()),
                        ("paid_paise", models.PositiveBigIntegerField()),
                        ("units", models.SmallIntegerField(default=0, help_text="Claimed and not refused")),
                        ("refunded_paise", models.BigIntegerField(default=0)),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("units__gte", 0), ("units__lte", models.F("sold_units"))),
                                name="claimed_units_within_sold",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("refunded_paise__gte", 0), ("refunded_paise__lte", models.F("paid_paise"))
                                ),
                                name="claimed_refund_within_paid",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ClaimPhoto",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("name", models.CharField(help_text="In the private storage", max_length=120)),
                        ("width", models.PositiveIntegerField()),
                        ("height", models.PositiveIntegerField()),
                        ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="claim_photos",
                                to="orders.order",
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="ClaimPolicy",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("order_paise", models.PositiveBigIntegerField(default=50000, help_text="Most per order")),
                        (
                            "days30_paise",
                            models.PositiveBigIntegerField(default=100000, help_text="Most per customer in 30 days"),
                        ),
                        (
                            "share_bp",
                            models.PositiveIntegerField(
                                default=2500, help_text="Most of 90 days' spending: 2500 is 25 %"
                            ),
                        ),
                        (
                            "share_floor_paise",
                            models.PositiveBigIntegerField(default=20000, help_text="So much whatever they spent"),
                        ),
                        (
                            "small_paise",
                            models.PositiveBigIntegerField(default=15000, help_text="Up to this a word is enough"),
                        ),
                        (
                            "claims_30d",
                            models.PositiveSmallIntegerField(
                                default=4, help_text="From so many in 30 days a person looks"
                            ),
                        ),
                        (
                            "score_asks",
                            models.PositiveSmallIntegerField(
                                default=60, help_text="From this score a person looks (0 to 100)"
                            ),
                        ),
                        (
                            "late_after_m",
                            models.PositiveSmallIntegerField(
                                default=15, help_text="From so late the delivery fee goes back"
                            ),
                        ),
                        ("window_h", models.PositiveSmallIntegerField(default=24, help_text="Hours after delivery")),
                        (
                            "perishable_window_h",
                            models.PositiveSmallIntegerField(
                                default=12, help_text="Chilled, frozen, fruit, vegetables"
                            ),
                        ),
                        (
                            "question_days",
                            models.PositiveSmallIntegerField(
                                default=7, help_text="For questions about rider or payment"
                            ),
                        ),
                        ("changed_at", models.DateTimeField(auto_now=True)),
                    ],
                    options={
                        "verbose_name_plural": "claim policies",
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("share_bp__lte", 10000)), name="claim_policy_share_is_a_share"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Rating",
                    fields=[
                        (
                            "order",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="rating",
                                serialize=False,
                                to="orders.order",
                            ),
                        ),
                        ("stars", models.PositiveSmallIntegerField()),
                        ("rider_stars", models.PositiveSmallIntegerField(blank=True, null=True)),
                        ("chips", models.JSONField(default=list, help_text="Codes of orders.services.rating.CHIPS")),
                        ("note", models.CharField(blank=True, max_length=300)),
                        ("rider_id_ref", models.BigIntegerField(blank=True, null=True)),
                        ("created_at", models.DateTimeField()),
                        ("changed_at", models.DateTimeField()),
                    ],
                    options={
                        "indexes": [models.Index(fields=["rider_id_ref"], name="rating_by_rider")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("stars__gte", 1), ("stars__lte", 5)), name="rating_from_one_to_five"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("rider_stars", None),
                                    models.Q(("rider_stars__gte", 1), ("rider_stars__lte", 5)),
                                    _connector="OR",
                                ),
                                name="rating_of_rider_from_one_to_five",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Claim",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("batch", models.UUIDField(help_text="Claims sent together; the same again is a repeat")),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("missing", "Missing"),
                                    ("wrong", "Wrong item"),
                                    ("damaged", "Damaged"),
                                    ("bad", "Expired or bad"),
                                    ("not-as-described", "Not as described"),
                                    ("never-came", "The order never came"),
                                    ("late", "It was late"),
                                    ("rider", "About the rider"),
                                    ("payment", "Payment or bill"),
                                ],
                                max_length=16,
                            ),
                        ),
                        ("qty", models.PositiveSmallIntegerField(default=0)),
                        ("note", models.CharField(blank=True, max_length=300)),
                        ("asked_paise", models.PositiveBigIntegerField(default=0)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("waiting", "A person decides"),
                                    ("refunded", "Refunded"),
                                    ("refused", "Refused"),
                                ],
                                max_length=8,
                            ),
                        ),
                        ("refund_paise", models.PositiveBigIntegerField(default=0)),
                        ("decision", models.JSONField(default=dict)),
                        (
                            "reason",
                            models.CharField(blank=True, help_text="What staff told the customer", max_length=300),
                        ),
                        ("decided_by", models.CharField(blank=True, max_length=60)),
                        ("decided_at", models.DateTimeField(blank=True, null=True)),
                        ("created_at", models.DateTimeField()),
                        (
                            "customer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="claims",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "line",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="claims",
                                to="orders.orderline",
                            ),
                        ),
                        (
                            "order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="claims", to="orders.order"
                            ),
                        ),
                        (
                            "photo",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="orders.claimphoto",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["created_at", "id"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "waiting")), fields=["created_at"], name="claim_waiting"
                            ),
                            models.Index(fields=["customer", "-created_at"], name="claim_by_customer"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "waiting")),
                                fields=("line",),
                                name="claim_one_open_per_line",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("line", None), ("state", "waiting")),
                                fields=("order", "kind"),
                                name="claim_one_open_per_order_and_kind",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(
                                    ("kind__in", ["late", "never-came"]), ("line", None), ("state", "refunded")
                                ),
                                fields=("order", "kind"),
                                name="claim_late_is_refunded_once",
                            ),
                            models.UniqueConstraint(
                                fields=("batch", "line", "kind"), name="claim_once_per_batch_line_and_kind"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("refund_paise__lte", models.F("asked_paise"))),
                                name="claim_refund_within_asked",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("state__in", ["waiting", "refunded", "refused"])),
                                name="claim_state_is_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("state", "refunded"), ("refund_paise", 0), _connector="OR"),
                                name="claim_refund_only_when_refunded",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TaxDocument",
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
                                choices=[("invoice", "Invoice"), ("credit-note", "Credit note")], max_length=12
                            ),
                        ),
                        (
                            "cause",
                            models.CharField(
                                blank=True, help_text="Why it was credited: 'claim:<id>', 'undelivered'", max_length=60
                            ),
                        ),
                        ("reason", models.CharField(blank=True, max_length=160)),
                        ("year", models.PositiveSmallIntegerField()),
                        ("serial", models.PositiveIntegerField()),
                        ("number", models.CharField(max_length=16)),
                        (
                            "title",
                            models.CharField(
                                help_text="tax-invoice, bill-of-supply, invoice-cum-bill or credit-note", max_length=20
                            ),
                        ),
                        ("issued_at", models.DateTimeField()),
                        ("supplied_at", models.DateTimeField(help_text="When the goods left the store")),
                        ("supplier_name", models.CharField(max_length=120)),
                        ("supplier_trade_name", models.CharField(blank=True, max_length=120)),
                        ("supplier_gstin", models.CharField(max_length=15)),
                        ("supplier_address", models.CharField(max_length=300)),
                        ("supplier_fssai", models.CharField(blank=True, max_length=14)),
                        ("recipient_name", models.CharField(blank=True, max_length=120)),
                        ("recipient_address", models.CharField(blank=True, max_length=500)),
                        ("place_of_supply", models.CharField(help_text="GST state code", max_length=2)),
                        ("taxable_paise", models.BigIntegerField()),
                        ("cgst_paise", models.BigIntegerField()),
                        ("sgst_paise", models.BigIntegerField()),
                        ("igst_paise", models.BigIntegerField()),
                        ("cess_paise", models.BigIntegerField()),
                        ("round_off_paise", models.BigIntegerField(default=0)),
                        ("supply_paise", models.BigIntegerField()),
                        ("tip_paise", models.BigIntegerField(default=0)),
                        ("total_paise", models.BigIntegerField()),
                        ("payment_method", models.CharField(max_length=8)),
                        ("wallet_paise", models.BigIntegerField(default=0)),
                        (
                            "against",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="credit_notes",
                                to="orders.taxdocument",
                            ),
                        ),
                        (
                            "order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="tax_documents",
                                to="orders.order",
                            ),
                        ),
                        (
                            "store",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.store"
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["supplier_gstin", "issued_at"], name="document_by_supplier")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("store", "kind", "supplier_gstin", "year", "serial"),
                                name="document_once_per_serial",
                            ),
                            models.UniqueConstraint(
                                fields=("supplier_gstin", "number"), name="document_number_once_per_supplier"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("kind", "invoice")),
                                fields=("order",),
                                name="document_one_invoice_per_order",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("kind", "credit-note")),
                                fields=("against", "cause"),
                                name="document_one_credit_note_per_cause",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("against", None), ("cause", ""), ("kind", "invoice")),
                                    models.Q(
                                        ("against__isnull", False),
                                        ("kind", "credit-note"),
                                        models.Q(("cause", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="document_credit_note_names_its_invoice_and_cause",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "supply_paise",
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.expressions.CombinedExpression(
                                                    django.db.models.expressions.CombinedExpression(
                                                        django.db.models.expressions.CombinedExpression(
                                                            models.F("taxable_paise"), "+", models.F("cgst_paise")
                                                        ),
                                                        "+",
                                                        models.F("sgst_paise"),
                                                    ),
                                                    "+",
                                                    models.F("igst_paise"),
                                                ),
                                                "+",
                                                models.F("cess_paise"),
                                            ),
                                            "+",
                                            models.F("round_off_paise"),
                                        ),
                                    ),
                                    (
                                        "total_paise",
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("supply_paise"), "+", models.F("tip_paise")
                                        ),
                                    ),
                                ),
                                name="document_total_is_the_sum_of_its_parts",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("igst_paise", 0), models.Q(("cgst_paise", 0), ("sgst_paise", 0)), _connector="OR"
                                ),
                                name="document_tax_is_of_one_kind",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TaxLine",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("position", models.PositiveSmallIntegerField()),
                        (
                            "code",
                            models.CharField(help_text="goods, delivery, handling, small_cart or surge", max_length=12),
                        ),
                        ("name", models.CharField(max_length=240)),
                        ("pack", models.CharField(blank=True, max_length=60)),
                        ("hsn", models.CharField(blank=True, help_text="HSN of goods, SAC of services", max_length=8)),
                        (
                            "uqc",
                            models.CharField(
                                help_text="Unit quantity code: PAC for packs, NA for services", max_length=3
                            ),
                        ),
                        ("qty", models.PositiveSmallIntegerField()),
                        ("unit_price_paise", models.BigIntegerField(help_text="Tax included")),
                        ("discount_paise", models.BigIntegerField(default=0)),
                        ("gst_bp", models.PositiveIntegerField()),
                        ("taxable_paise", models.BigIntegerField()),
                        ("cgst_paise", models.BigIntegerField()),
                        ("sgst_paise", models.BigIntegerField()),
                        ("igst_paise", models.BigIntegerField()),
                        ("cess_paise", models.BigIntegerField(default=0)),
                        ("total_paise", models.BigIntegerField()),
                        (
                            "document",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="lines",
                                to="orders.taxdocument",
                            ),
                        ),
                        (
                            "of",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="credits",
                                to="orders.taxline",
                            ),
                        ),
                        (
                            "order_line",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="orders.orderline",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["position"],
                        "constraints": [
                            models.UniqueConstraint(fields=("document", "position"), name="tax_line_once_per_position"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "total_paise",
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.expressions.CombinedExpression(
                                                    django.db.models.expressions.CombinedExpression(
                                                        models.F("taxable_paise"), "+", models.F("cgst_paise")
                                                    ),
                                                    "+",
                                                    models.F("sgst_paise"),
                                                ),
                                                "+",
                                                models.F("igst_paise"),
                                            ),
                                            "+",
                                            models.F("cess_paise"),
                                        ),
                                    )
                                ),
                                name="tax_line_total_is_the_sum_of_its_parts",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("cess_paise__gte", 0),
                                    ("cgst_paise__gte", 0),
                                    ("igst_paise__gte", 0),
                                    ("sgst_paise__gte", 0),
                                    ("taxable_paise__gte", 0),
                                ),
                                name="tax_line_amounts_are_not_negative",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DocumentSeries",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[("invoice", "Invoice"), ("credit-note", "Credit note")], max_length=12
                            ),
                        ),
                        ("gstin", models.CharField(max_length=15)),
                        ("year", models.PositiveSmallIntegerField(help_text="In which the financial year begins")),
                        ("last_serial", models.PositiveIntegerField()),
                        ("last_at", models.DateTimeField(help_text="Dates never go back within a series")),
                        (
                            "store",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.store"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "document series",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("store", "kind", "gstin", "year"), name="series_once_per_store_and_year"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Supplier",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("legal_name", models.CharField(help_text="As in the GST registration", max_length=120)),
                        ("trade_name", models.CharField(blank=True, max_length=120)),
                        ("gstin", models.CharField(max_length=15, verbose_name="GSTIN")),
                        (
                            "address",
                            models.CharField(
                                help_text="Principal place of business, with the PIN code", max_length=300
                            ),
                        ),
                        (
                            "fssai",
                            models.CharField(
                                blank=True,
                                help_text="14 digits. A store's own licence is printed where it has one",
                                max_length=14,
                                validators=[django.core.validators.RegexValidator("^[0-9]{14}\\Z", "14 digits.")],
                                verbose_name="FSSAI licence",
                            ),
                        ),
                        ("changed_at", models.DateTimeField(auto_now=True)),
                        (
                            "city",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="supplier",
                                to="catalog.city",
                            ),
                        ),
                        (
                            "store",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="supplier",
                                to="catalog.store",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("city__isnull", False), ("store", None)),
                                    models.Q(("city", None), ("store__isnull", False)),
                                    _connector="OR",
                                ),
                                name="supplier_is_of_a_city_or_a_store",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("gstin__regex", "^[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][1-9A-Z]Z[0-9A-Z]$")
                                ),
                                name="supplier_gstin_has_its_shape",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CustomerTrust",
                    fields=[],
                    options={
                        "verbose_name": "customer and cash",
                        "verbose_name_plural": "customers and cash",
                        "proxy": True,
                    },
                    bases=("accounts.user",),
                ),
                migrations.CreateModel(
                    name="LateCredit",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("promised_by", models.DateTimeField(help_text="The first promise made for it")),
                        (
                            "came_at",
                            models.DateTimeField(help_text="At the door, where the rider said so; else handed over"),
                        ),
                        ("late_m", models.PositiveIntegerField()),
                        ("paise", models.PositiveIntegerField()),
                        ("rule", models.CharField(max_length=80)),
                        ("made_at", models.DateTimeField()),
                        (
                            "city",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.city"
                            ),
                        ),
                        (
                            "order",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="late_credit",
                                to="orders.order",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["-made_at"], name="late_credit_newest")],
                    },
                ),
                migrations.CreateModel(
                    name="LateStep",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "from_m",
                            models.PositiveSmallIntegerField(
                                help_text="Whole minutes after the promise", verbose_name="from minutes late"
                            ),
                        ),
                        (
                            "of",
                            models.CharField(
                                choices=[
                                    ("paise", "A fixed sum (paise)"),
                                    ("delivery", "Part of the delivery fee (basis points)"),
                                    ("total", "Part of the total (basis points)"),
                                ],
                                default="paise",
                                max_length=8,
                            ),
                        ),
                        (
                            "amount",
                            models.PositiveIntegerField(help_text="Paise, or basis points (10000 is all of it)"),
                        ),
                        ("cap_paise", models.PositiveIntegerField(default=10000, help_text="Never more than this")),
                        (
                            "city",
                            models.ForeignKey(
                                blank=True,
                                help_text="Empty: everywhere",
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.city",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["city", "from_m"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("city", "from_m"),
                                name="late_step_once_per_city_and_minute",
                                nulls_distinct=False,
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("from_m__gte", 1)), name="late_step_is_after_the_promise"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("of", "paise"), ("amount__lte", 10000), _connector="OR"),
                                name="late_step_gives_at_most_all_of_it",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Sourcing",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "cause",
                            models.CharField(
                                choices=[
                                    ("checkout", "At checkout"),
                                    ("slot", "By its slot"),
                                    ("offline", "The store went offline"),
                                    ("declined", "The store declined"),
                                ],
                                max_length=12,
                            ),
                        ),
                        ("candidates", models.JSONField()),
                        ("why", models.CharField(blank=True, default="", max_length=160)),
                        ("made_at", models.DateTimeField()),
                        (
                            "order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="sourcings", to="orders.order"
                            ),
                        ),
                        (
                            "store",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="catalog.store",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["made_at"], name="sourcing_to_purge")],
                    },
                ),
                migrations.CreateModel(
                    name="TrustOverride",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "level",
                            models.CharField(
                                choices=[
                                    ("watched", "Watched"),
                                    ("new", "New"),
                                    ("known", "Known"),
                                    ("trusted", "Trusted"),
                                ],
                                max_length=8,
                            ),
                        ),
                        ("reason", models.CharField(max_length=160)),
                        ("until", models.DateTimeField()),
                        ("actor", models.CharField(max_length=60)),
                        ("made_at", models.DateTimeField()),
                        (
                            "customer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="trust_overrides",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "permissions": [("set_trust", "Can set how far a customer is trusted with cash")],
                        "indexes": [models.Index(fields=["customer", "-made_at"], name="trust_override_of")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("reason", ""), _negated=True), name="trust_override_has_a_reason"
                            )
                        ],
                    },
                ),
            ]
        ),
        # Where the short numbers for people come from ("T-48001").
        migrations.RunSQL(
            "CREATE SEQUENCE orders_order_number AS bigint START WITH 48001",
            "DROP SEQUENCE orders_order_number",
        ),
        migrations.RunSQL(FORWARD, BACK),
    ]
