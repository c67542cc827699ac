"""Whole baskets: packs that cover a line, fees and offers, the best split and what fits a budget."""

from __future__ import annotations

import random
from itertools import product as ways

import pytest

from catalog.basketing import Bundle, Cost, Offer, Pack, Shop, Terms, bill, cover, solve
from catalog.baskets import BasketAsk, WantedLine, plan
from catalog.errors import NoSuchCity
from catalog.management.commands import basket_speed
from catalog.tests.factories import NOW, CategoryFactory, ProductFactory
from catalog.tests.market_factories import listing, offer, platform


def test_packs_cover_an_amount_as_cheaply_as_trying_everything():
    dice = random.Random(7)
    for _ in range(120):
        packs = [
            Pack(
                n, dice.choice([100, 200, 250, 500, 1000]), dice.randrange(500, 9000, 50),
                *dice.choice([(None, None), (dice.randrange(400, 4000), dice.randrange(2, 4))]),
                dice.choice([None, Bundle(2, off_bp=2500), Bundle(3, off_paise=700)]),
            )
            for n in range(dice.randrange(1, 4))
        ]  # fmt: skip
        need = dice.choice([1, 250, 600, 1000, 1300])
        most = [range(-(-need // pack.amount) + 3) for pack in packs]
        least = min(
            sum(pack.cost(n) for pack, n in zip(packs, many, strict=True) if n)
            for many in ways(*most)
            if sum(pack.amount * n for pack, n in zip(packs, many, strict=True)) >= need
        )
        found = cover(packs, need)
        assert found is not None and found.amount >= need
        assert found.paise == least == sum(packs[key].cost(n) for key, n in found.parts)
    assert cover([], 5) is None and cover([Pack(1, 1, 100)], 1_000) is None


def _market(dice: random.Random, platforms: int, lines: int) -> list[Shop]:
    base = [dice.randrange(1000, 12_000, 100) for _ in range(lines)]
    shops = []
    for _ in range(platforms):
        offers = tuple(
            Offer(
                dice.choice(["coupon", "coupon", "delivery", "bank"]), dice.choice([0, 1000, 2000]),
                dice.choice([0, 2500, 5000]), dice.choice([None, 3000, 8000]), dice.choice([0, 9900, 19900]),
            )
            for _ in range(dice.randrange(3))
        )  # fmt: skip
        terms = Terms(
            dice.choice([0, 4900, 9900]), dice.choice([0, 1500, 3000]), dice.choice([None, 9900, 19900]),
            dice.choice([0, 500]), dice.choice([0, 2000]), dice.choice([0, 9900]), dice.choice([0, 1000]),
        )  # fmt: skip
        costs = [
            None if dice.random() < 0.15 else Cost(paise, tuple(dice.choice([0, paise]) for _ in offers))
            for paise in (int(one * dice.uniform(0.8, 1.25)) for one in base)
        ]
        shops.append(Shop(terms, tuple(costs), offers))
    return shops


def _by_trying(shops: list[Shop], budget: int | None, most: int) -> tuple[int, int, int] | None:
    best = None
    for where in ways([None, *range(len(shops))], repeat=len(shops[0].costs)):
        if any(shop is not None and shops[shop].costs[line] is None for line, shop in enumerate(where)):
            continue
        used = {shop for shop in where if shop is not None}
        bills = [bill(shops[one], [line for line, shop in enumerate(where) if shop == one]) for one in used]
        total = sum(its.total_paise for its in bills)
        if (
            not 0 < len(bills) <= most
            or any(its.short_paise for its in bills)
            or (budget is not None and total > budget)
        ):
            continue
        rank = (sum(shop is None for shop in where), total, len(bills))
        best = rank if best is None or rank < best else best
    return best


def test_the_best_split_is_what_trying_every_way_finds():
    """Minimums, thresholds, coupons of parts of the basket, budgets, and no more than so many orders."""
    dice = random.Random(11)
    for _ in range(120):
        shops = _market(dice, dice.randrange(1, 4), dice.randrange(1, 6))
        budget, most = dice.choice([None, None, 4_000, 15_000, 30_000]), dice.choice([1, 2, 3, 3])
        found = solve(shops, budget_paise=budget, most_shops=most)
        assert found is None or found.is_exact
        got = None if found is None else (len(found.shops) - found.lines, found.total_paise, len(found.bills))
        assert got == _by_trying(shops, budget, most)


def test_offers_in_percent_are_as_exact_as_all_others():
    """Most shops have several, of all or of a part of the lines, up to a sum or without end."""
    dice = random.Random(23)
    for _ in range(120):
        shops = _market(dice, dice.randrange(2, 4), dice.randrange(2, 6))
        for at, shop in enumerate(shops):
            offers = tuple(
                Offer(
                    dice.choice(["coupon", "coupon", "bank", "delivery"]), dice.choice([500, 1500, 3333, 10_000]),
                    dice.choice([0, 0, 1500]), dice.choice([None, 2000, 6000]), dice.choice([0, 9900, 14_900]),
                )
                for _ in range(dice.randrange(1, 4))
            )  # fmt: skip
            for_all = [dice.random() < 0.5 for _ in offers]
            costs = tuple(
                cost
                and Cost(
                    cost.paise,
                    tuple(cost.paise if all_of_it else dice.choice([0, cost.paise // 2]) for all_of_it in for_all),
                )
                for cost in shop.costs
            )
            shops[at] = Shop(shop.terms, costs, offers)
        budget, most = dice.choice([None, None, 15_000, 30_000]), dice.choice([1, 2, 3])
        found = solve(shops, budget_paise=budget, most_shops=most)
        assert found is None or found.is_exact
        got = None if found is None else (len(found.shops) - found.lines, found.total_paise, len(found.bills))
        assert got == _by_trying(shops, budget, most)


def test_long_lists_with_offers_in_percent_are_mostly_shared_exactly():
    """Sixteen lines on five platforms; a bound that took all that a platform has as bought there stopped on each."""
    dice = random.Random(1)
    found = [solve(basket_speed.market(dice, 5, 16, in_percent=True)) for _ in range(6)]
    assert sum(plan is not None and plan.is_exact for plan in found) >= 5


def test_long_lists_are_shared_exactly_and_who_is_stopped_says_so():
    dice = random.Random(3)
    for budget in (None, 60_000):
        shops = basket_speed.market(dice, 5, 20)
        found = solve(shops, budget_paise=budget)
        stopped = solve(shops, budget_paise=budget, most_nodes=50)
        assert found is not None and found.is_exact
        assert stopped is not None and not stopped.is_exact and found.rank <= stopped.rank


def test_minimums_that_cannot_be_reached_together_leave_a_line_out():
    """Half of the third line to each would do; whole, it reaches one of the two minimums."""
    one = Shop(Terms(minimum_paise=15_000), (Cost(10_000), None, Cost(10_000)))
    other = Shop(Terms(minimum_paise=15_000), (None, Cost(10_000), Cost(10_000)))
    found = solve([one, other])
    assert found is not None and (found.lines, found.total_paise, found.is_exact) == (2, 20_000, True)


def test_a_dearer_line_is_taken_where_it_brings_free_delivery():
    near = Shop(Terms(delivery_paise=3000, free_from_paise=20_000), (Cost(15_000), Cost(5_500)))
    far = Shop(Terms(handling_paise=200), (Cost(15_500), Cost(5_000)))
    found = solve([near, far])
    assert found is not None and (found.shops, found.total_paise) == ((0, 0), 20_500)


# -- on the market ------------------------------------------------------------------------------------------------


@pytest.fixture
def market(db):
    fruit = CategoryFactory(slug="fresh-fruits", name="Fruits")
    alpha = platform("alpha", delivery_paise=2500, free_from_paise=19_900, minimum_paise=9_900)
    beta = platform("beta", delivery_paise=1500, handling_paise=500)
    listing(alpha, "Onion", 45, pack="1 kg", amount=1000, item="onion")
    listing(beta, "Onion", 20, pack="500 g", amount=500, item="onion")
    listing(beta, "Onion", 90, pack="2 kg", amount=2000, item="onion")
    listing(alpha, "Amul Taaza Milk", 28, pack="500 ml", amount=500, measure="ml", item="milk", brand="Amul")
    listing(beta, "Nandini Milk", 50, pack="1 l", amount=1000, measure="ml", item="milk", brand="Nandini")
    listing(alpha, "Robusta Banana", 60, pack="6 pc", amount=6, measure="pc", item="banana", category=fruit)
    listing(alpha, "Shimla Apple", 180, pack="500 g", amount=500, item="apple", category=fruit)
    return alpha, beta


LIST = (WantedLine("Onions", 1000, "g"), WantedLine("milk", 1000, "ml"), WantedLine("banana", 6, "pc"))


def test_a_list_is_priced_on_every_platform_and_shared_between_them(market, django_assert_num_queries):
    with django_assert_num_queries(4):  # the city, the platforms, the listings, the offers
        found = plan(BasketAsk(LIST), city="bengaluru", now=NOW)
    alpha, beta = found.orders
    assert (alpha.platform, alpha.bill.goods_paise, alpha.total_paise, alpha.missing) == ("alpha", 16_100, 18_600, ())
    assert [(part.pieces, part.listing.pack) for part in alpha.taken[1].parts] == [(2, "500 ml")]
    assert (beta.platform, beta.total_paise, beta.missing) == ("beta", 11_000, (2,))
    assert [(part.pieces, part.listing.pack) for part in beta.taken[0].parts] == [(2, "500 g")]
    assert found.split is not None and found.best is alpha
    assert ([it.platform for it in found.split.orders], found.split.total_paise) == (["alpha"], 18_600)
    assert [step.name for step in found.steps] == ["price", "share"]


def test_coupons_count_and_banks_are_told_until_somebody_is_with_them(market):
    alpha, _ = market
    offer(alpha, "coupon", off_paise=4_000, minimum_paise=15_000, code="SAVE40")
    offer(alpha, "coupon", off_paise=9_000, minimum_paise=50_000)
    offer(alpha, "bank", off_bp=1000, most_paise=5_000, bank="HDFC Bank")
    offer(alpha, "coupon", off_paise=9_900, ends_at=NOW, starts_at=NOW.replace(hour=1))
    found = plan(BasketAsk(LIST), city="", now=NOW).orders[0]
    assert (found.total_paise, [it.code for it in found.offers]) == (14_600, ["SAVE40"])
    assert [it.bank for it in found.with_bank] == ["HDFC Bank"]
    with_bank = plan(BasketAsk(LIST, banks=frozenset({"hdfc bank"})), city="", now=NOW).orders[0]
    assert (with_bank.total_paise, with_bank.with_bank) == (12_990, ())


def test_an_order_below_the_minimum_says_what_is_short_and_goes_elsewhere(market):
    found = plan(BasketAsk((WantedLine("onion", 1000, "g"),)), city="bengaluru", now=NOW)
    short = next(order for order in found.orders if order.platform == "alpha")
    assert short.bill.short_paise == 5_400
    assert found.best is not None and found.best.platform == "beta"
    assert found.split is not None and found.split.total_paise == 4_000 + 2_000
    none = plan(BasketAsk((WantedLine("apple"),), platforms=("beta",)), city="bengaluru", now=NOW)
    assert (none.split, none.orders, none.left_out[0].why) == (None, (), "Nobody sells it here just now.")


def test_a_budget_takes_as_many_things_as_fit_and_says_what_was_left_out(market):
    asked = BasketAsk((*LIST, WantedLine("apple", 500, "g")), budget_paise=20_000)
    found = plan(asked, city="bengaluru", now=NOW)
    assert found.split is not None and found.split.missing == (3,)
    assert (found.split.total_paise, found.left_paise) == (18_600, 1_400)
    assert found.left_out[0].why == "From ₹180: more than what is left of ₹200."
    assert [step.name for step in found.steps] == ["price", "fit", "share", "left"]
    fruits = plan(BasketAsk(categories=["fresh-fruits"], budget_paise=50_000), city="bengaluru", now=NOW)
    assert {line.said for line in fruits.lines} == {"banana", "apple"} and fruits.left_paise == 26_000
    assert fruits.lines[0].is_assumed
    nothing = plan(BasketAsk(LIST, budget_paise=500), city="bengaluru", now=NOW)
    assert nothing.split is None and "₹5" in nothing.steps[-1].text


def test_a_product_takes_other_packs_of_its_family_and_filters_narrow_a_line(market):
    alpha, beta = market
    small, large = (
        ProductFactory(name="Tea", pack=pack, family="tea", pack_size=size)
        for pack, size in (("250 g", 250), ("500 g", 500))
    )
    listing(alpha, "Tea", 210, pack="500 g", amount=500, product=large)
    listing(beta, "Tea", 90, pack="250 g", amount=250, product=small)
    found = plan(BasketAsk((WantedLine(sku=large.sku),)), city="bengaluru", now=NOW)
    assert [(order.platform, order.taken[0].parts[0].pieces) for order in found.orders] == [("beta", 2), ("alpha", 1)]

    class Brand:
        field, op, values, said = "listing.brand", "eq", ("amul",), "Amul"

    class Mood:
        field, op, values, said = "order.mood", "eq", ("good",), "good mood"

    milk = plan(BasketAsk((WantedLine("milk", 500, "ml", filters=(Brand(), Mood())),)), city="bengaluru", now=NOW)
    assert [order.platform for order in milk.orders] == ["alpha"]
    assert milk.lines[0].not_used == ("good mood",)


def test_pieces_are_pieces_where_anybody_sells_pieces_and_packs_elsewhere(market):
    _, beta = market
    listing(beta, "Banana", 30, pack="500 g", amount=500, item="banana")
    listing(beta, "Brown Bread", 45, pack="400 g", amount=400, item="bread")
    asked = BasketAsk((WantedLine("banana", 6), WantedLine("bread", 2, "pc"), WantedLine("onion", 500, "ml")))
    found = plan(asked, city="bengaluru", now=NOW)
    assert {order.platform: [it.line for it in order.taken] for order in found.orders} == {"alpha": [0], "beta": [1]}
    assert next(order for order in found.orders if order.platform == "beta").bill.goods_paise == 9_000
    assert [it.why for it in found.left_out if it.line == 2] == [
        "Only in packs that cannot be compared with this amount."
    ]


def test_what_cannot_be_asked_is_refused_and_what_is_odd_is_harmless(market, db):
    with pytest.raises(NoSuchCity):
        plan(BasketAsk(LIST), city="atlantis", now=NOW)
    odd = plan(BasketAsk((WantedLine("100%_\\"), WantedLine(""), WantedLine(sku="no such"))), city="bengaluru", now=NOW)
    assert (odd.orders, len(odd.left_out)) == ((), 3)
