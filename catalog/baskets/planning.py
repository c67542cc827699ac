"""From a list to a plan: listings read, each platform reckoned, the best split searched, the steps told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from catalog.basketing import Plan, bill, solve
from catalog.baskets.answer import BasketAnswer, Split
from catalog.baskets.asked import MOST_LINES, MOST_PLATFORMS, BasketAsk
from catalog.baskets.counters import Counter
from catalog.baskets.explaining import chosen_step, left_out_of, priced_step, split_steps
from catalog.baskets.needs import need_of
from catalog.baskets.reading import candidates, things_of
from catalog.market_queries.offers import offers_of
from catalog.market_queries.platforms import platforms
from catalog.market_queries.rows import market_city


def plan(basket: BasketAsk, *, city: str, now: datetime) -> BasketAnswer:
    """What the list costs everywhere. At most MOST_LINES lines and MOST_PLATFORMS platforms (the first by rank).

    Raises NoSuchCity.
    """
    place, budget = market_city(city), basket.budget_paise
    there = [row for row in platforms(place.id, now=now) if not basket.platforms or row.slug in basket.platforms]
    there = [row for row in there if row.listings][:MOST_PLATFORMS]
    ids = [row.id for row in there]
    wanted = list(basket.wanted)[:MOST_LINES]
    steps = []
    if not wanted:
        wanted = things_of(basket.categories, place.id)
        steps.append(chosen_step(len(wanted)))
    found = candidates(wanted, city_id=place.id, platforms=ids, now=now)
    needs = [need_of(number, line, found[number]) for number, line in enumerate(wanted)]
    lines = tuple(need.line for need in needs)
    offers = offers_of(place.id, ids, now=now)
    counters = [Counter(row, needs, offers.get(row.id, []), basket.banks) for row in there]
    orders = [order for order in (counter.everything() for counter in counters) if order.taken]
    orders.sort(key=lambda it: (len(it.missing), it.bill.short_paise > 0, it.total_paise, it.platform))
    steps.append(priced_step(lines, orders))
    best = solve([counter.shop for counter in counters], budget_paise=budget, most_shops=basket.most_orders)
    split = None if best is None else _split(best, counters)
    left_out = left_out_of(split.missing if split else range(len(wanted)), needs, counters, budget)
    steps += split_steps(split, budget, lines)
    seen = [order.seen_at for order in orders if order.seen_at]
    return BasketAnswer(
        place.slug, now, lines, tuple(orders), split, budget, tuple(left_out), tuple(steps), max(seen, default=None),
        any(order.is_stale for order in orders),
    )  # fmt: skip


def _split(best: Plan, counters: Sequence[Counter]) -> Split:
    lines = [line for line, where in enumerate(best.shops) if where is not None]
    orders = [counters[shop].order([line for line in lines if best.shops[line] == shop]) for shop in sorted(best.bills)]
    alone = [bill(counter.shop, lines) for counter in counters if all(map(counter.has, lines))]
    single = min((one.total_paise for one in alone if not one.short_paise), default=None)
    missing = tuple(line for line, where in enumerate(best.shops) if where is None)
    saves = None if single is None else single - best.total_paise
    return Split(tuple(orders), missing, best.total_paise, best.is_exact, saves)
