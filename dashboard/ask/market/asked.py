"""A question about the market and what can be read out of it whatever is wanted: platforms, goods, figures, periods."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from dashboard.ask.goods import CONTAINERS, Subject, category_filters, heads_of, one_of, turned_to
from dashboard.ask.market.bounds import Bounds
from dashboard.ask.market.shape import window_of
from dashboard.ask.query import Filter, Op, Order, Value, Window
from dashboard.ask.sheet import Mention, Sheet

GROUPS = {"brand": "brand", "brands": "brand", "category": "category", "categories": "category", "aisle": "aisle",
           "aisles": "aisle", "department": "aisle", "city": "city", "cities": "city"}  # fmt: skip
_MOST_THINGS = 40
_SORTED = {"price": "listing.price", "prices": "listing.price", "discount": "listing.discount", "mrp": "listing.mrp",
           "discounts": "listing.discount", "savings": "listing.saving", "name": "listing.name"}  # fmt: skip
COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "ten": 10, "twenty": 20}
_TOPMOST = frozenset(
    ["cheapest", "most", "best", "expensive", "costliest", "priciest", "dearest", "biggest", "lowest", "highest",
     "largest", "least", "cheap", "random", "deals", "products", "items", "offers"]
)  # fmt: skip
_BEST = frozenset(
    {"best", "better", "cheapest", "cheaper", "good", "right", "ideal", "top", "expensive", "costliest", "priciest"}
)


class Asked(Bounds):
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
        if self.wants_platform:
            for at, token in enumerate(sheet.tokens[:-1]):  # "all three platforms"
                if token.text in ("three", "four", "five", "six", "both", "two", "3", "4", "5") and sheet.mark_at(
                    at + 1, "platform"
                ):
                    sheet.use(at, at + 1)
        self.duel = self._duel()
        self.percent_of = "listing.discount"
        self.goods = [one for one in sheet.mentions if one.of("item", "category", "aisle", "brand", "word")]
        for one in self.goods:  # "in stock under bakery"
            if one.of("category", "aisle") and (mark := sheet.mark_before(one.first, "under", reach=1)):
                sheet.use(mark.first, mark.last)
        sells = sheet.has("cheap", "price", "deal", "compare", "available", "unavailable") or any(
            token.text in ("have", "has", "sell", "sells", "selling") for token in sheet.tokens
        )
        if self.goods and sells and not sheet.mentioned("store"):
            # "Which store has the cheapest tomatoes": a platform is meant.
            self.wants_platform = sheet.pass_over("store", "stores", "shop", "shops", "place") or self.wants_platform
        if self.goods and not sheet.has("fast", "fee"):  # "the cheapest milk delivery": of milk, not of delivering
            sheet.pass_over("delivery", "delivered", "deliver", "delivering")

    def _duel(self) -> bool:
        """Whether platforms are set against each other: "is Zepto cheaper than Blinkit", "Blinkit or Zepto"."""
        sheet = self.sheet
        named = sheet.mentioned("platform")
        if not self.two_platforms():
            return False
        if sheet.has("ours") and sheet.has("cheap", "dear", "undercut") and self.asks("than"):  # "dearer than Zepto"
            return True
        for mark in sheet.marks:
            beside = mark.last + (mark.last < len(sheet.tokens) and sheet.tokens[mark.last].text in ("on", "at", "in"))
            ours = any(other.name == "ours" and other.first in (mark.last, beside) for other in sheet.marks)
            if mark.name in ("under", "over") and (ours or any(one.first in (mark.last, beside) for one in named)):
                sheet.use(mark.first, mark.last)
                return True
        if sheet.has("undercut"):
            return True
        between = {token.text for one, other in pairwise(named) for token in sheet.tokens[one.last : other.first]}
        asks = {token.text for token in sheet.tokens} & {"cheaper", "which", "than", "is", "use", "choose", "decide"}
        if "and" in between and asks & {"choose", "decide"}:
            return True
        if "and" in between:  # "which is cheaper, Blinkit and Zepto"
            return "which" in asks and sheet.has("cheap") and not sheet.has("thing")
        asks |= {token.text for token in sheet.tokens} & {"expensive", "overall", "cheapest"}
        alone = not sheet.has("price", "deal") or sheet.has("cheap", "compare")
        set_apart = bool(between & {"or", "versus", "vs", "than"})
        return set_apart and alone and (self.wants_platform or sheet.has("compare") or bool(asks))

    def _platforms(self) -> list[Filter]:
        named = self.sheet.mentioned("platform")
        yes: list[Value] = []
        no: list[Value] = []
        for one in named:
            self.sheet.use(one.first, one.last)
            (no if one.no else yes).extend(key for key in one.keys if key not in (no if one.no else yes))
            if one.no:
                self._use_not(one)
                self.sheet.pass_over("other", "elsewhere")  # "not Blinkit, any other app"
        us = any(
            mark.name == "undercut" and {"us", "ours"} & {one.text for one in self.sheet.tokens[mark.first : mark.last]}
            for mark in self.sheet.marks
        )  # "who is cheaper than us"
        if (self.sheet.has("ours") or us) and (
            ours := next((p.key for p in self.sheet.lexicon.platforms if p.ours), "")
        ):
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
        """The goods that are named, as filters: thing and brand first, then what is left out, packs, words of the name
        and the kind. Their words are used."""
        sheet, made = self.sheet, Subject()
        heads, words = heads_of(sheet, self.goods)
        brands = self._heads_into(made, heads)
        made.filters += self.packs([str(key) for key in made.items])
        made.filters += self._described(made, heads, words, of_brands=len(brands) > 1)
        if made.categories:
            if made.items:
                self._either_of(made, heads)
            inside: dict[str, list[str]] = {}
            for shelf in sheet.lexicon.categories:
                inside.setdefault(shelf.parent, []).append(shelf.key)
            made.filters += category_filters(made.categories, inside)
            # "Items in the dairy category".
            sheet.pass_over("category", "aisle", "section", "department", "range", "item", "items")
        if (brands or words) and not sheet.has("compare"):  # "Tata brand deals"
            sheet.pass_over("brand", "brands", "branded")
        if made.items and self._takes_other_brands():
            brands = []
        if brands:
            made.filters.insert(0, one_of("listing.brand", brands, ""))
        if made.items:
            made.filters.insert(0, one_of("listing.item", list(dict.fromkeys(made.items)), ""))
        made.label = " ".join(one.said for one in heads)
        return made

    def _heads_into(self, made: Subject, heads: list[Mention]) -> list[Value]:
        """Things and kinds into the subject, and what is to be left out ("except Amul") as filters. Returns the brands
        that are meant."""
        brands: list[Value] = []
        for one in heads:
            self.sheet.use(one.first, one.last)
            meaning = one.of("item") or one.of("category", "aisle") or one.of("brand")
            if one.no:
                self._use_not(one)
            if meaning is None:
                continue
            if one.no:
                made.filters += [Filter(f"listing.{meaning.kind}", Op.NOT, (key,), one.said) for key in meaning.keys]
            elif meaning.kind == "item":
                made.items += meaning.keys
            elif meaning.kind == "brand":
                brands += meaning.keys
            else:
                made.categories.append(meaning)
        return brands

    def _described(self, made: Subject, heads: list[Mention], words: list[Mention], *, of_brands: bool) -> list[Filter]:
        """Words that only names of products know ("toned"). One that is of one of several things or brands bounds
        nothing: it would leave the others out."""
        things = {at for one in heads if one.of("item", "category") for at in (one.first, one.last)}
        found: list[Filter] = []
        for one in words:
            if one.said in CONTAINERS:  # however it is called, it is sold in one
                self.sheet.use(one.first, one.last)
                continue
            if len(set(made.items)) > 1 and not one.no:  # "diapers and baby wipes"
                continue
            if of_brands and not {one.first, one.last} & things:  # "Amul Taaza or Nandini milk"
                continue
            self.sheet.use(one.first, one.last)
            op = Op.LACKS if one.no else Op.HAS
            found.append(Filter("listing.name", op, (one.meanings[0].label,), one.said))
        return found

    def _takes_other_brands(self) -> bool:
        """ "Tata salt or other brands": all of them."""
        for at, (one, after) in enumerate(pairwise(self.sheet.tokens)):
            if one.text == "other" and after.stem == "brand":
                self.sheet.use(at, at + 2)
                return True
        return False

    def _either_of(self, made: Subject, heads: list[Mention]) -> None:
        """ "Rice and dal": no listing is both, so the kind is said by its things; a kind that holds the thing goes."""
        between = self.sheet.tokens[heads[0].first : heads[-1].last - 1]
        if not any(token.text in ("and", "or") or token.cut for token in between):
            return  # side by side they are one: "frozen peas"
        shelves = self.sheet.lexicon.categories
        keys = {str(key) for one in made.categories for key in one.keys}
        keys |= {shelf.key for shelf in shelves if shelf.parent in keys}
        inside = [one.key for one in self.sheet.lexicon.items if one.category in keys]
        if not set(made.items) & set(inside):
            if len(inside) > _MOST_THINGS or not inside:
                return
            made.items += [key for key in inside if key not in made.items]
        made.categories = []

    def filters_of(self, subject: Subject, *, entity: str = "listing", available: bool = False) -> list[Filter]:
        """The goods, the figures that are left, where, and when asked what can be bought."""
        found = [*subject.filters, *self.figures(), *self.where(available=available)]
        return [turned_to(one, entity) for one in found]

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
        for at, token in enumerate(tokens[:-1]):  # "five costliest"
            if token.text in COUNTS and at not in self.sheet.used and tokens[at + 1].text in _TOPMOST:
                self.sheet.use(at, at + 1)
                return COUNTS[token.text]
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
                if before in (
                    "top", "first", "best", "bottom", "show", "list", "last", "cheapest", "lowest", "dearest",
                ) or after in (_TOPMOST | {"product", "discounts"}):  # fmt: skip
                    self.sheet.use(at - (before in ("top", "first", "bottom")), at + 1)
                    return int(token.value)
        return default

    def sorted_by(self) -> Order | None:
        """ "Sorted by price", "order by discount, low to high": what is to come first, when it is said."""
        sheet, tokens = self.sheet, self.sheet.tokens
        for at, token in enumerate(tokens[:-2]):
            path = _SORTED.get(tokens[at + 2].text)
            if (
                token.text in ("sort", "sorted", "order", "ordered", "arranged")
                and tokens[at + 1].text == "by"
                and path
            ):
                sheet.use(at, at + 3)
                down = path in ("listing.discount", "listing.saving")
                down = (down or sheet.take("sortdown")) and not sheet.take("sortup")
                return Order(path, down=down)
        return None

    def of_each(self) -> tuple[str, int | None]:
        """ "The top 3 on each platform", "the cheapest milk on every app": of what each, and how many if said."""
        sheet, tokens = self.sheet, self.sheet.tokens
        for at, token in enumerate(tokens[1:], 1):
            mark = sheet.mark_at(at, "platform")
            name = "platform" if mark is not None else GROUPS.get(token.text, "")
            before = tokens[at - 1].text
            numbered = any(one.kind == "number" and nr not in sheet.used for nr, one in enumerate(tokens[:at]))
            if name and (before in ("each", "every") or (numbered and before in ("per", "by"))):
                many = self.top(0)
                sheet.use(at - 1, mark.last if mark is not None else at + 1)
                return f"listing.{name}", many or None
        return "", None

    def take_now_spans(self) -> None:
        """ "today", "this week": prices and deals are those of now anyway."""
        for span in self.sheet.spans:
            if (
                span.start <= self.now < span.end and span.end - span.start <= timedelta(days=8)
            ) or span.said == "tonight":
                self.sheet.use(span.first, span.last)

    def window(self, path: str) -> Window | None:
        for span in self.sheet.spans:
            if not set(range(span.first, span.last)) <= self.sheet.used:
                self.sheet.use(span.first, span.last)
                return window_of(path, span)
        return None

    def by(self, entity: str = "listing") -> tuple[str, ...]:
        """The dimension after "by" or "which": platform, brand, category."""
        sheet = self.sheet
        found: list[str] = []
        for at, token in enumerate(sheet.tokens):
            if token.kind == "word" and at not in sheet.used:
                name = GROUPS.get(token.text)
                if name:
                    sheet.use(at, at + 1)
                    found.append(name)
        beside = self.before_platform("and", "each", "every", "by", "per")
        if found and self.wants_platform and beside:  # "by category and platform"
            found.append("platform")
        if (self.wants_platform and not found) or (self.platforms and len(self.platforms[0].values) > 1 and not found):
            found.append("platform")
        sheet.take("each")
        return tuple(f"{entity}.{name}" for name in dict.fromkeys(found))

    def which_platform(self) -> bool:
        """ "Which app …", "the best app to buy …"."""
        if self.platforms or not self.wants_platform:
            return False
        tokens = self.sheet.tokens
        if any(token.text in ("which", "who", "what") for token in tokens):
            return True
        return any(
            mark.name == "platform"
            and (
                (mark.first and tokens[mark.first - 1].text in _BEST)
                or (mark.last < len(tokens) and tokens[mark.last].text in ("with", "having"))
            )
            for mark in self.sheet.marks
        )

    def groups(self) -> list[int]:
        """Where a word for a group stands ("category", "brands") that belongs to no name: not "the dairy category"."""
        named = {one.last for one in self.goods} if self.goods else set()
        return [at for at, token in enumerate(self.sheet.tokens) if token.text in GROUPS and (
            token.stem == "brand" or at not in named)]  # fmt: skip

    def asks(self, *words: str) -> bool:
        return any(token.text in words for token in self.sheet.tokens)

    def two_platforms(self) -> bool:
        return any(one.op == Op.IN and len(one.values) > 1 for one in self.platforms)

    def sells_best(self) -> bool:
        """ "Best selling", "most sold": said of sales, not of prices."""
        said = [token.text for token in self.sheet.tokens]
        best = {"best", "top", "most", "highest", "sabse"}
        pairs = any(one in best and after in ("selling", "sold", "seller", "sellers") for one, after in pairwise(said))
        return pairs or "bestselling" in said or "bestsellers" in said

    def before_platform(self, *words: str) -> bool:
        """ "On all platforms", "by category and platform": whether one of these stands before the word for them."""
        tokens = self.sheet.tokens
        return any(
            mark.name == "platform" and mark.first and tokens[mark.first - 1].text in words for mark in self.sheet.marks
        )

    def of_all(self) -> bool:
        """ "On all platforms", "across every app"."""
        return self.before_platform("all", "every", "any")

    def on_all_platforms(self) -> bool:
        """What everybody sells."""
        return self.sheet.has("available") and not self.goods and self.before_platform("all", "every", "each")
