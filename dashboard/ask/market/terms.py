"""What platforms charge for delivery and how fast they are; coupons, bank offers, bundles, what ends soon."""

from __future__ import annotations

from datetime import datetime, timedelta

from dashboard.ask.dates import ZONE
from dashboard.ask.goods import one_of, turned_to
from dashboard.ask.market.asked import Asked
from dashboard.ask.market.shape import LONG, OFFER_ROWS, SHORT, whole
from dashboard.ask.query import Filter, Intent, Op, Order, Query, Window
from dashboard.ask.tokens import Token

_TERMS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "fast": (("platform", "eta_low", "eta_high", "delivery_fee"), ("eta_low", "eta_high")),
    "free": (("platform", "free_from", "delivery_fee", "minimum"), ("free_from", "delivery_fee")),
    "least": (("platform", "minimum", "free_from", "small_cart_fee", "delivery_fee"), ("minimum", "free_from")),
    "fee": (
        ("platform", "delivery_fee", "free_from", "handling", "small_cart_fee", "surge", "minimum"),
        ("delivery_fee", "handling"),
    ),
}
_CARTS = ("order", "orders", "cart", "carts", "basket", "bill", "purchase")
_BANKS = frozenset({"hdfc", "icici", "sbi", "axis", "kotak", "amex", "idfc", "rbl"})


def terms(asked: Asked) -> Query | None:
    sheet = asked.sheet
    fast, fee, least = sheet.has("fast"), sheet.has("fee"), sheet.has("minimum")
    free = sheet.has("freedelivery")
    cart = _cart(asked) if (fee or asked.asks("bill", "charges")) and not asked.goods else None
    if cart is not None:
        return cart
    if not (fast or fee or least or free) or asked.goods:
        return _soonest(asked) if fast and not (fee or least or free) else None
    sheet.take("over", "between", "fast", "fee", "minimum", "compare", "cheap", "highest", "fewest", "thing", "price",
               "value", "average", "available", "freedelivery", "each")  # fmt: skip
    sheet.pass_over(
        "delivery",
        "deliver",
        "delivers",
        "order",
        "orders",
        "groceries",
        "grocery",
        "amount",
        "sum",
        "add",
        "adds",
        "small",
        "big",
        "large",
    )
    sheet.take("shopping")
    for at, token in enumerate(sheet.tokens):  # "free delivery above ₹200?": the sums are shown, whatever is asked
        if token.kind in ("money", "number") and (free or least or fee) and at not in sheet.used:
            sheet.use(asked.op_before(at, token)[1], at + 1)
    terms = "platform_terms"
    wanted = [name for name, said in (("fast", fast), ("free", free), ("least", least)) if said and not fee]
    columns, order = _TERMS[wanted[0] if wanted else "fee"]
    if not wanted and asked.asks("handling"):
        order = ("handling", "delivery_fee")
    if fee:  # "which app has no handling fee": the lowest first says it
        sheet.pass_over("no", "zero", "without")
    return Query(
        Intent.COMPARE, terms, columns=tuple(f"{terms}.{one}" for one in columns),
        filters=(*_minutes(asked), *asked.where(entity=terms)),
        order=tuple(Order(f"{terms}.{one}") for one in order), limit=SHORT,
    )  # fmt: skip


def _cart(asked: Asked) -> Query | None:
    """ "Fees for a ₹150 order", "all charges on a 99 rupee cart": what each platform adds to a cart of that sum."""
    sheet, tokens = asked.sheet, asked.sheet.tokens
    sums = [at for at, token in enumerate(tokens) if token.kind in ("money", "number") and 1 <= _rupees(token) <= 5_000]
    if len(sums) != 1 or not asked.asks(*_CARTS):
        return None
    at = sums[0]
    if asked.op_before(at, tokens[at])[0] is not None:  # "on orders below ₹200" is no one cart
        return None
    sheet.use(at, at + 1)
    sheet.take("between", "fee", "compare", "cheap", "highest", "fewest", "thing", "price", "total", "shopping", "each",
               "basket", "available", "deal", "minimum")  # fmt: skip
    sheet.pass_over(*_CARTS, "delivery", "including", "all", "effect", "final", "charges")
    shown = ("platform", "cart", "delivery_fee", "small_cart_fee", "handling", "surge", "fees", "to_pay", "taken")
    cart = Filter("cart_fee.cart", Op.EQ, (100 * _rupees(tokens[at]),), tokens[at].text)
    filters = (cart, *asked.where(entity="cart_fee"))
    return Query(Intent.COMPARE, "cart_fee", columns=tuple(f"cart_fee.{one}" for one in shown), filters=filters,
                 order=(Order("cart_fee.fees"),), limit=SHORT)  # fmt: skip


def _rupees(token: Token) -> int:
    return round(token.value / 100 if token.kind == "money" else token.value)


def _soonest(asked: Asked) -> Query:
    """ "Dairy with the fastest delivery": what can be bought, where it comes from soonest first."""
    sheet = asked.sheet
    sheet.take("fast", "thing", "price", "cheap", "compare", "available", "highest", "each", "shopping")
    sheet.pass_over("delivery", "deliver", "delivers", "delivered", "order")
    limit = asked.top(SHORT)
    subject = asked.subject()
    asked.take_now_spans()
    filters = asked.filters_of(subject, available=True)
    return Query(
        Intent.LIST,
        "listing",
        columns=tuple(f"listing.{one}" for one in ("name", "pack", "platform", "price", "delivers_in")),
        filters=tuple(filters),
        order=(Order("listing.delivers_in"), Order("listing.unit_price")),
        limit=limit,
    )


def _minutes(asked: Asked) -> list[Filter]:
    """ "delivers in under 10 minutes"."""
    sheet = asked.sheet
    for at, token in enumerate(sheet.tokens[:-1]):
        if token.kind == "number" and sheet.tokens[at + 1].text in ("minute", "minutes", "min", "mins"):
            op, first = asked.op_before(at, token)
            sheet.use(first, at + 2)
            said = sheet.said(first, at + 2)
            return [Filter("platform_terms.eta_low", op or Op.LE, (whole(token.value),), said)]
    return []


def offers(asked: Asked) -> Query | None:
    """Coupons, bank offers, bundles, flash sales, what ends soon, what runs at the weekend."""
    sheet = asked.sheet
    offer = "market_offer"
    kinds = [
        kind for kind, concept in (
            ("coupon", "coupon"), ("bank", "bank"), ("flash", "flash"), ("bundle", "bundle"),
            ("delivery", "deliveryoffer"),
        ) if sheet.has(concept)
    ]  # fmt: skip
    weekend = next((one for one in sheet.spans if "weekend" in one.said), None)
    ending = sheet.has("ending")
    counted = sheet.has("count") and asked.asks("offers", "offer", "promotions", "coupons") and not sheet.has("thing")
    sums = [at for at, token in enumerate(sheet.tokens) if token.kind == "money"]
    usable = bool(sums) and asked.asks("order", "orders") and (bool(kinds) or asked.asks("offer", "offers"))
    timed = (ending and sheet.has("deal", "coupon", "bank", "flash")) or (weekend and sheet.has("deal"))
    if not (kinds or counted or usable or timed):
        return None
    sheet.take("coupon", "bank", "flash", "bundle", "deliveryoffer", "ending", "soon", "deal", "thing", "value",
               "highest", "available", "compare", "price", "shopping", "fee", "cheap")  # fmt: skip
    filters: list[Filter] = []
    banks = [token.text for token in sheet.tokens if token.text in _BANKS]
    if banks:
        filters.append(Filter(f"{offer}.bank", Op.HAS, (banks[0],), banks[0]))
    if usable:  # "for a ₹500 order": offers that ask for no more
        sheet.use(asked.op_before(sums[0], sheet.tokens[sums[0]])[1], sums[0] + 1)
        filters.append(Filter(f"{offer}.minimum", Op.LE, (whole(sheet.tokens[sums[0]].value),), "order"))
        sheet.pass_over("order", "orders")
    if kinds:
        filters.append(one_of(f"{offer}.kind", list(kinds), ""))
    subject = asked.subject()
    filters += [turned_to(one, offer) for one in subject.filters if one.field != "listing.name"]
    for one in asked.figures(money=f"{offer}.minimum"):
        filters.append(turned_to(one, offer) if one.field != "listing.discount" else Filter(
            f"{offer}.off", one.op, one.values, one.said))  # fmt: skip
    filters += [turned_to(one, offer) for one in asked.platforms]
    if asked.city:
        filters.append(Filter(f"{offer}.city", Op.EQ, (asked.city,), ""))
    window = None
    if weekend is not None:
        sheet.use(weekend.first, weekend.last)
        filters.append(Filter(f"{offer}.starts_at", Op.LT, (weekend.end.isoformat(),), weekend.said))
        filters.append(Filter(f"{offer}.ends_at", Op.GE, (weekend.start.isoformat(),), weekend.said))
    else:
        filters.append(Filter(f"{offer}.live", Op.EQ, (True,), ""))
    if counted:
        sheet.take("count", "each")
        sheet.pass_over("running", "active", "live")
        by = (f"{offer}.platform",) if asked.wants_platform else ()
        return Query(Intent.FIGURE, offer, measures=(f"{offer}.count",), dimensions=by, filters=tuple(filters),
                     order=(Order(f"{offer}.count", down=True),) if by else (), limit=LONG if by else 1)  # fmt: skip
    order: tuple[Order, ...] = (Order(f"{offer}.off", down=True), Order(f"{offer}.off_amount", down=True))
    if ending:
        until = _until(asked)
        window = Window(f"{offer}.ends_at", _hour(asked.now), until, "ending soon")
        order = (Order(f"{offer}.ends_at"),)
    else:
        asked.take_now_spans()
    return Query(Intent.DEALS, offer, columns=OFFER_ROWS, filters=tuple(filters), window=window, order=order,
                 limit=LONG)  # fmt: skip


def _until(asked: Asked) -> datetime:
    """When "soon" ends: with the time said (today, this week), else in three days."""
    tokens = asked.sheet.tokens
    for at, token in enumerate(tokens[:-2]):  # "in the next 24 hours"
        times = {"hour": 1, "hours": 1, "hrs": 1, "day": 24, "days": 24}.get(tokens[at + 2].text, 0)
        if token.text == "next" and tokens[at + 1].kind == "number" and times and tokens[at + 1].value <= 1000:
            asked.sheet.use(at, at + 3)
            return _hour(asked.now) + timedelta(hours=tokens[at + 1].value * times)
    for span in asked.sheet.spans:
        asked.sheet.use(span.first, span.last)
        if span.end > asked.now:
            return span.end
    return _hour(asked.now) + timedelta(days=3)


def _hour(now: datetime) -> datetime:
    return now.astimezone(ZONE).replace(minute=0, second=0, microsecond=0)
