"""Tax invoices and credit notes: the supplier, the series of numbers, the documents and their lines.

Written by `orders.services.invoices` only. The database refuses to change or delete a document (migration 0009): only
the recipient may be blanked. It also refuses a number without a document, and to take back more than was invoiced.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from blinkit.kernel.ids import uuid7
from orders.invoicing import gstin as gst_numbers
from orders.invoicing import percent


class Supplier(models.Model):
    """Who sells, by law: of a city's stores, or of one store (the store's own wins)."""

    city = models.OneToOneField(
        "catalog.City", on_delete=models.PROTECT, null=True, blank=True, related_name="supplier"
    )
    store = models.OneToOneField(
        "catalog.Store", on_delete=models.PROTECT, null=True, blank=True, related_name="supplier"
    )
    legal_name = models.CharField(max_length=120, help_text="As in the GST registration")
    trade_name = models.CharField(max_length=120, blank=True)
    gstin = models.CharField("GSTIN", max_length=15)
    address = models.CharField(max_length=300, help_text="Principal place of business, with the PIN code")
    fssai = models.CharField(
        "FSSAI licence", max_length=14, blank=True, validators=[RegexValidator(r"^[0-9]{14}\Z", "14 digits.")],
        help_text="14 digits. A store's own licence is printed where it has one",
    )  # fmt: skip
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(city__isnull=False, store=None) | Q(city=None, store__isnull=False),
                name="supplier_is_of_a_city_or_a_store",
            ),
            models.CheckConstraint(
                condition=Q(gstin__regex=r"^[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][1-9A-Z]Z[0-9A-Z]$"),
                name="supplier_gstin_has_its_shape",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.legal_name} ({self.gstin})"

    @property
    def state_code(self) -> str:
        return self.gstin[:2]

    def clean(self) -> None:
        """The registration must be of the state its stores are in: the tax of their orders was split by it."""
        city = self.city or (self.store.city if self.store else None)
        if city is None or (self.city and self.store):
            raise ValidationError("A supplier is of a city or of a store: choose one of them.")
        if sentence := gst_numbers.why_not(self.gstin):
            raise ValidationError({"gstin": sentence})
        if city.state_code != self.state_code:
            raise ValidationError({"gstin": f"{city} is in the state {city.state_code}; this GSTIN is of another."})


class DocumentKind(models.TextChoices):
    INVOICE = "invoice", "Invoice"
    CREDIT_NOTE = "credit-note", "Credit note"


LETTER = {DocumentKind.INVOICE: "I", DocumentKind.CREDIT_NOTE: "C"}


class DocumentSeries(models.Model):
    """The last number given out, per store, kind, GSTIN and financial year: a row that is locked to number a document.

    Not a sequence of the database: that would lose a number whenever a transaction fails.
    """

    store = models.ForeignKey("catalog.Store", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=DocumentKind.choices)
    gstin = models.CharField(max_length=15)
    year = models.PositiveSmallIntegerField(help_text="In which the financial year begins")
    last_serial = models.PositiveIntegerField()
    last_at = models.DateTimeField(help_text="Dates never go back within a series")

    class Meta:
        verbose_name_plural = "document series"
        constraints = [
            models.UniqueConstraint(fields=["store", "kind", "gstin", "year"], name="series_once_per_store_and_year"),
        ]


class TaxDocument(models.Model):
    """An invoice, or a credit note against one. Frozen; amounts in paise, a credit note's count backwards.

    taxable + CGST + SGST + IGST + cess + round-off = supply; supply + tip = total.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=12, choices=DocumentKind.choices)
    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="tax_documents")
    against = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="credit_notes")
    cause = models.CharField(max_length=60, blank=True, help_text="Why it was credited: 'claim:<id>', 'undelivered'")
    reason = models.CharField(max_length=160, blank=True)

    store = models.ForeignKey("catalog.Store", on_delete=models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField()
    serial = models.PositiveIntegerField()
    number = models.CharField(max_length=16)
    title = models.CharField(max_length=20, help_text="tax-invoice, bill-of-supply, invoice-cum-bill or credit-note")
    issued_at = models.DateTimeField()
    supplied_at = models.DateTimeField(help_text="When the goods left the store")

    supplier_name = models.CharField(max_length=120)
    supplier_trade_name = models.CharField(max_length=120, blank=True)
    supplier_gstin = models.CharField(max_length=15)
    supplier_address = models.CharField(max_length=300)
    supplier_fssai = models.CharField(max_length=14, blank=True)
    recipient_name = models.CharField(max_length=120, blank=True)
    recipient_address = models.CharField(max_length=500, blank=True)
    place_of_supply = models.CharField(max_length=2, help_text="GST state code")

    taxable_paise = models.BigIntegerField()
    cgst_paise = models.BigIntegerField()
    sgst_paise = models.BigIntegerField()
    igst_paise = models.BigIntegerField()
    cess_paise = models.BigIntegerField()
    round_off_paise = models.BigIntegerField(default=0)
    supply_paise = models.BigIntegerField()
    tip_paise = models.BigIntegerField(default=0)
    total_paise = models.BigIntegerField()
    payment_method = models.CharField(max_length=8)
    wallet_paise = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "kind", "supplier_gstin", "year", "serial"], name="document_once_per_serial"
            ),
            models.UniqueConstraint(fields=["supplier_gstin", "number"], name="document_number_once_per_supplier"),
            models.UniqueConstraint(
                fields=["order"], condition=Q(kind="invoice"), name="document_one_invoice_per_order"
            ),
            models.UniqueConstraint(
                fields=["against", "cause"], condition=Q(kind="credit-note"), name="document_one_credit_note_per_cause"
            ),
            models.CheckConstraint(
                condition=Q(kind="invoice", against=None, cause="")
                | (Q(kind="credit-note", against__isnull=False) & ~Q(cause="")),
                name="document_credit_note_names_its_invoice_and_cause",
            ),
            models.CheckConstraint(
                condition=Q(
                    supply_paise=F("taxable_paise")
                    + F("cgst_paise")
                    + F("sgst_paise")
                    + F("igst_paise")
                    + F("cess_paise")
                    + F("round_off_paise"),
                    total_paise=F("supply_paise") + F("tip_paise"),
                ),
                name="document_total_is_the_sum_of_its_parts",
            ),
            models.CheckConstraint(
                condition=Q(igst_paise=0) | Q(cgst_paise=0, sgst_paise=0), name="document_tax_is_of_one_kind"
            ),
        ]
        indexes = [models.Index(fields=["supplier_gstin", "issued_at"], name="document_by_supplier")]

    def __str__(self) -> str:
        return self.number

    @property
    def is_credit_note(self) -> bool:
        return self.kind == DocumentKind.CREDIT_NOTE

    @property
    def is_interstate(self) -> bool:
        return self.place_of_supply != self.supplier_gstin[:2]

    @property
    def tax_paise(self) -> int:
        return self.cgst_paise + self.sgst_paise + self.igst_paise + self.cess_paise


class TaxLine(models.Model):
    """A line of a document; of a credit note it says which line of the invoice it takes back (`of`)."""

    document = models.ForeignKey(TaxDocument, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField()
    of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="credits")
    order_line = models.ForeignKey(
        "orders.OrderLine", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    code = models.CharField(max_length=12, help_text="goods, delivery, handling, small_cart or surge")
    name = models.CharField(max_length=240)
    pack = models.CharField(max_length=60, blank=True)
    hsn = models.CharField(max_length=8, blank=True, help_text="HSN of goods, SAC of services")
    uqc = models.CharField(max_length=3, help_text="Unit quantity code: PAC for packs, NA for services")
    qty = models.PositiveSmallIntegerField()
    unit_price_paise = models.BigIntegerField(help_text="Tax included")
    discount_paise = models.BigIntegerField(default=0)
    gst_bp = models.PositiveIntegerField()
    taxable_paise = models.BigIntegerField()
    cgst_paise = models.BigIntegerField()
    sgst_paise = models.BigIntegerField()
    igst_paise = models.BigIntegerField()
    cess_paise = models.BigIntegerField(default=0)
    total_paise = models.BigIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["document", "position"], name="tax_line_once_per_position"),
            models.CheckConstraint(
                condition=Q(
                    total_paise=F("taxable_paise")
                    + F("cgst_paise")
                    + F("sgst_paise")
                    + F("igst_paise")
                    + F("cess_paise")
                ),
                name="tax_line_total_is_the_sum_of_its_parts",
            ),
            models.CheckConstraint(
                condition=Q(
                    taxable_paise__gte=0, cgst_paise__gte=0, sgst_paise__gte=0, igst_paise__gte=0, cess_paise__gte=0
                ),
                name="tax_line_amounts_are_not_negative",
            ),
        ]

    @property
    def tax_paise(self) -> int:
        return self.cgst_paise + self.sgst_paise + self.igst_paise + self.cess_paise

    @property
    def rate(self) -> str:
        return percent(self.gst_bp)
