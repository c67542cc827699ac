"""Payments, refunds, wallets, settlements and the books. The database itself refuses unbalanced transfers, and to
change or delete a posting."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import blinkit.kernel.ids
from blinkit.kernel.tables import AtOnce

FORWARD = """
CREATE FUNCTION payments_refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The money ledger is append-only: post a correcting transfer instead.'
        USING ERRCODE = 'integrity_constraint_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'ledger_is_append_only';
END $$;
CREATE TRIGGER transfer_is_append_only BEFORE UPDATE OR DELETE ON payments_transfer
    FOR EACH ROW EXECUTE FUNCTION payments_refuse_ledger_change();
CREATE TRIGGER entry_is_append_only BEFORE UPDATE OR DELETE ON payments_entry
    FOR EACH ROW EXECUTE FUNCTION payments_refuse_ledger_change();

CREATE FUNCTION payments_transfer_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted bigint := CASE TG_TABLE_NAME WHEN 'payments_transfer' THEN NEW.id END;
    total numeric;
    lines int;
BEGIN
    IF wanted IS NULL THEN
        wanted := (to_jsonb(NEW) ->> 'transfer_id')::bigint;
    END IF;
    SELECT coalesce(sum(amount_paise), 0), count(*) INTO total, lines FROM payments_entry WHERE transfer_id = wanted;
    IF total <> 0 OR lines < 2 THEN
        RAISE EXCEPTION 'Transfer % does not balance: % paise over % entries.', wanted, total, lines
            USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'transfer_balances';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER entry_transfer_balances AFTER INSERT ON payments_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_transfer_balances();
CREATE CONSTRAINT TRIGGER transfer_balances AFTER INSERT ON payments_transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_transfer_balances();
"""

BACK = """
DROP TRIGGER transfer_balances ON payments_transfer;
DROP TRIGGER entry_transfer_balances ON payments_entry;
DROP FUNCTION payments_transfer_balances();
DROP TRIGGER entry_is_append_only ON payments_entry;
DROP TRIGGER transfer_is_append_only ON payments_transfer;
DROP FUNCTION payments_refuse_ledger_change();
"""


class Migration(migrations.Migration):
    replaces = [
        ("payments", "0001_initial"),
        ("payments", "0002_books_balance"),
        ("payments", "0003_wallet"),
        ("payments", "0004_gateways"),
        ("payments", "0005_settlement"),
        ("payments", "0006_late"),
        ("payments", "0007_ask_again"),
    ]

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AtOnce(
            [
                migrations.CreateModel(
                    name="Account",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("code", models.CharField(max_length=60, unique=True)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("asset", "Asset"),
                                    ("liability", "Liability"),
                                    ("income", "Income"),
                                    ("expense", "Expense"),
                                ],
                                max_length=10,
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="SandboxIntent",
                    fields=[
                        ("id", models.CharField(max_length=40, primary_key=True, serialize=False)),
                        ("attempt_id", models.UUIDField()),
                        ("amount_paise", models.BigIntegerField()),
                        ("state", models.CharField(default="created", max_length=10)),
                        ("instrument", models.CharField(blank=True, max_length=40)),
                        ("refunded_paise", models.BigIntegerField(default=0)),
                        ("created_at", models.DateTimeField()),
                        (
                            "refuses_refunds",
                            models.PositiveSmallIntegerField(
                                db_default=0, default=0, help_text="So many refunds will fail"
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="Payment",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("ref", models.UUIDField(unique=True)),
                        (
                            "method",
                            models.CharField(
                                choices=[
                                    ("cod", "Cash on delivery"),
                                    ("online", "UPI or card"),
                                    ("wallet", "Wallet alone"),
                                ],
                                max_length=8,
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("open", "Waiting for money"),
                                    ("captured", "Paid"),
                                    ("cancelled", "No longer wanted"),
                                ],
                                default="open",
                                max_length=10,
                            ),
                        ),
                        ("amount_paise", models.BigIntegerField()),
                        ("captured_paise", models.BigIntegerField(default=0)),
                        (
                            "refunded_paise",
                            models.BigIntegerField(
                                default=0, help_text="Promised or done: a refund reserves its amount at once"
                            ),
                        ),
                        (
                            "due_by",
                            models.DateTimeField(
                                blank=True, help_text="End of the payment window; null for cash", null=True
                            ),
                        ),
                        ("created_at", models.DateTimeField()),
                        ("captured_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "customer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="payments",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "purpose",
                            models.CharField(
                                choices=[("order", "Order"), ("membership", "Membership")],
                                db_default="order",
                                default="order",
                                max_length=10,
                            ),
                        ),
                        (
                            "wallet_paise",
                            models.BigIntegerField(db_default=0, default=0, help_text="Taken from the wallet"),
                        ),
                        (
                            "wallet_returned_paise",
                            models.BigIntegerField(db_default=0, default=0, help_text="Of it, back in the wallet"),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("amount_paise__gte", 0)), name="payment_amount_not_negative"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("refunded_paise__gte", 0), ("refunded_paise__lte", models.F("captured_paise"))
                                ),
                                name="payment_refunds_within_capture",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("wallet_returned_paise__gte", 0),
                                    ("wallet_returned_paise__lte", models.F("wallet_paise")),
                                ),
                                name="payment_wallet_returns_within_what_it_gave",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Attempt",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("gateway", models.CharField(max_length=16)),
                        ("gateway_ref", models.CharField(blank=True, max_length=80, null=True)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("started", "Started"),
                                    ("authorised", "Reserved, to be taken by us"),
                                    ("declined", "Declined"),
                                    ("captured", "Captured"),
                                    ("stray", "Captured although not wanted; sent back"),
                                    ("voided", "Reserved and let go: nothing was taken"),
                                ],
                                default="started",
                                max_length=10,
                            ),
                        ),
                        (
                            "instrument",
                            models.CharField(
                                blank=True, help_text="'UPI', 'card ending 4242': never card data", max_length=40
                            ),
                        ),
                        ("decline_reason", models.CharField(blank=True, max_length=160)),
                        ("captured_paise", models.BigIntegerField(default=0)),
                        ("created_at", models.DateTimeField()),
                        ("settled_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "payment",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="attempts",
                                to="payments.payment",
                            ),
                        ),
                        ("authorised_paise", models.BigIntegerField(db_default=0, default=0)),
                        (
                            "next_try_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="When to take or let go what is reserved, or to ask again about a decline",
                                null=True,
                            ),
                        ),
                        (
                            "tries",
                            models.PositiveSmallIntegerField(
                                db_default=0, default=0, help_text="To take or let go what is reserved"
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "started")),
                                fields=["created_at"],
                                name="attempt_unsettled",
                            ),
                            models.Index(
                                condition=models.Q(("state", "authorised")),
                                fields=["next_try_at"],
                                name="attempt_to_capture",
                            ),
                            models.Index(
                                condition=models.Q(("next_try_at__isnull", False), ("state", "declined")),
                                fields=["next_try_at"],
                                name="attempt_to_ask_again",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("gateway", "gateway_ref"), name="attempt_gateway_ref_once"),
                            models.UniqueConstraint(
                                condition=models.Q(("state", "captured")),
                                fields=("payment",),
                                name="payment_captured_at_most_once",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Reduction",
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
                                help_text="Asking twice with one key reduces once", max_length=120, unique=True
                            ),
                        ),
                        ("amount_paise", models.BigIntegerField()),
                        ("reason", models.CharField(max_length=160)),
                        ("at", models.DateTimeField()),
                        (
                            "payment",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="reductions",
                                to="payments.payment",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("amount_paise__gt", 0)), name="reduction_is_positive"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Refund",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "key",
                            models.CharField(
                                help_text="Asking twice with one key refunds once", max_length=120, unique=True
                            ),
                        ),
                        ("amount_paise", models.BigIntegerField()),
                        ("reason", models.CharField(max_length=160)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("due", "To be sent"),
                                    ("sent", "Sent to the gateway"),
                                    ("done", "Completed"),
                                    ("failed", "Failed, will be retried"),
                                ],
                                default="due",
                                max_length=6,
                            ),
                        ),
                        ("gateway_ref", models.CharField(blank=True, max_length=80, null=True)),
                        ("tries", models.PositiveSmallIntegerField(default=0)),
                        ("next_try_at", models.DateTimeField(blank=True, null=True)),
                        ("created_at", models.DateTimeField()),
                        ("done_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "attempt",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="refunds",
                                to="payments.attempt",
                            ),
                        ),
                        (
                            "payment",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="refunds",
                                to="payments.payment",
                            ),
                        ),
                        (
                            "to_wallet",
                            models.BooleanField(
                                db_default=False, default=False, help_text="Credited to the wallet, done at once"
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state__in", ["due", "failed", "sent"])),
                                fields=["next_try_at"],
                                name="refund_to_look_at",
                            ),
                            models.Index(
                                condition=models.Q(("gateway_ref__isnull", False)),
                                fields=["gateway_ref"],
                                name="refund_by_gateway_ref",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("amount_paise__gt", 0)), name="refund_is_positive"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SandboxEvent",
                    fields=[
                        ("id", models.CharField(max_length=40, primary_key=True, serialize=False)),
                        ("kind", models.CharField(max_length=40)),
                        ("body", models.JSONField()),
                        ("due_at", models.DateTimeField()),
                        ("sent_at", models.DateTimeField(blank=True, null=True)),
                        ("tries", models.PositiveSmallIntegerField(default=0)),
                        (
                            "intent",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="events",
                                to="payments.sandboxintent",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("sent_at", None)), fields=["due_at"], name="sandbox_event_to_send"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SandboxRefund",
                    fields=[
                        ("id", models.CharField(max_length=40, primary_key=True, serialize=False)),
                        ("key", models.CharField(max_length=80, unique=True)),
                        ("amount_paise", models.BigIntegerField()),
                        ("created_at", models.DateTimeField()),
                        (
                            "intent",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="refunds",
                                to="payments.sandboxintent",
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="Transfer",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("kind", models.CharField(max_length=24)),
                        ("key", models.CharField(max_length=120, unique=True)),
                        ("ref", models.UUIDField(blank=True, null=True)),
                        ("memo", models.CharField(blank=True, max_length=160)),
                        ("at", models.DateTimeField()),
                    ],
                    options={
                        "indexes": [models.Index(fields=["ref"], name="transfer_by_ref")],
                    },
                ),
                migrations.CreateModel(
                    name="Entry",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("amount_paise", models.BigIntegerField()),
                        (
                            "account",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="entries",
                                to="payments.account",
                            ),
                        ),
                        (
                            "transfer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="entries",
                                to="payments.transfer",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "entries",
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("amount_paise", 0), _negated=True), name="entry_is_not_zero"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="WebhookReceipt",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("gateway", models.CharField(max_length=16)),
                        ("event_id", models.CharField(max_length=80)),
                        ("kind", models.CharField(max_length=60)),
                        ("body", models.JSONField()),
                        ("received_at", models.DateTimeField()),
                        ("processed_at", models.DateTimeField(blank=True, null=True)),
                        ("outcome", models.CharField(blank=True, max_length=160)),
                        (
                            "tries",
                            models.PositiveSmallIntegerField(
                                default=0, help_text="Failed tries; after too many an administrator decides"
                            ),
                        ),
                        (
                            "attempt",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="webhooks",
                                to="payments.attempt",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("processed_at", None)),
                                fields=["received_at"],
                                name="webhook_waiting",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("gateway", "event_id"), name="webhook_event_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Membership",
                    fields=[
                        (
                            "customer",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                primary_key=True,
                                related_name="membership",
                                serialize=False,
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("since", models.DateTimeField()),
                        ("until", models.DateTimeField()),
                        (
                            "reminded_of",
                            models.DateTimeField(
                                blank=True, help_text="The end the customer was reminded of", null=True
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["until"], name="membership_by_end")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("until__gte", models.F("since"))),
                                name="membership_ends_after_it_begins",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="MembershipPlan",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("name", models.CharField(max_length=60)),
                        ("price_paise", models.PositiveBigIntegerField()),
                        ("days", models.PositiveSmallIntegerField()),
                        ("gives", models.TextField(help_text="One benefit per line, as customers read it")),
                        ("gives_hi", models.TextField(blank=True, help_text="The same in Hindi")),
                        ("is_active", models.BooleanField(default=True)),
                    ],
                    options={
                        "ordering": ["price_paise", "id"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("price_paise__gt", 0)), name="membership_plan_has_a_price"
                            ),
                            models.CheckConstraint(condition=models.Q(("days__gt", 0)), name="membership_plan_lasts"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="MembershipPurchase",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("price_paise", models.PositiveBigIntegerField()),
                        ("days", models.PositiveSmallIntegerField()),
                        ("created_at", models.DateTimeField()),
                        ("begins_at", models.DateTimeField(blank=True, help_text="Empty until it is paid", null=True)),
                        ("ends_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "customer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="membership_purchases",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "plan",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="purchases",
                                to="payments.membershipplan",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["customer", "-created_at"], name="membership_purchase_newest")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Wallet",
                    fields=[
                        (
                            "customer",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                primary_key=True,
                                related_name="wallet",
                                serialize=False,
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("balance_paise", models.BigIntegerField(default=0)),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("balance_paise__gte", 0)), name="wallet_balance_not_negative"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="WalletLot",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "source",
                            models.CharField(
                                choices=[
                                    ("refund", "Refund"),
                                    ("cashback", "Cashback"),
                                    ("referral", "Referral"),
                                    ("goodwill", "Goodwill"),
                                    ("late", "Late delivery"),
                                ],
                                max_length=10,
                            ),
                        ),
                        (
                            "key",
                            models.CharField(
                                help_text="Asking twice with one key credits once", max_length=120, unique=True
                            ),
                        ),
                        ("ref", models.UUIDField(blank=True, help_text="The order it is about", null=True)),
                        ("amount_paise", models.BigIntegerField()),
                        ("left_paise", models.BigIntegerField()),
                        ("reason", models.CharField(blank=True, max_length=160)),
                        ("actor", models.CharField(blank=True, max_length=60)),
                        ("expires_at", models.DateTimeField(blank=True, help_text="Empty: never", null=True)),
                        ("created_at", models.DateTimeField()),
                        (
                            "wallet",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="lots", to="payments.wallet"
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("left_paise__gt", 0)),
                                fields=["wallet", "expires_at"],
                                name="wallet_lot_to_spend",
                            ),
                            models.Index(
                                condition=models.Q(("expires_at__isnull", False), ("left_paise__gt", 0)),
                                fields=["expires_at"],
                                name="wallet_lot_to_expire",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("amount_paise__gt", 0)), name="wallet_lot_is_positive"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("left_paise__gte", 0), ("left_paise__lte", models.F("amount_paise"))
                                ),
                                name="wallet_lot_left_within_amount",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("source", "refund"), _negated=True), ("expires_at", None), _connector="OR"
                                ),
                                name="wallet_refund_never_expires",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Dispute",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("gateway", models.CharField(max_length=16)),
                        ("gateway_ref", models.CharField(max_length=80)),
                        ("amount_paise", models.BigIntegerField()),
                        ("reason", models.CharField(blank=True, max_length=160)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("open", "To be answered"),
                                    ("won", "Won: the money stays"),
                                    ("lost", "Lost: the gateway took it back"),
                                ],
                                default="open",
                                max_length=4,
                            ),
                        ),
                        (
                            "due_by",
                            models.DateTimeField(
                                blank=True, help_text="The gateway wants our answer until then", null=True
                            ),
                        ),
                        ("opened_at", models.DateTimeField()),
                        ("closed_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "attempt",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="disputes",
                                to="payments.attempt",
                            ),
                        ),
                        (
                            "payment",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="disputes",
                                to="payments.payment",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "open")), fields=["due_by"], name="dispute_to_answer"
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("gateway", "gateway_ref"), name="dispute_gateway_ref_once"),
                            models.CheckConstraint(
                                condition=models.Q(("amount_paise__gt", 0)), name="dispute_is_positive"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("closed_at", None), ("state", "open")),
                                    models.Q(models.Q(("state", "open"), _negated=True), ("closed_at__isnull", False)),
                                    _connector="OR",
                                ),
                                name="dispute_closed_when_won_or_lost",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Route",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "method",
                            models.CharField(
                                choices=[("upi", "UPI"), ("card", "Card"), ("netbanking", "Netbanking")],
                                max_length=12,
                                unique=True,
                            ),
                        ),
                        (
                            "gateways",
                            models.CharField(
                                help_text="Names in the order in which they are tried, comma separated: razorpay, stripe",
                                max_length=80,
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="SettlementLine",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("gateway", models.CharField(max_length=16)),
                        ("line_id", models.CharField(help_text="The gateway's own name of the line", max_length=90)),
                        (
                            "settlement_id",
                            models.CharField(help_text="The payment into the bank it was part of", max_length=40),
                        ),
                        ("settled_at", models.DateTimeField()),
                        (
                            "kind",
                            models.CharField(
                                choices=[("payment", "Payment"), ("refund", "Refund"), ("other", "Something else")],
                                max_length=8,
                            ),
                        ),
                        ("word", models.CharField(blank=True, help_text="What the gateway calls it", max_length=24)),
                        ("amount_paise", models.BigIntegerField()),
                        ("fee_paise", models.BigIntegerField(default=0, help_text="Without GST")),
                        ("tax_paise", models.BigIntegerField(default=0, help_text="GST on the fee")),
                        (
                            "net_paise",
                            models.BigIntegerField(help_text="Into the bank; negative when it was taken off"),
                        ),
                        (
                            "problem",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("", "As we know it"),
                                    ("unknown", "We do not know it"),
                                    ("twice", "Settled twice"),
                                    ("amount", "Another amount"),
                                    ("sum", "Does not add up"),
                                    ("fee", "Fee above the contract"),
                                ],
                                default="",
                                max_length=8,
                            ),
                        ),
                        ("detail", models.CharField(blank=True, max_length=200)),
                        ("imported_at", models.DateTimeField()),
                        (
                            "attempt",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="settlement_lines",
                                to="payments.attempt",
                            ),
                        ),
                        (
                            "refund",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="settlement_lines",
                                to="payments.refund",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["-settled_at"], name="settlement_line_newest"),
                            models.Index(
                                condition=models.Q(("problem", ""), _negated=True),
                                fields=["-settled_at"],
                                name="settlement_line_differs",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("gateway", "line_id"), name="settlement_line_once"),
                            models.UniqueConstraint(
                                condition=models.Q(("kind", "payment"), models.Q(("problem", "twice"), _negated=True)),
                                fields=("attempt",),
                                name="attempt_is_settled_once",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("kind", "refund"), models.Q(("problem", "twice"), _negated=True)),
                                fields=("refund",),
                                name="refund_is_settled_once",
                            ),
                        ],
                    },
                ),
            ]
        ),
        migrations.RunSQL(FORWARD, BACK),
    ]
