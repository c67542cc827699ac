"""A whole shopping list on every platform: what covers each line, with fees, minimums and offers; the best split
between platforms; and what fits a budget. The arithmetic is `catalog.basketing`; this reads and says the steps.

Four statements, one more where a category or nothing at all is asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from blinkit.kernel.money import rupees
from blinkit.kernel.said import say
from catalog.basketing import Bill, Bundle, Cost, Cover, Offer, Pack, Plan, Shop, bill, cover, solve
from catalog.market_queries.offers import OfferOf, offers_of
from catalog.market_queries.platforms import PlatformRow, platforms
from catalog.market_queries.products import singular, things
from catalog.market_queries.rows import COLUMNS, JOINS, Listed, fetch, market_city, stale_before
from catalog.search.folding import words

MOST_LINES = 40
MOST_PLATFORMS = 6
PER_PLATFORM = 40
"""Listings of a line that are looked at on one platform, the cheapest per unit first."""
MILLI = 1000


class Condition(Protocol):
    """A filter of a question: `field` "listing.brand", `op` "eq", `values` ("Amul",)."""

    @property
    def field(self) -> str: ...
    @property
    def op(self) -> str: ...
    @property
    def values(self) -> Sequence[Any]: ...


@dataclass(frozen=True, slots=True)
class WantedLine:
    """ "2 kg onions" is item "onion", amount 2000, measure "g". With a `sku` it is that product (or another pack of its
    family). Without an amount it is as much as most packs hold, times `pieces`."""

    item: str = ""
    amount: float | None = None
    measure: str = ""
    pieces: int = 1
    sku: str = ""
    filters: Sequence[Condition] = ()


@dataclass(frozen=True, slots=True)
class BasketAsk:
    """`categories` (or aisles) without lines: as many different things of them as the budget allows. `banks`: whose
    offers may be used (folded names); others are only told. `most_orders`: at most so many platforms in the split."""

    wanted: Sequence[WantedLine] = ()
    budget_paise: int | None = None
    categories: Sequence[str] = ()
    platforms: Sequence[str] = ()
    banks: frozenset[str] = frozenset()
    most_orders: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """So many pieces of one listing."""

    listing: Listed
    pieces: int
    paise: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What covers a line: its number in the list, the parts, what they cost and how much that is."""

    line: int
    parts: tuple[Part, ...]
    paise: int
    amount: float
    measure: str

    @property
    def is_stale(self) -> bool:
        return any(part.listing.is_stale for part in self.parts)


@dataclass(frozen=True, slots=True)
class UsedOffer:
    id: int
    kind: str
    title: str
    code: str
    bank: str


@dataclass(frozen=True, slots=True)
class Order:
    """One order at one platform."""

    platform: str
    platform_name: str
    is_ours: bool
    hue: int
    taken: tuple[Taken, ...]
    missing: tuple[int, ...]
    bill: Bill
    offers: tuple[UsedOffer, ...]
    with_bank: tuple[UsedOffer, ...]
    """Offers of banks nobody said they are with: told, not counted."""
    eta_low_minutes: int | None
    eta_high_minutes: int | None
    seen_at: datetime | None
    is_stale: bool
    knows_terms: bool
    """False: no fees are known here, so the total is the goods alone."""

    @property
    def total_paise(self) -> int:
        return self.bill.total_paise


@dataclass(frozen=True, slots=True)
class Split:
    orders: tuple[Order, ...]
    missing: tuple[int, ...]
    total_paise: int
    is_exact: bool
    saves_paise: int | None
    """Against the best single order of the same lines; None where no single platform has them all."""

    @property
    def eta_high_minutes(self) -> int | None:
        known = [order.eta_high_minutes for order in self.orders]
        return max((it for it in known if it is not None), default=None) if None not in known else None


@dataclass(frozen=True, slots=True)
class AskedLine:
    number: int
    said: str
    amount: float | None
    measure: str
    is_assumed: bool
    """No amount was said: it is what most packs hold."""
    not_used: tuple[str, ...] = ()
    """Conditions that baskets don't know: said, never dropped in silence."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Step:
    """A named step of the plan and what came of it, as a sentence."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class BasketAnswer:
    """`orders`: the whole list at each platform, the most complete and then the cheapest first. `split`: the best way
    to share it (within the budget, where one was named). `left_out`: lines of the list that are not in the split."""

    city: str
    at: datetime
    lines: tuple[AskedLine, ...]
    orders: tuple[Order, ...]
    split: Split | None
    budget_paise: int | None
    left_out: tuple[LeftOut, ...]
    steps: tuple[Step, ...]
    seen_at: datetime | None
    is_stale: bool

    @property
    def best(self) -> Order | None:
        """The best single order: complete as any other, takes it, cheapest."""
        return next((order for order in self.orders if order.taken and not order.bill.short_paise), None)

    @property
    def nowhere(self) -> frozenset[int]:
        """Lines that no platform has."""
        return frozenset(line.number for line in self.lines) - {it.line for order in self.orders for it in order.taken}

    @property
    def left_paise(self) -> int | None:
        """Of the budget."""
        if self.budget_paise is None or self.split is None:
            return None
        return self.budget_paise - self.split.total_paise


def plan(basket: BasketAsk, *, city: str, now: datetime) -> BasketAnswer:
    """What the list costs everywhere. At most MOST_LINES lines and MOST_PLATFORMS platforms (the first by rank).

    Raises NoSuchCity.
    """
    place = market_city(city)
    there = [row for row in platforms(place.id, now=now) if not basket.platforms or row.slug in basket.platforms]
    there = [row for row in there if row.listings][:MOST_PLATFORMS]
    wanted = list(basket.wanted)[:MOST_LINES]
    steps = []
    if not wanted:
        wanted = _of_categories(basket.categories, place.id)
        steps.append(
            Step("choose", say("{n} different things looked at, what most platforms sell first.", n=len(wanted)))
        )
    found = _candidates(wanted, city_id=place.id, platforms=[row.id for row in there], now=now)
    lines, covers = [], []
    for number, line in enumerate(wanted):
        asked, its = _covered(number, line, found[number])
        lines.append(asked)
        covers.append(its)
    offers = offers_of(place.id, [row.id for row in there], now=now)
    counters = [_Counter(row, covers, offers.get(row.id, []), basket.banks) for row in there]
    orders = [
        counter.order([n for n in range(len(wanted)) if counter.has(n)], missing_of=range(len(wanted)))
        for counter in counters
    ]
    orders.sort(key=lambda it: (len(it.missing), it.bill.short_paise > 0, it.total_paise, it.platform))
    orders = [order for order in orders if order.taken]
    best = solve(
        [counter.shop for counter in counters], budget_paise=basket.budget_paise, most_shops=basket.most_orders
    )
    steps.append(_priced(lines, orders))
    split = _split(best, counters, orders, len(wanted))
    left_out = _left_out(split, covers, counters, basket.budget_paise, len(wanted))
    steps += _steps(split, basket.budget_paise, left_out, lines)
    seen = [order.seen_at for order in orders if order.seen_at]
    return BasketAnswer(
        place.slug, now, tuple(lines), tuple(orders), split, basket.budget_paise, tuple(left_out), tuple(steps),
        max(seen, default=None), any(order.is_stale for order in orders),
    )  # fmt: skip


# -- reading ------------------------------------------------------------------------------------------------------


def _of_categories(categories: Sequence[str], city_id: int) -> list[WantedLine]:
    """The different things of categories (or of everything), what most platforms sell first, then what sells best."""
    rows = fetch(
        """
        SELECT l.item FROM catalog_listing l JOIN catalog_platform p ON p.id = l.platform_id AND p.is_active
        LEFT JOIN catalog_category k ON k.id = l.category_id LEFT JOIN catalog_category u ON u.id = k.parent_id
        LEFT JOIN catalog_product r ON r.id = l.product_id
        WHERE l.city_id = %(city)s AND l.available AND l.item <> ''
          AND (%(of)s::text[] = '{}' OR k.slug = ANY (%(of)s) OR u.slug = ANY (%(of)s))
        GROUP BY l.item
        ORDER BY count(DISTINCT l.platform_id) DESC, coalesce(max(r.popularity), 0) DESC, count(*) DESC, l.item
        LIMIT %(most)s
        """,
        {"city": city_id, "of": list(categories), "most": MOST_LINES},
    )
    return [WantedLine(item) for (item,) in rows]


def _candidates(
    wanted: Sequence[WantedLine], *, city_id: int, platforms: Sequence[int], now: datetime
) -> dict[int, list[tuple[int, int | None, Listed]]]:
    """For each line (platform id, category id, listing): the product and its family; else that very thing; else names
    that hold every word."""
    by_sku = [(number, line.sku) for number, line in enumerate(wanted) if line.sku]
    by_item = [
        (number, name) for number, line in enumerate(wanted) if not line.sku for name in sorted(things(line.item))
    ]
    by_name = [
        (number, "%" + "%".join(min(things(line.item), key=len).split()) + "%")
        for number, line in enumerate(wanted)
        if not line.sku and words(line.item)
    ]
    rows = fetch(
        f"""
        WITH skus AS (SELECT w.n, r.id, r.family FROM unnest(%(sn)s::int[], %(sku)s::text[]) AS w(n, sku)
                      JOIN catalog_product r ON r.sku = w.sku),
        said AS (SELECT * FROM unnest(%(inn)s::int[], %(item)s::text[]) AS w(n, item)),
        items AS (
            SELECT n, item FROM said
            UNION SELECT w.n, s.means FROM said w JOIN catalog_synonym s ON s.term = w.item AND s.is_approved
        ),
        names AS (SELECT * FROM unnest(%(nn)s::int[], %(name)s::text[]) AS w(n, name)),
        hits AS (
            SELECT w.n, l.id, false AS by_name FROM skus w JOIN catalog_listing l ON l.product_id = w.id
            UNION
            SELECT w.n, l.id, false FROM skus w JOIN catalog_product f ON w.family <> '' AND f.family = w.family
            JOIN catalog_listing l ON l.product_id = f.id
            UNION
            SELECT w.n, m.listing_id, false FROM skus w
            JOIN catalog_match m ON m.product_id = w.id AND m.state = 'family'
            UNION
            SELECT w.n, l.id, false FROM items w JOIN catalog_listing l ON l.item = w.item AND l.city_id = %(city)s
            UNION
            SELECT w.n, l.id, true FROM names w JOIN catalog_listing l ON upper(l.name) LIKE upper(w.name)
            WHERE NOT EXISTS (SELECT 1 FROM items i JOIN catalog_listing x ON x.item = i.item
                              WHERE i.n = w.n AND x.city_id = %(city)s AND x.available)
        ), placed AS (
            SELECT h.n, l.id, h.by_name, row_number() OVER (
                PARTITION BY h.n, l.platform_id ORDER BY l.unit_paise NULLS LAST, l.price_paise, l.id) AS place
            FROM hits h JOIN catalog_listing l ON l.id = h.id
            WHERE l.city_id = %(city)s AND l.available AND l.platform_id = ANY(%(platforms)s)
        )
        SELECT w.n, w.by_name, l.platform_id, l.category_id, {COLUMNS}
        FROM placed w JOIN catalog_listing l ON l.id = w.id {JOINS}
        WHERE w.place <= %(most)s
        ORDER BY w.n, w.place, l.id
        """,
        {
            "sn": [n for n, _ in by_sku], "sku": [sku for _, sku in by_sku],
            "inn": [n for n, _ in by_item], "item": [item for _, item in by_item],
            "nn": [n for n, _ in by_name], "name": [name for _, name in by_name],
            "city": city_id, "platforms": list(platforms), "most": PER_PLATFORM, "stale": stale_before(now),
        },
    )  # fmt: skip
    found = defaultdict(list)
    for number, by_name, platform, category, *rest in rows:
        listed = Listed(*rest)
        if not by_name or _is_named(listed, wanted[number].item):
            found[number].append((platform, category, listed))
    return found


def _is_named(listed: Listed, item: str) -> bool:
    """Every word of it begins a word of the name: "apple" is no pineapple."""
    there = words(listed.name)
    return all(any(has.startswith(singular(word)) for has in there) for word in words(item))


# -- covering a line ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Covers:
    """A line's listings by platform, and how much is needed in thousandths of its measure (None: one piece of any)."""

    need: int
    measure: str
    is_sold: bool = False
    """Somebody has it, if only in packs that this amount says nothing about."""
    by_platform: dict[int, list[tuple[int | None, Listed, int]]] = field(default_factory=dict)


def _covered(
    number: int, line: WantedLine, found: Sequence[tuple[int, int | None, Listed]]
) -> tuple[AskedLine, _Covers]:
    kept, not_used = _filtered(line.filters, found)
    pieces = max(1, line.pieces)
    amount, measure, assumed = line.amount, line.measure, False
    if amount is None:
        amount, measure, assumed = _usual(line, kept)
    measure = measure or "pc"
    by_piece = any(listed.measure == "pc" and listed.amount for _, _, listed in kept)
    covers = _Covers(max(1, round((amount or 1) * pieces * MILLI)), measure, bool(kept))
    for platform, category, listed in kept:
        if amount is None or (measure == "pc" and not by_piece):
            each = MILLI  # two breads are two packs; six bananas are not six bags of them
        elif listed.amount and listed.measure == measure:
            each = round(listed.amount * MILLI)
        else:
            continue
        covers.by_platform.setdefault(platform, []).append((category, listed, each))
    said = line.item or next((listed.name for _, _, listed in kept), line.sku)
    total = None if amount is None else amount * pieces
    return AskedLine(number, said, total, covers.measure, assumed, not_used), covers


def _usual(line: WantedLine, kept: Sequence[tuple[int, int | None, Listed]]) -> tuple[float | None, str, bool]:
    """How much most platforms' packs hold; of a product its own pack."""
    packs: dict[tuple[str, float], set[int]] = defaultdict(set)
    listings: dict[tuple[str, float], int] = defaultdict(int)
    for platform, _, listed in kept:
        if listed.amount and (not line.sku or listed.sku == line.sku):
            packs[listed.measure, listed.amount].add(platform)
            listings[listed.measure, listed.amount] += 1
    if not packs:
        return None, "", True
    measure, amount = max(packs, key=lambda it: (len(packs[it]), listings[it], -it[1], it[0]))
    return amount, measure, not line.sku


def _filtered(
    filters: Sequence[Condition], found: Sequence[tuple[int, int | None, Listed]]
) -> tuple[list[tuple[int, int | None, Listed]], tuple[str, ...]]:
    kept, not_used = list(found), []
    texts = {
        "brand": "brand",
        "name": "name",
        "platform": "platform",
        "category": "category",
        "item": "item",
        "pack": "pack",
    }
    figures = {"price": "price_paise", "unit_price": "unit_paise", "discount": "discount_bp", "mrp": "mrp_paise"}
    for condition in filters:
        entity, _, name = condition.field.rpartition(".")
        op, values = str(condition.op), list(condition.values)
        test: Any = None
        if entity in ("", "listing") and name in texts and op in ("eq", "in", "not", "has"):
            sought = {" ".join(words(str(value))) for value in values}

            def test(listed: Listed, name: str = name, op: str = op, sought: set[str] = sought) -> bool:
                has = " ".join(words(str(getattr(listed, texts[name]))))
                if op == "has":
                    return all(word in has for one in sought for word in one.split())
                return (has in sought) != (op == "not")

        elif entity in ("", "listing") and name in figures and op in ("lt", "le", "gt", "ge", "eq", "between"):

            def test(listed: Listed, name: str = name, op: str = op, values: list[Any] = values) -> bool:
                has = getattr(listed, figures[name])
                if has is None:
                    return False
                first = float(values[0])
                return {
                    "lt": has < first, "le": has <= first, "gt": has > first, "ge": has >= first, "eq": has == first,
                    "between": first <= has <= float(values[-1]),
                }[op]  # fmt: skip

        if test is None or not values:
            not_used.append(getattr(condition, "said", "") or condition.field)
            continue
        kept = [it for it in kept if test(it[2])]
    return kept, tuple(not_used)


# -- one platform -------------------------------------------------------------------------------------------------


class _Counter:
    """One platform with the list in front of it: the cheapest cover of each line, its terms and offers."""

    def __init__(
        self, row: PlatformRow, lines: Sequence[_Covers], offers: Sequence[OfferOf], banks: frozenset[str]
    ) -> None:
        self.row = row
        bundles = {
            it.listing: Bundle(it.pieces, it.off_bp, it.off_paise)
            for it in offers
            if it.kind == "bundle" and it.listing
        }
        self.listings: dict[int, tuple[int | None, Listed]] = {}
        self.packs: dict[int, Pack] = {}
        self.covers: list[Cover | None] = []
        for line in lines:
            packs = []
            for category, listed, each in line.by_platform.get(row.id, []):
                self.listings[listed.id] = (category, listed)
                pack = Pack(
                    listed.id, each, listed.price_paise, listed.bulk_paise, listed.bulk_from, bundles.get(listed.id)
                )
                self.packs[listed.id] = pack
                packs.append(pack)
            self.covers.append(cover(packs, line.need) if packs else None)
        self.measures = [line.measure for line in lines]
        self.each = {
            (n, listed.id): each for n, line in enumerate(lines) for _, listed, each in line.by_platform.get(row.id, [])
        }
        for_all = [it for it in offers if it.kind in ("coupon", "delivery", "bank")]
        self.rows = [it for it in for_all if it.kind != "bank" or " ".join(words(it.bank)) in banks]
        self.banks = [it for it in for_all if it not in self.rows]
        self.shop = Shop(row.terms, tuple(map(self._cost, self.covers)), tuple(_as_offer(it) for it in self.rows))

    def has(self, line: int) -> bool:
        return self.covers[line] is not None

    def _cost(self, found: Cover | None) -> Cost | None:
        return None if found is None else Cost(found.paise, tuple(self._within(found, offer) for offer in self.rows))

    def _paise(self, key: int, pieces: int) -> int:
        return self.packs[key].cost(pieces)

    def _within(self, found: Cover, offer: OfferOf) -> int:
        if offer.listing is None and not offer.categories:
            return found.paise
        return sum(
            self._paise(key, pieces)
            for key, pieces in found.parts
            if key == offer.listing or (offer.listing is None and self.listings[key][0] in offer.categories)
        )

    def order(self, lines: Sequence[int], *, missing_of: Sequence[int]) -> Order:
        its = bill(self.shop, lines)
        taken = []
        for line in lines:
            found = self.covers[line]
            assert found is not None
            parts = tuple(Part(self.listings[key][1], pieces, self._paise(key, pieces)) for key, pieces in found.parts)
            taken.append(Taken(line, parts, found.paise, found.amount / MILLI, self.measures[line]))
        seen = [part.listing.seen_at for it in taken for part in it.parts]
        return Order(
            self.row.slug, self.row.name, self.row.is_ours, self.row.hue, tuple(taken),
            tuple(line for line in missing_of if not self.has(line)), its,
            tuple(_told(self.rows[place]) for place in its.used),
            tuple(_told(it) for it in self.banks if its.goods_paise >= it.minimum_paise),
            self.row.eta_low_minutes, self.row.eta_high_minutes, min(seen, default=None),
            any(it.is_stale for it in taken), self.row.delivery_paise is not None,
        )  # fmt: skip


def _as_offer(it: OfferOf) -> Offer:
    return Offer(it.kind, it.off_bp, it.off_paise, it.most_paise, it.minimum_paise, it.id)


def _told(it: OfferOf) -> UsedOffer:
    return UsedOffer(it.id, it.kind, it.title, it.code, it.bank)


# -- the plan in words --------------------------------------------------------------------------------------------


def _split(best: Plan | None, counters: Sequence[_Counter], orders: Sequence[Order], lines: int) -> Split | None:
    if best is None:
        return None
    its: Mapping[int, list[int]] = {
        shop: [line for line, where in enumerate(best.shops) if where == shop] for shop in sorted(best.bills)
    }
    found = tuple(counters[shop].order(of, missing_of=()) for shop, of in its.items())
    missing = tuple(line for line in range(lines) if best.shops[line] is None)
    wanted = [line for line, where in enumerate(best.shops) if where is not None]
    alone = []
    for counter in counters:
        if all(counter.has(line) for line in wanted):
            one = bill(counter.shop, wanted)
            if not one.short_paise:
                alone.append(one.total_paise)
    return Split(found, missing, best.total_paise, best.is_exact, min(alone) - best.total_paise if alone else None)


def _left_out(
    split: Split | None, covers: Sequence[_Covers], counters: Sequence[_Counter], budget: int | None, lines: int
) -> list[LeftOut]:
    found = []
    for line in split.missing if split else range(lines):
        costs = [cost.paise for counter in counters if (cost := counter.shop.costs[line]) is not None]
        if not costs:
            why = (
                say("Only in packs that cannot be compared with this amount.")
                if covers[line].is_sold
                else say("Nobody sells it here just now.")
            )
        elif budget is not None:
            why = say(
                "From {price}: more than what is left of {budget}.", price=rupees(min(costs)), budget=rupees(budget)
            )
        else:
            why = say("No platform takes an order as small as this.")
        found.append(LeftOut(line, why))
    return found


def _priced(lines: Sequence[AskedLine], orders: Sequence[Order]) -> Step:
    if not orders:
        return Step("price", say("No platform sells anything of this here just now."))
    some = {it.line for order in orders for it in order.taken}
    complete = sum(len(order.taken) == len(some) for order in orders)
    return Step(
        "price",
        say(
            "{n} lines priced on {m} platforms with all fees; {k} have all that anybody has.",
            n=len(lines),
            m=len(orders),
            k=complete,
        ),
    )


def _steps(
    split: Split | None, budget: int | None, left_out: Sequence[LeftOut], lines: Sequence[AskedLine]
) -> list[Step]:
    if split is None:
        if budget is not None:
            return [Step("fit", say("Nothing of it fits {budget} with the fees.", budget=rupees(budget)))]
        return []
    steps = []
    names = ", ".join(order.platform_name for order in split.orders)
    if budget is not None:
        steps.append(
            Step(
                "fit",
                say(
                    "{n} of {m} things fit {budget}: as many as possible, then as cheap as possible.",
                    n=len(lines) - len(split.missing), m=len(lines), budget=rupees(budget),
                ),
            )
        )  # fmt: skip
    steps.append(
        Step("share", say("{total} in all, ordered from {names}.", total=rupees(split.total_paise), names=names))
    )
    if split.saves_paise and len(split.orders) > 1:
        steps.append(
            Step("save", say("{saved} less than everything from one platform.", saved=rupees(split.saves_paise)))
        )
    if budget is not None:
        steps.append(Step("left", say("{left} is left.", left=rupees(budget - split.total_paise))))
    if not split.is_exact:
        steps.append(Step("limit", say("There was no time to try every way: a cheaper one may exist.")))
    return steps
