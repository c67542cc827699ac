"""Carts, orders, promises. Status moves only through orders.services."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone

from blinkit.kernel.geo import Point
from blinkit.kernel.ids import uuid7
from orders.states import FINISHED, LIVE, Status
from payments.models import Method


class Cart(models.Model):
    """One open cart per signed-in customer, or per guest token (a random UUID kept by the browser session or app)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    customer = models.OneToOneField(
        "accounts.User", on_delete=models.CASCADE, null=True, blank=True, related_name="cart"
    )
    guest_token = models.UUIDField(null=True, blank=True, unique=True)
    store = models.ForeignKey("catalog.Store", on_delete=models.PROTECT, related_name="+")
    tip_paise = models.BigIntegerField(default=0)
    coupon_code = models.CharField(max_length=24, blank=True, default="", db_default="")
    is_gift = models.BooleanField(default=False, db_default=False)
    gift_note = models.CharField(max_length=200, blank=True, default="", db_default="")
    gift_from = models.CharField(max_length=60, blank=True, default="", db_default="")
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(customer__isnull=False) | Q(guest_token__isnull=False), name="cart_belongs_to_somebody"
            ),
            models.CheckConstraint(condition=Q(tip_paise__gte=0), name="cart_tip_not_negative"),
        ]


class Consent(models.TextChoices):
    """What to do when a line cannot be found."""

    REFUND = "refund", "Refund it"
    SUBSTITUTE = "substitute", "Bring something similar"
    CALL = "call", "Call me"


class CartLine(models.Model):
    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="+")
    qty = models.PositiveSmallIntegerField()
    consent = models.CharField(max_length=10, choices=Consent.choices, default=Consent.REFUND)
    substitute_up_to_paise = models.PositiveIntegerField(
        default=0, db_default=0, help_text="How much dearer per unit a substitute may be on the shelf; 0: not dearer"
    )
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["cart", "product"], name="cart_line_once_per_product"),
            models.CheckConstraint(condition=Q(qty__gte=1, qty__lte=99), name="cart_line_qty_in_range"),
        ]


LATER = Q(status=Status.CONFIRMED, slot__isnull=False, released_at__isnull=True)


class OrderQuerySet(models.QuerySet["Order"]):
    def live(self) -> OrderQuerySet:
        return self.filter(status__in=LIVE)

    def finished(self) -> OrderQuerySet:
        return self.filter(status__in=FINISHED)

    def of(self, customer_id: int) -> OrderQuerySet:
        return self.filter(customer_id=customer_id)

    def at_work(self) -> OrderQuerySet:
        """Live ones that are not kept for a later slot."""
        return self.live().exclude(LATER)

    def for_later(self) -> OrderQuerySet:
        """Confirmed for a slot whose work has not begun."""
        return self.filter(LATER)

    def late(self, *, now: datetime) -> OrderQuerySet:
        return self.live().filter(promised_by__lt=now)


class Order(models.Model):
    """An order as it was agreed: address, prices and bill are snapshots; changes go down only, through services."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=12, unique=True, help_text="For people: e.g. 'T-48213'")
    customer = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="orders")
    store = models.ForeignKey("catalog.Store", on_delete=models.PROTECT, related_name="orders")
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PENDING)

    # Where to
    address_text = models.CharField(max_length=500)
    lat = models.FloatField()
    lng = models.FloatField()
    door_instructions = models.CharField(max_length=240, blank=True)
    instructions = models.JSONField(default=list, blank=True, help_text="Chips: 'leave_at_door', 'no_bell', ...")
    contact_name = models.CharField(max_length=120, blank=True)
    contact_phone = models.CharField(max_length=16)
    distance_metres = models.PositiveIntegerField(default=0)

    # The bill, each part GST inclusive (paise)
    items_paise = models.BigIntegerField()
    delivery_paise = models.BigIntegerField(default=0)
    handling_paise = models.BigIntegerField(default=0)
    small_cart_paise = models.BigIntegerField(default=0)
    surge_paise = models.BigIntegerField(default=0)
    tip_paise = models.BigIntegerField(default=0)
    discount_paise = models.BigIntegerField(default=0)
    tax_paise = models.BigIntegerField(default=0, help_text="GST contained in the parts above, not added to them")
    total_paise = models.BigIntegerField()
    fee_gst_bp = models.PositiveIntegerField(null=True, blank=True, help_text="GST rate of the fees, as billed")
    promotions = models.JSONField(null=True, blank=True, help_text="Those that applied, as they were agreed")
    cashback_paise = models.BigIntegerField(default=0, db_default=0, help_text="A credit that comes after delivery")
    supplier_state = models.CharField(max_length=2, blank=True, default="", db_default="", help_text="GST state code")
    place_of_supply = models.CharField(max_length=2, blank=True, default="", db_default="", help_text="GST state code")
    payment_method = models.CharField(max_length=8)
    wallet_paise = models.BigIntegerField(default=0, db_default=0, help_text="Paid from the wallet; the rest as above")
    cashback_paid_paise = models.BigIntegerField(null=True, blank=True, help_text="Of the credit; empty until closed")

    # A gift: what is printed goes with the bags and shows no prices
    is_gift = models.BooleanField(default=False, db_default=False)
    gift_note = models.CharField(max_length=200, blank=True, default="", db_default="")
    gift_from = models.CharField(max_length=60, blank=True, default="", db_default="")

    # For later: work on it begins at `release_at`, a row that is swept
    slot = models.ForeignKey("orders.Slot", on_delete=models.PROTECT, null=True, blank=True, related_name="orders")
    release_at = models.DateTimeField(null=True, blank=True, help_text="When the store begins with it")
    released_at = models.DateTimeField(null=True, blank=True)

    # Time
    placed_at = models.DateTimeField()
    pay_by = models.DateTimeField(null=True, blank=True, help_text="End of the payment window while PENDING")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    promised_from = models.DateTimeField(null=True, blank=True)
    promised_by = models.DateTimeField(null=True, blank=True)
    packed_at = models.DateTimeField(null=True, blank=True)
    picked_up_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    status_at = models.DateTimeField()
    cancel_reason = models.CharField(max_length=160, blank=True)

    # Facts written down by the rooms above (floor, riders); read by tracking
    bag_codes = models.JSONField(default=list, blank=True)
    bags_expected = models.PositiveSmallIntegerField(default=0, db_default=0, help_text="As the floor reckons it")
    volume_ml_expected = models.PositiveIntegerField(default=0, db_default=0)
    shelf_slot = models.CharField(max_length=12, blank=True)
    rider_id_ref = models.BigIntegerField(null=True, blank=True)
    rider_here_at = models.DateTimeField(null=True, blank=True, help_text="Since when the rider stands at the shelf")
    rider_name = models.CharField(max_length=120, blank=True)
    rider_accepted_at = models.DateTimeField(null=True, blank=True)
    rider_at_door_at = models.DateTimeField(null=True, blank=True)
    doors_before_s = models.PositiveIntegerField(
        default=0, db_default=0, help_text="By how much other doors of its trip lengthen the ride"
    )
    door_otp = models.CharField(max_length=4, blank=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(total_paise__gte=0), name="order_total_not_negative"),
            models.CheckConstraint(
                condition=Q(
                    total_paise=models.F("items_paise")
                    + models.F("delivery_paise")
                    + models.F("handling_paise")
                    + models.F("small_cart_paise")
                    + models.F("surge_paise")
                    + models.F("tip_paise")
                    - models.F("discount_paise")
                ),
                name="order_total_is_the_sum_of_its_parts",
            ),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="order_status_is_known"),
            models.CheckConstraint(
                condition=Q(wallet_paise__gte=0, wallet_paise__lte=models.F("total_paise")),
                name="order_wallet_within_total",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-placed_at"], name="order_by_customer"),
            models.Index(fields=["store", "status"], name="order_live_by_store", condition=Q(status__in=sorted(LIVE))),
            models.Index(fields=["pay_by"], name="order_unpaid", condition=Q(status="PENDING")),
            models.Index(fields=["delivered_at"], name="order_to_close", condition=Q(status="DELIVERED")),
            models.Index(fields=["-placed_at"], name="order_newest"),
            models.Index(
                fields=["release_at"],
                name="order_to_release",
                condition=Q(status="CONFIRMED", released_at=None, release_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def point(self) -> Point:
        return Point(self.lat, self.lng)

    @property
    def is_for_later(self) -> bool:
        """It has a slot and the store has not begun with it: no task, no rider, no load."""
        return self.slot_id is not None and self.released_at is None

    @property
    def to_pay_paise(self) -> int:
        """What the wallet does not pay: for the gateway or the rider."""
        return self.total_paise - self.wallet_paise

    @property
    def cash_due_paise(self) -> int:
        """What the rider collects at the door."""
        return self.to_pay_paise if self.payment_method == Method.COD else 0


class OrderLine(models.Model):
    """A line as sold. `qty` never changes; `short_qty` is what could not be found."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey("catalog.Product", on_delete=models.PROTECT, related_name="+")
    sku = models.CharField(max_length=40)
    name = models.CharField(max_length=240)
    pack = models.CharField(max_length=60, blank=True)
    image = models.CharField(max_length=200, blank=True)
    qty = models.PositiveSmallIntegerField()
    short_qty = models.PositiveSmallIntegerField(default=0)
    unit_price_paise = models.BigIntegerField()
    mrp_paise = models.BigIntegerField()
    price_source = models.CharField(
        max_length=30, blank=True, default="", db_default="", help_text="Where the unit price came from: 'city from 3'"
    )
    gst_bp = models.PositiveIntegerField(default=0)
    hsn = models.CharField(max_length=8, blank=True)
    discount_paise = models.BigIntegerField(default=0, db_default=0, help_text="This line's share, of what was found")
    tax_paise = models.BigIntegerField(default=0, help_text="GST contained in unit_price * qty less the discount")
    consent = models.CharField(max_length=10, choices=Consent.choices, default=Consent.REFUND)
    substitute_up_to_paise = models.PositiveIntegerField(
        default=0, db_default=0, help_text="How much dearer per unit a substitute may be on the shelf; 0: not dearer"
    )
    substitute_for = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="substitutes"
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["order", "product"], name="order_line_once_per_product"),
            models.CheckConstraint(condition=Q(short_qty__lte=models.F("qty")), name="order_line_short_within_qty"),
        ]


JUDGED_FIRST = "p.inputs->'agreed' DESC NULLS LAST, p.id"
"""PromiseQuerySet.judged for statements: which promise `p` of one order comes first."""


class PromiseQuerySet(models.QuerySet["Promise"]):
    def judged(self) -> PromiseQuerySet:
        """Of each order the promise it is held to comes first: the first one, which later ones of the house (another
        store, a pin that operations moved) do not replace; the customer's own wish does (`inputs.agreed` counts how
        often they moved the door farther away and were told the new time)."""
        return self.order_by("order_id", models.F("inputs__agreed").desc(nulls_last=True), "pk")


class Promise(models.Model):
    """The promise ledger: what was promised for an order, from which inputs, by which version. Append only.

    `made_at` is when its time began: one that replaces another by the customer's wish has the other's.
    """

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="promises")
    version = models.CharField(max_length=20)
    made_at = models.DateTimeField()
    p50_at = models.DateTimeField()
    promised_by = models.DateTimeField()
    inputs = models.JSONField()
    actual_at = models.DateTimeField(null=True, blank=True)
    shown_key = models.CharField(
        max_length=24, blank=True, default="", db_default="", help_text="The ShownPromise seen last before ordering"
    )

    objects = PromiseQuerySet.as_manager()


class LegStat(models.Model):
    """How long one leg takes at a store by hour of day, written down by the rooms above; seconds, but `pick_times` and
    `pack_times` say how many times the rule of thumb for the basket, `ride_times` how many times the reckoned ride
    (`ride_wet` in bad weather), `by_cycle` and so on which part of the orders comes with that vehicle. ANY_HOUR stands
    for the hours that have none of their own, no store for the stores that have none. Each leans on what is coarser."""

    ANY_HOUR = 24

    store = models.ForeignKey("catalog.Store", on_delete=models.CASCADE, null=True, blank=True)
    leg = models.CharField(max_length=12)
    hour = models.PositiveSmallIntegerField()
    p50_s = models.FloatField()
    p90_s = models.FloatField()
    samples = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "leg", "hour"], nulls_distinct=False, name="leg_stat_once")
        ]


class Evidence(models.Model):
    """A fact the house may need when somebody says an item was missing: a scan, a weight, a photo. Append only."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="evidence")
    kind = models.CharField(max_length=24)
    detail = models.JSONField()
    actor = models.CharField(max_length=60)
    at = models.DateTimeField()


# Claims, ratings and slots have files of their own; Django finds the models of an app here.
from orders.claims import Claim as Claim  # noqa: E402
from orders.claims import ClaimedLine as ClaimedLine  # noqa: E402
from orders.claims import ClaimPhoto as ClaimPhoto  # noqa: E402
from orders.claims import ClaimPolicy as ClaimPolicy  # noqa: E402
from orders.claims import Rating as Rating  # noqa: E402
from orders.etas import EtaModel as EtaModel  # noqa: E402
from orders.handover import BagScan as BagScan  # noqa: E402
from orders.invoices import DocumentSeries as DocumentSeries  # noqa: E402
from orders.invoices import Supplier as Supplier  # noqa: E402
from orders.invoices import TaxDocument as TaxDocument  # noqa: E402
from orders.invoices import TaxLine as TaxLine  # noqa: E402
from orders.lateness import LateCredit as LateCredit  # noqa: E402
from orders.lateness import LateStep as LateStep  # noqa: E402
from orders.ledger import PromiseRoom as PromiseRoom  # noqa: E402
from orders.ledger import SafeSpeed as SafeSpeed  # noqa: E402
from orders.ledger import ShownPromise as ShownPromise  # noqa: E402
from orders.slots import Slot as Slot  # noqa: E402
from orders.slots import SlotTemplate as SlotTemplate  # noqa: E402
from orders.sourced import Cause as Cause  # noqa: E402
from orders.sourced import Sourcing as Sourcing  # noqa: E402
from orders.timers import Stage as Stage  # noqa: E402
from orders.timers import StageTimer as StageTimer  # noqa: E402
from orders.timers import StoreWarning as StoreWarning  # noqa: E402
from orders.trusted import CustomerTrust as CustomerTrust  # noqa: E402
from orders.trusted import TrustOverride as TrustOverride  # noqa: E402
