"""Shapes of requests (validated here) and of answers (for the OpenAPI schema; hot answers are written without them)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from blinkit.kernel.schema import ImagesOut
from orders.filters import MOST_PAISE
from orders.models import Consent
from orders.services import INSTRUCTIONS
from orders.services.cart import (
    LONGEST_GIFT_FROM,
    LONGEST_GIFT_NOTE,
    MOST_LINES,
    MOST_SUBSTITUTE_UP_TO_PAISE,
    MOST_TIP_PAISE,
    MOST_UNITS_PER_LINE,
)
from orders.states import Status
from payments.models import Method

S = serializers
WAYS = [way for way in Method.choices if way[0] != Method.WALLET]
"""What a customer chooses; the wallet goes beside them."""


class Money(S.IntegerField):
    """Whole paise."""


# -- asked ------------------------------------------------------------------------------------------------------------


class WaitlistBody(S.Serializer[Any]):
    phone = S.CharField(max_length=20)
    lat = S.FloatField(min_value=-90, max_value=90)
    lng = S.FloatField(min_value=-180, max_value=180)
    note = S.CharField(max_length=200, required=False, allow_blank=True, default="")


class CartLineBody(S.Serializer[Any]):
    sku = S.CharField(max_length=40)
    qty = S.IntegerField(min_value=1, max_value=MOST_UNITS_PER_LINE)
    consent = S.ChoiceField(choices=Consent.choices, default=Consent.REFUND, help_text="When it can't be found.")
    substitute_up_to_paise = S.IntegerField(
        min_value=0,
        max_value=MOST_SUBSTITUTE_UP_TO_PAISE,
        default=0,
        help_text="How much dearer per unit a substitute may be on the shelf. You never pay more than your bill.",
    )


class CartBody(S.Serializer[Any]):
    store = S.CharField(max_length=16, help_text="The store code that serviceability gave.")
    lines = S.ListField(child=CartLineBody(), max_length=MOST_LINES, allow_empty=True)
    tip_paise = S.IntegerField(min_value=0, max_value=MOST_TIP_PAISE, default=0)
    lat = S.FloatField(min_value=-90, max_value=90, required=False, help_text="Where to: fees depend on the distance.")
    lng = S.FloatField(min_value=-180, max_value=180, required=False)


class SetLineBody(S.Serializer[Any]):
    sku = S.CharField(max_length=40)
    qty = S.IntegerField(min_value=0, max_value=MOST_UNITS_PER_LINE, help_text="0 takes it out.")
    store = S.CharField(max_length=16, required=False, allow_blank=True, default="")
    consent = S.ChoiceField(choices=Consent.choices, required=False)
    substitute_up_to_paise = S.IntegerField(min_value=0, max_value=MOST_SUBSTITUTE_UP_TO_PAISE, required=False)


class GuestCartBody(S.Serializer[Any]):
    guest_token = S.UUIDField(required=False, help_text="Left out: the `Guest-Cart` header.")


class CheckoutBody(S.Serializer[Any]):
    address_id = S.UUIDField()
    method = S.ChoiceField(choices=WAYS, help_text="For what the wallet does not pay.")
    bill_fingerprint = S.CharField(max_length=64, help_text="`bill.fingerprint` of the cart that was shown.")
    instructions = S.ListField(
        child=S.ChoiceField(choices=[(chip, chip) for chip in INSTRUCTIONS]), max_length=len(INSTRUCTIONS), default=list
    )
    tip_paise = S.IntegerField(
        min_value=0, max_value=MOST_TIP_PAISE, required=False, help_text="Left out: the cart's tip."
    )
    slot_id = S.IntegerField(
        min_value=1,
        max_value=2**63 - 1,
        required=False,
        allow_null=True,
        help_text="From /stores/{code}/slots/. Left out: now.",
    )
    use_wallet = S.BooleanField(default=False, help_text="Pay what the wallet can give, the rest by `method`.")
    wallet_paise = S.IntegerField(
        min_value=0, max_value=MOST_PAISE, required=False, allow_null=True, default=None,
        help_text="What was shown as the wallet's part: 409 `wallet-changed` when it can give another sum now.",
    )  # fmt: skip


class GiftBody(S.Serializer[Any]):
    is_gift = S.BooleanField()
    note = S.CharField(max_length=LONGEST_GIFT_NOTE, required=False, allow_blank=True, default="")
    from_name = S.CharField(max_length=LONGEST_GIFT_FROM, required=False, allow_blank=True, default="")


class CouponBody(S.Serializer[Any]):
    code = S.CharField(max_length=40, allow_blank=True, help_text="Capitals and spaces do not matter; empty: none.")


class TipBody(S.Serializer[Any]):
    tip_paise = S.IntegerField(min_value=0, max_value=MOST_TIP_PAISE)


class CancelBody(S.Serializer[Any]):
    reason = S.CharField(max_length=160, required=False, allow_blank=True, default="")


# -- answered: the shop -----------------------------------------------------------------------------------------------


class StoreName(S.Serializer[Any]):
    code = S.CharField()
    name = S.CharField()


class CartStore(StoreName):
    is_active = S.BooleanField(help_text="False once it is switched off: checkout asks the others for these items.")


class StorePlace(StoreName):
    lat = S.FloatField()
    lng = S.FloatField()


class StoreOut(StorePlace):
    city = S.CharField()
    area = S.ListField(child=S.ListField(child=S.FloatField()), help_text="GeoJSON ring of [lng, lat].")
    mode = S.CharField()
    open = S.BooleanField()


class StoreList(S.Serializer[Any]):
    items = StoreOut(many=True)


class BasketFee(S.Serializer[Any]):
    from_paise = Money(help_text="For baskets from here on.")
    delivery_paise = Money()


class DeliveryBand(S.Serializer[Any]):
    beyond_metres = S.IntegerField(help_text="Doors further than this by street, up to the next band.")
    baskets = BasketFee(many=True)


class Fees(S.Serializer[Any]):
    delivery_bands = DeliveryBand(many=True, help_text="Delivery by distance and basket.")
    delivery_paise = Money()
    free_delivery_from_paise = Money()
    far_metres = S.IntegerField()
    far_extra_paise = Money()
    handling_paise = Money()
    small_cart_below_paise = Money()
    small_cart_paise = Money()
    minimum_order_paise = Money()
    cod_limit_paise = Money()


class SurgeOut(S.Serializer[Any]):
    paise = Money(help_text="Added to the bill while the store is this busy.")
    why = S.CharField()


class EtaWhyOut(S.Serializer[Any]):
    code = S.CharField(help_text="rush, bad-weather, few-hands or many-orders.")
    sentence = S.CharField()


class ServiceabilityOut(S.Serializer[Any]):
    served = S.BooleanField()
    reason = S.CharField(help_text='"" when served, else not-yet-here, closed, paused or full.')
    sentence = S.CharField()
    store = StorePlace(allow_null=True)
    mode = S.CharField()
    eta_from_m = S.IntegerField(allow_null=True)
    eta_to_m = S.IntegerField(allow_null=True)
    distance_metres = S.IntegerField()
    opens_at = S.DateTimeField(allow_null=True)
    fees = Fees(allow_null=True)
    surge = SurgeOut(allow_null=True)
    eta_why = EtaWhyOut(allow_null=True, help_text="Why it takes long just now; null when nothing is unusual.")
    currency = S.CharField()


class CategoryOut(S.Serializer[Any]):
    slug = S.CharField()
    name = S.CharField()
    name_hi = S.CharField()
    icon = S.CharField()
    hue = S.IntegerField()
    children = S.ListField(child=S.DictField(), help_text="The same shape again.")


class CategoryList(S.Serializer[Any]):
    items = CategoryOut(many=True)


class UnitPrice(S.Serializer[Any]):
    paise = Money()
    per = S.CharField()


class TierOut(S.Serializer[Any]):
    min_qty = S.IntegerField(help_text="Each unit costs this in a line of at least so many.")
    price_paise = Money()
    members_only = S.BooleanField()
    source = S.CharField()  # type: ignore[assignment]


class Goods(S.Serializer[Any]):
    sku = S.CharField()
    name = S.CharField()
    name_hi = S.CharField()
    brand = S.CharField()
    pack = S.CharField()
    price_paise = Money()
    mrp_paise = Money()
    price_source = S.CharField(help_text="own, store, city, everywhere or mrp; the same for every customer.")
    tiers = TierOut(many=True, help_text="What more units, and members, pay for one.")
    unit_price = UnitPrice(allow_null=True)
    veg = S.CharField()
    zone = S.CharField()
    image = S.CharField(help_text="Path in the media storage; `images` has addresses.")
    images = ImagesOut(allow_null=True)
    category = S.CharField()
    max_per_order = S.IntegerField()


class PackOut(S.Serializer[Any]):
    sku = S.CharField()
    pack = S.CharField()
    price_paise = Money()
    mrp_paise = Money()
    unit_price = UnitPrice(allow_null=True)
    available = S.BooleanField()
    is_best = S.BooleanField(help_text="The lowest price per unit among those that can be bought.")


class Card(Goods):
    available = S.BooleanField()
    left = S.IntegerField(allow_null=True, help_text="Only when few are left.")
    max_qty = S.IntegerField(help_text="The most that can be ordered now.")
    packs = PackOut(many=True, help_text="All packs of this thing, smallest first; empty when there is one.")


class ChoiceOut(S.Serializer[Any]):
    key = S.CharField(help_text="To ask for it.")
    name = S.CharField(help_text="Of a brand.")
    count = S.IntegerField(help_text="Cards there would be beside the other filters.")
    chosen = S.BooleanField()


class PriceRange(S.Serializer[Any]):
    low_paise = Money(allow_null=True)
    high_paise = Money(allow_null=True)


class UnitRangeOut(S.Serializer[Any]):
    unit = S.CharField()
    count = S.IntegerField()
    low_paise = Money()
    high_paise = Money()


class EasingOut(S.Serializer[Any]):
    filter = S.CharField()
    value = S.CharField()
    count = S.IntegerField()


class FacetsOut(S.Serializer[Any]):
    """Each counted as if its own filter were not set."""

    total = S.IntegerField()
    brands = ChoiceOut(many=True)
    marks = ChoiceOut(many=True)
    tags = ChoiceOut(many=True)
    discounts = ChoiceOut(many=True)
    price = PriceRange()
    units = UnitRangeOut(many=True)
    easing = EasingOut(many=True, help_text="When nothing is left: which filter to drop, and what that would show.")


class CardPage(S.Serializer[Any]):
    items = Card(many=True)
    next_cursor = S.CharField(allow_null=True)
    facets = FacetsOut(required=False, help_text="When asked for.")


class SearchResult(S.Serializer[Any]):
    items = Card(many=True)
    q = S.CharField()
    meant = S.CharField(allow_null=True, help_text="How it is probably spelt; null when there is no doubt.")
    instead = S.BooleanField(help_text="The words as typed found nothing: the items answer `meant`.")
    near = S.BooleanField(help_text="Nothing has everything asked for: the items have some of it.")
    facets = FacetsOut(required=False, help_text="When asked for.")


class SuggestionOut(S.Serializer[Any]):
    kind = S.ChoiceField(choices=["search", "category", "brand", "product"])
    text = S.CharField(help_text="To show, and to search for.")
    text_hi = S.CharField()
    category = S.CharField(allow_null=True, help_text="Slug, of a category.")
    sku = S.CharField(allow_null=True, help_text="Of a product.")
    price_paise = S.IntegerField(allow_null=True, help_text="Of a product at this store, as are the next three.")
    mrp_paise = S.IntegerField(allow_null=True)
    pack = S.CharField()
    image = S.CharField()
    images = ImagesOut(allow_null=True)


class SuggestionList(S.Serializer[Any]):
    items = SuggestionOut(many=True)
    q = S.CharField()


class FactsOut(S.Serializer[Any]):
    """Of the label. Empty where nothing is known."""

    fssai = S.CharField(help_text="Licence of the maker.")
    origin = S.CharField(help_text="ISO 3166 code.")
    origin_name = S.CharField()
    maker_name = S.CharField()
    maker_address = S.CharField()
    ingredients = S.CharField()
    allergens = S.ListField(child=S.CharField())
    nutrition = S.DictField(child=S.FloatField(), help_text="energy_kcal, protein_g, … per `nutrition_per`.")
    nutrition_per = S.CharField(help_text="100 g or 100 ml.")
    storage = S.CharField()
    tags = S.ListField(child=S.CharField())
    attributes = S.DictField(child=S.CharField())


class ProductOut(Card):
    facts = FactsOut()
    description = S.CharField()
    shelf_life_days = S.IntegerField(allow_null=True)
    gallery = ImagesOut(many=True)
    hsn = S.CharField()
    gst_bp = S.IntegerField()


# -- answered: cart and orders ----------------------------------------------------------------------------------------


class BillOut(S.Serializer[Any]):
    items_paise = Money()
    delivery_paise = Money()
    handling_paise = Money()
    small_cart_paise = Money()
    surge_paise = Money()
    tip_paise = Money()
    discount_paise = Money()
    tax_paise = Money(help_text="GST contained in the other parts.")
    total_paise = Money()
    saved_paise = Money()
    cashback_paise = Money(help_text="A credit that comes after delivery.")
    currency = S.CharField()


class CartBill(BillOut):
    why = S.DictField(child=S.CharField())
    why_local = S.DictField(child=S.CharField(), help_text="The same in the language of Accept-Language.")
    fingerprint = S.CharField(help_text="Send it with checkout: it stands for every figure shown.")


class ProblemOut(S.Serializer[Any]):
    code = S.CharField()
    sentence = S.CharField()
    sentence_local = S.CharField(help_text="The same in the language of Accept-Language.")
    sku = S.CharField(allow_null=True)


class GiftOut(S.Serializer[Any]):
    """A gift: what goes with the bags shows no prices."""

    note = S.CharField()
    from_name = S.CharField()


class CartLineOut(Goods):
    qty = S.IntegerField()
    consent = S.CharField()
    substitute_up_to_paise = Money()
    unit_price_paise = Money(help_text="What one unit costs in this quantity, for this buyer.")
    gross_paise = Money()
    tier = TierOut(allow_null=True, help_text="The tier that counts here.")
    nudge = TierOut(allow_null=True, help_text="The next quantity that makes a unit cheaper.")
    available_qty = S.IntegerField()
    problem = ProblemOut(allow_null=True)


class PromotionOut(S.Serializer[Any]):
    name = S.CharField()
    kind = S.CharField()
    discount_paise = Money()
    delivery_paise = Money(help_text="What it takes off the delivery fee.")
    credit_paise = Money(help_text="A credit that comes after delivery.")
    code = S.CharField(allow_null=True)


class PromotionNotApplied(S.Serializer[Any]):
    name = S.CharField()
    kind = S.CharField()
    why = S.CharField(help_text="For programs: below-minimum, outdone, pay-with, used-up ...")
    sentence = S.CharField()
    sentence_local = S.CharField(help_text="The same in the language of Accept-Language.")


class PromotionsOut(S.Serializer[Any]):
    applied = PromotionOut(many=True)
    not_applied = PromotionNotApplied(many=True)


class CouponOut(S.Serializer[Any]):
    code = S.CharField()
    applied = S.BooleanField()
    exists = S.BooleanField()
    sentence = S.CharField(help_text="Why it does not count; empty when it does.")
    sentence_local = S.CharField(help_text="The same in the language of Accept-Language.")


class OrderTax(S.Serializer[Any]):
    cgst_paise = Money()
    sgst_paise = Money()
    igst_paise = Money()
    supplier_state = S.CharField(help_text="GST state code.")
    place_of_supply = S.CharField(help_text="GST state code.")


class OrderBill(BillOut):
    cashback_paid_paise = Money(allow_null=True, help_text="Of the credit, in the wallet; null until it is decided.")
    promotions = PromotionOut(many=True)
    tax = OrderTax()


class WayOut(S.Serializer[Any]):
    method = S.ChoiceField(choices=WAYS)
    possible = S.BooleanField()
    limit_paise = Money(allow_null=True, help_text="The most in cash, for this customer here and now.")
    sentence = S.CharField(help_text='Why not, and what helps; "" when it is possible.')


class CartOut(S.Serializer[Any]):
    id = S.UUIDField(allow_null=True)
    store = CartStore(allow_null=True)
    lines = CartLineOut(many=True)
    units = S.IntegerField()
    bill = CartBill()
    problems = ProblemOut(many=True)
    can_check_out = S.BooleanField()
    gift = GiftOut(allow_null=True)
    coupon = CouponOut(allow_null=True)
    promotions = PromotionsOut()
    tip_paise = Money()
    fees = Fees(allow_null=True, help_text="Null as long as the cart is of no store.")
    ways = WayOut(many=True, allow_null=True, help_text="Ways to pay this bill, when signed in and asked by GET.")
    currency = S.CharField()


class SlotOut(S.Serializer[Any]):
    id = S.IntegerField()
    starts_at = S.DateTimeField()
    ends_at = S.DateTimeField()
    cut_off_at = S.DateTimeField(help_text="The last moment to order for it.")
    left = S.IntegerField(help_text="Places that are left.")


class SlotList(S.Serializer[Any]):
    store = S.CharField()
    now = S.BooleanField(help_text="Whether the store takes orders for now; slots can be ordered for either way.")
    slots = SlotOut(many=True, help_text="Those that can be ordered for, soonest first.")


class ChipOut(S.Serializer[Any]):
    code = S.CharField()
    label = S.CharField()  # type: ignore[assignment]  # the stub confuses it with Field.label


class ChipList(S.Serializer[Any]):
    instructions = ChipOut(many=True)


class OrderSlot(S.Serializer[Any]):
    id = S.IntegerField()
    starts_at = S.DateTimeField()
    ends_at = S.DateTimeField()


class ScheduleOut(S.Serializer[Any]):
    key = S.CharField(help_text="packing, window or until.")
    label = S.CharField()  # type: ignore[assignment]  # the stub confuses it with Field.label
    at = S.DateTimeField()


class OrderCard(S.Serializer[Any]):
    id = S.UUIDField()
    number = S.CharField()
    status = S.ChoiceField(choices=Status.choices)
    status_label = S.CharField()
    store = StoreName()
    placed_at = S.DateTimeField()
    promised_from = S.DateTimeField(allow_null=True)
    promised_by = S.DateTimeField(allow_null=True)
    slot = OrderSlot(allow_null=True, help_text="The window it was ordered for; null: for now.")
    delivered_at = S.DateTimeField(allow_null=True)
    units = S.IntegerField()
    first_items = S.ListField(child=S.CharField())
    total_paise = Money()
    payment_method = S.CharField()
    currency = S.CharField()


class OrderPage(S.Serializer[Any]):
    next = S.URLField(allow_null=True)
    previous = S.URLField(allow_null=True)
    results = OrderCard(many=True)


class Placed(S.Serializer[Any]):
    id = S.UUIDField()
    number = S.CharField()
    status = S.ChoiceField(choices=Status.choices)
    total_paise = Money()
    currency = S.CharField()
    payment_method = S.CharField(help_text="`wallet` when it pays alone, and when nothing is to be paid.")
    wallet_paise = Money(help_text="Taken from the wallet.")
    to_pay_paise = Money(help_text="The rest, to be paid by `payment_method`.")
    payment_id = S.UUIDField(allow_null=True, help_text="An online order is paid at /payments/{id}/attempts/.")
    pay_by = S.DateTimeField(allow_null=True)
    promised_from = S.DateTimeField(allow_null=True)
    promised_by = S.DateTimeField(allow_null=True)
    slot = OrderSlot(allow_null=True)
    store = StoreName()


class StepOut(S.Serializer[Any]):
    key = S.CharField()
    label = S.CharField()  # type: ignore[assignment]  # the stub confuses it with Field.label
    state = S.CharField(help_text="done, now or todo.")
    at = S.DateTimeField(allow_null=True)


class StoreContact(S.Serializer[Any]):
    lat = S.FloatField()
    lng = S.FloatField()
    phone = S.CharField()


class Destination(S.Serializer[Any]):
    lat = S.FloatField()
    lng = S.FloatField()
    address = S.CharField()
    door_instructions = S.CharField()
    instructions = S.ListField(child=S.CharField())
    contact_name = S.CharField()


class OrderLineOut(S.Serializer[Any]):
    id = S.IntegerField()
    sku = S.CharField()
    name = S.CharField()
    pack = S.CharField()
    image = S.CharField()
    images = ImagesOut(allow_null=True)
    qty = S.IntegerField()
    short_qty = S.IntegerField()
    unit_price_paise = Money()
    mrp_paise = Money()
    gross_paise = Money()
    discount_paise = Money()
    consent = S.CharField()
    substitute_up_to_paise = Money()
    substitute_for = S.IntegerField(allow_null=True, help_text="The line it came instead of.")


class OrderPayment(S.Serializer[Any]):
    id = S.UUIDField()
    method = S.CharField()
    state = S.CharField()
    amount_paise = Money()
    captured_paise = Money()
    refunded_paise = Money()
    wallet_paise = Money(help_text="Paid from the wallet, beside `amount_paise`.")
    wallet_returned_paise = Money(help_text="Of it, back in the wallet.")
    into_wallet_paise = Money(help_text="All that went into the wallet, whoever had paid it.")
    pay_by = S.DateTimeField(allow_null=True)


class RiderPosition(S.Serializer[Any]):
    lat = S.FloatField()
    lng = S.FloatField()
    at = S.DateTimeField()
    seq = S.IntegerField(required=False, help_text="A later one has a higher number.")
    heading = S.FloatField(required=False, help_text="Degrees from north, where the phone says it.")
    accuracy_metres = S.FloatField(required=False)
    rough = S.BooleanField(
        required=False, help_text="The rider stops at another door first: only the neighbourhood, and no route."
    )
    left_s = S.IntegerField(required=False, help_text="Seconds of riding and other doors that are left.")
    progress = S.FloatField(required=False, help_text="Of the way to this door, 0 to 1; once it is next.")
    route_id = S.CharField(required=False, help_text="The line this position belongs to (`rider.route.id`).")
    along_metres = S.IntegerField(
        required=False, help_text="Ridden on that line; missing while the rider is beside it or before its beginning."
    )


class RiderRoute(S.Serializer[Any]):
    id = S.CharField(help_text="Another line has another one.")
    polyline = S.CharField(
        help_text="The way along the streets to this door: Google's encoded polyline, five decimals. It begins behind "
        "doors that are not the customer's."
    )
    metres = S.IntegerField()


class OrderRider(S.Serializer[Any]):
    name = S.CharField()
    rating = S.FloatField(allow_null=True, help_text="Stars of the last 90 days; null below 20 ratings.")
    position = RiderPosition(allow_null=True)
    route = RiderRoute(
        allow_null=True, help_text="Once this door is the rider's next; null where no router knows the streets."
    )


class ArrivalWhy(S.Serializer[Any]):
    code = S.CharField(help_text="queue, picking, rider, handover, ride, store, other-rider, sooner …")
    sentence = S.CharField()
    sentence_local = S.CharField(help_text="The same in the language of Accept-Language.")


class Tracking(OrderCard):
    sentence = S.CharField()
    schedule = ScheduleOut(many=True, help_text="What happens when, while it waits for its slot.")
    gift = GiftOut(allow_null=True)
    sentence_local = S.CharField(help_text="The same in the language of Accept-Language.")
    step = S.IntegerField()
    steps = StepOut(many=True)
    is_live = S.BooleanField()
    can_cancel = S.BooleanField()
    cancel_reason = S.CharField()
    eta_from_m = S.IntegerField(allow_null=True)
    eta_to_m = S.IntegerField(allow_null=True)
    eta_why = ArrivalWhy(allow_null=True, help_text="Why the range had to move, for some minutes.")
    late_s = S.IntegerField()
    expected_late_s = S.IntegerField(help_text="Seconds behind the promise that are probable now; 0 in time.")
    late_credit_paise = Money(help_text="Given into the wallet by itself because it came late; 0: nothing.")
    confirmed_at = S.DateTimeField(allow_null=True)
    packed_at = S.DateTimeField(allow_null=True)
    picked_up_at = S.DateTimeField(allow_null=True)
    store_place = StoreContact()
    to = Destination()
    lines = OrderLineOut(many=True)
    bill = OrderBill()
    payment = OrderPayment(allow_null=True)
    rider = OrderRider(allow_null=True, help_text="From the pick-up of this order until it is over, else null.")
    rider_is_coming = S.BooleanField(
        help_text="A rider is coming to the store for it; who, is told from the pick-up on."
    )
    rider_at_door_at = S.DateTimeField(allow_null=True, help_text="Since when the rider stands at the door.")
    otp = S.CharField(allow_null=True, help_text="The door code: say it to the rider, to nobody else.")
    leave_at_door = S.BooleanField()
    as_of = S.DateTimeField()
