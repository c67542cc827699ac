"""Puts the demo city into the database: through services where they exist, in bulk where they take a row each.

Running it again changes nothing that is there already; what was added to the files since is added.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import datetime, time, timedelta

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.text import slugify

import inventory.services
from accounts.models import Address, RoleGrant, User
from blinkit.demo import deliveries, market, offers, people, pictures, places, prices, riding
from blinkit.demo.catalogue import ProductPlan, categories, chance, products
from blinkit.demo.facts import FRAGILE, WEIGHED, facts_of, family_by_hand, fragile_by_hand
from catalog import services as catalog_services
from catalog.models import Brand, Category, City, FeePolicy, Product, ProductFacts, Store, StoreMembership
from catalog.services import matching
from delivery.models import Rider
from fulfillment.models import PackingRule, ShelfSlot
from fulfillment.packing_rules import Scale
from inventory.models import Bin, Stock
from inventory.services import Arrival
from orders.models import SlotTemplate, Supplier
from orders.services import make_slots

ACTOR = "system"
SOURCE = "demo"


@dataclass(slots=True)
class Loaded:
    """What a run added (not what was there before)."""

    pictures: int = 0
    categories: int = 0
    products: int = 0
    stores: int = 0
    shelf_rows: int = 0
    bins: int = 0
    units: int = 0
    people: int = 0
    addresses: int = 0
    riders: int = 0
    offers: int = 0
    deliveries: int = 0
    gigs: int = 0
    listings: int = 0

    def rows(self) -> list[tuple[str, int]]:
        return [(f.name.replace("_", " "), getattr(self, f.name)) for f in fields(self)]

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def load(*, now: datetime, restock: bool = False) -> Loaded:
    """Load the whole city: one transaction, so a run that is killed leaves nothing half-written.

    With `restock`, shelves are filled up to their first level again. Staff get the demo password in DEMO_MODE only;
    otherwise everybody signs in by code.
    """
    done = Loaded()
    done.pictures = pictures.draw_all()  # before the rows that name them; a picture without a row harms nobody
    with transaction.atomic():
        _save_goods(done, now=now)
        stores = _save_stores(done)
        _fill_shelves(stores, done, now=now, restock=restock)
        done.deliveries = deliveries.make(stores, now=now)
        _save_people(stores, done, now=now)
        make_slots(now=now)
        done.gigs = riding.make(stores, now=now)
        done.offers = offers.make(now=now) + prices.make(now=now)
        done.listings = market.make(now=now)
        matching.match_new(now=now)
    return done


def _save_goods(done: Loaded, *, now: datetime) -> None:
    known = dict(Category.objects.values_list("slug", "pk"))
    for rank, plan in enumerate(categories()):  # parents come first in the file; 61 rows, so one by one is quick enough
        if plan.slug not in known:
            known[plan.slug] = Category.objects.create(
                slug=plan.slug, name=plan.name, name_hi=plan.name_hi, icon=plan.icon, hue=plan.hue, rank=rank,
                parent_id=known.get(plan.parent), fragile=plan.slug in FRAGILE,
            ).pk  # fmt: skip
            done.categories += 1
    brands = {slugify(plan.brand): plan.brand for plan in products()}
    Brand.objects.bulk_create(
        [Brand(slug=slug, name=name) for slug, name in sorted(brands.items())], ignore_conflicts=True
    )
    brand_ids = dict(Brand.objects.filter(slug__in=brands).values_list("slug", "pk"))
    there = set(Product.objects.filter(sku__in=[plan.sku for plan in products()]).values_list("sku", flat=True))
    new = [
        _product(plan, category_id=known[plan.category], brand_id=brand_ids[slugify(plan.brand)], now=now)
        for plan in products()
        if plan.sku not in there
    ]
    Product.objects.bulk_create(new, batch_size=300)
    done.products = len(new)
    _save_facts(now=now)
    if new:
        catalog_services.load_synonyms()
        catalog_services.refresh_families()
        catalog_services.refresh_search()


def _save_facts(*, now: datetime) -> None:
    """Facts of labels where a product has none yet: what somebody wrote meanwhile stays."""
    bare = dict(Product.objects.filter(source=SOURCE, facts=None).values_list("sku", "pk"))
    made = [
        ProductFacts(product_id=bare[plan.sku], updated_at=now, **known)
        for plan in products()
        if plan.sku in bare and (known := facts_of(plan))
    ]
    ProductFacts.objects.bulk_create(made, batch_size=300)
    catalog_services.refresh_shelf(product_ids=[facts.product_id for facts in made], actor=ACTOR, now=now)


def _product(plan: ProductPlan, *, category_id: int, brand_id: int, now: datetime) -> Product:
    return Product(
        sku=plan.sku, name=plan.name, name_hi=plan.name_hi, brand_id=brand_id, category_id=category_id, pack=plan.pack,
        pack_size=plan.pack_size, pack_unit=plan.pack_unit, weight_g=plan.weight_g, mrp_paise=plan.mrp_paise,
        hsn=plan.hsn, gst_bp=plan.gst_bp, veg=plan.veg or "none", zone=plan.zone, barcode=plan.barcode,
        shelf_life_days=plan.shelf_life_days, max_per_order=plan.max_per_order, description=plan.description,
        family_by_hand=family_by_hand(plan), fragile=fragile_by_hand(plan), is_weighed=plan.sku in WEIGHED,
        keywords=plan.keywords, image=pictures.product_path(plan.sku), popularity=plan.popularity, source=SOURCE,
        updated_at=now,
    )  # fmt: skip


def _save_stores(done: Loaded) -> dict[str, Store]:
    city, _ = City.objects.get_or_create(slug=places.CITY["slug"], defaults=places.CITY)
    FeePolicy.objects.get_or_create(city=city)
    Supplier.objects.get_or_create(city=city, defaults=places.SUPPLIER)
    stores = {store.code: store for store in Store.objects.filter(code__in=[plan.code for plan in places.STORES])}
    for plan in places.STORES:
        if plan.code in stores:
            continue
        stores[plan.code] = catalog_services.save_store(
            code=plan.code, name=plan.name, city=city, lat=plan.lat, lng=plan.lng, area=plan.area,
            address=f"{plan.address}, Bengaluru {plan.pincode}", phone=plan.phone, gstin=plan.gstin, fssai=plan.fssai,
            opens=time(6), closes=time(6),  # round the clock, so that the demo works whenever somebody tries it
        )  # fmt: skip
        done.stores += 1
    layout = list(places.bins())
    for store in stores.values():
        made = Bin.objects.filter(store=store).count()
        Bin.objects.bulk_create(
            [Bin(store=store, code=b.code, zone=b.zone, sequence=b.sequence) for b in layout], ignore_conflicts=True
        )
        ShelfSlot.objects.bulk_create(
            [
                *(ShelfSlot(store=store, code=code) for code in places.HANDOVER_SLOTS),
                *(ShelfSlot(store=store, code=code, zone="cold") for code in places.COLD_SLOTS),
            ],
            ignore_conflicts=True,
        )
        PackingRule.objects.get_or_create(store=store, defaults={"scale": Scale.MAY})
        done.bins += Bin.objects.filter(store=store).count() - made
        SlotTemplate.objects.bulk_create(
            [
                SlotTemplate(store=store, weekday=day, from_time=time(hour), to_time=time(hour + 2), capacity=12)
                for day in range(7)
                for hour in places.SLOT_HOURS
            ],
            ignore_conflicts=True,
        )
    return stores


def _fill_shelves(stores: dict[str, Store], done: Loaded, *, now: datetime, restock: bool) -> None:
    ids = dict(Product.objects.filter(sku__in=[plan.sku for plan in products()]).values_list("sku", "pk"))
    bins = dict(_bin_of_each())
    for store_plan in places.STORES:
        store = stores[store_plan.code]
        on_hand = dict(Stock.objects.at(store.pk).values_list("product_id", "on_hand"))
        carried = [plan for plan in products() if _is_carried(plan, store.code)]
        new = [plan for plan in carried if ids[plan.sku] not in on_hand]
        done.shelf_rows += catalog_services.put_on_shelf(
            store_id=store.pk,
            rows=[(ids[plan.sku], store_price(plan, store_plan.price_bp)) for plan in new],
            actor=ACTOR, reason="Opening price", now=now,
        )  # fmt: skip
        wanted = [
            (plan, _units(plan, store.code) - on_hand.get(ids[plan.sku], 0)) for plan in (carried if restock else new)
        ]
        done.units += inventory.services.receive(
            store_id=store.pk,
            lines=[
                line for plan, units in wanted
                for line in _lots(plan, ids[plan.sku], max(0, units), bins[plan.sku], now=now)
            ],
            reason="Restocked" if restock else "Opening stock", actor=ACTOR, now=now,
        )  # fmt: skip


def _lots(plan: ProductPlan, product_id: int, units: int, bin_code: str, *, now: datetime) -> list[Arrival]:
    """A quarter of what is chilled is of a lot that ends; the rest keeps, so that an old demo still has milk."""
    dated = units // 4 if plan.zone == "chilled" and plan.shelf_life_days else 0
    ends = (now + timedelta(days=(plan.shelf_life_days or 0) * 2 // 3 + 1)).date()
    lots = [Arrival(product_id, units - dated, bin_code)]
    return lots + [Arrival(product_id, dated, None, f"L{now:%y%m%d}", ends)] if dated else lots


def store_price(plan: ProductPlan, price_bp: int) -> int:
    """The city's price times the store's level, in whole rupees, never above the MRP; what sells at MRP stays there."""
    if plan.price_paise == plan.mrp_paise:
        return plan.price_paise
    rupees = (plan.price_paise * price_bp + 500_000) // 1_000_000
    return max(100, min(plan.mrp_paise, rupees * 100))


def _is_carried(plan: ProductPlan, store_code: str) -> bool:
    """Every store leaves out a few slow sellers of its own."""
    return plan.popularity > 500 or chance(plan.sku, f"carried:{store_code}", 100) >= 6


def _units(plan: ProductPlan, store_code: str) -> int:
    """Opening stock: more of what sells, a few nearly sold out and fewer sold out, so that these states can be seen."""
    if plan.popularity >= 900:
        return 120 + chance(plan.sku, store_code, 80)
    luck = chance(plan.sku, f"stock:{store_code}", 100)
    if luck < 2:
        return 0
    if luck < 7:
        return 1 + luck % 4
    return 12 + plan.popularity // 20 + chance(plan.sku, store_code, 24)


_NOT_FOOD = frozenset({"home-cleaning", "personal-care", "baby-care", "pet-care", "pooja-stationery"})


def _bin_of_each() -> Iterator[tuple[str, str]]:
    """(sku, bin code): neighbours on the shelf are neighbours in the catalogue; soap does not stand beside flour."""
    tops = {category.slug: category.parent for category in categories()}
    rooms: dict[str, list[str]] = {}
    for plan in places.bins():
        rooms.setdefault(plan.code[0], []).append(plan.code)
    letters = {"produce": "P", "chilled": "C", "frozen": "F"}
    goods: dict[str, list[str]] = {}
    for product in products():
        room = letters.get(product.zone) or ("H" if tops[product.category] in _NOT_FOOD else "A")
        goods.setdefault(room, []).append(product.sku)
    for room, skus in goods.items():
        codes = rooms[room]
        for number, sku in enumerate(skus):
            yield sku, codes[number * len(codes) // len(skus)]


def _save_people(stores: dict[str, Store], done: Loaded, *, now: datetime) -> None:
    everybody = people.everybody()
    phones = [person.phone for person in everybody]
    there = set(User.objects.filter(phone__in=phones).values_list("phone", flat=True))
    # One hash for all: hashing fifteen times the same demo password would take most of the loading time.
    staff_password = make_password(people.PASSWORD if settings.DEMO_MODE else None)
    no_password = make_password(None)
    new = [person for person in everybody if person.phone not in there]
    User.objects.bulk_create(
        User(
            phone=person.phone, name=person.name, language=person.language, joined_at=now, tokens_valid_from=now,
            password=no_password if person.role in ("customer", "rider") else staff_password,
            is_staff=person.role == "admin", is_superuser=person.role == "admin",
        )
        for person in new
    )  # fmt: skip
    done.people = len(new)
    ids = dict(User.objects.filter(phone__in=phones).values_list("phone", "pk"))
    RoleGrant.objects.bulk_create(
        [RoleGrant(user_id=ids[p.phone], role=p.role, granted_at=now) for p in new if p.role != "customer"],
        ignore_conflicts=True,
    )
    StoreMembership.objects.bulk_create(
        [StoreMembership(user_id=ids[p.phone], store=stores[p.store]) for p in new if p.store and p.role != "rider"],
        ignore_conflicts=True,
    )
    riders = [
        Rider(
            user_id=ids[p.phone],
            store=stores[p.store],
            vehicle=p.vehicle,
            max_bags=2 if p.vehicle == "cycle" else 4,
            is_verified=True,
        )
        for p in new
        if p.role == "rider"
    ]
    done.riders = len(Rider.objects.bulk_create(riders))
    done.addresses = len(Address.objects.bulk_create(_addresses(new, ids, now)))


def _addresses(new: list[people.Person], ids: dict[str, int], now: datetime) -> Iterator[Address]:
    for person in new:
        if door := person.door:
            yield Address(
                user_id=ids[person.phone], label=door.label, line1=door.line1, line2=door.line2, landmark=door.landmark,
                pincode=door.pincode, lat=door.lat, lng=door.lng, door_instructions=door.instructions, is_default=True,
                created_at=now,
            )  # fmt: skip
