"""Shopping lists and budgets as baskets; what to take instead of a thing."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from blinkit.kernel.said import say
from dashboard.ask.folding import stems
from dashboard.ask.goods import one_of, wanted_of
from dashboard.ask.market.asked import Asked
from dashboard.ask.market.shape import PRICES, SHORT
from dashboard.ask.query import Basket, Filter, Intent, Op, Order, Query, Wanted

_A_SUM = 50
"""Rupees: a smaller bare number counts things."""
_USUAL_PACK = 1000
"""g or ml: more of a thing is rather an amount than a pack."""
_LOOSE = frozenset({"fresh-vegetables", "leafy-herbs", "fresh-fruits"})


def basket(asked: Asked) -> Basket | None:
    """Things to be bought together or a sum to be spent; None when prices of things are asked for."""
    sheet = asked.sheet
    if sheet.figures("percent"):  # no basket is bounded by discounts
        return None
    budget, within = _budget(asked)
    wanted = wanted_of(sheet, asked.goods)
    if len({one.item for one in wanted}) > 1:
        wanted = _so_much_each(asked, wanted)
    listed = _is_list(asked, wanted, budget)
    spent = budget is not None and _is_spent(asked, wanted, within=within)
    ranked = sheet.has("basket") and bool(wanted) and sheet.has("cheap", "compare", "deal", "value")
    if not (listed or spent or ranked):
        return None
    sheet.pass_over("split")
    sheet.take("basket", "spend", "shopping", "cheap", "deal", "value", "compare", "thing", "price", "atmost",
               "under", "highest", "total", "platform", "around", "top", "atleast", "average", "each",
               "fewest", "weekly", "monthly", "available", "week", "between", "share", "minimum")  # fmt: skip
    paise = None
    if budget is not None:
        token = sheet.tokens[budget]
        paise = round(token.value) if token.kind == "money" else round(token.value * 100)
        sheet.use(budget, budget + 1)
    categories = _kinds(asked, wanted)
    if not wanted and paise is None:
        return None
    single = [one for one in asked.goods if one.of("item")]
    if not categories and len(single) == 1 and not wanted:
        wanted = [Wanted(single[0].keys[0])]
    chosen = tuple(str(value) for one in asked.platforms if one.op != Op.NOT for value in one.values)
    return Basket(tuple(wanted), paise, categories, chosen, asked.city)


def _budget(asked: Asked) -> tuple[int | None, bool]:
    """Where the sum to spend stands, and whether it is asked what it is enough for: "₹500 me kya aayega"."""
    sheet = asked.sheet
    within = [at for at, (token, after) in enumerate(pairwise(sheet.tokens)) if after.text in ("me", "mein", "में")
              and token.kind in ("money", "number") and token.value >= _A_SUM]  # fmt: skip
    if within:
        return within[-1], True
    budget = next((at for at, t in enumerate(sheet.tokens) if t.kind == "money"), None)
    if budget is None and (sheet.has("spend", "basket", "shopping") or asked.asks("together")):
        budget = next((at for at, t in enumerate(sheet.tokens) if t.kind == "number" and t.value >= _A_SUM), None)
    return budget, False


def _is_list(asked: Asked, wanted: list[Wanted], budget: int | None) -> bool:
    """Whether what is named is to be bought: several things with amounts, for a sum, or "which app should I order"."""
    sheet = asked.sheet
    several = len({one.item for one in wanted}) > 1
    for_a_sum = several and budget is not None and _is_for_a_sum(asked, budget)
    together = sheet.has("basket", "spend", "total") or asked.asks("split", "combination")
    figures = sum(t.kind in ("number", "amount") and at in sheet.used for at, t in enumerate(sheet.tokens))
    measured = all(one.amount for one in wanted) or figures >= max(2, len(wanted) - 1)
    ranked = sheet.has("cheap", "minimum", "fewest") or asked.which_platform()
    ordered = asked.which_platform() and asked.asks("should", "order", "buy", "get") and not sheet.has("cheap")
    if several and (for_a_sum or together or measured or ordered):
        return True
    if len(wanted) > 2 and ranked:
        return True
    return (len(wanted) == 1 and wanted[0].amount is not None and asked.asks("if")) or _amount_asked(asked, wanted)


def _is_for_a_sum(asked: Asked, budget: int) -> bool:
    """ "For ₹900: sugar, dal and salt"; "sugar and dal under ₹90" bounds their prices."""
    sheet, token = asked.sheet, asked.sheet.tokens[budget]
    if token.kind != "money":
        return False
    bounded = asked.op_before(budget, token)[0] is not None or sheet.has("between", "around")
    return (asked.asks("can") and asked.asks("get", "buy", "afford")) or not (bounded or token.more)


def _is_spent(asked: Asked, wanted: list[Wanted], *, within: bool) -> bool:
    """Whether the sum is to be spent, on these things or on anything."""
    sheet = asked.sheet
    bare = not any(one.of("item", "brand", "word") for one in asked.goods)
    if sheet.has("spend") or (bare and within):
        return True
    return (sheet.has("basket") and bool(wanted)) or (sheet.has("basket", "shopping") and bare)


def _kinds(asked: Asked, wanted: list[Wanted]) -> tuple[str, ...]:
    """What a sum is to be spent on when no things are named. The words of all goods are used, but of a kind beside
    things to buy, of which nothing is made."""
    found: list[str] = []
    lines = {line.item for line in wanted}
    for one in asked.goods:
        kind = one.of("category", "aisle") if one.of("item") is None else None
        if kind is not None and wanted and one.said not in lines:
            continue
        asked.sheet.use(one.first, one.last)
        if kind is not None and not wanted:
            found += kind.keys
    return tuple(dict.fromkeys(found))


def _so_much_each(asked: Asked, wanted: list[Wanted]) -> list[Wanted]:
    """ "A kilo each of apples, bananas and grapes"."""
    tokens = asked.sheet.tokens
    ats = (at for at, one in enumerate(tokens[:-1]) if one.kind == "amount" and tokens[at + 1].text == "each")
    at = next(ats, None)
    if at is None:
        return wanted
    asked.sheet.use(at, at + 2)
    amount = tokens[at]
    return [replace(one, amount=amount.value, measure=amount.unit) if one.amount is None else one for one in wanted]


def _amount_asked(asked: Asked, wanted: list[Wanted]) -> bool:
    """ "How much do 2 kg onions cost?": the packs that make so much, not packs of just that size."""
    one = wanted[0] if len(wanted) == 1 else None
    if one is None or one.amount is None or one.measure == "pc" or one.amount <= _USUAL_PACK:
        return False
    sheet = asked.sheet
    loose = sheet.lexicon.category_of(one.item) in _LOOSE
    asks = asked.asks("much", "cost", "costs") and sheet.has("price")
    measured = any(  # "2 litres of milk"
        token.kind == "amount" and after.text == "of" for token, after in pairwise(sheet.tokens)
    )
    return asks or ((loose or measured) and sheet.has("price", "cheap", "compare"))


def alternatives(asked: Asked) -> Query | None:
    sheet = asked.sheet
    gone = sheet.has("unavailable") and any(  # "bread is out of stock, what may I buy?"
        token.text == "what" and all(mark.last <= at for mark in sheet.marks if mark.name == "unavailable")
        for at, token in enumerate(sheet.tokens)
    )  # fmt: skip
    if not (sheet.take("alternative") or (gone and asked.asks("buy", "take", "get", "order", "use"))):
        return None
    named = [one for one in asked.goods if one.of("item")]
    words = [one for one in asked.goods if one.kind in ("brand", "word")]
    brands = [str(key) for one in words if one.kind == "brand" for key in one.keys]
    sheet.take("unavailable", "available", "thing", "cheap", "price", "deal")
    sheet.pass_over("no", "not", "place", "brand", "brands")  # "no sugar available"
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
        if brands:  # "alternatives to Amul butter": butter of another brand
            filters = [one_of("listing.item", list(items), ""), *_other_brands(brands)]
        elif words:  # "cheaper than Red Label tea": tea that is not called so
            lacked = [Filter("listing.name", Op.LACKS, (one.meanings[0].label,), one.said) for one in words]
            filters = [one_of("listing.item", list(items), ""), *lacked]
        for one in words:
            sheet.use(one.first, one.last)
    elif brands and (item := _sold_as(asked, brands[0])):
        for one in words:
            sheet.use(one.first, one.last)
        filters = [Filter("listing.item", Op.EQ, (item,), ""), *_other_brands(brands)]
    else:
        subject = asked.subject()
        if not subject.categories:
            return None
        filters = [*(one for one in subject.filters if one.field != "listing.brand"), *_other_brands(brands)]
    filters += [*asked.figures(), *asked.where(available=True)]
    return Query(Intent.LIST, "listing", columns=PRICES[:7], filters=tuple(filters),
                 order=(Order("listing.unit_price"), Order("listing.price")), limit=SHORT)  # fmt: skip


def _other_brands(brands: list[str]) -> list[Filter]:
    return [Filter("listing.brand", Op.NOT, (brand,), brand) for brand in brands]


def _sold_as(asked: Asked, brand: str) -> str:
    """The one thing a brand stands for (Maggi: noodles); "" when it sells several."""
    names = [set(stems(name)) for name in asked.sheet.lexicon.products if set(stems(brand)) <= set(stems(name))]
    items = {one.key for one in asked.sheet.lexicon.items for name in names if set(stems(one.key)) <= name}
    return items.pop() if len(items) == 1 else ""


def basket_steps(basket: Basket) -> tuple[str, ...]:
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
