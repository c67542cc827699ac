"""How good the forecast is on real baskets, against two naive ones, and what stock-outs do to it.

The Instacart files have baskets without dates, and one line each of other orders with weekday and hour. What is real:
the baskets (so how often a product is bought and with what), the shape of week and day. What is assumed: each basket
gets the (weekday, hour) of an order drawn from the sample (its own where it is in it) and a week drawn evenly, so there
is no trend, and the week has the same shape for every product. All baskets together are one store.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from inventory.forecast.demand import Day, forecast, week_shape

LOW_SHARE = 0.6
"""A day on which a product may run out begins with so much of its usual demand (Poisson)."""


@dataclass(frozen=True, slots=True)
class Sales:
    """Units per product and day, and for every sold unit its product, day and hour (with fraction), sorted by all."""

    daily: np.ndarray[Any, Any]
    product: np.ndarray[Any, Any]
    day: np.ndarray[Any, Any]
    hour: np.ndarray[Any, Any]
    hours: np.ndarray[Any, Any]  # share of demand per hour


@dataclass(frozen=True, slots=True)
class Score:
    """WAPE and bias over all products and days; MASE is the mean of the products' (Hyndman and Koehler 2006)."""

    method: str
    wape: float
    mase: float
    bias: float


def spread_over_days(
    order_ids: np.ndarray[Any, Any],
    product_ids: np.ndarray[Any, Any],
    known: Sequence[tuple[int, int, int]],
    *,
    weeks: int,
    least_lines: int,
    most_products: int,
    seed: int,
) -> Sales:
    """Baskets on a calendar of so many weeks. `known`: (order, weekday, hour) of real orders."""
    chance = np.random.default_rng(seed)
    orders, of = np.unique(order_ids, return_inverse=True)
    sample = np.array(known)
    drawn = sample[chance.integers(0, len(sample), len(orders))]
    weekday, hour = drawn[:, 1].copy(), drawn[:, 2].astype(float)
    _, at, theirs = np.intersect1d(orders, sample[:, 0], return_indices=True)
    weekday[at], hour[at] = sample[theirs, 1], sample[theirs, 2]
    day = chance.integers(0, weeks, len(orders)) * 7 + weekday
    hour += chance.random(len(orders))
    products, lines = np.unique(product_ids, return_counts=True)
    kept = products[lines >= least_lines]
    if len(kept) > most_products:
        kept = np.sort(chance.choice(kept, most_products, replace=False))
    index = np.searchsorted(kept, product_ids).clip(0, len(kept) - 1)
    mine = kept[index] == product_ids
    unit = np.stack([index[mine], day[of][mine], hour[of][mine]], axis=1)
    unit = unit[np.lexsort((unit[:, 2], unit[:, 1], unit[:, 0]))]
    product, on = unit[:, 0].astype(int), unit[:, 1].astype(int)
    daily = np.zeros((len(kept), weeks * 7))
    np.add.at(daily, (product, on), 1)
    hours = np.bincount(sample[:, 2].astype(int), minlength=24) / len(sample)
    return Sales(daily, product, on, unit[:, 2], hours)


def compare(sales: Sales, *, train_weeks: int) -> list[Score]:
    """Forecasts of each following week from all days before it, one origin a week."""
    return _scores(sales.daily, sales.daily, np.ones_like(sales.daily), train_weeks, with_naive=True)


def with_stock_outs(sales: Sales, *, train_weeks: int, share: float, seed: int) -> tuple[list[Score], float]:
    """The same when on a share of the training days too little was there: the forecast that takes sales for demand, and
    the corrected one, both judged by what was asked for. And the share of demand that was lost."""
    chance = np.random.default_rng(seed)
    sold, exposure = _run_out(sales, train_days=sales.daily.shape[1], share=share, chance=chance)
    lost = 1 - sold.sum() / sales.daily.sum()
    plain = _scores(sales.daily, sold, np.ones_like(sold), train_weeks, name="uncorrected")
    right = _scores(sales.daily, sold, exposure, train_weeks, name="corrected")
    return plain + right, float(lost)


def _run_out(
    sales: Sales, *, train_days: int, share: float, chance: np.random.Generator
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Sales and exposure per product and day when some days begin with few units. A unit is sold while there is one;
    exposure is the share of the day's usual demand until the moment the last one went."""
    daily = sales.daily
    low = chance.random(daily.shape) < share
    usual = daily.mean(axis=1, keepdims=True)
    stock = np.where(low, chance.poisson(LOW_SHARE * usual, daily.shape), 10**9)
    sold = np.minimum(daily, stock)
    exposure = np.where(stock == 0, 0.0, 1.0)
    starts = np.concatenate([[0], np.cumsum(np.bincount(_cell(sales, daily.shape[1]), minlength=daily.size))])
    before = np.concatenate([[0.0], np.cumsum(sales.hours)])
    for product, day in zip(*np.nonzero((daily >= stock) & (stock > 0)), strict=True):
        last = sales.hour[starts[product * daily.shape[1] + day] + int(stock[product, day]) - 1]
        exposure[product, day] = before[int(last)] + (last - int(last)) * sales.hours[int(last)]
    return sold, exposure


def _cell(sales: Sales, days: int) -> np.ndarray[Any, Any]:
    return sales.product * days + sales.day


def _scores(
    true: np.ndarray[Any, Any],
    sold: np.ndarray[Any, Any],
    exposure: np.ndarray[Any, Any],
    train_weeks: int,
    *,
    name: str = "forecast",
    with_naive: bool = False,
) -> list[Score]:
    days = true.shape[1]
    guess = np.zeros((true.shape[0], days - train_weeks * 7))
    for origin in range(train_weeks * 7, days, 7):
        total_sold, total_seen = sold[:, :origin].sum(axis=0), exposure[:, :origin].mean(axis=0)
        shape = week_shape(Day(at % 7, total_sold[at], total_seen[at]) for at in range(origin))
        for product in range(true.shape[0]):
            past = [Day(at % 7, sold[product, at], exposure[product, at]) for at in range(origin)]
            made = forecast(past, horizon=7, shape=shape)
            if made is not None:
                guess[product, origin - train_weeks * 7 : origin - train_weeks * 7 + 7] = made.daily
    truth = true[:, train_weeks * 7 :]
    scale = np.abs(np.diff(true[:, : train_weeks * 7].reshape(-1, train_weeks, 7), axis=1)).mean(axis=(1, 2))
    found = [_score(name, guess, truth, scale)]
    if with_naive:
        week_before = true[:, train_weeks * 7 - 7 : -7]
        day_before = np.repeat(true[:, train_weeks * 7 - 1 : -1 : 7], 7, axis=1)
        found = [_score("naive", day_before, truth, scale), _score("seasonal naive", week_before, truth, scale), *found]
    return found


def _score(method: str, guess: np.ndarray[Any, Any], truth: np.ndarray[Any, Any], scale: np.ndarray[Any, Any]) -> Score:
    missed = np.abs(guess - truth)
    able = scale > 0
    mase = (missed.mean(axis=1)[able] / scale[able]).mean()
    return Score(
        method, float(missed.sum() / truth.sum()), float(mase), float((guess.sum() - truth.sum()) / truth.sum())
    )


def by_method(scores: Iterable[Score]) -> dict[str, Score]:
    return {score.method: score for score in scores}
