"""Writes the fixed world of `dashboard.ask.golden.data` into an empty database, in bulk: well under three seconds."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from accounts.models import User
from blinkit.kernel.ids import uuid7
from catalog.market import Listing, ListingPrice, MarketOffer, Platform, PlatformTerms
from catalog.models import Brand, Category, City, Product, SearchTerm, Store
from catalog.tests.factories import store as make_store
from dashboard.ask.dates import ZONE
from dashboard.ask.golden import data
from delivery.models import Rider
from fulfillment.models import PickTask
from inventory.counts import Wastage
from inventory.models import Batch, Stock
from orders.claims import Claim, Rating
from orders.models import Order, OrderLine, Promise
from orders.timers import StageTimer
from payments.models import Attempt, Payment, Refund

_SPACE = UUID("6f7a2f6e-4a52-4d0f-9c1e-0d6f8f9f0a11")


def now_today(real: datetime) -> datetime:
    """Half past two of the real day: views look at the database's clock, the world must not be older."""
    return real.astimezone(ZONE).replace(hour=14, minute=30, second=0, microsecond=0)


def load(now: datetime) -> None:
    _market(now)
    _house(now)


def _market(now: datetime) -> None:
    cities = {slug: City.objects.create(slug=slug, name=name, state_code=code) for slug, name, code in data.CITIES}
    platforms = {
        slug: Platform.objects.create(slug=slug, name=name, is_ours=ours, rank=nr)
        for nr, (slug, name, ours) in enumerate(data.PLATFORMS)
    }
    categories: dict[str, Category] = {}
    for slug, name, parent, name_hi in data.CATEGORIES:
        categories[slug] = Category.objects.create(slug=slug, name=name, name_hi=name_hi, parent=categories.get(parent))
    rows = data.listings(now)
    made = Listing.objects.bulk_create(
        Listing(
            platform=platforms[row.platform],
            city=cities[row.city],
            key=row.key,
            name=row.name,
            brand=row.brand,
            item=row.item,
            category=categories[row.category],
            pack=row.pack,
            amount=Decimal(row.amount),
            measure=row.measure,
            pieces=row.pieces,
            price_paise=row.price_paise,
            mrp_paise=row.mrp_paise,
            unit_paise=row.unit_paise,
            available=row.available,
            was_paise=row.was_paise,
            changed_at=row.changed_at,
            first_seen_at=now - timedelta(days=40),
            seen_at=now - timedelta(minutes=20),
            source="golden",
        )
        for row in rows
    )
    ListingPrice.objects.bulk_create(
        ListingPrice(listing=listing, at=at, price_paise=paise, mrp_paise=listing.mrp_paise, available=True)
        for listing, row in zip(made, rows, strict=True)
        for at, paise in data.prices_before(row, now)
    )
    PlatformTerms.objects.bulk_create(
        PlatformTerms(
            platform=platforms[slug],
            city=cities[data.CITY],
            minimum_paise=minimum,
            delivery_paise=fee,
            free_from_paise=free,
            handling_paise=handling,
            small_cart_paise=small,
            small_cart_below_paise=below,
            surge_paise=surge,
            eta_low_minutes=low,
            eta_high_minutes=high,
            seen_at=now - timedelta(minutes=20),
        )
        for slug, minimum, fee, free, handling, small, below, surge, low, high in data.TERMS
    )
    for told in data.offers(now):
        place = told.pop("city")
        MarketOffer.objects.create(
            **told | {"platform": platforms[str(told["platform"])], "city": cities.get(str(place)), "seen_at": now}
        )


def _house(now: datetime) -> None:
    stores: dict[str, Store] = {}
    for code, name in data.STORES:
        stores[code] = make_store(code)
        Store.objects.filter(pk=stores[code].pk).update(name=name)
    customer = User.objects.create_user("+919000000001", name="A")
    picker = User.objects.create_user("+919000000002", name="P")
    brands = {
        name: Brand.objects.create(slug=f"b{nr}", name=name)
        for nr, name in enumerate(sorted({r[1] for r in data.THINGS if r[1]}))
    }
    products: list[Product] = []
    for nr, at in enumerate(data.SOLD):
        name, brand, _, category, amount, measure, pack, base = data.THINGS[at]
        products.append(
            Product(
                sku=f"G{nr:03}",
                name=name,
                brand=brands.get(brand),
                pack=pack,
                pack_size=amount,
                pack_unit=measure,
                category=Category.objects.get(slug=category),
                mrp_paise=base * 12 // 10,
                gst_bp=500,
            )
        )
    products = Product.objects.bulk_create(products)
    _stock(stores, products, picker, now)
    _orders(stores, products, customer, picker, now)
    for nr in range(6):
        rider = User.objects.create_user(f"+91900000010{nr}", name="R")
        Rider.objects.create(
            user=rider,
            store=stores[data.STORES[nr % 2][0]],
            vehicle=("cycle", "ebike", "scooter")[nr % 3],
            is_verified=nr != 5,
        )
    SearchTerm.objects.bulk_create(
        SearchTerm(store=stores["BLR-KOR"], text=text, times=times, failed=failed, results=results, last_at=now)
        for text, times, failed, results in (
            ("milk", 40, 0, 12),
            ("bread", 25, 0, 6),
            ("kiwi", 18, 18, 0),
            ("durian", 9, 9, 0),
        )
    )


def _stock(stores: dict[str, Store], products: list[Product], picker: User, now: datetime) -> None:
    stocks = Stock.objects.bulk_create(
        Stock(
            store=store,
            product=product,
            on_hand=0 if (at + nr) % 7 == 0 else 10 + 3 * at + nr,
            held=(at + nr) % 3 if (at + nr) % 7 else 0,
        )
        for nr, store in enumerate(stores.values())
        for at, product in enumerate(products)
    )
    today = now.date()
    batches = Batch.objects.bulk_create(
        Batch(
            stock=stock,
            lot=f"L{nr}",
            expires_on=today + timedelta(days=1 + nr % 9),
            unit_cost_paise=1000 + 10 * nr,
            on_hand=stock.on_hand,
            held=stock.held,
            received_at=now - timedelta(days=3),
        )
        for nr, stock in enumerate(stocks)
    )
    Wastage.objects.bulk_create(
        Wastage(
            stock=stocks[nr],
            batch=batches[nr],
            qty=1 + nr % 3,
            reason=("expired", "damaged", "spoiled")[nr % 3],
            unit_paise=2000 + 100 * nr,
            is_cost=True,
            state="posted",
            nonce=f"golden-{nr}",
            by=picker,
            at=now - timedelta(days=nr),
        )
        for nr in range(9)
    )


def _orders(stores: dict[str, Store], products: list[Product], customer: User, picker: User, now: datetime) -> None:
    rows = data.orders(now)
    orders: list[Order] = []
    lines: list[OrderLine] = []
    tasks: list[PickTask] = []
    promises: list[Promise] = []
    timers: list[StageTimer] = []
    for nr, row in enumerate(rows):
        at = row.placed_at
        times = _times(row)
        items = sum((units - short) * products[which].mrp_paise for which, units, short in row.lines)
        delivered = row.status == "DELIVERED"
        order = Order(
            id=uuid5(_SPACE, row.number),
            number=row.number,
            customer=customer,
            store=stores[row.store],
            status=row.status,
            address_text="12 Test Road",
            lat=12.95,
            lng=77.62,
            contact_phone="+919000000001",
            distance_metres=800 + 37 * nr,
            items_paise=items,
            delivery_paise=2500,
            handling_paise=400,
            discount_paise=row.discount_paise,
            tip_paise=1000 if nr % 9 == 0 else 0,
            total_paise=items + 2900 - row.discount_paise + (1000 if nr % 9 == 0 else 0),
            payment_method=row.method,
            placed_at=at,
            confirmed_at=at,
            promised_by=at + timedelta(minutes=row.promised_m),
            packed_at=times[2] if delivered else None,
            picked_up_at=times[3] if delivered else None,
            rider_at_door_at=times[4] if delivered else None,
            delivered_at=times[4] if delivered else None,
            finished_at=times[4] if delivered else at + timedelta(minutes=3) if row.status == "CANCELLED" else None,
            status_at=times[4] if delivered else at,
        )
        orders.append(order)
        for which, units, short in row.lines:
            product = products[which]
            lines.append(
                OrderLine(
                    order=order,
                    product=product,
                    sku=product.sku,
                    name=product.name,
                    pack=product.pack,
                    qty=units,
                    short_qty=short,
                    unit_price_paise=product.mrp_paise,
                    mrp_paise=product.mrp_paise,
                )
            )
        promises.append(
            Promise(
                order=order,
                version="golden",
                made_at=at,
                p50_at=at + timedelta(minutes=row.promised_m - 4),
                promised_by=at + timedelta(minutes=row.promised_m),
                actual_at=order.delivered_at,
                inputs={
                    "legs": {
                        "accept": [60, 90],
                        "backlog": [60, 90],
                        "pick": [300, 400],
                        "pack": [60, 90],
                        "rider": [120, 200],
                        "handover": [30, 40],
                        "ride": [540, 600],
                        "door": [60, 90],
                    }
                },
            )
        )
        if delivered:
            tasks.append(
                PickTask(
                    id=uuid7(),
                    order=order,
                    store=order.store,
                    state="handed_over",
                    picker=picker,
                    due_at=at + timedelta(minutes=9),
                    opened_at=at,
                    started_at=times[0],
                    picked_at=times[1],
                    packed_at=times[2],
                    handed_over_at=times[3],
                )
            )
            for stage, (start, end), usual in zip(
                ("queue", "picking", "packing", "rider", "ride"),
                zip((at, *times), times, strict=False),
                (120, 300, 60, 150, 540),
                strict=True,
            ):
                timers.append(
                    StageTimer(
                        order=order,
                        store=order.store,
                        stage=stage,
                        began_at=start,
                        ended_at=end,
                        usual_s=usual,
                        due_at=start + timedelta(seconds=usual),
                        promised_by=order.promised_by,
                        breached=(end - start).total_seconds() > 2 * usual,
                    )
                )
    Order.objects.bulk_create(orders)
    OrderLine.objects.bulk_create(lines)
    Promise.objects.bulk_create(promises)
    PickTask.objects.bulk_create(tasks)
    StageTimer.objects.bulk_create(timers)
    _after(orders, lines, customer)


def _times(row: data.OrderRow) -> list[datetime]:
    """When picking began and ended, packed, taken by the rider, delivered."""
    at, found = row.placed_at, []
    for minutes in row.legs or (1, 1, 1, 1, 1):
        at += timedelta(minutes=minutes)
        found.append(at)
    return found


def _after(orders: list[Order], lines: list[OrderLine], customer: User) -> None:
    """Payments, refunds, claims and ratings of the delivered."""
    first_line = {line.order_id: line for line in reversed(lines)}
    payments = [
        Payment(
            id=uuid7(),
            ref=order.id,
            customer=customer,
            method=order.payment_method,
            state="captured" if order.status == "DELIVERED" else "cancelled" if order.status == "CANCELLED" else "open",
            amount_paise=order.total_paise,
            captured_paise=order.total_paise if order.status == "DELIVERED" else 0,
            refunded_paise=2000 + 100 * nr if nr % 10 == 2 and order.status == "DELIVERED" else 0,
            created_at=order.placed_at,
            captured_at=order.delivered_at,
        )
        for nr, order in enumerate(orders)
    ]
    Payment.objects.bulk_create(payments)
    Attempt.objects.bulk_create(
        Attempt(
            id=uuid7(),
            payment=payment,
            gateway="sandbox" if nr % 2 else "razorpay",
            instrument="UPI",
            state="declined" if nr % 5 == 0 else "captured",
            gateway_ref=f"r{nr}",
            created_at=payment.created_at,
            decline_reason="Not enough money" if nr % 5 == 0 else "",
        )
        for nr, payment in enumerate(p for p in payments if p.method == "online")
    )
    Refund.objects.bulk_create(
        Refund(
            id=uuid7(),
            payment=payment,
            key=f"golden-{payment.ref}",
            amount_paise=payment.refunded_paise,
            reason="claim",
            state="done",
            created_at=order.delivered_at + timedelta(minutes=30),
            done_at=order.delivered_at + timedelta(minutes=50),
        )
        for payment, order in zip(payments, orders, strict=True)
        if payment.refunded_paise and order.delivered_at
    )
    kinds = ("missing", "damaged", "wrong", "bad", "missing")
    Claim.objects.bulk_create(
        Claim(
            id=uuid7(),
            batch=uuid7(),
            order=order,
            customer=customer,
            line=first_line[order.id],
            kind=kinds[nr // 5 % 5],
            qty=1,
            asked_paise=9_000,
            state="refunded" if nr % 2 == 0 else "refused",
            refund_paise=2000 + 100 * nr if nr % 2 == 0 else 0,
            created_at=order.delivered_at + timedelta(minutes=20),
            decided_at=order.delivered_at + timedelta(minutes=29),
        )
        for nr, order in enumerate(orders)
        if order.delivered_at and nr % 5 == 2
    )
    Rating.objects.bulk_create(
        Rating(
            order=order,
            stars=1 + nr % 5,
            rider_stars=5 - nr % 3,
            created_at=order.delivered_at + timedelta(hours=1),
            changed_at=order.delivered_at + timedelta(hours=1),
        )
        for nr, order in enumerate(orders)
        if order.delivered_at and nr % 3 == 0
    )
