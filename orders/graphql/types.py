"""What can be asked for. Names are those of REST in camelCase; money is whole paise, times are RFC 3339 UTC.

Where nothing is written beneath a name, the answer of the read is passed on as it is (see `found` in schema.py).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry
from django.utils import timezone
from strawberry.scalars import JSON
from strawberry.types import Info

from blinkit.kernel.errors import Invalid
from catalog import queries as goods
from orders import queries
from orders.graphql.limits import MOST_PER_PAGE
from orders.graphql.loaders import Context, read

LONGEST_SEARCH, LONGEST_CODE = 80, 100


def first_of(first: int) -> int:
    if not 1 <= first <= MOST_PER_PAGE:
        raise Invalid(f"first: a whole number from 1 to {MOST_PER_PAGE}.", errors={"first": [f"1 to {MOST_PER_PAGE}."]})
    return first


def text_of(name: str, text: str, longest: int = LONGEST_CODE) -> str:
    if len(text) > longest:
        raise Invalid(f"{name}: at most {longest} characters.", errors={name: [f"At most {longest} characters."]})
    return text.strip()


# -- the shop ---------------------------------------------------------------------------------------------------------


@strawberry.type
class UnitPrice:
    paise: int
    per: str


@strawberry.type
class Images:
    thumb: str
    card: str
    zoom: str


@strawberry.type
class Tier:
    min_qty: int
    price_paise: int
    members_only: bool
    source: str


@strawberry.type
class Pack:
    sku: str
    pack: str
    price_paise: int
    mrp_paise: int
    unit_price: UnitPrice | None
    available: bool
    is_best: bool = strawberry.field(description="The lowest price per unit among those that can be bought.")


@strawberry.type
class Card:
    sku: str
    name: str
    name_hi: str
    brand: str
    pack: str
    price_paise: int
    mrp_paise: int
    price_source: str = strawberry.field(description="own, store, city, everywhere or mrp.")
    tiers: list[Tier] = strawberry.field(description="What more units, and members, pay for one.")
    unit_price: UnitPrice | None
    veg: str
    zone: str
    image: str = strawberry.field(description="Path in the media storage; `images` has addresses.")
    images: Images | None
    category: str
    max_per_order: int
    available: bool
    left: int | None = strawberry.field(description="Only when few are left.")
    max_qty: int = strawberry.field(description="The most that can be ordered now.")
    packs: list[Pack] = strawberry.field(description="All packs of this thing, smallest first; empty for one alone.")


@strawberry.type
class Product(Card):
    description: str
    shelf_life_days: int | None
    gallery: list[Images]
    facts: JSON = strawberry.field(description="Label: licence, origin, ingredients, allergens, nutrition, tags.")
    hsn: str
    gst_bp: int


@strawberry.type
class CardPage:
    items: list[Card]
    next_cursor: str | None


@strawberry.type
class SearchPage:
    items: list[Card]
    q: str
    meant: str | None = strawberry.field(description="How it is probably spelt.")
    instead: bool = strawberry.field(description="The words as typed found nothing: the items answer `meant`.")
    near: bool = strawberry.field(description="Nothing has everything asked for: the items have some of it.")


@strawberry.type
class SearchSuggestion:
    kind: str = strawberry.field(description="search, category, brand or product.")
    text: str
    text_hi: str
    key: str = strawberry.field(description="Slug of a category, SKU of a product, else empty.")


@strawberry.type
class Category:
    slug: str
    name: str
    name_hi: str
    icon: str
    hue: int
    children: list[Category]


@strawberry.type
class Store:
    code: str

    @strawberry.field
    async def name(self, info: Info[Context, None]) -> str:
        return (await info.context.stores.load(self.code)).name

    @strawberry.field
    async def lat(self, info: Info[Context, None]) -> float:
        return (await info.context.stores.load(self.code)).lat

    @strawberry.field
    async def lng(self, info: Info[Context, None]) -> float:
        return (await info.context.stores.load(self.code)).lng

    @strawberry.field
    async def city(self, info: Info[Context, None]) -> str:
        return (await info.context.stores.load(self.code)).city.name

    @strawberry.field
    async def mode(self, info: Info[Context, None]) -> str:
        return goods.current_mode(await info.context.stores.load(self.code), now=timezone.now()).value

    @strawberry.field
    async def open(self, info: Info[Context, None]) -> bool:
        return goods.is_open(await info.context.stores.load(self.code), now=timezone.now())

    @strawberry.field(description="The tree in shelf order, only what this store has something listed in.")
    async def categories(self) -> list[Category]:
        def tree() -> Any:
            return [node.as_dict() for node in goods.category_tree(store_id=queries.store_id_of(self.code))]

        return await read(tree)

    @strawberry.field(description="A page of the shelf, best first.")
    async def shelf(self, category: str | None = None, cursor: str | None = None, first: int = 40) -> CardPage:
        page = await read(
            queries.shelf,
            store_code=self.code,
            category_slug=text_of("category", category or "") or None,
            cursor=text_of("cursor", cursor or ""),
            limit=first_of(first),
        )
        return page.as_dict()  # type: ignore[return-value]  # passed on as it is

    @strawberry.field
    async def product(self, sku: str) -> Product:
        detail, card = await read(queries.product, store_code=self.code, sku=text_of("sku", sku))
        return {**card.as_dict(), **detail.as_dict()}  # type: ignore[return-value]

    @strawberry.field(description="English, Hindi, Hinglish, misspelt; sold-out products come last.")
    async def search(self, q: str, first: int = 40) -> SearchPage:
        q = text_of("q", q, LONGEST_SEARCH)
        found = await read(queries.find, store_code=self.code, q=q, limit=first_of(first))
        return {  # type: ignore[return-value]
            "items": [card.as_dict() for card in found.cards],
            "q": q,
            "meant": found.meant or None,
            "instead": found.instead,
            "near": found.near,
        }

    @strawberry.field(description="What to offer while somebody types.")
    async def suggestions(self, q: str = "") -> list[SearchSuggestion]:
        found = await read(queries.suggestions, store_code=self.code, q=text_of("q", q, LONGEST_SEARCH))
        return list(found)  # type: ignore[arg-type]


@strawberry.type
class Fees:
    delivery_bands: JSON = strawberry.field(description="The whole table: by way to the door and by basket.")
    delivery_paise: int
    free_delivery_from_paise: int
    far_metres: int
    far_extra_paise: int
    handling_paise: int
    small_cart_below_paise: int
    small_cart_paise: int
    minimum_order_paise: int
    cod_limit_paise: int


@strawberry.type
class Surge:
    paise: int
    why: str


@strawberry.type
class EtaWhy:
    code: str = strawberry.field(description="rush, bad-weather, few-hands or many-orders.")
    sentence: str


@strawberry.type
class Serviceability:
    served: bool
    reason: str
    sentence: str
    mode: str
    eta_from_m: int | None
    eta_to_m: int | None
    distance_metres: int
    opens_at: datetime | None
    fees: Fees | None
    surge: Surge | None
    eta_why: EtaWhy | None = strawberry.field(description="Why it takes long just now; null when nothing is unusual.")
    currency: str
    store: Store | None


# -- the cart ---------------------------------------------------------------------------------------------------------


@strawberry.type
class StoreName:
    code: str
    name: str


@strawberry.type
class Problem:
    code: str
    sentence: str
    sku: str | None


@strawberry.type
class CartLine:
    sku: str | None
    name: str
    name_hi: str | None
    brand: str | None
    pack: str | None
    price_paise: int | None
    mrp_paise: int | None
    unit_price: UnitPrice | None
    image: str | None
    category: str | None
    qty: int
    consent: str
    substitute_up_to_paise: int = strawberry.field(description="How much dearer a substitute may be.")
    unit_price_paise: int = strawberry.field(description="What one unit costs in this quantity, for this buyer.")
    gross_paise: int
    available_qty: int
    problem: Problem | None


@strawberry.type
class Bill:
    items_paise: int
    delivery_paise: int
    handling_paise: int
    small_cart_paise: int
    surge_paise: int
    tip_paise: int
    discount_paise: int
    tax_paise: int = strawberry.field(description="GST contained in the other parts.")
    total_paise: int
    saved_paise: int
    cashback_paise: int
    currency: str


@strawberry.type
class CartBill(Bill):
    why: JSON = strawberry.field(description="Why each fee is there, by its name.")
    fingerprint: str = strawberry.field(description="Send it with the checkout: it stands for every figure shown.")


@strawberry.type
class Coupon:
    code: str
    applied: bool
    exists: bool
    sentence: str


@strawberry.type
class Cart:
    id: UUID | None
    store: StoreName | None
    lines: list[CartLine]
    units: int
    bill: CartBill
    problems: list[Problem]
    can_check_out: bool
    coupon: Coupon | None
    tip_paise: int
    currency: str


# -- orders -----------------------------------------------------------------------------------------------------------


@strawberry.type
class OrderLine:
    id: strawberry.ID
    sku: str
    name: str
    pack: str
    image: str
    qty: int
    short_qty: int
    unit_price_paise: int
    mrp_paise: int
    gross_paise: int
    discount_paise: int
    consent: str
    store_code: strawberry.Private[str] = ""

    @strawberry.field(description="As the order's store sells it today; null when it does not any more.")
    async def product(self, info: Info[Context, None]) -> Card | None:
        line: Any = self
        card = await info.context.cards.load((line["store_code"], line["sku"]))
        return None if card is None else card.as_dict()  # type: ignore[return-value]


@strawberry.type
class OrderTax:
    cgst_paise: int
    sgst_paise: int
    igst_paise: int
    supplier_state: str
    place_of_supply: str


@strawberry.type
class OrderBill(Bill):
    tax: OrderTax


@strawberry.type
class Order:
    id: UUID
    number: str
    status: str
    status_label: str
    store: StoreName
    placed_at: datetime
    promised_from: datetime | None
    promised_by: datetime | None
    delivered_at: datetime | None
    units: int
    first_items: list[str]
    total_paise: int
    payment_method: str
    currency: str
    lines: list[OrderLine]
    bill: OrderBill


@strawberry.type
class OrderPage:
    items: list[Order]
    next_cursor: str | None


@strawberry.type
class Step:
    key: str
    label: str
    state: str = strawberry.field(description="done, now or todo.")
    at: datetime | None


@strawberry.type
class StoreContact:
    lat: float
    lng: float
    phone: str


@strawberry.type
class Destination:
    lat: float
    lng: float
    address: str
    door_instructions: str
    instructions: list[str]
    contact_name: str


@strawberry.type
class OrderPayment:
    id: UUID
    method: str
    state: str
    amount_paise: int
    captured_paise: int
    refunded_paise: int
    pay_by: datetime | None


@strawberry.type
class RiderPosition:
    lat: float
    lng: float
    at: str
    route_id: str | None = strawberry.field(description="The line this position belongs to.")
    along_metres: int | None = strawberry.field(description="Ridden on that line.")


@strawberry.type
class RiderRoute:
    id: str
    polyline: str = strawberry.field(description="Google's encoded polyline, five decimals.")
    metres: int


@strawberry.type
class ArrivalWhy:
    code: str
    sentence: str


@strawberry.type
class OrderRider:
    name: str
    rating: float | None = strawberry.field(description="Stars of the last 90 days; null below 20 ratings.")
    position: RiderPosition | None
    route: RiderRoute | None = strawberry.field(description="Along the streets, once this door is the next.")


@strawberry.type
class TrackedOrder(Order):
    sentence: str
    step: int
    steps: list[Step]
    is_live: bool
    can_cancel: bool
    cancel_reason: str
    eta_from_m: int | None
    eta_to_m: int | None
    eta_why: ArrivalWhy | None = strawberry.field(description="Why the range had to move, for some minutes.")
    late_s: int
    expected_late_s: int
    late_credit_paise: int
    confirmed_at: datetime | None
    packed_at: datetime | None
    picked_up_at: datetime | None
    store_place: StoreContact
    to: Destination
    payment: OrderPayment | None
    rider: OrderRider | None = strawberry.field(description="From the pick-up of this order until it is over.")
    rider_is_coming: bool
    rider_at_door_at: datetime | None
    otp: str | None = strawberry.field(description="The door code: say it to the rider, to nobody else.")
    leave_at_door: bool
    as_of: datetime
