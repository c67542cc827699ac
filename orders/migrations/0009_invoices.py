"""Tax invoices and credit notes. The database itself keeps them frozen, summed, without gaps, and credit within invoices."""

import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import blinkit.kernel.ids

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
    dependencies = [
        ("catalog", "0010_goods"),
        ("orders", "0008_wallet"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="fee_gst_bp",
            field=models.PositiveIntegerField(blank=True, help_text="GST rate of the fees, as billed", null=True),
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
                    models.CharField(choices=[("invoice", "Invoice"), ("credit-note", "Credit note")], max_length=12),
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
                        on_delete=django.db.models.deletion.PROTECT, related_name="tax_documents", to="orders.order"
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.store"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TaxLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("code", models.CharField(help_text="goods, delivery, handling, small_cart or surge", max_length=12)),
                ("name", models.CharField(max_length=240)),
                ("pack", models.CharField(blank=True, max_length=60)),
                ("hsn", models.CharField(blank=True, help_text="HSN of goods, SAC of services", max_length=8)),
                ("uqc", models.CharField(help_text="Unit quantity code: PAC for packs, NA for services", max_length=3)),
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
                        on_delete=django.db.models.deletion.PROTECT, related_name="lines", to="orders.taxdocument"
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
            },
        ),
        migrations.CreateModel(
            name="DocumentSeries",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(choices=[("invoice", "Invoice"), ("credit-note", "Credit note")], max_length=12),
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
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("legal_name", models.CharField(help_text="As in the GST registration", max_length=120)),
                ("trade_name", models.CharField(blank=True, max_length=120)),
                (
                    "gstin",
                    models.CharField(max_length=15, verbose_name="GSTIN"),
                ),
                (
                    "address",
                    models.CharField(help_text="Principal place of business, with the PIN code", max_length=300),
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
                        condition=models.Q(("gstin__regex", "^[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][1-9A-Z]Z[0-9A-Z]$")),
                        name="supplier_gstin_has_its_shape",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="taxdocument",
            index=models.Index(fields=["supplier_gstin", "issued_at"], name="document_by_supplier"),
        ),
        migrations.AddConstraint(
            model_name="taxdocument",
            constraint=models.UniqueConstraint(
                fields=("store", "kind", "supplier_gstin", "year", "serial"), name="document_once_per_serial"
            ),
        ),
        migrations.AddConstraint(
            model_name="taxdocument",
            constraint=models.UniqueConstraint(
                fields=("supplier_gstin", "number"), name="document_number_once_per_supplier"
            ),
        ),
        migrations.AddConstraint(
            model_name="taxdocument",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "invoice")), fields=("order",), name="document_one_invoice_per_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="taxdocument",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "credit-note")),
                fields=("against", "cause"),
                name="document_one_credit_note_per_cause",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxdocument",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("against", None), ("cause", ""), ("kind", "invoice")),
                    models.Q(
                        ("against__isnull", False), ("kind", "credit-note"), models.Q(("cause", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="document_credit_note_names_its_invoice_and_cause",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxdocument",
            constraint=models.CheckConstraint(
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
        ),
        migrations.AddConstraint(
            model_name="taxdocument",
            constraint=models.CheckConstraint(
                condition=models.Q(("igst_paise", 0), models.Q(("cgst_paise", 0), ("sgst_paise", 0)), _connector="OR"),
                name="document_tax_is_of_one_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxline",
            constraint=models.UniqueConstraint(fields=("document", "position"), name="tax_line_once_per_position"),
        ),
        migrations.AddConstraint(
            model_name="taxline",
            constraint=models.CheckConstraint(
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
        ),
        migrations.AddConstraint(
            model_name="taxline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("cess_paise__gte", 0),
                    ("cgst_paise__gte", 0),
                    ("igst_paise__gte", 0),
                    ("sgst_paise__gte", 0),
                    ("taxable_paise__gte", 0),
                ),
                name="tax_line_amounts_are_not_negative",
            ),
        ),
        migrations.RunSQL(FORWARD, BACK),
    ]
