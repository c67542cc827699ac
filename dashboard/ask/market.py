"""Questions about prices, deals and fees of platforms made into queries and baskets of the market's entities."""

from __future__ import annotations

from datetime import datetime, timedelta

from blinkit.kernel.said import say
from dashboard.ask.dates import ZONE, Span
from dashboard.ask.goods import Subject, category_filters, heads_of, one_of, turned_to, wanted_of
from dashboard.ask.query import Basket, Filter, Intent, Op, Order, Query, Reading, Understood, Value, Wanted, Window
from dashboard.ask.sheet import Mention, Sheet
from dashboard.ask.tokens import Token

ROWS = ("listing.name", "listing.pack", "listing.platform", "listing.price", "listing.unit_price")
PRICES = (
    "listing.name", "listing.pack", "listing.platform", "listing.price", "listing.mrp", "listing.discount",
    "listing.unit_price", "listing.available",
)  # fmt: skip
DEAL_ROWS = (
    "listing.name", "listing.pack", "listing.platform", "listing.price", "listing.mrp", "listing.discount",
)  # fmt: skip
OFFER_ROWS = (
    "market_offer.platform", "market_offer.title", "market_offer.kind", "market_offer.code", "market_offer.off",
    "market_offer.off_amount", "market_offer.minimum", "market_offer.ends_at",
)  # fmt: skip
_TERMS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "fast": (("platform", "eta_low", "eta_high", "delivery_fee"), ("eta_low", "eta_high")),
    "free": (("platform", "free_from", "delivery_fee", "minimum"), ("free_from", "delivery_fee")),
    "least": (("platform", "minimum", "free_from", "small_cart_fee", "delivery_fee"), ("minimum", "free_from")),
    "fee": (
        ("platform", "delivery_fee", "free_from", "handling", "small_cart_fee", "surge", "minimum"),
        ("delivery_fee", "handling"),
    ),
}
SHORT, LONG = 20, 50
_GROUPS = {"brand": "brand", "brands": "brand", "category": "category", "categories": "category", "aisle": "aisle",
           "aisles": "aisle", "department": "aisle", "city": "city", "cities": "city"}  # fmt: skip
_ABOUT_A_TENTH = 0.1
_BULK = 1000  # g or ml: a large pack


def readings(sheet: Sheet, *, now: datetime, city: str) -> list[Reading]:
    """How the question may be meant about the market; none when it is not."""
    asked = _Asked(sheet, now, city)
    made = asked.made()
    if made is None:
        return []
    understood, steps = made
    return [Reading(understood, sheet.confidence(), steps, sheet.unused())]


class _Asked:
    def __init__(self, sheet: Sheet, now: datetime, city: str) -> None:
        self.sheet = sheet
        self.now = now
        said = sheet.mentioned("city")
        self.cities = [key for one in said for key in one.keys] or ([city] if city else [])
        self.city = self.cities[0] if self.cities else ""
        for one in said:
            sheet.use(one.first, one.last)
        sheet.take("near")
        self.here = bool(said)
        self.platforms = self._platforms()
        self.wants_platform = sheet.take("platform")
        self.goods = [one for one in sheet.mentions if one.of("item", "category", "aisle", "brand", "word")]
        if self.goods and sheet.has("cheap", "price", "deal", "compare") and not sheet.mentioned("store"):
            for at, token in enumerate(sheet.tokens):  # "which store has the cheapest tomatoes": a platform is meant
                if token.text in ("store", "stores", "shop", "shops", "place"):
                    sheet.use(at, at + 1)
                    self.wants_platform = True

    # What it is about

    def _platforms(self) -> list[Filter]:
        named = self.sheet.mentioned("platform")
        yes: list[Value] = []
        no: list[Value] = []
        for one in named:
            self.sheet.use(one.first, one.last)
            (no if one.no else yes).extend(key for key in one.keys if key not in (no if one.no else yes))
            if one.no:
                self._use_not(one)
        if self.sheet.has("ours") and (ours := next((p.key for p in self.sheet.lexicon.platforms if p.ours), "")):
            self.sheet.take("ours")
            yes += [ours] if ours not in yes else []
        said = " and ".join(one.said for one in named)
        return [
            *([one_of("listing.platform", yes, said)] if yes else []),
            *(Filter("listing.platform", Op.NOT, (key,), said) for key in no),
        ]

    def _use_not(self, one: Mention) -> None:
        for at in range(max(0, one.first - 3), one.first):
            if self.sheet.tokens[at].text in ("except", "excluding", "without", "not", "besides", "exclude", "other",
                                              "apart"):  # fmt: skip
                self.sheet.use(at, at + 1)

    def subject(self) -> Subject:
        made = Subject()
        heads, words = heads_of(self.sheet, self.goods)
        brands: list[Value] = []
        said: list[str] = []
        for one in heads:
            self.sheet.use(one.first, one.last)
            said.append(one.said)
            if one.no:
                self._use_not(one)
            item, category, brand = one.of("item"), one.of("category", "aisle"), one.of("brand")
            if item is not None:
                if one.no:
                    made.filters.append(Filter("listing.item", Op.NOT, item.keys, one.said))
                else:
                    made.items += item.keys
            elif category is not None:
                if one.no:
                    made.filters += [
                        Filter(f"listing.{category.kind}", Op.NOT, (key,), one.said) for key in category.keys
                    ]
                else:
                    made.categories.append(category)
            elif brand is not None:
                if one.no:
                    made.filters.append(Filter("listing.brand", Op.NOT, brand.keys, one.said))
                else:
                    brands += brand.keys
        for one in words:
            self.sheet.use(one.first, one.last)
            made.filters.append(
                Filter("listing.name", Op.NOT if one.no else Op.HAS, (one.meanings[0].label,), one.said)
            )
        made.filters += category_filters(made.categories)
        if made.categories:
            for at, token in enumerate(self.sheet.tokens):  # "items in the dairy category"
                if token.text in ("category", "aisle", "section", "department", "range"):
                    self.sheet.use(at, at + 1)
        if brands:
            made.filters.insert(0, one_of("listing.brand", brands, ""))
        if made.items:
            made.filters.insert(0, one_of("listing.item", list(dict.fromkeys(made.items)), ""))
        made.label = " ".join(said)
        return made

    # Figures

    def figures(self, *, money: str = "listing.price") -> list[Filter]:
        """Percentages, sums and packs as filters; of what is used already nothing."""
        sheet, found = self.sheet, []
        at = 0
        while at < len(sheet.tokens):
            token = sheet.tokens[at]
            if at not in sheet.used and token.kind in ("percent", "money", "amount", "number"):
                made, last = self._figure(at, token, money)
                found += made
                at = max(at, last - 1)
            at += 1
        return found

    def _figure(self, at: int, token: Token, money: str) -> tuple[list[Filter], int]:
        sheet = self.sheet
        path = {"percent": "listing.discount", "money": money, "amount": "listing.amount"}.get(token.kind, "")
        value: float = token.value
        op, first = self._op(at, token)
        if token.kind == "number":
            if op is None and not token.more:
                return [], at + 1
            after = sheet.tokens[at + 1].text if at + 1 < len(sheet.tokens) else ""
            path = "listing.discount" if after in ("off", "discount", "discounts") else money
            value = token.value * 100
        between = self._between(at)
        if between is not None:
            low, high, first, last = between
            sheet.use(first, last)
            times = 100 if token.kind == "number" else 1
            pair = (_whole(low * times), _whole(high * times))
            return [Filter(path, Op.BETWEEN, pair, sheet.said(first, last))], last
        sheet.use(first, at + 1)
        said = sheet.said(first, at + 1)
        if sheet.mark_before(at, "around", reach=1) and token.kind == "money":
            sheet.use(at - 1, at)
            near = value * _ABOUT_A_TENTH
            return [Filter(path, Op.BETWEEN, (_whole(value - near), _whole(value + near)), said)], at + 1
        if token.kind == "amount":
            made = [
                Filter(path, op or Op.EQ, (_whole(value),), said),
                Filter("listing.measure", Op.EQ, (token.unit,), ""),
            ]
            return made, at + 1
        default = Op.GE if token.kind == "percent" else Op.LE
        return [Filter(path, Op.GE if token.more else op or default, (_whole(value),), said)], at + 1

    def _op(self, at: int, token: Token) -> tuple[Op | None, int]:
        for name, op in (("under", Op.LT), ("atmost", Op.LE), ("over", Op.GT), ("atleast", Op.GE)):
            mark = self.sheet.mark_before(at, name)
            if mark is not None:
                return op, mark.first
        for name, op in (("atmost", Op.LE), ("atleast", Op.GE)):  # "20% or less"
            mark = self.sheet.mark_at(at + 1, name)
            if mark is not None and mark.last - mark.first > 1:
                self.sheet.use(mark.first, mark.last)
                return op, at
        return None, at

    def _between(self, at: int) -> tuple[float, float, int, int] | None:
        """ "between ₹20 and ₹50", "₹20 to ₹50", "₹20-50"."""
        tokens = self.sheet.tokens
        for step in (2, 1):
            end = at + step
            if end < len(tokens) and tokens[end].kind in ("money", "percent", "number", "amount"):
                if step == 2 and tokens[at + 1].text not in ("and", "to", "till", "se"):
                    continue
                before = self.sheet.mark_before(at, "between", "atleast")
                if step == 1 and before is None:
                    continue
                low, high = tokens[at], tokens[end]
                if step == 2 and tokens[at + 1].text == "and" and before is None:
                    continue
                a, b = low.value, high.value
                if low.kind == "number" and high.kind != "number":
                    a *= 100
                elif high.kind == "number" and low.kind != "number":
                    b *= 100
                if a < b:
                    return a, b, before.first if before else at, end + 1
        return None

    def where(self, *, entity: str = "listing", available: bool = False) -> list[Filter]:
        """City, platforms and, when asked, what can be bought."""
        found = list(self.platforms)
        if available:
            found.append(Filter("listing.available", Op.EQ, (True,), ""))
        if self.cities:
            found.append(one_of("listing.city", list(self.cities), ""))
        return [turned_to(one, entity) for one in found]

    def top(self, default: int) -> int:
        """The n of "top 5"."""
        tokens = self.sheet.tokens
        dated = {at for span in self.sheet.spans for at in range(span.first, span.last)}
        for at, token in enumerate(tokens):
            if (
                token.kind == "number"
                and at not in self.sheet.used | dated
                and 0 < token.value <= 1000
                and not token.more
            ):
                before = tokens[at - 1].text if at else ""
                after = tokens[at + 1].text if at + 1 < len(tokens) else ""
                if before in ("top", "first", "best", "bottom", "show", "list", "last") or after in (
                    "cheapest", "most", "best", "expensive", "costliest", "biggest", "lowest", "highest", "products",
                    "items", "deals", "product", "offers", "largest", "discounts",
                ):  # fmt: skip
                    self.sheet.use(at - (before in ("top", "first", "bottom")), at + 1)
                    return int(token.value)
        return default

    # What is wanted

    def made(self) -> tuple[Understood, tuple[str, ...]] | None:
        before = set(self.sheet.used)
        if self._on_all_platforms():
            return None
        for way in (
            self._basket, self._alternatives, self._terms, self._offers, self._moved_prices, self._periods,
            self._trend, self._counted, self._averaged, self._topmost, self._grouped, self._best_platform, self._deals,
            self._kinds, self._cheapest, self._compared, self._stocked, self._listed,
        ):  # fmt: skip
            self.sheet.used = set(before)
            made = way()
            if made is not None:
                if isinstance(made, Basket):
                    return made, _basket_steps(made)
                return made, ()
        return None

    def _on_all_platforms(self) -> bool:
        """What everybody sells is a question about sets of platforms, which no query here can ask."""
        tokens = self.sheet.tokens
        return self.sheet.has("available") and not self.goods and any(
            mark.name == "platform" and mark.first and tokens[mark.first - 1].text in ("all", "every", "each")
            for mark in self.sheet.marks
        )  # fmt: skip

    def _grouped(self) -> Query | None:
        """Which category or brand has the highest discounts; deals by category."""
        sheet = self.sheet
        texts = [token.text for token in sheet.tokens]
        if not any(word in texts for word in _GROUPS) or not sheet.has("deal", "price", "cheap", "dear"):
            return None
        if not (sheet.has("each") or any(word in texts for word in ("which", "what"))):
            return None
        deal = sheet.take("deal")
        down = sheet.take("dear") or deal
        sheet.take("price", "cheap", "thing", "highest", "top", "shopping", "each", "average", "compare")
        by = self._by()
        subject = self.subject()
        self._take_now_spans()
        filters = [*subject.filters, *self.figures(), *self.where(available=True)]
        measures = ("listing.average_discount", "listing.highest_discount", "listing.count") if deal else (
            "listing.average_price", "listing.lowest_price", "listing.count",
        )  # fmt: skip
        return _figures(measures, by, filters, down=down, intent=Intent.TOP)

    def _basket(self) -> Basket | None:
        sheet = self.sheet
        budget = next((at for at, t in enumerate(sheet.tokens) if t.kind == "money"), None)
        if budget is None and sheet.has("spend", "basket", "shopping"):
            budget = next((at for at, t in enumerate(sheet.tokens) if t.kind == "number" and t.value >= 50), None)
        wanted = wanted_of(sheet, self.goods)
        listed = len(wanted) > 1 and (sheet.has("basket", "spend") or all(one.amount for one in wanted))
        bare = not any(one.of("item", "brand", "word") for one in self.goods)
        spent = budget is not None and (
            sheet.has("spend")
            or (sheet.has("basket", "shopping") and bare)
            or (sheet.has("basket") and len(wanted) > 0)
        )
        if not (listed or spent or (sheet.has("basket") and wanted and sheet.has("cheap", "compare", "deal", "value"))):
            return None
        sheet.take("basket", "spend", "shopping", "cheap", "deal", "value", "compare", "thing", "price", "atmost",
                   "under", "highest", "total", "platform", "around", "top", "atleast", "average",
                   "fewest")  # fmt: skip
        paise = None
        if budget is not None:
            token = sheet.tokens[budget]
            paise = round(token.value) if token.kind == "money" else round(token.value * 100)
            sheet.use(budget, budget + 1)
        category = ""
        for one in self.goods:
            meaning = one.of("category", "aisle")
            if meaning is not None and one.of("item") is None:
                category = category or meaning.keys[0]
            sheet.use(one.first, one.last)
        if not wanted and paise is None:
            return None
        if category and wanted:
            category = ""
        single = [one for one in self.goods if one.of("item")]
        if not category and len(single) == 1 and not wanted:
            wanted = [Wanted(single[0].keys[0])]
        chosen = tuple(str(value) for one in self.platforms if one.op != Op.NOT for value in one.values)
        return Basket(tuple(wanted), paise, category, chosen, self.city)

    def _alternatives(self) -> Query | None:
        sheet = self.sheet
        if not sheet.take("alternative"):
            return None
        named = [one for one in self.goods if one.of("item")]
        words = [one for one in self.goods if one.kind in ("brand", "word")]
        sheet.take("unavailable", "available", "thing", "cheap", "price", "deal")
        if named:
            items = list(dict.fromkeys(key for one in named for key in (one.of("item") or one.meanings[0]).keys))
            category = sheet.lexicon.category_of(items[0])
            for one in named:
                sheet.use(one.first, one.last)
            if not category:
                return None
            filters = [
                Filter("listing.category", Op.EQ, (category,), ""),
                *(Filter("listing.item", Op.NOT, (item,), named[0].said) for item in items),
            ]
            for one in words:
                sheet.use(one.first, one.last)
        else:
            subject = self.subject()
            if not subject.categories:
                return None
            filters = subject.filters
        filters += self.where(available=True)
        return Query(Intent.LIST, "listing", columns=PRICES[:7], filters=tuple(filters),
                     order=(Order("listing.unit_price"), Order("listing.price")), limit=SHORT)  # fmt: skip

    def _terms(self) -> Query | None:
        sheet = self.sheet
        fast, fee, least = sheet.has("fast"), sheet.has("fee"), sheet.has("minimum")
        free = sheet.has("freedelivery")
        if not (fast or fee or least or free) or self.goods:
            return None
        sheet.take("between", "fast", "fee", "minimum", "compare", "cheap", "highest", "fewest", "thing", "price",
                   "value", "average", "available", "freedelivery", "each")  # fmt: skip
        for at, token in enumerate(sheet.tokens):
            if token.text in ("delivery", "deliver", "delivers", "order", "orders", "groceries", "grocery"):
                sheet.use(at, at + 1)
        sheet.take("shopping")
        terms = "platform_terms"
        wanted = [name for name, said in (("fast", fast), ("free", free), ("least", least)) if said and not fee]
        columns, order = _TERMS[wanted[0] if wanted else "fee"]
        return Query(
            Intent.COMPARE, terms, columns=tuple(f"{terms}.{one}" for one in columns),
            filters=(*self._minutes(), *self.where(entity=terms)),
            order=tuple(Order(f"{terms}.{one}") for one in order), limit=SHORT,
        )  # fmt: skip

    def _minutes(self) -> list[Filter]:
        """ "delivers in under 10 minutes"."""
        sheet = self.sheet
        for at, token in enumerate(sheet.tokens[:-1]):
            if token.kind == "number" and sheet.tokens[at + 1].text in ("minute", "minutes", "min", "mins"):
                op, first = self._op(at, token)
                sheet.use(first, at + 2)
                said = sheet.said(first, at + 2)
                return [Filter("platform_terms.eta_low", op or Op.LE, (_whole(token.value),), said)]
        return []

    def _offers(self) -> Query | None:
        """Coupons, bank offers, bundles, flash sales, what ends soon, what runs at the weekend."""
        sheet = self.sheet
        offer = "market_offer"
        kinds = [
            kind for kind, concept in (
                ("coupon", "coupon"), ("bank", "bank"), ("flash", "flash"), ("bundle", "bundle"),
                ("delivery", "deliveryoffer"),
            ) if sheet.has(concept)
        ]  # fmt: skip
        weekend = next((one for one in sheet.spans if "weekend" in one.said), None)
        ending = sheet.has("ending")
        if not (kinds or (ending and sheet.has("deal", "coupon", "bank", "flash")) or (weekend and sheet.has("deal"))):
            return None
        sheet.take("coupon", "bank", "flash", "bundle", "deliveryoffer", "ending", "soon", "deal", "thing", "value",
                   "highest", "available", "compare", "price", "shopping", "fee", "cheap")  # fmt: skip
        filters: list[Filter] = []
        if kinds:
            filters.append(one_of(f"{offer}.kind", list(kinds), ""))
        subject = self.subject()
        filters += [turned_to(one, offer) for one in subject.filters if one.field != "listing.name"]
        for one in self.figures(money=f"{offer}.minimum"):
            filters.append(turned_to(one, offer) if one.field != "listing.discount" else Filter(
                f"{offer}.off", one.op, one.values, one.said))  # fmt: skip
        filters += [turned_to(one, offer) for one in self.platforms]
        if self.city:
            filters.append(Filter(f"{offer}.city", Op.EQ, (self.city,), ""))
        window = None
        if weekend is not None:
            sheet.use(weekend.first, weekend.last)
            filters.append(Filter(f"{offer}.starts_at", Op.LT, (weekend.end.isoformat(),), weekend.said))
            filters.append(Filter(f"{offer}.ends_at", Op.GE, (weekend.start.isoformat(),), weekend.said))
        else:
            filters.append(Filter(f"{offer}.live", Op.EQ, (True,), ""))
        order: tuple[Order, ...] = (Order(f"{offer}.off", down=True), Order(f"{offer}.off_amount", down=True))
        if ending:
            until = self._until()
            window = Window(f"{offer}.ends_at", _hour(self.now), until, "ending soon")
            order = (Order(f"{offer}.ends_at"),)
        else:
            self._take_now_spans()
        return Query(Intent.DEALS, offer, columns=OFFER_ROWS, filters=tuple(filters), window=window, order=order,
                     limit=LONG)  # fmt: skip

    def _until(self) -> datetime:
        """When "soon" ends: with the time said (today, this week), else in three days."""
        for span in self.sheet.spans:
            self.sheet.use(span.first, span.last)
            if span.end > self.now:
                return span.end
        return _hour(self.now) + timedelta(days=3)

    def _take_now_spans(self) -> None:
        """ "today", "this week": prices and deals are those of now anyway."""
        for span in self.sheet.spans:
            if span.start <= self.now < span.end and span.end - span.start <= timedelta(days=8):
                self.sheet.use(span.first, span.last)

    def _moved_prices(self) -> Query | None:
        sheet = self.sheet
        fell, rose, moved = sheet.has("drop"), sheet.has("rise"), sheet.has("moved")
        long = any(span.end - span.start > timedelta(days=1) for span in sheet.spans)
        if not (fell or rose or moved) or sheet.has("trend") or (moved and long and self.goods):
            return None
        which = self.wants_platform and not self.platforms
        sheet.take("drop", "rise", "moved", "thing", "price", "deal", "highest", "each", "cheap", "compare", "shopping",
                   "count", "top", "fewest", "available")  # fmt: skip
        subject = self.subject()
        limit = self.top(LONG)
        filters = [*subject.filters, *self.figures(), *self.where()]
        if fell and not rose:
            filters.append(Filter("listing.dropped", Op.EQ, (True,), "price drops"))
        elif rose and not fell:
            filters.append(Filter("listing.rose", Op.EQ, (True,), "price rises"))
        window = self._window("listing.changed_at")
        if which:
            measures = ("listing.count", *(("listing.drop:avg",) if fell and not rose else ()))
            return Query(
                Intent.TOP, "listing", measures=measures,
                dimensions=("listing.platform",), filters=tuple(filters), window=window,
                order=(Order("listing.count", down=True),), limit=SHORT,
            )  # fmt: skip
        sized = ("listing.drop",) if fell and not rose else ()
        columns = ("listing.name", "listing.pack", "listing.platform", "listing.was", "listing.price", *sized,
                   "listing.changed_at")  # fmt: skip
        order = Order(sized[0] if sized else "listing.changed_at", down=True)
        return Query(Intent.LIST, "listing", columns=columns, filters=tuple(filters), window=window, order=(order,),
                     limit=limit)  # fmt: skip

    def _window(self, path: str) -> Window | None:
        for span in self.sheet.spans:
            if not set(range(span.first, span.last)) <= self.sheet.used:
                self.sheet.use(span.first, span.last)
                return Window(path, span.start, span.end, span.said)
        return None

    def _periods(self) -> Query | None:
        """Today's prices beside yesterday's, this week's beside last week's."""
        sheet = self.sheet
        if not sheet.spans or not sheet.has("compare", "price", "cheap") or sheet.has("trend", "moved", "drop", "rise"):
            return None
        past = [span for span in sheet.spans if span.end <= self.now]
        if not past:
            return None
        if len(sheet.spans) == 1 and not sheet.has("compare"):  # "onion price yesterday"
            return self._then(past[0])
        current = next((one for one in sheet.spans if one is not past[0]), None) or _same_length(past[0], self.now)
        earlier = past[0]
        if current.start < earlier.start:
            current, earlier = earlier, current
        for span in sheet.spans:
            sheet.use(span.first, span.last)
        sheet.take("compare", "price", "thing", "cheap", "average", "shopping", "each", "value")
        subject = self.subject()
        day = "price_day"
        filters = [*subject.filters, *self.figures(), *self.where()]
        measures = (f"{day}.average_unit_price", f"{day}.lowest_price") if subject.items else (f"{day}.average_price",)
        return Query(
            Intent.COMPARE, day, measures=measures, dimensions=(f"{day}.platform",),
            filters=tuple(turned_to(one, day) for one in filters),
            window=Window(f"{day}.day", current.start, current.end, current.said),
            against=Window(f"{day}.day", earlier.start, earlier.end, earlier.said),
            order=(Order(f"{day}.platform"),), limit=SHORT,
        )  # fmt: skip

    def _then(self, span: Span) -> Query | None:
        """Prices of a past day."""
        sheet, day = self.sheet, "price_day"
        sheet.use(span.first, span.last)
        cheap = sheet.take("cheap")
        sheet.take("price", "thing", "shopping")
        subject = self.subject()
        if not subject:
            return None
        filters = [*subject.filters, *self.figures(), *self.where()]
        order = Order(f"{day}.unit_price") if subject.is_item else Order(f"{day}.price")
        return Query(
            Intent.CHEAPEST if cheap else Intent.LIST, day,
            columns=tuple(f"{day}.{one}" for one in ("day", "name", "pack", "platform", "price", "unit_price")),
            filters=tuple(turned_to(one, day) for one in filters),
            window=Window(f"{day}.day", span.start, span.end, span.said), order=(order,),
            limit=SHORT if cheap else LONG,
        )  # fmt: skip

    def _trend(self) -> Query | None:
        sheet, day = self.sheet, "price_day"
        grain = next((g for c, g in (("weekly", "week"), ("monthly", "month"), ("daily", "day")) if sheet.has(c)), "")
        moved = sheet.has("moved") and bool(sheet.spans) and bool(self.goods)
        if not (sheet.has("trend") or moved or (grain and sheet.has("price", "deal"))):
            return None
        sheet.take("trend", "price", "thing", "compare", "daily", "weekly", "monthly", "average", "each", "deal",
                   "shopping", "moved", "drop", "rise", "over")  # fmt: skip
        subject = self.subject()
        window = self._window(f"{day}.day")
        if window is None:
            tonight = _midnight(self.now) + timedelta(days=1)
            window = Window(f"{day}.day", tonight - timedelta(days=30), tonight, "last 30 days")
        measure = f"{day}.average_unit_price" if subject.is_item else f"{day}.average_price"
        filters = [*subject.filters, *self.figures(), *self.where()]
        return Query(
            Intent.TREND, day, measures=(measure,), dimensions=(f"{day}.day:{grain or 'day'}", f"{day}.platform"),
            filters=tuple(turned_to(one, day) for one in filters), window=window,
            order=(Order(f"{day}.day:{grain or 'day'}"),), limit=500,
        )  # fmt: skip

    def _counted(self) -> Query | None:
        """How many; by platform when platforms are asked about."""
        sheet = self.sheet
        most = (
            self._which_platform()
            and sheet.has("highest", "fewest")
            and not sheet.has("price", "cheap", "value", "dear")
        )
        if not sheet.take("count") and not (
            most and sheet.has("thing", "available", "unavailable") and not sheet.has("deal")
        ):
            return None
        sheet.take("thing", "shopping", "price")
        by = self._by()
        filters = []
        if sheet.take("unavailable"):
            filters.append(Filter("listing.available", Op.EQ, (False,), "out of stock"))
        elif sheet.take("available"):
            filters.append(Filter("listing.available", Op.EQ, (True,), "available"))
        figures = self.figures()
        if sheet.take("deal") and not any(one.field == "listing.discount" for one in figures):
            filters.append(Filter("listing.discount", Op.GT, (0,), "discount"))
        sheet.take("highest", "fewest", "compare", "each")
        self._take_now_spans()
        subject = self.subject()
        filters = [*subject.filters, *filters, *figures, *self.where()]
        return _figures(("listing.count",), by, filters, down=True)

    def _by(self) -> tuple[str, ...]:
        """The dimension after "by" or "which": platform, brand, category."""
        sheet = self.sheet
        found: list[str] = []
        for at, token in enumerate(sheet.tokens):
            if token.kind == "word" and at not in sheet.used:
                name = _GROUPS.get(token.text)
                if name:
                    sheet.use(at, at + 1)
                    found.append(f"listing.{name}")
        if (self.wants_platform and not found) or (self.platforms and len(self.platforms[0].values) > 1 and not found):
            found.append("listing.platform")
        sheet.take("each")
        return tuple(dict.fromkeys(found))

    def _averaged(self) -> Query | None:
        sheet = self.sheet
        names = [n for n in ("average", "median") if sheet.has(n)]
        if not names or (sheet.has("each", "daily") and not sheet.has("price", "deal")):
            return None
        deal = sheet.has("deal")
        if not (deal or sheet.has("price", "value", "compare")):
            return None
        sheet.take("average", "median", "price", "thing", "compare", "deal", "value", "shopping", "highest", "cheap",
                   "between")  # fmt: skip
        by = self._by()
        subject = self.subject()
        self._take_now_spans()
        filters = [*subject.filters, *self.figures(), *self.where()]
        if deal:
            measures: tuple[str, ...] = ("listing.average_discount", "listing.count")
        elif names == ["median"]:
            measures = ("listing.median_price", "listing.count")
        elif subject.items:
            measures = ("listing.average_price", "listing.average_unit_price", "listing.count")
        else:
            measures = ("listing.average_price", "listing.count")
        return _figures(measures, by, filters, down=deal, intent=Intent.COMPARE if by else Intent.FIGURE)

    def _topmost(self) -> Query | None:
        """The dearest; the n of anything is taken from "top n"."""
        sheet = self.sheet
        ends = sheet.has("cheap", "fewest", "minimum") and (
            sheet.has("dear") or (sheet.has("highest") and sheet.has("price"))
        )
        if ends and self.goods and any(token.text == "and" for token in sheet.tokens):
            sheet.take("cheap", "fewest", "dear", "highest", "price", "thing")
            subject = self.subject()
            filters = [*subject.filters, *self.figures(), *self.where(available=True)]
            measures = ("listing.lowest_price", "listing.highest_price", "listing.average_price")
            return _figures(measures, self._by(), filters)
        if not sheet.take("dear"):
            return None
        sheet.take("thing", "shopping", "price", "highest", "top", "each")
        limit = self.top(10)
        subject = self.subject()
        self._take_now_spans()
        filters = [*subject.filters, *self.figures(), *self.where(available=True)]
        if self._which_platform() and not subject.items:
            return _figures(("listing.average_price", "listing.count"), ("listing.platform",), filters, down=True,
                            intent=Intent.TOP)  # fmt: skip
        return Query(Intent.TOP, "listing", columns=PRICES[:6], filters=tuple(filters),
                     order=(Order("listing.price", down=True),), limit=limit)  # fmt: skip

    def _which_platform(self) -> bool:
        texts = [token.text for token in self.sheet.tokens]
        return self.wants_platform and any(word in texts for word in ("which", "who", "what")) and not self.platforms

    def _best_platform(self) -> Query | None:
        """Which app has the best discounts, the better snack prices."""
        sheet = self.sheet
        if not self._which_platform():
            return None
        items = any(one.of("item", "word", "brand") for one in self.goods)
        if sheet.has("deal") and not sheet.has("cheap"):
            sheet.take("deal", "highest", "thing", "shopping", "compare", "top", "price", "average", "value", "each")
            subject = self.subject()
            self._take_now_spans()
            filters = [*subject.filters, *self.figures(), *self.where(available=True)]
            measures = ("listing.average_discount", "listing.highest_discount", "listing.on_offer_share")
            return _figures(measures, ("listing.platform",), filters, down=True, intent=Intent.TOP)
        best = sheet.has("highest") and (sheet.has("shopping") or bool(self.goods))
        if items or not (best or sheet.has("cheap", "value", "compare")):
            return None
        sheet.take(
            "total",
            "top",
            "cheap",
            "value",
            "compare",
            "price",
            "thing",
            "shopping",
            "highest",
            "fewest",
            "average",
            "each",
        )
        subject = self.subject()
        self._take_now_spans()
        filters = [*subject.filters, *self.figures(), *self.where(available=True)]
        measures = ("listing.average_price", "listing.average_unit_price", "listing.count")
        return _figures(measures, ("listing.platform",), filters, intent=Intent.COMPARE)

    def _deals(self) -> Query | None:
        sheet = self.sheet
        family = sheet.take("family")
        bulk = sheet.has("bulk") and sheet.has("deal") and not sheet.has("value") and sheet.take("bulk")
        if sheet.has("deal"):
            sheet.take("share", "total")
        if not family and (not sheet.has("deal") or sheet.has("cheap")):
            return None
        sheet.take(
            "deal", "thing", "shopping", "price", "highest", "value", "top", "each", "compare", "available", "mrp"
        )
        limit = self.top(LONG)
        subject = self.subject()
        self._take_now_spans()
        figures = self.figures()
        filters = [*subject.filters, *figures]
        if family:
            filters.append(Filter("listing.name", Op.HAS, ("pack",), "family pack"))
            filters[-1] = Filter("listing.combo", Op.EQ, (True,), "family pack")
        if bulk:
            filters += [
                Filter("listing.amount", Op.GE, (_BULK,), "bulk"),
                Filter("listing.measure", Op.IN, ("g", "ml"), ""),
            ]
        if not any(one.field == "listing.discount" for one in figures):
            filters.append(Filter("listing.discount", Op.GT, (0,), "discount"))
        filters += self.where(available=True)
        return Query(Intent.DEALS, "listing", columns=DEAL_ROWS, filters=tuple(filters),
                     order=(Order("listing.discount", down=True), Order("listing.price")), limit=limit)  # fmt: skip

    def _kinds(self) -> Query | None:
        """Which brands of milk there are; which categories Zepto has."""
        sheet = self.sheet
        texts = [token.text for token in sheet.tokens]
        if not any(word in texts for word in ("brands", "categories", "aisles")) or sheet.has("cheap", "price", "dear"):
            return None
        sheet.take("thing", "available", "shopping")
        by = self._by()
        subject = self.subject()
        filters = [*subject.filters, *self.figures(), *self.where(available=True)]
        return _figures(("listing.count", "listing.lowest_price"), by, filters, down=True)

    def _cheapest(self) -> Query | None:
        sheet = self.sheet
        bulk = sheet.has("bulk")
        if not self.goods and self._two_platforms() and any(token.text in ("than", "versus") for token in sheet.tokens):
            return self._side_by_side()
        if not sheet.has("cheap", "value") and not (bulk and sheet.has("highest", "price", "top")):
            return None
        value = sheet.has("value") or bulk
        sheet.take("cheap", "value", "thing", "price", "shopping", "deal", "highest", "available", "bulk", "top",
                   "each",
                   "compare", "fewest", "average")  # fmt: skip
        limit = self.top(SHORT)
        subject = self.subject()
        self._take_now_spans()
        filters = [*subject.filters, *self.figures()]
        if bulk:
            filters += [Filter("listing.amount", Op.GE, (_BULK,), "large quantity"),
                        Filter("listing.measure", Op.IN, ("g", "ml"), "")]  # fmt: skip
        if not filters and not self.platforms and not sheet.has("shopping", "thing", "bulk", "value"):
            return None
        filters += self.where(available=True)
        by_unit = subject.is_item or value
        order = (Order("listing.unit_price"), Order("listing.price")) if by_unit else (Order("listing.price"),)
        return Query(Intent.CHEAPEST, "listing", columns=ROWS, filters=tuple(filters), order=order, limit=limit)

    def _two_platforms(self) -> bool:
        return any(one.op == Op.IN and len(one.values) > 1 for one in self.platforms)

    def _side_by_side(self) -> Query:
        """What is cheaper on one platform than on another: each thing's unit price on both."""
        self.sheet.take("cheap", "thing", "price", "compare", "shopping")
        filters = [*self.figures(), *self.where(available=True)]
        return Query(Intent.COMPARE, "listing", measures=("listing.lowest_unit_price", "listing.lowest_price"),
                     dimensions=("listing.item", "listing.platform"), filters=tuple(filters),
                     order=(Order("listing.item"), Order("listing.lowest_unit_price")), limit=500)  # fmt: skip

    def _compared(self) -> Query | None:
        sheet = self.sheet
        if not sheet.has("compare"):
            return None
        overview = not self.goods
        data = not sheet.has("price", "mrp")
        sheet.take("compare", "price", "thing", "shopping", "each", "available", "between", "highest", "over", "mrp")
        sheet.take("total")
        subject = self.subject()
        self._take_now_spans()
        figures = self.figures()
        filters = [*subject.filters, *figures, *self.where(available=not overview)]
        if overview:
            if not (self.wants_platform or self.platforms or sheet.has("price")):
                return None
            for at, token in enumerate(sheet.tokens):  # "all three platforms"
                if token.text in ("three", "four", "five", "six", "both", "two", "3", "4", "5"):
                    sheet.use(at, at + 1)
            more = ("listing.in_stock_share",) if data else ()
            measures = ("listing.average_price", "listing.average_discount", "listing.count", *more)
            return _figures(measures, ("listing.platform",), filters, intent=Intent.COMPARE)
        measures = ("listing.lowest_price", "listing.lowest_unit_price", "listing.count")
        if len(self.cities) > 1:
            dimensions: tuple[str, ...] = ("listing.city", "listing.platform")
            order = (Order("listing.city"), Order("listing.lowest_unit_price"))
        elif subject.is_item and len(subject.items) < 2:
            dimensions = ("listing.platform",)
            order = (Order("listing.lowest_unit_price"), Order("listing.lowest_price"))
        else:
            dimensions = ("listing.item", "listing.platform")
            order = (Order("listing.item"), Order("listing.lowest_unit_price"))
        return Query(Intent.COMPARE, "listing", measures=measures, dimensions=dimensions, filters=tuple(filters),
                     order=order, limit=200)  # fmt: skip

    def _stocked(self) -> Query | None:
        sheet = self.sheet
        out = sheet.has("unavailable")
        levels = [
            at for at, token in enumerate(sheet.tokens) if token.text in ("stock", "inventory", "levels", "level")
        ]
        if self.platforms and levels and not out and not sheet.has("available"):
            for at in levels:
                sheet.use(at, at + 1)
            return self._listed()
        if not (out or sheet.has("available")):
            return None
        if not (self.platforms or self.goods or self.wants_platform or sheet.has("thing")):
            return None
        sheet.take("unavailable" if out else "available", "thing", "shopping", "price", "platform", "each")
        subject = self.subject()
        self._take_now_spans()
        filters = [*subject.filters, *self.figures(), *self.where()]
        filters.append(Filter("listing.available", Op.EQ, (not out,), "out of stock" if out else "available"))
        order = (Order("listing.unit_price"),) if subject.is_item else (Order("listing.name"),)
        return Query(Intent.LIST, "listing", columns=PRICES[:7], filters=tuple(filters), order=order, limit=LONG)

    def _listed(self) -> Query | None:
        """Prices of something: onion prices, Amul butter on Zepto, milk 1L, everything on Blinkit under ₹50."""
        sheet = self.sheet
        said_stock = any(token.text in ("stock", "inventory") for token in sheet.tokens) and bool(self.platforms)
        of_platforms = (self.platforms or self.wants_platform) and sheet.has("price", "thing", "mrp")
        priced = sheet.has("price") and sheet.has("shopping")
        if not (self.goods or said_stock or of_platforms or priced or sheet.has("thing")):
            return None
        sheet.take("price", "thing", "shopping", "mrp", "available", "each", "member", "highest")
        limit = self.top(LONG)
        subject = self.subject()
        self._take_now_spans()
        money = "listing.mrp" if sheet.has("mrp") else "listing.price"
        filters = [*subject.filters, *self.figures(money=money), *self.where()]
        if sheet.take("nodiscount"):
            filters.append(Filter("listing.discount", Op.EQ, (0,), "no discount"))
        order = (Order("listing.unit_price"), Order("listing.price")) if subject.is_item else (Order("listing.price"),)
        return Query(Intent.LIST, "listing", columns=PRICES, filters=tuple(filters), order=order, limit=limit)


def _figures(
    measures: tuple[str, ...], by: tuple[str, ...], filters: list[Filter], *, down: bool = False,
    intent: Intent = Intent.FIGURE,
) -> Query:  # fmt: skip
    order = (Order(measures[0], down=down),) if by else ()
    return Query(intent, "listing", measures=measures, dimensions=by, filters=tuple(filters), order=order, limit=LONG)


def _basket_steps(basket: Basket) -> tuple[str, ...]:
    steps: list[str] = []
    if basket.wanted:
        steps.append(say("Find each thing on the list on every platform, the cheapest packs that are enough"))
    else:
        steps.append(say("Take the best value on every platform"))
    steps.append(say("Add delivery, handling and small-cart fees, and check the minimum order"))
    if basket.budget_paise is not None:
        steps.append(say("Keep within {budget}", budget=f"₹{basket.budget_paise / 100:g}"))
    steps.append(say("Compare whole baskets, and whether a split over two platforms is cheaper"))
    return tuple(steps)


def _same_length(past: Span, now: datetime) -> Span:
    """The period that began when the past one ended: today after yesterday, this week after last week."""
    if past.end - past.start <= timedelta(days=1):
        start = _midnight(now)
        return Span(start, start + timedelta(days=1), "today", past.first, past.last)
    return Span(past.end, past.end + (past.end - past.start), "since", past.first, past.last)


def _midnight(now: datetime) -> datetime:
    return now.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)


def _hour(now: datetime) -> datetime:
    return now.astimezone(ZONE).replace(minute=0, second=0, microsecond=0)


def _whole(value: float) -> int | float:
    return int(value) if value == int(value) else round(value, 3)
