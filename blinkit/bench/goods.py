"""What the bench works on: one store with 5,000 products in 40 categories, and buyers with an address and a token."""

from __future__ import annotations

import random
import time as clock
from dataclasses import dataclass
from datetime import datetime, time

import orjson
from django.db import connection, transaction
from django.utils import timezone
from django.utils.text import slugify

import inventory.services
from accounts.models import Address, User
from blinkit.demo import places
from blinkit.demo.catalogue import categories, products
from blinkit.kernel.tokens import access_token_for
from catalog import services as catalog_services
from catalog.models import Brand, Category, City, FeePolicy, Product, Store
from fulfillment.models import ShelfSlot
from inventory.models import Bin
from payments.gateways.base import CAPTURED
from payments.gateways.sandbox import SIGNATURE_HEADER, sign
from payments.models import SandboxIntent

STORE = "BENCH"
PRODUCTS, CATEGORIES = 5000, 40
UNITS = 100_000
SCARCE_SKU, SCARCE_UNITS = "SCARCE", 50
MAKERS = (
    "Annapurna Mills", "Bhoomi", "Chaitra", "Deccan Gold", "Eastgate", "Farm & Fold", "Godavari", "Haldi House",
    "Indus Valley", "Jeevan", "Kaveri",
)  # fmt: skip
PACKS = ((100, "g"), (200, "g"), (250, "g"), (500, "g"), (1000, "g"), (250, "ml"), (500, "ml"), (1000, "ml"), (6, "pc"))


@dataclass(frozen=True, slots=True)
class Buyer:
    token: str
    address_id: str
    user_id: int


@dataclass(frozen=True, slots=True)
class Market:
    category_slugs: list[str]
    skus: list[str]
    queries: list[str]
    buyers: list[Buyer]


def load(*, buyers: int, now: datetime) -> Market:
    """Fill an empty database. Deterministic."""
    dice = random.Random(20)
    city = City.objects.create(slug="bench", name="Bench", state_code="29")
    FeePolicy.objects.create(city=city)
    plan = places.STORES[0]
    store = catalog_services.save_store(
        code=STORE, name="Bench", city=city, lat=plan.lat, lng=plan.lng, area=plan.area, opens=time(6), closes=time(6),
        max_open_orders=1_000_000,
    )  # fmt: skip
    Bin.objects.bulk_create([Bin(store=store, code=b.code, zone=b.zone, sequence=b.sequence) for b in places.bins()])
    ShelfSlot.objects.bulk_create([ShelfSlot(store=store, code=code) for code in places.HANDOVER_SLOTS])
    slugs = _save_goods(store, dice, now=now)
    names = list(Product.objects.exclude(sku=SCARCE_SKU).order_by("pk").values_list("name", flat=True))
    skus = list(Product.objects.exclude(sku=SCARCE_SKU).order_by("pk").values_list("sku", flat=True))
    return Market(slugs, skus, _queries(names, dice), _save_buyers(buyers, plan, now=now))


def _save_goods(store: Store, dice: random.Random, *, now: datetime) -> list[str]:
    shelves = [plan for plan in categories() if plan.parent][:CATEGORIES]
    made = Category.objects.bulk_create(
        [Category(slug=p.slug, name=p.name, name_hi=p.name_hi, hue=p.hue, rank=i) for i, p in enumerate(shelves)]
    )
    brands = Brand.objects.bulk_create([Brand(slug=slugify(name), name=name) for name in MAKERS])
    kinds = products()
    bins = [plan.code for plan in places.bins()]
    rows = []
    for number in range(PRODUCTS):
        kind = kinds[number % len(kinds)]
        brand = brands[(number // len(kinds)) % len(brands)]
        size, unit = PACKS[dice.randrange(len(PACKS))]
        mrp = 100 * dice.randrange(10, 400)
        rows.append(
            Product(
                sku=f"B{number:05d}", name=f"{brand.name} {kind.name}", name_hi=kind.name_hi, brand=brand,
                category=made[number % len(made)], pack=f"{size} {unit}", pack_size=size, pack_unit=unit, weight_g=500,
                mrp_paise=mrp, hsn=kind.hsn, gst_bp=kind.gst_bp, veg=kind.veg or "none", zone=kind.zone,
                barcode=f"{8_900_000_000_000 + number}", max_per_order=10, keywords=kind.keywords,
                image=f"products/{kind.sku}.svg", popularity=dice.randrange(1000), source="bench", updated_at=now,
            )
        )  # fmt: skip
    rows.append(
        Product(
            sku=SCARCE_SKU, name="The last fifty", category=made[0], pack="1 pc", mrp_paise=10_000, updated_at=now,
            max_per_order=1,
        )
    )  # fmt: skip
    Product.objects.bulk_create(rows, batch_size=500)
    catalog_services.load_synonyms()
    catalog_services.refresh_search()
    catalog_services.put_on_shelf(
        store_id=store.pk, rows=[(p.pk, p.mrp_paise * 95 // 100) for p in rows], actor="system", reason="bench", now=now
    )
    inventory.services.receive(
        store_id=store.pk,
        lines=[
            (p.pk, SCARCE_UNITS if p.sku == SCARCE_SKU else UNITS, bins[i % len(bins)]) for i, p in enumerate(rows)
        ],
        reason="bench", actor="system", now=now,
    )  # fmt: skip
    return [category.slug for category in made]


def _queries(names: list[str], dice: random.Random) -> list[str]:
    """A thousand different searches as people type them: one to three words, half-typed, and one in five misspelt."""
    found: dict[str, None] = {}
    while len(found) < 1000:
        words = [word.strip("(),&'").lower() for word in dice.choice(names).split() if len(word) > 2]
        start = dice.randrange(len(words))
        query = " ".join(words[start : start + dice.choice((1, 1, 2, 2, 3))])
        luck = dice.random()
        if luck < 0.2 and len(query) > 4:
            at = dice.randrange(1, len(query) - 1)
            query = query[:at] + query[at + 1 :]
        elif luck < 0.4 and len(query) > 5:
            query = query[: dice.randrange(3, len(query))]
        if query.strip():
            found[query.strip()] = None
    return list(found)


def _save_buyers(count: int, plan: places.StorePlan, *, now: datetime) -> list[Buyer]:
    users = User.objects.bulk_create(
        [
            User(phone=f"+9170000{number:05d}", name=f"Buyer {number}", joined_at=now, tokens_valid_from=now)
            for number in range(count)
        ]
    )
    addresses = Address.objects.bulk_create(
        [
            Address(
                user=user, label="Home", line1=f"{i}, 12th Main", lat=plan.lat + (i % 20) * 0.0002, lng=plan.lng,
                is_default=True, created_at=now,
            )
            for i, user in enumerate(users)
        ]
    )  # fmt: skip
    return [
        Buyer(access_token_for(user.pk, ["customer"]), str(address.pk), user.pk)
        for user, address in zip(users, addresses, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Tablet:
    """A picker on shift, signed in as a browser is: the headers their screen sends."""

    user_id: int
    headers: dict[str, str]


def tablets(count: int, *, now: datetime) -> list[Tablet]:
    """So many pickers on shift in the bench's store."""
    from django.test import Client  # how a session is made without a sign-in page

    from accounts.models import RoleGrant
    from catalog.models import StoreMembership
    from fulfillment import services as floor

    store, made = Store.objects.get(code=STORE), []
    for number in range(count):
        user = User.objects.create(
            phone=f"+9170001{number:05d}", name=f"P{number}", joined_at=now, tokens_valid_from=now
        )
        RoleGrant.objects.create(user=user, role="picker")
        StoreMembership.objects.create(user=user, store=store)
        floor.start_shift(picker_id=user.pk, store_id=store.pk, now=now)
        http = Client()
        http.force_login(user, "django.contrib.auth.backends.ModelBackend")
        token = "b" * 32
        cookies = f"sessionid={http.cookies['sessionid'].value}; csrftoken={token}"
        made.append(Tablet(user.pk, {"Cookie": cookies, "X-CSRFToken": token}))
    connection.close()
    return made


def change(sku: str, *, number: int, committed: dict[str, float]) -> None:
    """Change what a customer sees of this product: its price, or (each second time) how many are left. `committed` gets
    the instant right after the commit, before anybody is told."""
    product = Product.objects.get(sku=sku)
    store_id = Store.objects.get(code=STORE).pk
    now = timezone.now()
    try:
        with transaction.atomic():
            transaction.on_commit(lambda: committed.update({sku: clock.time()}))  # the first of the hooks
            if number % 2:
                inventory.services.count(
                    store_id=store_id, product_id=product.pk, counted=3, reason="bench", actor="system", now=now
                )
            else:
                catalog_services.set_price(
                    store_id=store_id, product_id=product.pk, price_paise=product.mrp_paise // 2, actor="system",
                    reason="bench", now=now,
                )  # fmt: skip
    finally:
        connection.close()


def captured_message(intent_id: str) -> tuple[dict[str, object], dict[str, str]]:
    """(body, headers) with which the sandbox gateway tells that this intent was paid."""
    intent = SandboxIntent.objects.get(pk=intent_id)
    facts = {"intent": intent_id, "reference": str(intent.attempt_id), "amount_paise": intent.amount_paise}
    body: dict[str, object] = {"id": f"ev_{intent_id}", "type": CAPTURED, "data": facts | {"instrument": "UPI"}}
    return body, {SIGNATURE_HEADER: sign(orjson.dumps(body), now=timezone.now())}
