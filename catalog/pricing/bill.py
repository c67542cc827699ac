"""The bill: items, fees, discount, tip and the tax inside them. Every amount is whole paise, GST inclusive.

Tax is what is contained in an inclusive price (rule 35 of the CGST Rules): gross x rate / (100 + rate), rounded half
up, per line; a discount is shared over the lines first, so that tax is on what is really paid. A tip is not taxed.
Fees carry GST of their own, taken from their sum. Nothing else is rounded: a total is exact to the paisa, never
rounded to rupees, and is always the sum of its lines and fees.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from operator import attrgetter

from blinkit.kernel.money import rupees, share_out, tax_inside
from blinkit.kernel.said import say, together
from catalog.pricing.delivery import Band, band_of, one_step
from catalog.pricing.promotions.engine import Decision
from catalog.pricing.tax import TaxSplit, split

NO_PROMOTIONS = Decision()


@dataclass(frozen=True, slots=True)
class FeeRules:
    """The fees of a city or a store, as `catalog.FeePolicy` keeps them."""

    delivery_paise: int = 2500
    free_delivery_from_paise: int = 19900
    far_metres: int = 2500
    far_extra_paise: int = 1000
    handling_paise: int = 500
    small_cart_below_paise: int = 9900
    small_cart_paise: int = 2000
    minimum_order_paise: int = 0
    cod_limit_paise: int = 300000
    fee_gst_bp: int = 1800
    surge_cap_paise: int = 0
    delivery_bands: tuple[Band, ...] = ()

    @property
    def delivery_table(self) -> tuple[Band, ...]:
        """Delivery by distance and basket; made of the single figures where there are no bands."""
        return self.delivery_bands or one_step(
            delivery_paise=self.delivery_paise,
            free_from_paise=self.free_delivery_from_paise,
            far_metres=self.far_metres,
            far_extra_paise=self.far_extra_paise,
        )


@dataclass(frozen=True, slots=True)
class LineInput:
    """`base_paise` is what one unit costs everybody, where more units or a membership make it less (0: the same)."""

    product_id: int
    qty: int
    unit_price_paise: int
    mrp_paise: int
    gst_bp: int = 0
    base_paise: int = 0
    source: str = ""


@dataclass(frozen=True, slots=True)
class BillInput:
    """`distance_metres` is the way by street from the store to the door.

    `promotions` is what `promotions.decide` said about these lines; `discount_paise` is taken off what it left.
    """

    lines: Sequence[LineInput]
    policy: FeeRules
    distance_metres: float = 0
    surge_paise: int = 0
    tip_paise: int = 0
    discount_paise: int = 0
    promotions: Decision = NO_PROMOTIONS
    surge_why: str = ""


@dataclass(frozen=True, slots=True)
class BillLine:
    """`tax_paise` is contained in `gross_paise` less this line's share of the discount.

    `source` says where the unit price comes from: "own", "store", "city", "everywhere" or "mrp", and of a tier the
    quantity and "members" behind it.
    """

    product_id: int
    qty: int
    unit_price_paise: int
    mrp_paise: int
    gross_paise: int
    tax_paise: int
    gst_bp: int
    discount_paise: int = 0
    base_paise: int = 0
    source: str = field(default="", compare=False)


_figures = attrgetter(*(name for name in BillLine.__slots__ if name != "source"))


@dataclass(frozen=True, slots=True)
class Bill:
    """total = items + delivery + handling + small cart + surge + tip − discount; `tax_paise` is inside the total.

    Lines are in the order of their product ids.
    """

    lines: tuple[BillLine, ...]
    items_paise: int
    delivery_paise: int
    handling_paise: int
    small_cart_paise: int
    surge_paise: int
    tip_paise: int
    discount_paise: int
    tax_paise: int
    total_paise: int
    saved_paise: int
    fees_why: dict[str, str] = field(default_factory=dict, compare=False)
    cashback_paise: int = 0
    promotions: Decision = field(default=NO_PROMOTIONS, compare=False)
    fee_gst_bp: int = field(default=0, compare=False)

    @property
    def fees_paise(self) -> int:
        return self.delivery_paise + self.handling_paise + self.small_cart_paise + self.surge_paise

    @property
    def fee_tax_paise(self) -> int:
        """The GST inside the fees, taken from their sum."""
        return tax_inside(self.fees_paise, self.fee_gst_bp)

    def tax_split(self, *, supplier_state: str, place_of_supply: str) -> TaxSplit:
        """The tax of this bill as CGST and SGST, or IGST; the sum of the split of each line and of the fees."""
        parts = [line.tax_paise for line in self.lines] + [self.fee_tax_paise]
        return sum(
            (split(part, supplier_state=supplier_state, place_of_supply=place_of_supply) for part in parts), TaxSplit()
        )

    def fingerprint(self) -> str:
        """A short hash of every figure shown. It changes when and only when a figure does; words do not count."""
        figures = [
            [_figures(line) for line in self.lines],
            self.items_paise,
            self.delivery_paise,
            self.handling_paise,
            self.small_cart_paise,
            self.surge_paise,
            self.tip_paise,
            self.discount_paise,
            self.tax_paise,
            self.total_paise,
            self.saved_paise,
            self.cashback_paise,
        ]
        return hashlib.sha256(repr(figures).encode()).hexdigest()[:16]

    def as_dict(self) -> dict[str, object]:
        """JSON-able: what the API shows and an order keeps."""
        figures = {
            name: getattr(self, name) for name in self.__slots__ if name.endswith("_paise") or name == "fees_why"
        }
        lines = [asdict(line) for line in self.lines]
        return {"lines": lines, **figures, "fingerprint": self.fingerprint()}


def make_bill(given: BillInput) -> Bill:
    """The bill of a basket. An empty basket costs nothing, whatever the fees.

    A discount is never more than the items. Raises ValueError for a quantity below one, a negative amount, or a unit
    price above the MRP: the server prices the basket, so each of these is a bug.
    """
    _refuse_nonsense(given)
    policy = given.policy
    asked = sorted(given.lines, key=lambda line: line.product_id)  # or the odd paisa of a discount would wander
    gross = [line.unit_price_paise * line.qty for line in asked]
    items = sum(gross)
    if not items:
        return Bill((), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    less = dict(given.promotions.line_discounts)
    own = [less.get(line.product_id, 0) for line in asked]
    net = [line_gross - paise for line_gross, paise in zip(gross, own, strict=True)]
    if min(net) < 0 or sum(own) != given.promotions.discount_paise:
        raise ValueError("These promotions were decided for another basket.")
    rest = min(given.discount_paise, sum(net))
    shares = [paise + share for paise, share in zip(own, share_out(rest, net), strict=True)]
    discount = sum(shares)
    lines = tuple(
        BillLine(
            product_id=line.product_id,
            qty=line.qty,
            unit_price_paise=line.unit_price_paise,
            mrp_paise=line.mrp_paise,
            gross_paise=line_gross,
            tax_paise=tax_inside(line_gross - share, line.gst_bp),
            gst_bp=line.gst_bp,
            discount_paise=share,
            base_paise=line.base_paise or line.unit_price_paise,
            source=line.source,
        )
        for line, line_gross, share in zip(asked, gross, shares, strict=True)
    )
    delivery, why = _delivery(policy, items, given.distance_metres, given.promotions)
    small_cart = policy.small_cart_paise if items < policy.small_cart_below_paise else 0
    if small_cart:
        more = policy.small_cart_below_paise - items
        why["small_cart"] = say(
            "For baskets under {below}. Add {more} to save it.",
            below=rupees(policy.small_cart_below_paise),
            more=rupees(more),
        )
    if policy.handling_paise:
        why["handling"] = "Picking, packing and bags."
    if given.surge_paise:
        why["surge"] = given.surge_why or "It is very busy right now. All of this goes towards riders."
    fees = delivery + policy.handling_paise + small_cart + given.surge_paise
    return Bill(
        lines=lines,
        items_paise=items,
        delivery_paise=delivery,
        handling_paise=policy.handling_paise,
        small_cart_paise=small_cart,
        surge_paise=given.surge_paise,
        tip_paise=given.tip_paise,
        discount_paise=discount,
        tax_paise=sum(line.tax_paise for line in lines) + tax_inside(fees, policy.fee_gst_bp),
        total_paise=items + fees + given.tip_paise - discount,
        saved_paise=sum((line.mrp_paise - line.unit_price_paise) * line.qty for line in lines) + discount,
        fees_why=why,
        cashback_paise=given.promotions.credit_paise,
        promotions=given.promotions,
        fee_gst_bp=policy.fee_gst_bp,
    )


@dataclass(frozen=True, slots=True)
class Short:
    """What a short pick takes off a line, and the line's discount and tax that are left."""

    items_paise: int
    discount_paise: int
    discount_left_paise: int
    tax_left_paise: int

    @property
    def total_paise(self) -> int:
        return self.items_paise - self.discount_paise


def short_of(*, unit_price_paise: int, gst_bp: int, discount_paise: int, units: int, missing: int) -> Short:
    """`missing` of `units` could not be found: the rest costs what it did each, also below the quantity of its tier.

    The units that are left keep their share of the discount, rounded in the customer's favour.
    """
    left = units - missing
    kept = -(-discount_paise * left // units)
    return Short(
        items_paise=unit_price_paise * missing,
        discount_paise=discount_paise - kept,
        discount_left_paise=kept,
        tax_left_paise=tax_inside(unit_price_paise * left - kept, gst_bp),
    )


def base_delivery(policy: FeeRules, items_paise: int) -> int:
    """The part of the delivery fee that a promotion may waive: the extra for a long way is the rider's and stays."""
    return policy.delivery_table[0].fee(items_paise)


def _delivery(
    policy: FeeRules, items_paise: int, distance_metres: float, promotions: Decision
) -> tuple[int, dict[str, str]]:
    """What a door near the store pays for this basket, unless a promotion waives it, and the extra for a longer way."""
    table = policy.delivery_table
    near, here = table[0], band_of(table, distance_metres)
    base = near.fee(items_paise)
    extra = here.fee(items_paise) - base
    giver = next((applied.rule.name for applied in promotions.applied if applied.waived_paise), "")
    if giver:
        words = say("Free: {giver}.", giver=giver)
    elif not base:
        free_from = next((step for step, fee in near.fees if not fee), 0)
        words = say("Free from {amount}.", amount=rupees(free_from)) if free_from else say("Free.")
    elif step := near.next_step(items_paise):
        at, more = rupees(step[0]), rupees(step[0] - items_paise)
        if step[1]:
            words = say("{fee} from {amount}: add {more}.", fee=rupees(step[1]), amount=at, more=more)
        else:
            words = say("Free from {amount}: add {more}.", amount=at, more=more)
    else:
        words = say("{fee} for a basket like this.", fee=rupees(base))
    if extra:
        km = f"{here.beyond_metres / 1000:g}"
        farther = say("{amount} because the store is more than {km} km away.", amount=rupees(extra), km=km)
        words = together([words, farther])
    return (0 if promotions.waived_paise else base) + extra, {"delivery": words}


def _refuse_nonsense(given: BillInput) -> None:
    if min(given.surge_paise, given.tip_paise, given.discount_paise) < 0:
        raise ValueError("Surge, tip and discount are never negative.")
    for line in given.lines:
        if line.qty < 1 or not 0 < line.unit_price_paise <= line.mrp_paise:
            raise ValueError(f"Product {line.product_id}: quantity {line.qty} at {line.unit_price_paise} paise.")
