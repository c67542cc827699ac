"""Stock, batches, the ledger, goods in, counts, transfers. The database itself refuses to change or delete a line
of the stock ledger."""

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

import blinkit.kernel.ids
import inventory.inbound
from blinkit.kernel.tables import AtOnce

REFUSE = """
CREATE FUNCTION inventory_refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The stock ledger is append-only: write a correcting movement instead.'
        USING ERRCODE = 'integrity_constraint_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'movement_is_append_only';
END $$;
CREATE TRIGGER movement_is_append_only BEFORE UPDATE OR DELETE ON inventory_movement
    FOR EACH ROW EXECUTE FUNCTION inventory_refuse_ledger_change();
"""

ALLOW = """
DROP TRIGGER movement_is_append_only ON inventory_movement;
DROP FUNCTION inventory_refuse_ledger_change();
"""


class Migration(migrations.Migration):
    replaces = [
        ("inventory", "0001_initial"),
        ("inventory", "0002_ledger_is_append_only"),
        ("inventory", "0003_batches"),
        ("inventory", "0004_units_get_batches"),
        ("inventory", "0005_movements_have_batches"),
        ("inventory", "0006_inbound"),
        ("inventory", "0007_counts"),
        ("inventory", "0008_sync"),
        ("inventory", "0009_goods_by_time"),
        ("inventory", "0010_hold_arrives_at"),
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
                    name="Bin",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("code", models.CharField(max_length=12)),
                        ("zone", models.CharField(max_length=8)),
                        ("sequence", models.PositiveIntegerField(default=0)),
                        (
                            "store",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="bins", to="catalog.store"
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("store", "code"), name="bin_code_once_per_store")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Stock",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("on_hand", models.IntegerField(default=0)),
                        ("held", models.IntegerField(default=0)),
                        (
                            "bin",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="stock",
                                to="inventory.bin",
                            ),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="stock", to="catalog.product"
                            ),
                        ),
                        (
                            "store",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="stock", to="catalog.store"
                            ),
                        ),
                        ("blocked", models.IntegerField(db_default=0, default=0)),
                        (
                            "free",
                            models.GeneratedField(
                                db_persist=True,
                                expression=django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("on_hand"), "-", models.F("held")
                                    ),
                                    "-",
                                    models.F("blocked"),
                                ),
                                output_field=models.IntegerField(),
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "stock",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("store", "product"), name="stock_once_per_store_and_product"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("on_hand__gte", 0)), name="stock_on_hand_not_negative"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("held__gte", 0)), name="stock_held_not_negative"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("blocked__gte", 0)), name="stock_blocked_not_negative"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "held__lte",
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("on_hand"), "-", models.F("blocked")
                                        ),
                                    )
                                ),
                                name="stock_held_and_blocked_within_on_hand",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Hold",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("ref", models.UUIDField()),
                        ("qty", models.PositiveIntegerField()),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("active", "Waiting for payment"),
                                    ("firm", "Firm"),
                                    ("shipped", "Left the store"),
                                    ("released", "Given back"),
                                ],
                                default="active",
                                max_length=8,
                            ),
                        ),
                        ("expires_at", models.DateTimeField(blank=True, null=True)),
                        ("created_at", models.DateTimeField()),
                        (
                            "stock",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="holds", to="inventory.stock"
                            ),
                        ),
                        (
                            "arrives_at",
                            models.DateTimeField(blank=True, help_text="When the units must still be good", null=True),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "active")), fields=["expires_at"], name="hold_expiring"
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("ref", "stock"), name="hold_once_per_ref_and_stock"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state", "active"), _negated=True),
                                    ("expires_at__isnull", False),
                                    _connector="OR",
                                ),
                                name="hold_active_has_an_end",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Batch",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "lot",
                            models.CharField(
                                blank=True, default="", help_text="As printed; empty when nothing is", max_length=40
                            ),
                        ),
                        ("expires_on", models.DateField(blank=True, help_text="Last day of use", null=True)),
                        ("sell_until", models.DateTimeField(blank=True, null=True)),
                        (
                            "unit_cost_paise",
                            models.BigIntegerField(blank=True, help_text="What one unit cost us", null=True),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("open", "For sale"),
                                    ("short", "Too short-dated to sell"),
                                    ("expired", "Expired"),
                                    ("quarantined", "In quarantine"),
                                ],
                                default="open",
                                max_length=11,
                            ),
                        ),
                        ("state_reason", models.CharField(blank=True, default="", max_length=120)),
                        ("on_hand", models.IntegerField(default=0)),
                        ("held", models.IntegerField(default=0)),
                        ("received_at", models.DateTimeField()),
                        (
                            "bin",
                            models.ForeignKey(
                                blank=True,
                                help_text="Empty: in the product's home place",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="batches",
                                to="inventory.bin",
                            ),
                        ),
                        (
                            "stock",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="batches",
                                to="inventory.stock",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "batches",
                        "indexes": [
                            models.Index(
                                condition=models.Q(
                                    ("on_hand__gt", 0),
                                    ("sell_until__isnull", False),
                                    models.Q(("state__in", ["expired", "quarantined"]), _negated=True),
                                ),
                                fields=["sell_until"],
                                name="batch_to_block",
                            ),
                            models.Index(
                                condition=models.Q(("lot", ""), _negated=True), fields=["lot"], name="batch_by_lot"
                            ),
                            models.Index(
                                condition=models.Q(("held__gt", 0), ("state__in", ["expired", "quarantined"])),
                                fields=["stock"],
                                name="batch_held_but_not_to_leave",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("stock", "lot", "expires_on"),
                                name="batch_once_per_lot_and_expiry",
                                nulls_distinct=False,
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("held__gte", 0)), name="batch_held_not_negative"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("held__lte", models.F("on_hand"))), name="batch_held_within_on_hand"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Movement",
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
                                choices=[
                                    ("receive", "Received"),
                                    ("hold", "Held"),
                                    ("release", "Released"),
                                    ("ship", "Left with a rider"),
                                    ("count", "Counted"),
                                    ("waste", "Wasted"),
                                    ("return", "Came back"),
                                    ("dispatch", "Sent to another store"),
                                    ("arrive", "Came from another store"),
                                    ("sync", "Told by another system"),
                                    ("relot", "Held from another lot"),
                                    ("block", "Taken off sale"),
                                    ("unblock", "Back on sale"),
                                ],
                                max_length=8,
                            ),
                        ),
                        ("on_hand_delta", models.IntegerField(default=0)),
                        ("held_delta", models.IntegerField(default=0)),
                        ("ref", models.UUIDField(blank=True, null=True)),
                        ("reason", models.CharField(blank=True, max_length=120)),
                        ("actor", models.CharField(max_length=60)),
                        ("at", models.DateTimeField()),
                        (
                            "stock",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="movements",
                                to="inventory.stock",
                            ),
                        ),
                        (
                            "batch",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="movements",
                                to="inventory.batch",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["stock", "id"], name="movement_by_stock"),
                            models.Index(
                                condition=models.Q(("ref__isnull", False)), fields=["ref"], name="movement_by_ref"
                            ),
                            models.Index(fields=["batch", "id"], name="movement_by_batch"),
                            models.Index(
                                condition=models.Q(("on_hand_delta", 0), _negated=True),
                                fields=["batch", "at"],
                                name="movement_of_goods",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("on_hand_delta", 0), _negated=True),
                                    models.Q(("held_delta", 0), _negated=True),
                                    ("kind__in", ["count", "sync", "block", "unblock"]),
                                    _connector="OR",
                                ),
                                name="movement_moves_something",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HoldLot",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("qty", models.PositiveIntegerField()),
                        (
                            "batch",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="hold_lots",
                                to="inventory.batch",
                            ),
                        ),
                        (
                            "hold",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="lots", to="inventory.hold"
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("hold", "batch"), name="hold_lot_once_per_hold_and_batch")
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
                        ("code", models.SlugField(max_length=24, unique=True)),
                        ("name", models.CharField(max_length=120)),
                        ("phone", models.CharField(blank=True, default="", max_length=16)),
                        ("gstin", models.CharField(blank=True, default="", max_length=15, verbose_name="GSTIN")),
                        (
                            "fssai",
                            models.CharField(blank=True, default="", max_length=14, verbose_name="FSSAI licence"),
                        ),
                        ("is_active", models.BooleanField(default=True)),
                    ],
                ),
                migrations.CreateModel(
                    name="PurchaseOrder",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "number",
                            models.CharField(default=inventory.inbound.purchase_number, max_length=24, unique=True),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("sent", "Sent to the supplier"),
                                    ("partly", "Partly received"),
                                    ("received", "Received"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="draft",
                                editable=False,
                                max_length=9,
                            ),
                        ),
                        ("expected_on", models.DateField(blank=True, null=True)),
                        ("note", models.CharField(blank=True, default="", max_length=160)),
                        ("created_at", models.DateTimeField(editable=False)),
                        ("sent_at", models.DateTimeField(editable=False, null=True)),
                        ("ended_at", models.DateTimeField(editable=False, null=True)),
                        (
                            "store",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="purchases",
                                to="catalog.store",
                            ),
                        ),
                        (
                            "supplier",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="purchases",
                                to="inventory.supplier",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state__in", ["sent", "partly"])),
                                fields=["store", "expected_on"],
                                name="purchase_expected",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Transfer",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("requested", "Asked for"),
                                    ("dispatched", "On its way"),
                                    ("received", "Received"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="requested",
                                max_length=10,
                            ),
                        ),
                        ("note", models.CharField(blank=True, default="", max_length=160)),
                        ("requested_by", models.CharField(max_length=60)),
                        ("requested_at", models.DateTimeField()),
                        ("dispatched_by", models.CharField(blank=True, default="", max_length=60)),
                        ("dispatched_at", models.DateTimeField(null=True)),
                        ("ended_by", models.CharField(blank=True, default="", max_length=60)),
                        ("ended_at", models.DateTimeField(null=True)),
                        (
                            "from_store",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="transfers_out",
                                to="catalog.store",
                            ),
                        ),
                        (
                            "to_store",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="transfers_in",
                                to="catalog.store",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state__in", ["requested", "dispatched"])),
                                fields=["to_store"],
                                name="transfer_under_way",
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("from_store", models.F("to_store")), _negated=True),
                                name="transfer_is_between_two_stores",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="GoodsReceipt",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[("open", "Being received"), ("closed", "Received"), ("cancelled", "Given up")],
                                default="open",
                                max_length=9,
                            ),
                        ),
                        ("opened_by", models.CharField(max_length=60)),
                        ("opened_at", models.DateTimeField()),
                        ("closed_by", models.CharField(blank=True, default="", max_length=60)),
                        ("closed_at", models.DateTimeField(null=True)),
                        (
                            "store",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="goods_receipts",
                                to="catalog.store",
                            ),
                        ),
                        (
                            "purchase",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="receipts",
                                to="inventory.purchaseorder",
                            ),
                        ),
                        (
                            "transfer",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="receipts",
                                to="inventory.transfer",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["store", "-opened_at"], name="receipt_by_store")],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "open")),
                                fields=("purchase",),
                                name="receipt_one_open_per_purchase",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state", "cancelled"), _negated=True),
                                fields=("transfer",),
                                name="receipt_one_per_transfer",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("purchase", None), ("transfer", None), _connector="OR"),
                                name="receipt_has_one_origin_at_most",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TransferLine",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("asked", models.PositiveIntegerField()),
                        (
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.product"
                            ),
                        ),
                        (
                            "transfer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="lines",
                                to="inventory.transfer",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("transfer", "product"), name="transfer_line_once_per_product"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("asked__gt", 0)), name="transfer_line_asks_for_something"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TransferLot",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("sent", models.PositiveIntegerField()),
                        ("arrived", models.PositiveIntegerField(default=0)),
                        ("lost", models.PositiveIntegerField(default=0, help_text="Never came, or came spoilt")),
                        (
                            "in_transit",
                            models.GeneratedField(
                                db_persist=True,
                                expression=django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("sent"), "-", models.F("arrived")
                                    ),
                                    "-",
                                    models.F("lost"),
                                ),
                                output_field=models.IntegerField(),
                            ),
                        ),
                        (
                            "batch",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="inventory.batch"
                            ),
                        ),
                        (
                            "transfer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="lots",
                                to="inventory.transfer",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("transfer", "batch"), name="transfer_lot_once_per_batch"),
                            models.CheckConstraint(
                                condition=models.Q(("sent__gt", 0)), name="transfer_lot_sends_something"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "sent__gte",
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("arrived"), "+", models.F("lost")
                                        ),
                                    )
                                ),
                                name="transfer_lot_arrives_within_sent",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Discrepancy",
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
                                choices=[
                                    ("over", "More than expected"),
                                    ("short", "Fewer than expected"),
                                    ("damaged", "Damaged"),
                                    ("temperature", "Too warm"),
                                    ("short_dated", "Too short-dated"),
                                ],
                                max_length=11,
                            ),
                        ),
                        ("units", models.PositiveIntegerField()),
                        ("at", models.DateTimeField()),
                        ("settled_at", models.DateTimeField(null=True)),
                        ("settled_by", models.CharField(blank=True, default="", max_length=60)),
                        ("settlement", models.CharField(blank=True, default="", max_length=160)),
                        (
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.product"
                            ),
                        ),
                        (
                            "store",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="discrepancies",
                                to="catalog.store",
                            ),
                        ),
                        (
                            "receipt",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="discrepancies",
                                to="inventory.goodsreceipt",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "discrepancies",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("settled_at", None)),
                                fields=["store", "-id"],
                                name="discrepancy_open",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("receipt", "product", "kind"), name="discrepancy_once_per_receipt"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("units__gt", 0)), name="discrepancy_is_of_some_units"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PurchaseLine",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("ordered", models.PositiveIntegerField()),
                        ("unit_cost_paise", models.BigIntegerField(help_text="What one unit costs us, in paise")),
                        ("delivered", models.PositiveIntegerField(default=0, editable=False)),
                        ("accepted", models.PositiveIntegerField(default=0, editable=False)),
                        (
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.product"
                            ),
                        ),
                        (
                            "purchase",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="lines",
                                to="inventory.purchaseorder",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("purchase", "product"), name="purchase_line_once_per_product"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("ordered__gt", 0)), name="purchase_line_orders_something"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("unit_cost_paise__gte", 0)), name="purchase_line_cost_not_negative"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("accepted__lte", models.F("delivered"))),
                                name="purchase_line_accepts_what_came",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Putaway",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("ref", models.UUIDField(help_text="The receipt they came with")),
                        ("qty", models.PositiveIntegerField()),
                        (
                            "why",
                            models.CharField(
                                blank=True, default="", help_text="A reason of inventory.putaway", max_length=10
                            ),
                        ),
                        ("made_at", models.DateTimeField()),
                        ("done_at", models.DateTimeField(null=True)),
                        ("done_by", models.CharField(blank=True, default="", max_length=60)),
                        (
                            "batch",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="putaways",
                                to="inventory.batch",
                            ),
                        ),
                        (
                            "bin",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="inventory.bin",
                            ),
                        ),
                        (
                            "store",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="putaways", to="catalog.store"
                            ),
                        ),
                        (
                            "suggested",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="inventory.bin",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(condition=models.Q(("done_at", None)), fields=["store"], name="putaway_open")
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("ref", "batch"), name="putaway_once_per_receipt_and_batch")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReceiptLine",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("lot", models.CharField(blank=True, default="", max_length=40)),
                        ("expires_on", models.DateField(null=True)),
                        ("qty", models.PositiveIntegerField(default=0)),
                        ("damaged", models.PositiveIntegerField(default=0)),
                        ("refused", models.PositiveIntegerField(default=0)),
                        (
                            "refused_why",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("", "Taken"),
                                    ("temperature", "Too warm"),
                                    ("short_dated", "Too short-dated"),
                                ],
                                default="",
                                max_length=11,
                            ),
                        ),
                        (
                            "stays_blocked",
                            models.BooleanField(
                                default=False, help_text="Too short-dated; the manager took it in, off sale"
                            ),
                        ),
                        ("temperature_c", models.DecimalField(decimal_places=1, max_digits=4, null=True)),
                        ("nonce", models.CharField(max_length=64)),
                        ("actor", models.CharField(max_length=60)),
                        ("at", models.DateTimeField()),
                        (
                            "removed_at",
                            models.DateTimeField(help_text="Taken back before the receipt was closed", null=True),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.product"
                            ),
                        ),
                        (
                            "receipt",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="lines",
                                to="inventory.goodsreceipt",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("receipt", "nonce"), name="receipt_line_once_per_nonce"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("qty__gt", 0), ("damaged__gt", 0), ("refused__gt", 0), _connector="OR"
                                ),
                                name="receipt_line_counts_something",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("refused", 0), models.Q(("refused_why", ""), _negated=True), _connector="OR"
                                ),
                                name="receipt_line_refused_for_reason",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CasePack",
                    fields=[
                        (
                            "product",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="case",
                                serialize=False,
                                to="catalog.product",
                            ),
                        ),
                        ("units", models.PositiveSmallIntegerField()),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("units__gt", 0)), name="case_pack_holds_something"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CountTask",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("open", "To be counted"),
                                    ("recount", "To be counted by somebody else"),
                                    ("review", "Waits for the manager"),
                                    ("posted", "In the book"),
                                ],
                                default="open",
                                max_length=8,
                            ),
                        ),
                        (
                            "abc",
                            models.CharField(choices=[("A", "A"), ("B", "B"), ("C", "C")], default="C", max_length=1),
                        ),
                        ("score", models.PositiveSmallIntegerField(default=0)),
                        ("why", models.JSONField(default=list)),
                        ("round", models.PositiveSmallIntegerField(default=1)),
                        ("made_at", models.DateTimeField()),
                        ("counted_at", models.DateTimeField(blank=True, null=True)),
                        ("closed_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "found",
                            models.IntegerField(
                                blank=True, help_text="Units found less units expected, last count", null=True
                            ),
                        ),
                        (
                            "value_paise",
                            models.BigIntegerField(
                                default=0, help_text="Value of what is off, over and under added up"
                            ),
                        ),
                        (
                            "difference",
                            models.IntegerField(blank=True, help_text="Units written into the book", null=True),
                        ),
                        ("left_units", models.PositiveIntegerField(default=0)),
                        ("left_refs", models.JSONField(default=list)),
                        (
                            "approved_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="counts_approved",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "stock",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="counts", to="inventory.stock"
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["stock", "-closed_at"], name="count_task_last")],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "posted"), _negated=True),
                                fields=("stock",),
                                name="count_task_one_live_per_product",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state", "posted"), _negated=True),
                                    models.Q(("closed_at__isnull", False), ("difference__isnull", False)),
                                    _connector="OR",
                                ),
                                name="count_task_posted_has_a_result",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CountSheet",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("round", models.PositiveSmallIntegerField()),
                        ("nonce", models.CharField(max_length=64)),
                        ("seen_movement", models.BigIntegerField()),
                        ("at", models.DateTimeField()),
                        (
                            "by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="count_sheets",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "task",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="sheets",
                                to="inventory.counttask",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["id"],
                        "constraints": [
                            models.UniqueConstraint(fields=("task", "nonce"), name="count_sheet_once_per_nonce"),
                            models.UniqueConstraint(
                                fields=("task", "round", "by"), name="count_sheet_once_per_person_and_round"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReorderPoint",
                    fields=[
                        (
                            "stock",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="reorder",
                                serialize=False,
                                to="inventory.stock",
                            ),
                        ),
                        ("daily_units", models.FloatField(help_text="Expected demand of a usual day")),
                        (
                            "week",
                            models.JSONField(
                                default=list, help_text="Expected demand of the next days, from tomorrow on"
                            ),
                        ),
                        ("spread_units", models.FloatField(help_text="Standard deviation of a day's demand")),
                        ("method", models.CharField(max_length=10)),
                        (
                            "available_bp",
                            models.PositiveIntegerField(
                                default=10000, help_text="Share of selling time it could be bought"
                            ),
                        ),
                        ("point_units", models.PositiveIntegerField()),
                        ("low_since", models.DateTimeField(blank=True, null=True)),
                        ("computed_at", models.DateTimeField()),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("low_since__isnull", False)),
                                fields=["low_since"],
                                name="reorder_point_low",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReplenishmentSuggestion",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("qty", models.PositiveIntegerField()),
                        ("case_units", models.PositiveSmallIntegerField(default=1)),
                        ("free", models.IntegerField()),
                        ("incoming", models.PositiveIntegerField(default=0)),
                        ("cover_days", models.FloatField(help_text="Days what is there and on its way lasts")),
                        ("daily_units", models.FloatField()),
                        ("why", models.JSONField(default=dict)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("open", "Suggested"),
                                    ("accepted", "Ordered"),
                                    ("dismissed", "Not wanted"),
                                    ("replaced", "Replaced by a newer one"),
                                ],
                                default="open",
                                max_length=9,
                            ),
                        ),
                        ("made_at", models.DateTimeField()),
                        ("decided_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "decided_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="suggestions_decided",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "stock",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="suggestions",
                                to="inventory.stock",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "open")),
                                fields=("stock",),
                                name="suggestion_one_open_per_product",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("qty__gt", 0)), name="suggestion_of_at_least_one_unit"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ShelfPolicy",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "a_share_bp",
                            models.PositiveIntegerField(
                                default=8000, help_text="A: what makes the first 8000 bp of sales"
                            ),
                        ),
                        (
                            "b_share_bp",
                            models.PositiveIntegerField(
                                default=9500, help_text="B: what makes up to 9500 bp; C is the rest"
                            ),
                        ),
                        ("a_every_days", models.PositiveSmallIntegerField(default=7)),
                        ("b_every_days", models.PositiveSmallIntegerField(default=30)),
                        ("c_every_days", models.PositiveSmallIntegerField(default=90)),
                        (
                            "counts_per_day",
                            models.PositiveSmallIntegerField(
                                default=60, help_text="Products a store can count in a day"
                            ),
                        ),
                        (
                            "recount_units",
                            models.PositiveIntegerField(
                                default=3, help_text="From so many units off, another person counts"
                            ),
                        ),
                        (
                            "recount_paise",
                            models.PositiveBigIntegerField(default=30000, help_text="Or from so much value off"),
                        ),
                        (
                            "approve_units",
                            models.PositiveIntegerField(
                                default=6, help_text="From so many units off, a manager approves"
                            ),
                        ),
                        (
                            "approve_paise",
                            models.PositiveBigIntegerField(default=50000, help_text="Or from so much value off"),
                        ),
                        (
                            "waste_approve_paise",
                            models.PositiveBigIntegerField(
                                default=100000, help_text="Waste from this value is approved"
                            ),
                        ),
                        (
                            "cold_out_m",
                            models.PositiveSmallIntegerField(
                                default=30,
                                help_text="Chilled and frozen goods that were out longer are not sold again; minutes",
                            ),
                        ),
                        (
                            "lead_time_h",
                            models.PositiveSmallIntegerField(default=24, help_text="From ordering to the shelf; hours"),
                        ),
                        (
                            "cover_days",
                            models.PositiveSmallIntegerField(
                                default=3, help_text="Days an order should last beyond the lead time"
                            ),
                        ),
                        (
                            "service_bp",
                            models.PositiveIntegerField(
                                default=9500, help_text="Chance of not running out in the lead time"
                            ),
                        ),
                        (
                            "store",
                            models.OneToOneField(
                                blank=True,
                                help_text="Empty: for every store without a row of its own",
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="shelf_policy",
                                to="catalog.store",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "shelf policies",
                        "constraints": [
                            models.UniqueConstraint(
                                models.Value(1),
                                condition=models.Q(("store", None)),
                                name="shelf_policy_one_for_all_stores",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("a_share_bp__lte", models.F("b_share_bp")), ("b_share_bp__lte", 10000)
                                ),
                                name="shelf_policy_shares_rise_to_the_whole",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("service_bp__gte", 5000), ("service_bp__lte", 9999)),
                                name="shelf_policy_service_is_a_chance",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Wastage",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("qty", models.PositiveIntegerField()),
                        (
                            "reason",
                            models.CharField(
                                choices=[
                                    ("expired", "Expired"),
                                    ("short", "Too short-dated"),
                                    ("damaged", "Damaged"),
                                    ("spoiled", "Spoiled"),
                                    ("temperature", "Was too warm"),
                                    ("opened", "Opened"),
                                    ("unknown", "Missing or stolen"),
                                    ("sample", "Sample"),
                                    ("recall", "Recalled"),
                                ],
                                max_length=12,
                            ),
                        ),
                        ("note", models.CharField(blank=True, default="", max_length=120)),
                        (
                            "photo",
                            models.CharField(
                                blank=True, default="", help_text="Name in the private storage", max_length=120
                            ),
                        ),
                        ("unit_paise", models.BigIntegerField()),
                        ("is_cost", models.BooleanField(default=False)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("waiting", "Waits for the manager"),
                                    ("posted", "Written off"),
                                    ("refused", "Put back"),
                                ],
                                max_length=8,
                            ),
                        ),
                        ("nonce", models.CharField(max_length=80, unique=True)),
                        ("ref", models.UUIDField(blank=True, null=True)),
                        ("at", models.DateTimeField()),
                        ("decided_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "batch",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="wastage",
                                to="inventory.batch",
                            ),
                        ),
                        (
                            "by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="wastage_asked",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "decided_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="wastage_decided",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "stock",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="wastage",
                                to="inventory.stock",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "wastage",
                        "indexes": [
                            models.Index(fields=["stock", "-at"], name="wastage_by_stock"),
                            models.Index(
                                condition=models.Q(("state", "waiting")), fields=["at"], name="wastage_waiting"
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("qty__gt", 0)), name="wastage_of_at_least_one_unit"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("decided_by", None),
                                    models.Q(("decided_by", models.F("by")), _negated=True),
                                    _connector="OR",
                                ),
                                name="wastage_approved_by_somebody_else",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CountedLot",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("counted", models.PositiveIntegerField()),
                        ("expected", models.IntegerField()),
                        (
                            "batch",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="counted",
                                to="inventory.batch",
                            ),
                        ),
                        (
                            "sheet",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="lots",
                                to="inventory.countsheet",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("sheet", "batch"), name="counted_lot_once_per_sheet", nulls_distinct=False
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ApiClient",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("name", models.CharField(max_length=80, unique=True)),
                        (
                            "key_start",
                            models.CharField(
                                help_text="The first characters of the key, to tell keys apart", max_length=12
                            ),
                        ),
                        ("key_hash", models.CharField(editable=False, max_length=64, unique=True)),
                        ("may_read", models.BooleanField(default=True, help_text="May list the stock of its stores")),
                        (
                            "may_write",
                            models.BooleanField(default=False, help_text="May change the stock of its stores"),
                        ),
                        ("per_minute", models.PositiveIntegerField(default=120, help_text="Requests a minute")),
                        ("created_at", models.DateTimeField()),
                        ("last_used_at", models.DateTimeField(blank=True, null=True)),
                        ("revoked_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "stores",
                            models.ManyToManyField(
                                blank=True, help_text="None: it may do nothing", related_name="+", to="catalog.store"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "API client",
                    },
                ),
                migrations.CreateModel(
                    name="Recall",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("lot", models.CharField(blank=True, default="", max_length=40)),
                        ("reason", models.CharField(max_length=120)),
                        ("actor", models.CharField(max_length=60)),
                        ("started_at", models.DateTimeField()),
                        ("ended_at", models.DateTimeField(blank=True, null=True)),
                        ("end_reason", models.CharField(blank=True, default="", max_length=120)),
                        ("ended_by", models.CharField(blank=True, default="", max_length=60)),
                        (
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="recalls",
                                to="catalog.product",
                            ),
                        ),
                    ],
                    options={
                        "permissions": [
                            ("see_recall_phones", "May see the telephone numbers of customers who got a recalled lot")
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("ended_at", None)),
                                fields=("product", "lot"),
                                name="recall_one_live_per_product_and_lot",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RecallNotice",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("ref", models.UUIDField()),
                        ("at", models.DateTimeField()),
                        (
                            "recall",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="notices",
                                to="inventory.recall",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("recall", "ref"), name="recall_told_once_per_ref")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SyncStream",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("lot", models.CharField(blank=True, default="", max_length=40)),
                        ("expires_on", models.DateField(blank=True, null=True)),
                        ("newest_count", models.BigIntegerField(blank=True, null=True)),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="streams",
                                to="inventory.apiclient",
                            ),
                        ),
                        (
                            "stock",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="sync_streams",
                                to="inventory.stock",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("client", "stock", "lot", "expires_on"),
                                name="sync_stream_once",
                                nulls_distinct=False,
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SyncMessage",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("sequence", models.BigIntegerField()),
                        (
                            "kind",
                            models.CharField(
                                choices=[("set", "There are so many"), ("delta", "So many came or went")], max_length=5
                            ),
                        ),
                        ("units", models.IntegerField()),
                        ("counted_at", models.DateTimeField(blank=True, null=True)),
                        ("is_stale", models.BooleanField(default=False)),
                        ("difference", models.IntegerField(default=0, help_text="By how much units on hand changed")),
                        ("on_hand", models.IntegerField(help_text="Units afterwards")),
                        ("at", models.DateTimeField()),
                        (
                            "stream",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="messages",
                                to="inventory.syncstream",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["at"], name="sync_message_by_age")],
                        "constraints": [
                            models.UniqueConstraint(fields=("stream", "sequence"), name="sync_sequence_once_per_stream")
                        ],
                    },
                ),
            ]
        ),
        migrations.RunSQL(REFUSE, ALLOW),
    ]
